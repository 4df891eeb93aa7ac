"""The test kit, used as its users will use it: real tokens, an application that is not changed."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import httpx
import httpx2
import pytest
from fastapi import Depends, FastAPI, Security
from fastapi.testclient import TestClient

from jwtguard import (
    AccessToken,
    ConfigurationError,
    Introspection,
    InvalidToken,
    Issuer,
    ResourceServer,
    Unavailable,
)
from jwtguard.fastapi import Guard
from jwtguard.testing import TestIssuer, made_up

pytestmark = pytest.mark.anyio

URL = "https://auth.example.com/tenant"
API = "https://api.example.com"
INTROSPECTION = Introspection(client_id="api", client_secret="of the api")


def resource_server(**options: Any) -> ResourceServer:
    return ResourceServer(Issuer(URL, **options), audience=API)


@pytest.fixture
def server() -> ResourceServer:
    return resource_server()


@pytest.fixture
def issuer(server: ResourceServer) -> Iterator[TestIssuer]:
    with TestIssuer.standing_in(server) as issuer:
        yield issuer


async def test_token_is_accepted_by_the_application_s_own_resource_server(
    server: ResourceServer, issuer: TestIssuer
) -> None:
    token = await server.validate(issuer.token(sub="alice", scopes=["read", "write"], tenant=7))
    assert (token.subject, sorted(token.scopes), token.claims["tenant"]) == ("alice", ["read", "write"], 7)
    assert (token.issuer, token.audience) == (URL, (API,))


async def test_token_satisfies_the_profile_of_rfc_9068() -> None:
    server = resource_server(profile="rfc9068")
    with TestIssuer.standing_in(server) as issuer:
        assert await server.validate(issuer.token())


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"])
async def test_issuer_signs_with_an_algorithm_that_is_allowed(algorithm: str) -> None:
    server = resource_server(algorithms=[algorithm])
    with TestIssuer.standing_in(server) as issuer:
        assert (await server.validate(issuer.token())).header["alg"] == algorithm


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("expired_token", "expired"),
        ("wrong_audience_token", "audience_mismatch"),
        ("tampered_token", "signature_mismatch"),
        ("unknown_key_token", "unknown_key"),
    ],
)
async def test_bad_token_is_bad_in_the_one_way_its_name_says(
    server: ResourceServer, issuer: TestIssuer, kind: str, reason: str
) -> None:
    with pytest.raises(InvalidToken) as refusal:
        await server.validate(getattr(issuer, kind)(sub="alice"))
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "issuer",
    [
        Issuer("https://auth.example.com", jwks_uri="https://auth.example.com/.well-known/jwks.json"),
        Issuer("https://auth.example.com", keys=TestIssuer().endpoints.key_set),
        Issuer("a name that is no URL", keys=TestIssuer().endpoints.key_set),
        Issuer(
            "https://auth.example.com",
            keys=TestIssuer().endpoints.key_set,
            introspection=replace(INTROSPECTION, endpoint="https://auth.example.com/ask"),
        ),
    ],
    ids=["jwks_uri", "configured keys", "no URL", "introspection endpoint"],
)
async def test_issuer_stands_in_however_the_real_one_s_keys_are_had(issuer: Issuer) -> None:
    server = ResourceServer(issuer, audience=API)
    with TestIssuer.standing_in(server) as stand_in:
        assert await server.validate(stand_in.token())
        if issuer.introspection is not None:
            assert await server.validate(stand_in.opaque_token())


async def test_claim_can_be_left_out(server: ResourceServer, issuer: TestIssuer) -> None:
    with pytest.raises(InvalidToken, match="'exp' is required"):
        await server.validate(issuer.token(exp=...))


async def test_claims_that_the_issuer_demands_are_there_with_roles_where_it_puts_them() -> None:
    server = resource_server(
        claim_values={"token_use": ["access", "other"]},
        require_audience=False,
        roles_claims=[("realm_access", "roles")],
        permissions_claims="https://example.com/permissions",
    )
    with TestIssuer.standing_in(server) as issuer:
        token = await server.validate(issuer.token(roles=["admin"], permissions=["pay"], aud=...))
    assert token.roles == {"admin"}
    assert token.permissions == {"pay"}


async def test_whatever_tells_the_issuer_s_access_tokens_from_others_is_there() -> None:
    server = resource_server(
        jwks_uri="https://auth.example.com/keys",
        key_issuers="https://auth.example.com/{tenant}",
        required_claims=["tenant"],
        one_of_claims=["scp", "roles"],
        claim_values={"verified": True, "status": ("active", None), ("org", "id"): ["org-2", "org-1"]},
        client_id_claims=["azp"],
    )
    with TestIssuer.standing_in(server) as issuer:
        token = await server.validate(issuer.token())
        assert await server.validate(issuer.token(roles=["admin"]))
    assert (token.client_id, token.scopes, token.roles) == ("client-1", frozenset(), frozenset())
    assert token.claims["org"] == {"id": "org-1"}
    assert "status" not in token.claims


async def test_keys_rotate_and_old_tokens_stay_good_as_long_as_their_key_is_published(
    server: ResourceServer, issuer: TestIssuer
) -> None:
    old = issuer.token()
    await server.validate(old)
    issuer.rotate_keys()
    await server.validate(issuer.token())
    await server.validate(old)
    issuer.rotate_keys(keep_old=False)
    await server.validate(issuer.token())
    with pytest.raises(InvalidToken, match="unknown_key"):
        await server.validate(old)


async def test_issuer_that_cannot_be_reached_is_a_503_at_first_and_nothing_once_its_keys_are_known(
    server: ResourceServer, issuer: TestIssuer
) -> None:
    with issuer.failing(), pytest.raises(Unavailable, match="ConnectError"):
        await server.validate(issuer.token())
    unknown = resource_server()
    with TestIssuer.standing_in(unknown) as other:
        await unknown.validate(other.token())
        with other.failing(500):
            assert await unknown.validate(other.token(sub="bob"))


async def test_opaque_token_is_introspected_and_refused_once_it_is_revoked() -> None:
    server = resource_server(introspection=replace(INTROSPECTION, active_seconds=0))
    with TestIssuer.standing_in(server) as issuer:
        opaque = issuer.opaque_token(sub="alice", scopes=["read"])
        assert (await server.validate(opaque)).scopes == {"read"}
        issuer.revoke(opaque)
        with pytest.raises(InvalidToken, match="inactive"):
            await server.validate(opaque)
        assert issuer.endpoints.requests["introspection"] == 2


async def test_resource_server_trusts_its_own_issuer_again_afterwards() -> None:
    own = TestIssuer(URL, audience=API)
    server = ResourceServer(URL, audience=API, http_client=own.http_client())
    with TestIssuer.standing_in(server) as issuer:
        stand_in_s = issuer.token()
        await server.validate(stand_in_s)
    assert await server.validate(own.token())
    with pytest.raises(InvalidToken, match="unknown_key"):
        await server.validate(stand_in_s)


@pytest.mark.parametrize("client", [httpx.AsyncClient, httpx2.AsyncClient])
async def test_issuer_on_a_loopback_port_is_reached_with_any_client(client: Any) -> None:
    async with client() as http_client:
        with TestIssuer.on_loopback(audience=API) as issuer:
            server = ResourceServer(issuer.url, audience=API, http_client=http_client)
            assert await server.validate(issuer.token())
            assert issuer.endpoints.requests == {"metadata": 1, "keys": 1}


async def test_loopback_port_can_fail_too() -> None:
    with TestIssuer.on_loopback(audience=API) as issuer, issuer.failing():
        server = ResourceServer(issuer.url, audience=API)
        with pytest.raises(Unavailable):
            await server.validate(issuer.token())
        await server.aclose()


def test_issuer_with_a_shared_secret_is_told_to_be_tested_otherwise() -> None:
    server = resource_server(keys=b"a secret of thirty-two bytes, 32")
    with pytest.raises(ConfigurationError, match="signs with none of"), TestIssuer.standing_in(server):
        pass


def test_issuer_works_on_one_event_loop_after_the_other(server: ResourceServer, issuer: TestIssuer) -> None:
    for _ in range(2):
        assert asyncio.run(server.validate(issuer.token()))


def test_made_up_token_takes_the_guard_s_place_and_requirements_still_hold(server: ResourceServer) -> None:
    guard = Guard(server)
    app = FastAPI()

    @app.get("/")
    async def subject(token: Annotated[AccessToken, Security(guard, scopes=["read"])]) -> str | None:
        return token.subject

    @app.get("/admin", dependencies=[Depends(guard.require(roles=["admin"]))])
    async def admin() -> None: ...

    app.dependency_overrides[guard] = made_up(subject="alice", scopes=["read"])
    with TestClient(app) as client:
        assert client.get("/").json() == "alice"
        assert client.get("/admin").status_code == 403
        app.dependency_overrides[guard] = made_up(roles=["admin"])
        assert client.get("/admin").status_code == 200
