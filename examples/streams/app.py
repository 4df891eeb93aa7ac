"""A WebSocket and server-sent events that end when their token expires: `uvicorn examples.streams.app:app`.

Two environment variables say whom it trusts and who it is: JWTGUARD_ISSUER and JWTGUARD_AUDIENCE.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from itertools import count
from typing import Annotated

from fastapi import FastAPI, Security, WebSocket
from fastapi.responses import StreamingResponse

from jwtguard import AccessToken, ResourceServer
from jwtguard.fastapi import Guard

PROTOCOL = "bearer"
"""In a browser: `new WebSocket(url, ["bearer", token])`. Everybody else can send the Authorization header."""

resource_server = ResourceServer(
    os.environ.get("JWTGUARD_ISSUER", "http://127.0.0.1:9000"),
    audience=os.environ.get("JWTGUARD_AUDIENCE", "http://127.0.0.1:8000"),
)
guard = Guard(resource_server, websocket_protocol=PROTOCOL)
InvoiceReader = Annotated[AccessToken, Security(guard, scopes=["invoices:read"])]

app = FastAPI(lifespan=resource_server.lifespan)


@app.websocket("/invoices")
async def invoices(websocket: WebSocket, token: InvoiceReader) -> None:
    offered = websocket.scope["subprotocols"]  # the token is no longer among them
    await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
    async with guard.until_expiry(token):
        async for number in websocket.iter_text():
            await websocket.send_json({"invoice": number, "asked_by": token.client_id})


@app.get("/invoices/paid")
async def paid_invoices(token: InvoiceReader) -> StreamingResponse:
    events = guard.stream_until_expiry(token, payments())
    return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def payments() -> AsyncIterator[str]:
    """Stands for what really happens: another invoice is paid each second."""
    for number in count(1):
        yield f"event: paid\ndata: {number}\n\n"
        await asyncio.sleep(1)
