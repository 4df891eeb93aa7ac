"""Runs the command within the test's own process, which is quick; tests/cli/test_process.py runs the real thing."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from jwtguard.cli import main
from tests.cli.publisher import Publisher, publishing
from tests.signing import NOW, signing_key


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What was printed with --json."""
        return json.loads(self.out)


Command = Callable[..., Outcome]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `jwtguard` with arguments, standard input and a clock."""

    monkeypatch.delenv("COLUMNS", raising=False)  # of the terminal that the tests run in

    def run(*arguments: str, stdin: bytes = b"", now: float = NOW) -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = main(arguments, clock=lambda: now)
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def server() -> Iterator[Publisher]:
    """One server for all tests of a module: to stop it takes longer than most of them."""
    with publishing({}) as publisher:
        yield publisher


@pytest.fixture
def publisher(server: Publisher) -> Publisher:
    """An issuer with good metadata and one RSA key."""
    server.start_anew(signing_key().jwk_set)
    return server
