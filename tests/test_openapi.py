"""How a client gets a token, in OpenAPI."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.testclient import TestClient

from jwtguard import ResourceServer
from jwtguard.fastapi import Guard
from jwtguard.openapi import flows_of
from jwtguard.testing import TestIssuer
from tests.resource_servers import resource_server

ENDPOINTS = {"authorization_endpoint": "https://as.example/authorize", "token_endpoint": "https://as.example/token"}
BOTH = ["authorization_code", "client_credentials"]


def flows(metadata: dict[str, Any], **scopes: str) -> dict[str, Any]:
    found = flows_of(metadata, scopes=scopes)
    return {} if found is None else found.model_dump(exclude_none=True)


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        (ENDPOINTS | {"grant_types_supported": BOTH}, ["authorizationCode", "clientCredentials"]),
        (ENDPOINTS | {"grant_types_supported": ["client_credentials"]}, ["clientCredentials"]),
        (ENDPOINTS, ["authorizationCode"]),
        (ENDPOINTS | {"grant_types_supported": ["implicit"]}, []),
        (ENDPOINTS | {"grant_types_supported": "client_credentials"}, []),
        ({"token_endpoint": "https://as.example/token", "grant_types_supported": BOTH}, ["clientCredentials"]),
        ({"grant_types_supported": BOTH}, []),
        ({"token_endpoint": 7, "grant_types_supported": BOTH}, []),
    ],
    ids=str,
)
def test_flows_are_those_that_the_metadata_offers(metadata: dict[str, Any], named: list[str]) -> None:
    assert sorted(flows(metadata)) == named


@pytest.mark.parametrize(
    ("supported", "given", "scopes"),
    [
        (["read", "write"], {}, {"read": "", "write": ""}),
        (["read", "write"], {"read": "Read invoices"}, {"read": "Read invoices"}),
        (["read", 7, None], {}, {"read": ""}),
        ("read", {}, {}),
    ],
    ids=str,
)
def test_scopes_are_the_application_s_else_the_metadata_s(
    supported: Any, given: dict[str, str], scopes: dict[str, str]
) -> None:
    assert flows(ENDPOINTS | {"scopes_supported": supported}, **given)["authorizationCode"]["scopes"] == scopes


def schema(guard: Guard[Any], lifespan: Any = None) -> dict[str, Any]:
    app = FastAPI(lifespan=lifespan)

    @app.get("/", dependencies=[Security(guard, scopes=["read"])])
    async def home() -> None: ...

    with TestClient(app) as client:
        document: dict[str, Any] = client.get("/openapi.json").json()
        return document


def test_discovered_flows_stand_in_the_schema_with_each_operation_s_scopes() -> None:
    issuer = TestIssuer()
    server = ResourceServer(issuer.url, audience=issuer.audience, http_client=issuer.http_client())
    guard = Guard(server)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with server.lifespan(app):
            await guard.discover_flows(scopes={"read": "Read invoices"})
            yield

    document = schema(guard, lifespan)
    scheme = document["components"]["securitySchemes"]["access_token"]
    assert scheme["type"] == "oauth2"
    assert scheme["flows"]["authorizationCode"]["tokenUrl"] == f"{issuer.url}/token"
    assert document["paths"]["/"]["get"]["security"] == [{"access_token": ["read"]}]


def test_configured_flows_stand_in_the_schema() -> None:
    flows = OAuthFlows(clientCredentials=OAuthFlowClientCredentials(tokenUrl="/token", scopes={"read": ""}))
    scheme = schema(Guard(resource_server(), flows=flows))["components"]["securitySchemes"]["access_token"]
    assert scheme["flows"]["clientCredentials"]["tokenUrl"] == "/token"


@pytest.mark.anyio
async def test_scheme_stays_as_it_is_where_the_metadata_cannot_be_had() -> None:
    issuer = TestIssuer()
    server = ResourceServer(issuer.url, audience=issuer.audience, http_client=issuer.http_client())
    guard = Guard(server)
    with issuer.failing():
        await guard.discover_flows()
    assert guard.model.model_dump(exclude_none=True)["scheme"] == "bearer"
