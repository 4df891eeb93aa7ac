"""Issuers that publish their keys in one place: what is fetched there, how often, and which of the keys serve whom."""

from collections.abc import Iterator

import pytest

from jwtguard import Issuer, JWTGuardError, KeySet, ResourceServer
from tests.loopback import KEYS, AuthorizationServer, authorization_server
from tests.signing import AUDIENCE, NOW, SigningKey, good_claims, signing_key

pytestmark = pytest.mark.anyio

OF_ALL = "https://{tenant}.example"
KEY, ANOTHERS = signing_key("ES256", "for-all"), signing_key("ES256", "for-one")


@pytest.fixture
def publisher() -> Iterator[AuthorizationServer]:
    with authorization_server(KEY) as server:
        yield server


def tenant(number: int) -> str:
    return f"https://tenant-{number}.example"


async def outcome(server: ResourceServer, issuer: str, key: SigningKey = KEY) -> str | None:
    """Why a token of that issuer is refused; None if it is accepted."""
    try:
        await server.validate(key.token(good_claims(iss=issuer)))
    except JWTGuardError as error:
        return error.reason
    return None


async def test_issuers_with_one_jwks_uri_have_it_fetched_once(publisher: AuthorizationServer) -> None:
    issuers = [Issuer(tenant(number), jwks_uri=publisher.jwks_uri) for number in range(20)]
    server = ResourceServer(issuers, audience=AUDIENCE, clock=lambda: NOW)
    assert [await outcome(server, tenant(number)) for number in range(20)] == [None] * 20
    assert publisher.count(KEYS) == 1
    await server.aclose()


async def test_each_of_them_shows_its_own_name_in_health(publisher: AuthorizationServer) -> None:
    issuers = [Issuer(tenant(number), jwks_uri=publisher.jwks_uri) for number in range(2)]
    server = ResourceServer(issuers, audience=AUDIENCE, clock=lambda: NOW)
    await outcome(server, tenant(1))
    health = await server.health()
    assert [(issuer.issuer, issuer.ready) for issuer in health.issuers] == [(tenant(0), True), (tenant(1), True)]
    await server.aclose()


async def test_flood_of_tenants_with_one_jwks_uri_is_one_fetch(
    publisher: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jwtguard.tenants.MOST_TENANTS", 5)

    async def resolver(name: str) -> Issuer:
        return Issuer(name, jwks_uri=publisher.jwks_uri)

    server = ResourceServer(resolver=resolver, audience=AUDIENCE, clock=lambda: NOW)
    for number in range(50):
        assert await outcome(server, tenant(number)) is None
    assert publisher.count(KEYS) == 1
    await server.aclose()


async def test_keys_that_nobody_needs_any_more_are_forgotten(publisher: AuthorizationServer) -> None:
    issuer = Issuer(tenant(1), jwks_uri=publisher.jwks_uri)
    server = ResourceServer(issuer, audience=AUDIENCE, clock=lambda: NOW)
    await outcome(server, tenant(1))
    await server.aclose()
    other = ResourceServer(issuer, audience=AUDIENCE, clock=lambda: NOW)
    assert await outcome(other, tenant(1)) is None
    assert publisher.count(KEYS) == 2  # nothing is shared beyond a resource server
    await other.aclose()


async def test_key_serves_those_alone_whom_its_issuer_member_names(publisher: AuthorizationServer) -> None:
    keys = [
        {**KEY.jwk, "issuer": OF_ALL},
        {**ANOTHERS.jwk, "issuer": tenant(2)},
        {**signing_key("ES256", "silent", 2).jwk},
    ]
    publisher.behaviours[KEYS] = lambda exchange: exchange.reply(200, json_bytes({"keys": keys}))
    server = ResourceServer(
        [
            Issuer(tenant(1), jwks_uri=publisher.jwks_uri, key_issuers=OF_ALL),
            Issuer(tenant(2), jwks_uri=publisher.jwks_uri, key_issuers=(OF_ALL, tenant(2))),
        ],
        audience=AUDIENCE,
        clock=lambda: NOW,
    )
    outcomes = {
        (number, key.kid): await outcome(server, tenant(number), key)
        for number in (1, 2)
        for key in (KEY, ANOTHERS, signing_key("ES256", "silent", 2))
    }
    assert outcomes == {
        (1, "for-all"): None,
        (1, "for-one"): "unknown_key",
        (1, "silent"): "unknown_key",
        (2, "for-all"): None,
        (2, "for-one"): None,
        (2, "silent"): "unknown_key",
    }
    await server.aclose()


@pytest.mark.parametrize("issuer", [..., None, 7, [OF_ALL], "", OF_ALL + "/", OF_ALL.upper()], ids=repr)
def test_key_that_names_no_issuer_or_another_is_skipped(issuer: object) -> None:
    odd = ANOTHERS.jwk if issuer is ... else {**ANOTHERS.jwk, "issuer": issuer}
    keys = KeySet.from_jwk_set({"keys": [{**KEY.jwk, "issuer": OF_ALL}, odd]}, issuers=frozenset({OF_ALL}))
    assert {key.kid for key in keys.keys} == {"for-all"}
    assert [skipped.kid for skipped in keys.skipped] == ["for-one"]


def json_bytes(document: object) -> bytes:
    import json

    return json.dumps(document).encode()
