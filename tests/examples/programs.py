"""Runs the examples as a user does: as programs of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

_SERVE = """
import importlib, sys
from examples.serving import listen, server_of, url_of
listening = listen()
server = server_of(importlib.import_module(sys.argv[1]).app)
print(url_of(listening), flush=True)
server.run(sockets=[listening])
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env=_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """Run Python with these arguments, until the test is done with it."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env=_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def application(module: str, *, issuer: str, audience: str) -> Iterator[str]:
    """Serve the application `app` of a module; yield its URL."""
    with started("-c", _SERVE, module, JWTGUARD_ISSUER=issuer, JWTGUARD_AUDIENCE=audience) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, f"{module} did not start"
        yield url


@dataclass(frozen=True)
class Instructions:
    """What `examples.serve` prints, once both of its servers run."""

    text: str

    @property
    def api(self) -> str:
        """The API's URL."""
        return self._value("API +")

    @property
    def issuer(self) -> str:
        """The authorization server's."""
        return self._value("Authorization server +")

    @property
    def password(self) -> str:
        """The person's."""
        return self._value("  password +")

    def secret_of(self, client_id: str) -> str:
        """A client's secret."""
        return self._value(f"  client_id +{client_id}\n  client_secret +")

    def _value(self, before: str) -> str:
        found = re.search(f"^{before}(\\S+)$", self.text, re.MULTILINE)
        assert found, f"{before} in {self.text}"
        return found[1]


@contextmanager
def serve() -> Iterator[Instructions]:
    """Run `examples.serve` on free ports."""
    with started("-m", "examples.serve", "--api-port", "0", "--issuer-port", "0") as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "Ctrl-C stops both.\n":
            lines.append(process.stdout.readline())
            assert lines[-1], "the program ended"
        yield Instructions("".join(lines))


def _environment(more: dict[str, str]) -> dict[str, str]:
    return os.environ | {"NO_PROXY": "127.0.0.1", "PYTHONUTF8": "1"} | more
