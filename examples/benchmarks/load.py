"""Requests over real connections, as many as a server answers."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from time import perf_counter

from examples.benchmarks.processes import Served


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did.

    Attributes:
        requests: how many it answered.
        seconds: in what time.
        processor_seconds: with how much processor time, all of its processes together.
    """

    requests: int
    seconds: float
    processor_seconds: float


async def load(served: Served, tokens: Sequence[str], *, connections: int, seconds: float) -> Load:
    """Send requests on several connections, on each the next one when the last is answered.

    Args:
        served: where to.
        tokens: what they carry, in turn.
        connections: how many connections.
        seconds: for how long.

    Raises:
        RuntimeError: where one is not answered 200.
    """
    requests = cycle([_request(token, served.port) for token in tokens])
    began, spent = perf_counter(), served.processor_seconds()
    until = began + seconds
    answered = await asyncio.gather(*(_one_connection(served.port, requests, until) for _ in range(connections)))
    return Load(sum(answered), perf_counter() - began, served.processor_seconds() - spent)


def _request(token: str, port: int) -> bytes:
    lines = ["GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: */*", f"Authorization: Bearer {token}", "", ""]
    return "\r\n".join(lines).encode()


async def _one_connection(port: int, requests: Iterator[bytes], until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = 0
    while perf_counter() < until:
        writer.write(next(requests))
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"the server answered {head[9:12].decode()}")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        answered += 1
    writer.close()
    await writer.wait_closed()
    return answered
