"""An application whose annotations are text, as `from __future__ import annotations` makes them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Security, WebSocket

from jwtguard import AccessToken
from jwtguard.fastapi import Guard
from tests.resource_servers import resource_server

guard = Guard(resource_server())
app = FastAPI()


@app.get("/subject")
async def subject(token: Annotated[AccessToken, Depends(guard)]) -> str | None:
    return token.subject


@app.get("/delete")
def delete(token: Annotated[AccessToken, Security(guard, scopes=["invoices:delete"])]) -> str | None:
    return token.subject


@app.get("/tenant")
async def tenant(token: Annotated[AccessToken, Depends(guard.require(claims={"tenant": "a"}))]) -> str | None:
    return token.subject


@app.websocket("/socket")
async def socket(websocket: WebSocket, token: Annotated[AccessToken, Depends(guard)]) -> None:
    await websocket.accept()
    await websocket.send_text(str(token.subject))
    await websocket.close()
