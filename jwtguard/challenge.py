"""The `WWW-Authenticate` challenge of a refusal (RFC 6750 section 3, RFC 9110 section 11.6.1)."""

import re
from typing import Final

from jwtguard.errors import ConfigurationError, CredentialsRequired, InsufficientScope, JWTGuardError

_SCHEME: Final = "Bearer"
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*").fullmatch
_SCOPE_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+").fullmatch


def challenge(error: JWTGuardError, *, realm: str | None = None) -> str | None:
    """Return the challenge that the error prescribes, or None where it prescribes none (a 503).

    Args:
        error: the refusal.
        realm: the protection space to name.

    Raises:
        ConfigurationError: where the realm cannot stand in a header.
    """
    check_realm(realm)
    if error.error is None and not isinstance(error, CredentialsRequired):
        return None
    parameters = []
    if realm is not None:
        parameters.append(("realm", realm))
    if error.error is not None:
        parameters += [("error", error.error), ("error_description", error.description)]
    # What is not a scope token (a handler may have put the request's own text there) would let others write headers.
    if isinstance(error, InsufficientScope) and (scopes := [scope for scope in error.scopes if _SCOPE_TOKEN(scope)]):
        parameters.append(("scope", " ".join(scopes)))
    if not parameters:
        # RFC 6750 section 3 wants a parameter even here; RFC 9110 section 11.6.1 does not, and a name that nobody has
        # given to this resource server would tell a client nothing.
        return _SCHEME
    return f"{_SCHEME} " + ", ".join(f"{name}={_quoted(value)}" for name, value in parameters)


def _quoted(value: str) -> str:
    """RFC 9110 section 5.6.4."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def check_realm(realm: str | None) -> None:
    """Check that a realm can stand in a header.

    Raises:
        ConfigurationError: where it holds anything but printable ASCII.
    """
    if realm is not None and (not isinstance(realm, str) or _PRINTABLE(realm) is None):
        raise ConfigurationError(f"realm holds printable ASCII characters only, not {realm!r}")


def check_scopes(scopes: tuple[str, ...]) -> None:
    """Check the names of required scopes (RFC 6749 section 3.3), so that the challenge can name them.

    Raises:
        ConfigurationError: where one is not a scope token.
    """
    for scope in scopes:
        if not isinstance(scope, str) or _SCOPE_TOKEN(scope) is None:
            raise ConfigurationError(f"a scope is printable ASCII without space, '\"' and '\\', not {scope!r}")
