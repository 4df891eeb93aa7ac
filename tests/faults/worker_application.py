"""An application for several workers: it answers each request with whose token it came with, and from which process.

The environment says whom it trusts (ISSUERS, the last of which is asked about opaque tokens) and where its clock is.
"""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Security, WebSocket, WebSocketDisconnect
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from jwtguard import AccessToken, Introspection, Issuer, ResourceServer
from jwtguard.fastapi import Guard
from jwtguard.middleware import GuardMiddleware
from tests.faults.shared_clock import SharedClock
from tests.introspection_endpoint import SECRET
from tests.signing import AUDIENCE

*_plain, _asked = os.environ["ISSUERS"].split()
resource_server = ResourceServer(
    [*_plain, Issuer(_asked, introspection=Introspection(client_id="api", client_secret=SECRET))],
    audience=AUDIENCE,
    clock=SharedClock(Path(os.environ["CLOCK"])),
)
resource_server.validation.trusted._http.timeout = 60  # what hangs is let go by the test, however busy the machine is
reader = Annotated[AccessToken, Security(Guard(resource_server), scopes=["invoices:read"])]

application = FastAPI(lifespan=resource_server.lifespan)
application.add_middleware(GuardMiddleware, resource_server=resource_server, public={"/state", "/dependency/*"})


@application.get("/middleware/whose")
@application.get("/dependency/whose")
async def whose(connection: HTTPConnection, token: reader) -> dict[str, Any]:
    await asyncio.sleep(0)  # the other requests have their turn
    return {
        "pid": os.getpid(),
        "subject": token.subject,
        "issuer": token.issuer,
        "user": connection.user.display_name,  # nobody, where the middleware lets the request through to the dependency
    }


@application.websocket("/middleware/whose")
@application.websocket("/dependency/whose")
async def whose_websocket(websocket: WebSocket, token: reader) -> None:
    with suppress(WebSocketDisconnect):  # where the worker is told to end meanwhile
        await websocket.accept()
        await websocket.send_json(await whose(websocket, token))
        await websocket.close()


@application.get("/state")
async def state() -> dict[str, Any]:
    issuers = (await resource_server.health()).issuers
    now = resource_server.now()
    return {
        "pid": os.getpid(),
        "fetched": [issuer.last_success if issuer.last_error is None else None for issuer in issuers],
        "due": any(issuer.next_refresh is not None and issuer.next_refresh <= now for issuer in issuers),
        "under_way": app.under_way - 1,
    }


class Counting:
    """Counts the requests that are under way."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counts = scope["type"] != "lifespan"
        self.under_way += counts
        try:
            await self._inner(scope, receive, send)
        finally:
            self.under_way -= counts


app = Counting(application)
