"""The quickstart's API with a documentation page whose Authorize button gets tokens from the authorization server."""

from typing import Annotated

from fastapi import Depends, FastAPI, Security
from fastapi.openapi.models import OAuthFlowAuthorizationCode, OAuthFlowClientCredentials, OAuthFlows

from examples.authorization_server import addresses
from examples.demonstration import APP, READ, WRITE
from examples.serve.docs import add_docs
from jwtguard import AccessToken, ResourceServer
from jwtguard.fastapi import Guard
from jwtguard.middleware import GuardMiddleware

SCOPES = {READ: "Read invoices", WRITE: "Make payouts"}


def create_api(issuer: str, *, audience: str) -> FastAPI:
    """Return the API.

    Args:
        issuer: the authorization server that it trusts.
        audience: its own name.
    """
    resource_server = ResourceServer(issuer, audience=audience)
    guard = Guard(resource_server, flows=_flows(issuer))
    api = FastAPI(title="Invoices", docs_url=None, redoc_url=None, lifespan=resource_server.lifespan)
    api.add_middleware(
        GuardMiddleware, resource_server=resource_server, public={"/health", "/openapi.json", "/docs", "/docs/*"}
    )
    add_docs(api, authorize={"clientId": APP, "scopes": list(SCOPES), "usePkceWithAuthorizationCodeGrant": True})

    @api.get("/health")
    async def health() -> dict[str, bool]:
        return {"ready": (await resource_server.health()).ready}

    @api.get("/whoami", responses=guard.responses)
    async def whoami(token: Annotated[AccessToken, Depends(guard)]) -> dict[str, object]:
        return {"subject": token.subject, "client": token.client_id, "scopes": sorted(token.scopes)}

    @api.get("/invoices", responses=guard.responses)
    async def invoices(token: Annotated[AccessToken, Security(guard, scopes=[READ])]) -> dict[str, str | None]:
        return {"client": token.client_id, "subject": token.subject}

    @api.post("/payouts", responses=guard.responses, dependencies=[Depends(guard.require(scopes=[WRITE]))])
    async def payout() -> dict[str, str]:
        return {"payout": "accepted"}

    return api


def _flows(issuer: str) -> OAuthFlows:
    """How a client gets a token (OpenAPI 3.1, OAuth Flows Object)."""
    token_url = issuer + addresses.TOKEN
    return OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(tokenUrl=token_url, scopes=SCOPES),
        authorizationCode=OAuthFlowAuthorizationCode(
            authorizationUrl=issuer + addresses.AUTHORIZE, tokenUrl=token_url, refreshUrl=token_url, scopes=SCOPES
        ),
    )
