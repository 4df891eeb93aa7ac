"""uvicorn in processes of its own, and the processor time that they take."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from examples.serving import listen

_SECONDS_TO_START = 30
_UTIME, _STIME = 11, 12  # in /proc/…/stat, counted from behind the command's name


@dataclass(frozen=True, slots=True)
class Served:
    """An application that is served.

    Attributes:
        port: where, on the loopback interface.
        process: uvicorn, or the parent of its workers.
    """

    port: int
    process: int

    def processor_seconds(self) -> float:
        """Return the processor time that uvicorn and its workers have taken so far. Needs Linux."""
        return sum(_processor_seconds(process) for process in (self.process, *_children(self.process)))


@contextmanager
def served(factory: str, *, workers: int = 1, environment: Mapping[str, str]) -> Iterator[Served]:
    """Serve one of the applications of `served.py` within a `with` block.

    Args:
        factory: the name of what makes it.
        workers: how many processes share its port.
        environment: variables that it reads.
    """
    with listen() as listening:
        port = listening.getsockname()[1]
    command = [
        *(sys.executable, "-m", "uvicorn", "--factory", f"examples.benchmarks.served:{factory}", "--port", str(port)),
        *("--workers", str(workers), "--no-access-log", "--log-level", "warning"),
    ]
    process = subprocess.Popen(command, env={**os.environ, **environment})  # noqa: S603  (our own command)
    try:
        _wait_for(port, process)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    import socket  # noqa: PLC0415

    until = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens on port {port}")


def _children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / os.sysconf("SC_CLK_TCK")
