"""What outlives a single answer ends with its token."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from jwtguard import AccessToken
from jwtguard.expiry import Expired, until_expiry
from jwtguard.fastapi import Guard
from tests.resource_servers import KEY, bearer, resource_server
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


def test_stream_ends_when_its_token_expires() -> None:
    app = FastAPI()
    guard = Guard(resource_server())

    @app.get("/")
    async def numbers(token: Annotated[AccessToken, Depends(guard)]) -> StreamingResponse:
        async def events() -> AsyncIterator[str]:
            with suppress(Expired):
                async with guard.until_expiry(token):
                    yield "data: 1\n\n"
                    await asyncio.Event().wait()

        return StreamingResponse(events(), media_type="text/event-stream")

    with TestClient(app) as client:
        answer = client.get("/", headers=bearer(KEY.token(exp=NOW + 0.05)))
    assert (answer.status_code, answer.text) == (200, "data: 1\n\n")
