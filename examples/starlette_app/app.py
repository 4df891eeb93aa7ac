"""A protected API in plain Starlette, by middleware alone: `uvicorn examples.starlette_app.app:app`.

Two environment variables say whom it trusts and who it is: JWTGUARD_ISSUER and JWTGUARD_AUDIENCE.
"""

import os

from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from jwtguard import ResourceServer
from jwtguard.middleware import GuardMiddleware

resource_server = ResourceServer(
    os.environ.get("JWTGUARD_ISSUER", "http://127.0.0.1:9000"),
    audience=os.environ.get("JWTGUARD_AUDIENCE", "http://127.0.0.1:8000"),
)


async def health(request: Request) -> JSONResponse:  # noqa: ARG001  (Starlette's signature)
    return JSONResponse({"ready": (await resource_server.health()).ready})


async def whoami(request: Request) -> JSONResponse:
    return JSONResponse({"subject": request.user.identity, "scopes": sorted(request.auth.scopes)})


@requires("invoices:read")
async def invoices(request: Request) -> JSONResponse:
    return JSONResponse({"client": request.user.token.client_id})


app = Starlette(
    routes=[Route("/health", health), Route("/whoami", whoami), Route("/invoices", invoices)],
    middleware=[Middleware(GuardMiddleware, resource_server=resource_server, public={"/health"})],
    lifespan=resource_server.lifespan,
)
