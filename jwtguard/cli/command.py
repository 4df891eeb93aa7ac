"""The `jwtguard` command from its arguments to its exit code."""

import asyncio
import logging
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Final

from jwtguard.cli import documents
from jwtguard.cli.arguments import parser
from jwtguard.cli.doctor import Diagnosis, diagnose
from jwtguard.cli.findings import broken
from jwtguard.cli.inspect import inspect
from jwtguard.cli.survey import Survey, survey
from jwtguard.cli.token_input import NoToken, read_token
from jwtguard.cli.untrusted import without_tokens
from jwtguard.cli.verify import configured_issuer, verify
from jwtguard.errors import ConfigurationError
from jwtguard.http import HTTP
from jwtguard.issuer import Issuer

WELL: Final = 0
NOT_WELL: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130

_CONCERNS_KEYS: Final = frozenset({"issuer", "discovery", "issuer name", "key set", "keys"})

Clock = Callable[[], float]

# The library's log lines say what the command says anyway; without a handler, logging would print them.
_silent: Final = logging.NullHandler()


class MissingExtra(Exception):
    """What prints to a terminal is not installed."""


def main(arguments: Sequence[str] | None = None, *, clock: Clock = time.time) -> int:
    """Run the command.

    Args:
        arguments: the command line, without the command's name; by default the process's own.
        clock: seconds since the epoch.

    Returns:
        The exit code: 0 where all is well, 1 where it is not, 2 where the command was misused.
    """
    logging.getLogger("jwtguard").addHandler(_silent)
    _show_what_the_terminal_cannot()
    options = parser().parse_args(arguments)
    try:
        code = _COMMANDS[options.command](options, clock)
        sys.stdout.flush()
    except (NoToken, ConfigurationError, MissingExtra) as error:
        _complain(str(error))
        return MISUSED
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has left; there is nobody to tell, and the interpreter is not to try at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_WELL
    return code


def _inspect(options: Namespace, clock: Clock) -> int:
    screen = _screen(options)
    inspection = inspect(_token(options), now=clock())
    if screen is None:
        _print_json(documents.inspection(inspection))
    else:
        screen.show_inspection(inspection)
    return NOT_WELL if inspection.malformed else WELL


def _verify(options: Namespace, clock: Clock) -> int:
    screen = _screen(options)
    issuer = configured_issuer(
        options.issuer, jwks=options.jwks, algorithms=options.algorithms, allow_http=options.allow_http
    )
    token = _token(options)
    verdict = asyncio.run(
        verify(
            token,
            issuer,
            audience=options.audience,
            profile=options.profile,
            leeway=options.leeway,
            required_claims=options.required_claim,
            max_token_bytes=options.max_token_bytes,
            clock=clock,
        )
    )
    if screen is None:
        _print_json(documents.verdict(verdict))
    else:
        screen.show_verdict(verdict)
    return WELL if verdict.error is None else NOT_WELL


def _doctor(options: Namespace, clock: Clock) -> int:
    screen = _screen(options)
    diagnosis = _diagnosis(options, clock)
    if screen is None:
        _print_json(documents.diagnosis(diagnosis))
    else:
        screen.show_diagnosis(diagnosis)
    return NOT_WELL if diagnosis.broken else WELL


def _keys(options: Namespace, clock: Clock) -> int:
    screen = _screen(options)
    diagnosis = _diagnosis(options, clock)
    if screen is None:
        _print_json(documents.keys(diagnosis.keys))
    else:
        screen.show_keys(diagnosis.keys)
    serious = [one for one in diagnosis.findings if one.weight == "broken" and one.about in _CONCERNS_KEYS]
    for finding in serious:
        _complain(f"{finding.about}: {finding.found}. {finding.advice}")
    return NOT_WELL if serious else WELL


_COMMANDS: Final = {"inspect": _inspect, "verify": _verify, "doctor": _doctor, "keys": _keys}


def _token(options: Namespace) -> str:
    if options.token in (None, "-") and sys.stdin.isatty():
        sys.stderr.write("Paste the token, then press Enter and Ctrl-D (Ctrl-Z on Windows).\n")
    return read_token(options.token, sys.stdin.buffer)


def _diagnosis(options: Namespace, clock: Clock) -> Diagnosis:
    try:
        issuer = Issuer(options.issuer, allow_http=options.allow_http)
    except ConfigurationError as error:
        what_to_do = "Name the issuer by its https URL; --allow-http is for closed networks."
        finding = broken("issuer", without_tokens(str(error)), what_to_do)
        return Diagnosis(without_tokens(options.issuer), (finding,), ())
    return diagnose(asyncio.run(_surveyed(issuer, clock)))


async def _surveyed(issuer: Issuer, clock: Clock) -> Survey:
    http = HTTP()
    try:
        return await survey(issuer.url, http=http, clock=clock, allow_http=issuer.allow_http)
    finally:
        await http.aclose()


def _screen(options: Namespace) -> ModuleType | None:
    """Return what prints to a terminal, or None where JSON is wanted.

    Raises:
        MissingExtra: where rich is not installed.
    """
    if options.json:
        return None
    try:
        from jwtguard.cli import screen  # noqa: PLC0415  (it needs the extra, and JSON does not)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "rich":
            raise
        raise MissingExtra(
            "this needs rich, from the extra 'cli': pip install 'jwtguard-asgi[cli]' (or use --json)"
        ) from None
    return screen


def _print_json(document: Any) -> None:
    sys.stdout.write(f"{documents.text(document)}\n")


def _complain(what: str) -> None:
    sys.stderr.write(f"jwtguard: {without_tokens(what)}\n")


def _show_what_the_terminal_cannot() -> None:
    """Escape what the output's encoding lacks, instead of failing at it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
