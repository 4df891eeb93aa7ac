"""What the demo shows, and whether it was as expected."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from rich.console import Console
from rich.text import Text

from examples.demo.stage import Answer

WIDTH = 100
"""Columns, at the most; all of them where the output is no terminal."""
INDENTATION = 3
NOTE_WIDTH = 13
WHAT_WIDTH = 46


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How the API should refuse.

    Attributes:
        status: the HTTP status.
        reason: what its operator should read.
        challenge: the challenge; an "…" at its end stands for whatever else it says.
    """

    status: int = 401
    reason: str
    challenge: str = 'Bearer error="invalid_token", …'

    def is_challenged_by(self, challenge: str | None) -> bool:
        """Whether this is the challenge."""
        beginning, more, _ = self.challenge.partition("…")
        return challenge is not None and (challenge.startswith(beginning) if more else challenge == beginning)


class Report:
    """Prints each step as it happens, and counts what was expected and what was not.

    Attributes:
        checks: how many expectations there were.
        failures: those that were not met, in words.
    """

    def __init__(self, console: Console | None = None) -> None:
        """Start with nothing seen.

        Args:
            console: where to print; standard output if not given.
        """
        self.checks = 0
        self.failures: list[str] = []
        self._console = console or _console()
        self._steps = 0

    def step(self, title: str) -> None:
        """Begin a step."""
        self._steps += 1
        self._console.print()
        self._console.rule(Text(f"{self._steps}  {title}", style="bold"), align="left", style="dim")

    def say(self, text: str) -> None:
        """Explain something."""
        self._print(Text(text))

    def lines(self, lines: Sequence[str]) -> None:
        """Show lines of a log, however long they are."""
        for line in lines:
            self._note("log", line)

    def table(self, rows: Sequence[tuple[str, Any, str]]) -> None:
        """Show names, values and what they mean."""
        name_width, value_width = (max(len(str(row[column])) for row in rows) for column in (0, 1))
        for name, value, meaning in rows:
            cells = (f"{name:<{name_width}}  ", "cyan"), f"{value!s:<{value_width}}  ", (meaning, "dim")
            self._print(Text.assemble(*cells))

    def check(self, what: str, *, actual: Any, expected: Any) -> None:
        """Show one fact, and whether it is as expected."""
        self._mark(what, str(actual), [] if actual == expected else [f"expected {expected!r}, came {actual!r}"])

    def accepted(self, what: str, answer: Answer, **members: Any) -> None:
        """Show an answer that should be 200 with these members in its body."""
        problems = [] if answer.status == 200 else [f"expected status 200, came {answer.status} ({answer.reason})"]
        body = answer.body if isinstance(answer.body, dict) else {}
        problems += [
            f"expected {name}={value!r}, came {body.get(name)!r}"
            for name, value in members.items()
            if body.get(name) != value
        ]
        self._mark(what, str(answer.status), problems)
        self._note("body", json.dumps(answer.body))

    def refused(self, what: str, answer: Answer, expected: Refusal) -> None:
        """Show an answer that should be a refusal: what the client is told, and what the operator is."""
        problems = _differences(answer, status=expected.status, reason=expected.reason)
        if not expected.is_challenged_by(answer.challenge):
            problems.append(f"expected a challenge {expected.challenge!r}, came {answer.challenge!r}")
        self._mark(what, f"{answer.status}  {answer.reason}", problems)
        self._note("challenge", answer.challenge or "none")
        self._note("log", answer.detail or "nothing")

    def unavailable(self, what: str, answer: Answer, *, reason: str) -> None:
        """Show an answer that should say "not now", and nothing against the token: no 401 and no challenge."""
        problems = _differences(answer, status=503, reason=reason, challenge=None)
        if not (answer.retry_after or "").isdecimal():
            problems.append(f"expected seconds in Retry-After, came {answer.retry_after!r}")
        self._mark(what, f"{answer.status}  {answer.reason}", problems)
        self._note("Retry-After", answer.retry_after or "none")
        self._note("log", answer.detail or "nothing")

    def broke(self, what: str) -> None:
        """Show that a step could not go on."""
        self._mark(what, "", ["the step broke off"])

    def conclude(self) -> bool:
        """Sum up; return whether all was as expected."""
        self._console.print()
        self._console.rule(style="dim")
        if not self.failures:
            self._console.print(Text(f"All {self.checks} expectations were met.", style="bold green"))
            return True
        self._console.print(Text(f"{len(self.failures)} of {self.checks} expectations failed:", style="bold red"))
        for failure in self.failures:
            self._console.print(Text(f"  {failure}", style="red"))
        return False

    def _mark(self, what: str, outcome: str, problems: list[str]) -> None:
        self.checks += 1
        mark = ("✗  ", "bold red") if problems else ("✓  ", "bold green")
        self._print(Text.assemble(mark, f"{what:<{WHAT_WIDTH}}  {outcome}"), indentation=0)
        for problem in problems:
            self._print(Text(problem, style="red"))
        if problems:
            self.failures.append(f"{what}: {'; '.join(problems)}")

    def _note(self, name: str, value: str) -> None:
        first, *more = wrap(value, self._console.width - INDENTATION - NOTE_WIDTH)
        self._print(Text.assemble((f"{name:<{NOTE_WIDTH}}", "dim"), first))
        for line in more:
            self._print(Text(line), indentation=INDENTATION + NOTE_WIDTH)

    def _print(self, text: Text, *, indentation: int = INDENTATION) -> None:
        text.rstrip()
        for line in text.wrap(self._console, self._console.width - indentation):
            line.rstrip()
            self._console.print(Text(" " * indentation).append_text(line))


def _differences(answer: Answer, **wanted: Any) -> list[str]:
    return [
        f"expected {name} {value!r}, came {getattr(answer, name)!r}"
        for name, value in wanted.items()
        if getattr(answer, name) != value
    ]


def _console() -> Console:
    console = Console(highlight=False)
    return Console(highlight=False, width=min(WIDTH, console.width) if sys.stdout.isatty() else WIDTH)
