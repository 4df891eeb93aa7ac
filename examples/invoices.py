"""The API that `make demo` and `make serve` run: the quickstart's, with introspection and with OpenAPI to the full."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Security

from examples.demonstration import READ, WRITE
from jwtguard import AccessToken, ResourceServer
from jwtguard.fastapi import Guard
from jwtguard.middleware import GuardMiddleware

SCOPES = {READ: "Read invoices", WRITE: "Make payouts"}
PUBLIC = {"/health", "/openapi.json", "/docs", "/docs/*"}


def create_api(resource_server: ResourceServer) -> FastAPI:
    """Return the API.

    Args:
        resource_server: what decides on its tokens; its issuer has introspection, for the payouts.
    """
    guard = Guard(resource_server)

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        async with resource_server.lifespan(api):
            await guard.discover_flows(scopes=SCOPES)
            yield

    api = FastAPI(title="Invoices", docs_url=None, redoc_url=None, lifespan=lifespan)
    api.add_middleware(GuardMiddleware, resource_server=resource_server, public=PUBLIC)

    @api.get("/health")
    async def health() -> dict[str, bool]:
        return {"ready": (await resource_server.health()).ready}

    @api.get("/whoami", responses=guard.responses)
    async def whoami(token: Annotated[AccessToken, Depends(guard)]) -> dict[str, object]:
        return {"subject": token.subject, "client": token.client_id, "scopes": sorted(token.scopes)}

    @api.get("/invoices", responses=guard.responses)
    async def invoices(token: Annotated[AccessToken, Security(guard, scopes=[READ])]) -> dict[str, str | None]:
        return {"client": token.client_id, "subject": token.subject}

    # Money leaves: the authorization server vouches for the token during this very request.
    @api.post("/payouts", responses=guard.responses, dependencies=[Depends(guard.require(scopes=[WRITE], fresh=True))])
    async def payout() -> dict[str, str]:
        return {"payout": "accepted"}

    return api
