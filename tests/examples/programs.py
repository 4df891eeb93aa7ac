"""Runs the examples as a user does: as programs of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
        timeout=60,
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


def _environment(more: dict[str, str]) -> dict[str, str]:
    return os.environ | {"NO_PROXY": "127.0.0.1", "PYTHONUTF8": "1"} | more
