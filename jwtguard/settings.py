"""A resource server's configuration out of environment variables, with every mistake in them named at once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from jwtguard.errors import ConfigurationError
from jwtguard.introspection import Introspection
from jwtguard.issuer import Issuer

PREFIX: Final = "JWTGUARD_"


def _several(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"is a whole number, not {text!r}")
    return int(text)


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"is 'true' or 'false', not {text!r}")
    return text.lower() == "true"


def _content(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        # The text is not repeated: it may be the secret itself.
        raise ValueError("is the path of a file that can be read, and this one cannot") from None


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "ISSUER": _several,
    "AUDIENCE": _several,
    "JWKS_URI": str,
    "KEYS_FILE": Path,
    "ALGORITHMS": _several,
    "PROFILE": str,
    "LEEWAY": _whole_number,
    "REQUIRED_CLAIMS": _several,
    "ALLOW_HTTP": _yes_or_no,
    "MAX_TOKEN_BYTES": _whole_number,
    "TOKEN_CACHE": _whole_number,
    "REALM": str,
    "STARTUP": str,
    "INTROSPECTION_CLIENT_ID": str,
    "INTROSPECTION_CLIENT_SECRET": str,
    "INTROSPECTION_CLIENT_SECRET_FILE": _content,
    "INTROSPECTION_ENDPOINT": str,
    "INTROSPECTION_WHEN": str,
}
"""Each variable without its prefix, and what reads it. Several values are separated by commas or spaces."""

_FOR_ONE_ISSUER: Final = ("JWKS_URI", "KEYS_FILE")
_SERVER_OPTIONS: Final = ("PROFILE", "LEEWAY", "REQUIRED_CLAIMS", "MAX_TOKEN_BYTES", "TOKEN_CACHE", "REALM", "STARTUP")


class Settings(msgspec.Struct, frozen=True):
    """What the environment says.

    Attributes:
        issuers: the trusted authorization servers.
        audience: the names of this resource server.
        options: more for `ResourceServer`, by name.
    """

    issuers: tuple[Issuer, ...]
    audience: tuple[str, ...]
    options: dict[str, Any]


def read_settings(environ: Mapping[str, str], *, prefix: str = PREFIX) -> Settings:
    """Read the configuration.

    Args:
        environ: the environment; variables that are set to nothing count as not set.
        prefix: what the names of the variables begin with.

    Raises:
        ConfigurationError: with every mistake that was found, a line for each.
    """
    given = {name.removeprefix(prefix): text for name, text in environ.items() if name.startswith(prefix) and text}
    mistakes = [f"{prefix}{name} is not a setting" for name in sorted(given.keys() - _READERS.keys())]
    values: dict[str, Any] = {}
    for name, read in _READERS.items():
        if name not in given:
            continue
        try:
            values[name] = read(given[name])
        except ValueError as error:
            mistakes.append(f"{prefix}{name} {error}")
    mistakes += [f"{prefix}{name} is not set" for name in ("ISSUER", "AUDIENCE") if name not in given]
    several_issuers = len(values.get("ISSUER", ())) > 1
    mistakes += [f"{prefix}{name} is for one issuer" for name in _FOR_ONE_ISSUER if several_issuers and name in values]
    if "INTROSPECTION_CLIENT_SECRET" in given and "INTROSPECTION_CLIENT_SECRET_FILE" in given:
        mistakes.append(f"{prefix}INTROSPECTION_CLIENT_SECRET is set, and _FILE as well")
    issuers = _issuers(values, mistakes)
    if mistakes:
        raise ConfigurationError("the environment is not in order:\n" + "\n".join(f"- {line}" for line in mistakes))
    options = {name.lower(): values[name] for name in _SERVER_OPTIONS if name in values}
    return Settings(issuers, values["AUDIENCE"], options)


def _issuers(values: dict[str, Any], mistakes: list[str]) -> tuple[Issuer, ...]:
    """Build the issuers, adding to the mistakes what keeps them from being built."""
    introspection = _introspection(values, mistakes)
    issuers = []
    for url in values.get("ISSUER", ()):
        try:
            issuers.append(
                Issuer(
                    url,
                    keys=values.get("KEYS_FILE"),
                    jwks_uri=values.get("JWKS_URI"),
                    algorithms=values.get("ALGORITHMS"),
                    introspection=introspection,
                    allow_http=values.get("ALLOW_HTTP", False),
                )
            )
        except ConfigurationError as error:
            mistakes.append(str(error))
    return tuple(issuers)


def _introspection(values: dict[str, Any], mistakes: list[str]) -> Introspection | None:
    secret = values.get("INTROSPECTION_CLIENT_SECRET_FILE", values.get("INTROSPECTION_CLIENT_SECRET"))
    options = {
        "client_id": values.get("INTROSPECTION_CLIENT_ID"),
        "client_secret": secret,
        "endpoint": values.get("INTROSPECTION_ENDPOINT"),
        "when": values.get("INTROSPECTION_WHEN"),
    }
    configured = {name: value for name, value in options.items() if value is not None}
    if not configured:
        return None
    try:
        return Introspection(**configured)
    except ConfigurationError as error:
        mistakes.append(str(error))
        return None
