"""The command line: subcommands, options, and usage errors that repeat no token."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, NoReturn

from jwtguard.claims import DEFAULT_LEEWAY, DEFAULT_MAX_TOKEN_BYTES
from jwtguard.cli.untrusted import without_tokens

_ABOUT_TOKENS: Final = (
    "the token; '-' or nothing reads it from standard input, which keeps it out of the shell's history"
)
_DISTRIBUTION: Final = "jwtguard-asgi"


class _Parser(ArgumentParser):
    """argparse quotes what it does not understand, and that may be a token."""

    def error(self, message: str) -> NoReturn:
        super().error(without_tokens(message))


def parser() -> ArgumentParser:
    """Return what understands the command line."""
    main = _Parser(
        prog="jwtguard",
        description="Looks at access tokens, and at what authorization servers publish.",
        epilog="Exit codes: 0 all is well, 1 it is not, 2 the command was misused.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    main.add_argument("--version", action="version", version=f"jwtguard {_version()}")
    commands = main.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_inspect(commands)
    _add_verify(commands)
    _add_doctor(commands)
    _add_keys(commands)
    return main


def _version() -> str:
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:  # pragma: no cover  (a source tree that nobody has installed)
        return "(not installed)"


def _add_command(commands: Any, name: str, about: str) -> ArgumentParser:
    command: ArgumentParser = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    command.add_argument("--json", action="store_true", help="print JSON")
    return command


def _add_inspect(commands: Any) -> None:
    command = _add_command(commands, "inspect", "show what is in a token, without verifying it")
    command.add_argument("token", nargs="?", metavar="TOKEN", help=_ABOUT_TOKENS)


def _add_verify(commands: Any) -> None:
    command = _add_command(commands, "verify", "check a token as an API would, and list every check")
    command.add_argument("token", nargs="?", metavar="TOKEN", help=_ABOUT_TOKENS)
    command.add_argument("--issuer", required=True, metavar="URL", help="the trusted authorization server")
    command.add_argument(
        "--audience", required=True, action="append", metavar="NAME", help="the API's name in 'aud'; may be repeated"
    )
    command.add_argument(
        "--jwks",
        metavar="FILE|URL",
        help="the issuer's keys: a JWK Set or PEM in a file, or where the set is published; else discovered",
    )
    command.add_argument("--profile", choices=("default", "rfc9068"), default="default", help="(default: %(default)s)")
    command.add_argument(
        "--leeway",
        type=float,
        default=DEFAULT_LEEWAY,
        metavar="SECONDS",
        help="clock difference to forgive (default: %(default)s)",
    )
    command.add_argument(
        "--algorithms",
        type=_names,
        metavar="NAME,…",
        help="the allowed signature algorithms (default: all that are not shared secrets)",
    )
    command.add_argument(
        "--required-claim",
        action="append",
        default=[],
        metavar="NAME",
        help="a claim that must be present; may be repeated",
    )
    command.add_argument(
        "--max-token-bytes",
        type=int,
        default=DEFAULT_MAX_TOKEN_BYTES,
        metavar="BYTES",
        help="how long a token may be (default: %(default)s)",
    )
    _add_allow_http(command)


def _add_doctor(commands: Any) -> None:
    command = _add_command(commands, "doctor", "look at what an issuer publishes as an auditor does")
    command.add_argument("issuer", metavar="ISSUER", help="the issuer's URL, as tokens have it in 'iss'")
    _add_allow_http(command)


def _add_keys(commands: Any) -> None:
    command = _add_command(commands, "keys", "list the keys that an issuer publishes")
    command.add_argument("issuer", metavar="ISSUER", help="the issuer's URL, as tokens have it in 'iss'")
    _add_allow_http(command)


def _add_allow_http(command: ArgumentParser) -> None:
    command.add_argument(
        "--allow-http", action="store_true", help="let plain http through to other machines, in a closed network"
    )


def _names(text: str) -> Sequence[str]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
