"""Uvicorn with two workers, as processes of their own, and the issuers that they trust."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Any, Final

from tests.faults.balancer import Balancer
from tests.faults.issuers import Issuers
from tests.faults.load import PATIENCE
from tests.faults.shared_clock import SharedClock
from tests.introspection_endpoint import introspection_endpoint
from tests.loopback import authorization_server
from tests.signing import NOW

WORKERS: Final = 2
DUE: Final = 800.0
"""Seconds after which keys are fetched anew, and as many fetches for unknown key IDs are permitted as ever."""
_USUAL: Final = re.compile(
    r"INFO: "
    r"|the (keys|metadata) of .* cannot be fetched"
    r"|ERROR:    ASGI callable returned without completing handshake"  # uvicorn says so of every refused WebSocket
    r"|sys:1: ResourceWarning: unclosed <socket[^>]*laddr=[^>]*\)>"  # uvicorn leaves the socket open that it listens on
    r"|ResourceWarning: Enable tracemalloc"
)
"""What the log may hold."""


@dataclass
class Workers:
    """The processes.

    Attributes:
        process: the one that looks after the workers.
        port: where they serve.
        log: the file that they write to.
        clock: what they think the time is.
        issuers: whom they trust.
        gone: those that were ended.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path
    clock: SharedClock
    issuers: Issuers
    gone: set[int] = field(default_factory=set)

    def complaints(self) -> list[str]:
        """The lines of the log that no failure of an issuer, and no end of a worker, may bring about."""
        return [line for line in self.log.read_text().splitlines() if not _USUAL.match(line)]

    async def states(self) -> dict[int, dict[str, Any]]:
        """What each worker says of itself, by its process ID."""
        balancer, states = Balancer(self.port, requests_a_connection=1), dict[int, dict[str, Any]]()
        async with asyncio.timeout(PATIENCE):
            while len(states) < WORKERS:
                state = (await balancer.get("/state")).body
                if state["pid"] not in self.gone:
                    states[state["pid"]] = state
        return states

    async def until(self, holds: Callable[[list[dict[str, Any]]], bool]) -> set[int]:
        """Wait until something holds of what the workers say of themselves; return their process IDs."""
        async with asyncio.timeout(PATIENCE):
            while not holds(list((states := await self.states()).values())):
                await asyncio.sleep(0.01)
        return set(states)

    async def until_fetched(self) -> set[int]:
        """Wait until each has the keys of all issuers as they are now; return their process IDs."""
        now = [self.clock()] * len(self.issuers.names)
        return await self.until(lambda states: all(state["fetched"] == now for state in states))

    async def until_failed(self) -> None:
        """Wait until each has tried in vain to have the rotating issuer's keys as they are now."""
        await self.until(lambda states: all(state["fetched"][0] is None and not state["due"] for state in states))

    async def until_under_way(self, count: int) -> None:
        """Wait until so many requests are under way, those that ask for this not counted."""
        await self.until(lambda states: sum(state["under_way"] for state in states) >= count)

    async def until_logged(self, text: str, count: int) -> None:
        """Wait until a text stands so often in the log."""
        async with asyncio.timeout(PATIENCE):
            while self.log.read_text().count(text) < count:
                await asyncio.sleep(0.01)

    async def rested(self) -> None:
        """Let so much time pass that all is as it was at the beginning, and the keys are fetched anew."""
        self.clock.move(DUE)
        await self.until_fetched()

    async def kill_one(self) -> None:
        """End one worker, in the midst of what it does."""
        pid = min(await self.until_fetched())
        self.gone.add(pid)
        os.kill(pid, signal.SIGKILL)

    async def replace_all(self) -> None:
        """Have each worker end when its requests have ended, and another begin."""
        self.gone |= await self.until_fetched()
        self.process.send_signal(signal.SIGHUP)


@contextmanager
def workers(directory: Path, *options: str) -> Iterator[Workers]:
    """Start the issuers and the workers.

    Args:
        directory: for the log and the clock.
        options: more for uvicorn.
    """
    log = directory / "log"
    clock = SharedClock(directory / "clock", now=NOW)
    with authorization_server() as rotating, authorization_server() as steady, introspection_endpoint() as asked:
        issuers = Issuers(rotating, steady, asked)
        command = [
            sys.executable,
            "-W",
            "default::ResourceWarning",
            "-m",
            "uvicorn",
            "tests.faults.worker_application:app",
            "--port",
            "0",
        ]
        # Uvicorn waits so long for a worker that is killed while it is asked how it is, and for one that begins.
        patience = ["--timeout-worker-healthcheck", "20", "--timeout-keep-alive", "600"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "--workers", str(WORKERS), "--no-access-log", *patience, *options],
                env={**os.environ, "ISSUERS": " ".join(issuers.names), "CLOCK": str(directory / "clock")},
                stderr=output,
                start_new_session=True,
            )
        try:
            yield Workers(process, _port(process, log), log, clock, issuers)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # what would not end, and has failed the test
                process.wait()
            clock.close()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    while process.poll() is None:
        if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        sleep(0.01)
    raise AssertionError(log.read_text())
