"""An API that asks the demonstration authorization server: opaque tokens, revocation, wrong credentials."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from examples.demonstration import API, OPAQUE_SERVICE, SERVICE
from jwtguard import Introspection, Issuer, JWTGuardError, ResourceServer
from tests.examples.party import AUDIENCE, REVOKE, Clock, Party

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def api(served: Party, clock: Clock | None = None, **options: Any) -> AsyncIterator[ResourceServer]:
    """The API, which finds all it needs in the authorization server's metadata."""
    introspection = Introspection(**{"client_id": API, "client_secret": served.known.api, **options})
    issuer = Issuer(served.issuer, introspection=introspection)
    resource_server = ResourceServer(issuer, audience=AUDIENCE, clock=clock or Clock())
    try:
        yield resource_server
    finally:
        await resource_server.aclose()


async def outcome(resource_server: ResourceServer, token: str) -> str:
    """What a token comes to, in a word."""
    try:
        await resource_server.validate(token)
    except JWTGuardError as refusal:
        return refusal.reason
    return "accepted"


def opaque_token(served: Party) -> str:
    answer = served.service(client_id=OPAQUE_SERVICE, client_secret=served.known.opaque_service, scope="invoices:read")
    token: str = answer.json()["access_token"]
    assert "." not in token
    return token


def revoke(served: Party, token: str, *, client_id: str, client_secret: str) -> None:
    """End a token, as the client that got it."""
    answer = served.post(REVOKE, token=token, client_id=client_id, client_secret=client_secret)
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_opaque_token_is_accepted(served: Party, method: str) -> None:
    async with api(served, method=method) as resource_server:
        token = await resource_server.validate(opaque_token(served))
    assert (token.client_id, token.issuer, token.audience) == (OPAQUE_SERVICE, served.issuer, (AUDIENCE,))
    assert token.scopes == {"invoices:read"}


async def test_made_up_token_is_refused(served: Party) -> None:
    async with api(served) as resource_server:
        assert await outcome(resource_server, "made-up") == "inactive"


async def test_revoked_opaque_token_is_refused_after_a_minute(served: Party) -> None:
    token, clock = opaque_token(served), Clock()
    async with api(served, clock) as resource_server:
        assert await outcome(resource_server, token) == "accepted"
        revoke(served, token, client_id=OPAQUE_SERVICE, client_secret=served.known.opaque_service)
        assert await outcome(resource_server, token) == "accepted"
        clock.passed = 60
        assert await outcome(resource_server, token) == "inactive"


async def test_revoked_jwt_is_refused_at_once_where_the_server_must_vouch_for_it(served: Party) -> None:
    token: str = served.service().json()["access_token"]
    async with api(served) as resource_server:
        access_token = await resource_server.validate(token)
        await resource_server.validation.confirm(token.encode(), access_token)
        revoke(served, token, client_id=SERVICE, client_secret=served.known.service)
        assert await outcome(resource_server, token) == "accepted"
        with pytest.raises(JWTGuardError) as refusal:
            await resource_server.validation.confirm(token.encode(), access_token)
    assert refusal.value.reason == "inactive"


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param({"client_secret": "wrong"}, id="a wrong secret"),
        pytest.param({"client_id": "nobody"}, id="an unknown client"),
        pytest.param({"client_id": SERVICE, "client_secret": ...}, id="a client that may not ask"),
    ],
)
async def test_wrong_credentials_are_told_to_the_operator_once_and_nobody_is_refused_for_good(
    served: Party, credentials: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    token = opaque_token(served)
    known: dict[str, Any] = {
        name: served.known.service if value is ... else value for name, value in credentials.items()
    }
    async with api(served, **known) as resource_server:
        outcomes = {await outcome(resource_server, token) for _ in range(10)}
    assert outcomes == {"introspection_unavailable"}
    (told,) = (record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    assert "refuses this resource server's credentials" in told
    assert token not in caplog.text
