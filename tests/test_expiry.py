"""What outlives a single answer ends with its token."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Self

import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from jwtguard import AccessToken
from jwtguard.expiry import Expired, stream_until_expiry, until_expiry
from jwtguard.fastapi import Guard
from tests.resource_servers import KEY, Clock, bearer, resource_server
from tests.serving import serving
from tests.signing import NOW

pytestmark = pytest.mark.anyio


async def token(**claims: Any) -> AccessToken:
    return await resource_server().validate(KEY.token(**claims))


async def test_block_that_ends_in_time_ends_as_it_likes() -> None:
    async with until_expiry(await token(exp=NOW + 3600), now=NOW):
        await asyncio.sleep(0)


async def test_block_that_outlives_the_token_is_ended() -> None:
    with pytest.raises(Expired):
        async with until_expiry(await token(exp=NOW + 10), now=NOW + 9.99):
            await asyncio.Event().wait()


async def test_token_within_its_leeway_has_expired_here() -> None:
    with pytest.raises(Expired):
        async with until_expiry(await token(exp=NOW - 10), now=NOW):
            await asyncio.Event().wait()


async def test_time_out_of_the_block_s_own_is_not_taken_for_expiry() -> None:
    with pytest.raises(TimeoutError):
        async with until_expiry(await token(), now=NOW):
            raise TimeoutError


async def test_token_of_the_year_9999_does_not_overflow_the_clock() -> None:
    async with until_expiry(await token(exp=253402300799), now=NOW):
        await asyncio.sleep(0)


def test_websocket_is_closed_with_1008_when_its_token_expires() -> None:
    app = FastAPI()
    guard = Guard(resource_server())

    @app.websocket("/")
    async def echo(websocket: WebSocket, token: Annotated[AccessToken, Depends(guard)]) -> None:
        await websocket.accept()
        async with guard.until_expiry(token):
            while True:
                await websocket.send_text(await websocket.receive_text())

    with (
        TestClient(app) as client,
        client.websocket_connect("/", headers=bearer(KEY.token(exp=NOW + 0.3))) as websocket,
    ):
        websocket.send_text("hello")
        assert websocket.receive_text() == "hello"
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
    assert (closed.value.code, closed.value.reason) == (1008, "expired")


class Events:
    """An async generator's events, and whether it was closed."""

    def __init__(self, *events: str, endless: bool = False) -> None:
        self.closed = False
        self._events = events
        self._endless = endless

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            for event in self._events:
                yield event
            if self._endless:
                await asyncio.Event().wait()
        finally:
            self.closed = True


async def test_stream_that_ends_in_time_is_passed_on_whole() -> None:
    events = Events("1", "2")
    stream = stream_until_expiry(await token(exp=NOW + 3600), events, now=lambda: NOW)
    assert [event async for event in stream] == ["1", "2"]
    assert events.closed


async def test_stream_that_is_no_generator_is_passed_on_as_well() -> None:
    class Numbers:
        def __aiter__(self) -> Self:
            self.next = 0
            return self

        async def __anext__(self) -> int:
            self.next += 1
            if self.next > 2:
                raise StopAsyncIteration
            return self.next

    stream = stream_until_expiry(await token(exp=NOW + 3600), Numbers(), now=lambda: NOW)
    assert [number async for number in stream] == [1, 2]


async def test_stream_that_waits_for_an_event_ends_when_its_token_expires() -> None:
    events = Events("1", endless=True)
    stream = stream_until_expiry(await token(exp=NOW + 10), events, now=lambda: NOW + 9.99)
    assert [event async for event in stream] == ["1"]
    assert events.closed


async def test_stream_whose_events_are_always_there_ends_when_its_token_expires() -> None:
    clock = Clock()
    events = Events(*"123456")
    stream = stream_until_expiry(await token(exp=NOW + 10), events, now=clock)
    sent = []
    async for event in stream:
        sent.append(event)
        clock.now += 5
    assert sent == ["1", "2"]
    assert events.closed


async def test_stream_of_an_expired_token_sends_nothing() -> None:
    stream = stream_until_expiry(await token(exp=NOW - 10), Events("1"), now=lambda: NOW)
    assert [event async for event in stream] == []


async def test_failure_of_a_stream_is_its_own() -> None:
    async def failing() -> AsyncIterator[str]:
        yield "1"
        raise TimeoutError

    stream = stream_until_expiry(await token(), failing(), now=lambda: NOW)
    assert await anext(stream) == "1"
    with pytest.raises(TimeoutError):
        await anext(stream)


def test_server_sent_events_end_when_their_token_expires() -> None:
    app = FastAPI()
    guard = Guard(resource_server())

    @app.get("/")
    async def numbers(token: Annotated[AccessToken, Depends(guard)]) -> StreamingResponse:
        events = Events("data: 1\n\n", endless=True)
        return StreamingResponse(guard.stream_until_expiry(token, events), media_type="text/event-stream")

    with TestClient(app) as client:
        answer = client.get("/", headers=bearer(KEY.token(exp=NOW + 0.05)))
    assert (answer.status_code, answer.text) == (200, "data: 1\n\n")


def test_stream_to_a_client_that_reads_late_ends_well() -> None:
    """The time is up while an event is being sent: it is sent whole, and then comes the end."""
    app = FastAPI()
    begin = time.monotonic()

    def now() -> float:
        return NOW + time.monotonic() - begin

    guard = Guard(resource_server(clock=now))

    @app.get("/")
    async def numbers(token: Annotated[AccessToken, Depends(guard)]) -> StreamingResponse:
        async def events() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65536

        return StreamingResponse(guard.stream_until_expiry(token, events()))

    request = f"GET / HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {KEY.token(exp=NOW + 0.5)}\r\n\r\n"
    with serving(app) as url, socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 10) as client:
        client.sendall(request.encode())
        while now() < NOW + 0.5:
            time.sleep(0.05)
        received = b""
        while not received.endswith(b"\r\n0\r\n\r\n"):
            part = client.recv(1 << 20)
            assert part, "the connection was cut"
            received = received[-16:] + part
