"""A protected application for tests that need it in a process of its own; the environment says whom it trusts."""

import os
from typing import Annotated

from fastapi import FastAPI, Security
from fastapi.responses import JSONResponse

from jwtguard import AccessToken, ResourceServer
from jwtguard.fastapi import Guard
from tests.signing import AUDIENCE

resource_server = ResourceServer(os.environ["ISSUER"], audience=AUDIENCE)
app = FastAPI(lifespan=resource_server.lifespan)


@app.get("/pid")
async def pid(token: Annotated[AccessToken, Security(Guard(resource_server), scopes=["invoices:read"])]) -> int:
    return os.getpid()


@app.get("/ready")
async def ready() -> JSONResponse:
    health = await resource_server.health()
    return JSONResponse({"ready": health.ready, "pid": os.getpid()}, 200 if health.ready else 503)
