"""The resource server that is asked for invoices with the certified authorization server's tokens."""

from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, Security

from jwtguard import AccessToken, ResourceServer
from jwtguard.fastapi import Guard


def invoices_api(resource_server: ResourceServer, *, fresh: bool = False) -> FastAPI:
    """Return an application that tells whose access token came: reading takes one scope, writing another.

    Args:
        resource_server: what decides on tokens.
        fresh: have the authorization server vouch for the token where invoices are read.
    """
    guard = Guard(resource_server)
    may_read = guard.require(scopes=["invoices:read"], fresh=fresh)
    app = FastAPI(lifespan=resource_server.lifespan)

    @app.get("/invoices")
    async def read(token: Annotated[AccessToken, Depends(may_read)]) -> dict[str, Any]:
        return _told(token)

    @app.post("/invoices")
    async def write(token: Annotated[AccessToken, Security(guard, scopes=["invoices:write"])]) -> dict[str, Any]:
        return _told(token)

    return app


def _told(token: AccessToken) -> dict[str, Any]:
    return {"subject": token.subject, "client_id": token.client_id, "scopes": sorted(token.scopes)}


def read_invoices(api: str, access_token: str, *, scheme: str = "Bearer") -> httpx.Response:
    """Ask the API at that URL for invoices."""
    return httpx.get(f"{api}/invoices", headers={"Authorization": f"{scheme} {access_token}"})
