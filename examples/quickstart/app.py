"""A protected API in FastAPI: `uvicorn examples.quickstart.app:app`.

Two environment variables say whom it trusts and who it is: JWTGUARD_ISSUER and JWTGUARD_AUDIENCE.
"""

import os
from typing import Annotated

from fastapi import Depends, FastAPI, Security

from jwtguard import AccessToken, ResourceServer
from jwtguard.fastapi import Guard
from jwtguard.middleware import GuardMiddleware

resource_server = ResourceServer(
    os.environ.get("JWTGUARD_ISSUER", "http://127.0.0.1:9000"),
    audience=os.environ.get("JWTGUARD_AUDIENCE", "http://127.0.0.1:8000"),
)
guard = Guard(resource_server)

app = FastAPI(lifespan=resource_server.lifespan)
app.add_middleware(GuardMiddleware, resource_server=resource_server, public={"/health"})


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ready": (await resource_server.health()).ready}


@app.get("/invoices")
async def invoices(token: Annotated[AccessToken, Security(guard, scopes=["invoices:read"])]) -> dict[str, str | None]:
    return {"client": token.client_id, "subject": token.subject}


@app.post("/payouts", dependencies=[Depends(guard.require(scopes=["payouts:write"]))])
async def payout() -> dict[str, str]:
    return {"payout": "accepted"}
