"""A client that sends requests as a load balancer does: over connections kept alive, bounded in number.

A request is sent again where its connection failed, and only there: whatever was answered is the answer.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from tests.resource_servers import bearer

_FAILED: Final = (OSError, EOFError, ConnectionClosed, InvalidMessage)
"""What a connection that failed raises; asyncio's IncompleteReadError is an EOFError."""
_INTERRUPTED: Final = b"Internal Server Error"
"""Uvicorn's own words to a WebSocket that was being opened when the worker was told to end."""


@dataclass(frozen=True)
class Answer:
    """What a request was answered with.

    Attributes:
        status: the HTTP status; 101 where a WebSocket was accepted.
        body: the JSON body, or the WebSocket's first message.
        challenge: the `WWW-Authenticate` header.
        says_when: whether there is a `Retry-After`.
    """

    status: int
    body: Any
    challenge: str | None = None
    says_when: bool = False


class Balancer:
    """Sends requests to one port.

    Attributes:
        connections: how many there are at the most.
        retried: how many requests were sent again.
    """

    def __init__(self, port: int, *, connections: int = 16, requests_a_connection: int = 25) -> None:
        self.connections = connections
        self.retried = 0
        self._port = port
        self._uses = requests_a_connection
        self._places = asyncio.Semaphore(connections)
        self._idle: list[_Connection] = []

    async def get(self, path: str, token: str | None = None) -> Answer:
        """Send a GET request."""
        return await self._until_answered(lambda: self._get(path, token))

    async def websocket(self, path: str, token: str | None = None) -> Answer:
        """Open a WebSocket, and wait for its first message."""
        return await self._until_answered(lambda: self._open(path, token))

    async def aclose(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def _until_answered(self, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        async with self._places:
            while True:
                try:
                    return await attempt()
                except _FAILED:
                    self.retried += 1
                    await asyncio.sleep(0.01)

    async def _get(self, path: str, token: str | None) -> Answer:
        connection = self._idle.pop() if self._idle else await self._connect()
        try:
            answer = await connection.get(path, token)
        except BaseException:
            connection.close()
            raise
        if connection.uses_left:
            self._idle.insert(0, connection)
        else:
            connection.close()
        return answer

    async def _connect(self) -> "_Connection":
        return _Connection(*await asyncio.open_connection("127.0.0.1", self._port), uses=self._uses)

    async def _open(self, path: str, token: str | None) -> Answer:
        if self._idle:
            self._idle.pop().close()  # the WebSocket has its place
        headers = {} if token is None else bearer(token)
        opening = connect(
            f"ws://127.0.0.1:{self._port}{path}", additional_headers=headers, proxy=None, open_timeout=None
        )
        try:
            async with opening as websocket:
                return Answer(101, json.loads(await websocket.recv()))
        except InvalidStatus as denied:
            response = denied.response
            if response.status_code == 500 and response.body == _INTERRUPTED:
                raise ConnectionResetError from denied
            return _answer(response.status_code, response.headers, response.body)


class _Connection:
    """One HTTP/1.1 connection; its peer always says how long a body is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, uses: int) -> None:
        self._reader = reader
        self._writer = writer
        self.uses_left = uses

    async def get(self, path: str, token: str | None) -> Answer:
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
        head = await self._reader.readuntil(b"\r\n\r\n")
        status_line, *fields = head.decode("latin-1").rstrip().split("\r\n")
        headers = Headers((name, value) for name, _, value in (field.partition(": ") for field in fields))
        body = await self._reader.readexactly(int(headers["content-length"]))
        self.uses_left = 0 if headers.get("connection") == "close" else self.uses_left - 1
        return _answer(int(status_line.split(" ")[1]), headers, body)

    def close(self) -> None:
        self._writer.close()


def _answer(status: int, headers: Headers, body: bytes | bytearray) -> Answer:
    return Answer(status, json.loads(body), headers.get("WWW-Authenticate"), "Retry-After" in headers)
