"""What the command found, on a terminal. All text goes through `visible`, and none of it is taken for markup."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jwtguard.cli.checks import CHECKS
from jwtguard.cli.doctor import Diagnosis
from jwtguard.cli.findings import Finding
from jwtguard.cli.inspect import Inspection
from jwtguard.cli.keys import PublishedKey
from jwtguard.cli.moments import count
from jwtguard.cli.untrusted import bounded, value, visible
from jwtguard.cli.verify import Verdict

WIDTH_WITHOUT_TERMINAL: Final = 160

_STYLES: Final = {
    "pass": "green",
    "fail": "bold red",
    "not reached": "dim",
    "fine": "green",
    "advice": "yellow",
    "broken": "bold red",
}
_MALFORMED: Final = "`jwtguard inspect` tells exactly what is malformed."
_ASK: Final = "an API can ask its issuer about it: Issuer(url, introspection=…)."
_HINTS: Final = {
    "token_malformed": _MALFORMED,
    "header_malformed": _MALFORMED,
    "token_opaque": f"If it is meant to be opaque, {_ASK} If not, {_MALFORMED}",
    "token_encrypted": f"Its claims are not for us to read, but {_ASK}",
    "unknown_key": "`jwtguard keys` lists what the issuer publishes, and what of it is skipped.",
    "issuer_unreachable": "`jwtguard doctor` tells what is wrong with the issuer.",
}
_NEEDS: Final = {
    "token": "the token alone",
    "configuration": "your configuration",
    "keys": "the issuer's keys: fetched once, then kept",
}


def show_inspection(found: Inspection) -> None:
    """Print what was seen of a token."""
    console = _console()
    _say(console, f"{found.kind[0].upper()}{found.kind[1:]}: {found.told_by}.", "bold")
    _say(console, f"{count(found.size, 'byte')}, {found.serialization}. Nothing of it has been verified.")
    for problem in found.malformed:
        _say(console, f"Malformed: {problem}", "bold red")
    if found.header is not None:
        _members(console, "Header", found.header, {})
    if found.claims is not None:
        _members(console, "Claims", found.claims, found.moments)
    if found.signature_bytes is not None:
        _title(console, "Signature")
        _say(console, f"  {found.signature_bytes} bytes, kept back")
    if found.notes:
        _title(console, "Notes")
        for note in found.notes:
            _say(console, f"  {note}")
    _what_is_left(console, found)


def _what_is_left(console: Console, found: Inspection) -> None:
    if found.malformed:
        return
    if found.serialization != "JWS":
        _title(console, "To check it")
        _say(console, "  Only its issuer can tell what it means: by introspection, over the network.")
        return
    _title(console, "Before any key is looked at, by an API that expects this 'iss' and this 'aud'")
    for profile, refusal in found.refusals.items():
        if refusal is None:
            _say(console, f"  profile {profile}: nothing speaks against it")
        else:
            _say(console, f"  profile {profile}: refused, {refusal}", "yellow")
    _title(console, "To check it")
    table = _grid()
    for needs, words in _NEEDS.items():
        table.add_row("", _text(words), _text(", ".join(check.name for check in CHECKS if check.needs == needs)))
    table.add_row("", _text("the network, each time"), _text("whether it has been revoked (introspection)"))
    _print(console, table)


def show_verdict(found: Verdict) -> None:
    """Print what the API would say of a token, check by check."""
    console = _console()
    table = _table("check", "result", "asks", "seen")
    for step in found.steps:
        style = _STYLES[step.result]
        table.add_row(
            _text(step.check.name),
            _text(step.result, style),
            _text(step.check.asks),
            _text(step.why, _seen(step.result)),
        )
    _print(console, table)
    error, token = found.error, found.token
    if token is not None:
        who = f"subject {token.subject or '(none)'}, client {token.client_id or '(none)'}"
        _say(console, "Accepted.", "bold green")
        _say(console, f"{who}, scopes {' '.join(sorted(token.scopes)) or '(none)'}")
    if error is not None:
        _say(console, f"Refused: {error.reason}.", "bold red")
        code = f" {error.error}" if error.error else ""
        _say(console, f"An API answers {error.status}{code}: {error.description}")
        if error.reason in _HINTS:
            _say(console, _HINTS[error.reason])


def _seen(result: str) -> str:
    return _STYLES["fail"] if result == "fail" else ""


def show_diagnosis(found: Diagnosis) -> None:
    """Print what an auditor says of an issuer."""
    console = _console()
    _say(console, f"Issuer {found.issuer}", "bold")
    table = _table("", "about", "found")
    for finding in found.findings:
        table.add_row(_text(finding.weight, _STYLES[finding.weight]), _text(finding.about), _found(finding))
    _print(console, table)
    counts = {weight: sum(finding.weight == weight for finding in found.findings) for weight in ("broken", "advice")}
    if found.broken:
        _say(console, f"Broken: {counts['broken']}. Advice: {counts['advice']}.", _STYLES["broken"])
    else:
        _say(console, f"Nothing is broken. Advice: {counts['advice']}.", _STYLES["fine"])


def _found(finding: Finding) -> Text:
    text = _text(finding.found)
    return text if not finding.advice else Text.assemble(text, "\n", _text(finding.advice, "italic"))


def show_keys(found: Sequence[PublishedKey]) -> None:
    """Print the members of a key set."""
    if not found:
        return
    table = _table("kid", "kty", "alg", "size", "use", "thumbprint (RFC 7638)", "serves")
    for key in found:
        served = f"skipped: {key.skipped}" if key.skipped is not None else ", ".join(key.serves)
        told = (key.kid, key.type, key.algorithm, key.size, key.use, key.thumbprint)
        style = "yellow" if key.skipped is not None else "green"
        table.add_row(*(_text(cell if cell is not None else "-") for cell in told), _text(served, style))
    _print(_console(), table)


def _members(console: Console, title: str, members: Mapping[str, Any], words: Mapping[str, str]) -> None:
    _title(console, title)
    table = _grid()
    for name, member in members.items():
        shown = value(member) if name not in words else f"{value(member)}  ({words[name]})"
        table.add_row("", _text(name, "cyan"), _text(shown))
    _print(console, table)


def _console() -> Console:
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_WITHOUT_TERMINAL
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def _print(console: Console, what: Table | Text) -> None:
    """Print it; where it is not for a terminal, without the blanks that fill its lines."""
    if console.is_terminal:
        console.print(what)
        return
    with console.capture() as captured:
        console.print(what)
    for line in captured.get().splitlines():
        console.file.write(f"{line.rstrip()}\n")


def _text(text: str, style: str = "") -> Text:
    return Text(bounded(visible(text)), style=style, overflow="fold")


def _say(console: Console, text: str, style: str = "") -> None:
    _print(console, _text(text, style))


def _title(console: Console, title: str) -> None:
    console.print()
    _say(console, title, "bold")


def _grid() -> Table:
    return Table.grid("", "", "", padding=(0, 2, 0, 0))


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(_text(column), overflow="fold")
    return table
