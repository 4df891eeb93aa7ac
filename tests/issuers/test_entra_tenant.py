"""Microsoft Entra ID: tokens of both versions, of one tenant and of many, and what looks like them."""

import asyncio
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard import ConfigurationError, Issuer, ResourceServer
from jwtguard.issuers import ANY_TENANT, entra_id, entra_id_tenants
from tests.issuers.products import Web, jwk, outcome, signed
from tests.signing import SigningKey, b64, segment, signing_key

pytestmark = pytest.mark.anyio

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
SECOND = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
STRANGER = "11111111-2222-4333-8444-555555555555"
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
API_ID = "6e74172b-be56-4843-9ff4-e66a39bb12e3"
API_URI = f"api://{API_ID}"
CLIENT = "75dbe77f-10a3-4e59-85fd-8c127544f17c"
LOGIN = "https://login.microsoftonline.com"
KEYS, KEYS_1 = f"{LOGIN}/{TENANT}/discovery/v2.0/keys", f"{LOGIN}/{TENANT}/discovery/keys"
KEYS_OF_ALL, KEYS_OF_CONSUMERS = f"{LOGIN}/common/discovery/v2.0/keys", f"{LOGIN}/{CONSUMERS}/discovery/v2.0/keys"
TEMPLATE = f"{LOGIN}/{{tenantid}}/v2.0"

KEY = signing_key("RS256", "jS1Xo1OWDj_52vbwGNgvQO2VzMc")
TENANTS_KEY = signing_key("RS256", "2ZQpJ3UpbjAYXYGaXEJl8lV0TOI", 1)
CONSUMERS_KEY = signing_key("RS256", "yreX2PsLi-qkbR8QDOmB_ySxp8Q", 2)

USER = {
    "aud": API_ID,
    "iss": f"{LOGIN}/{TENANT}/v2.0",
    "nbf": 1_799_999_940,
    "aio": "AXQAi/8IAAAAtAaZLo3ChMif6KOnttRB7eBq4/DccQzjcJGxPYy/C3jDaNGxXd6wNIIVGRghNRnwJ1lOcAnNZcjvkoyrFxCttv3314=",
    "azp": CLIENT,
    "azpacr": "0",
    "name": "Abe Lincoln",
    "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
    "preferred_username": "abeli@microsoft.com",
    "rh": "I",
    "roles": ["Invoices.Approve"],
    "scp": "access_as_user invoices.read",
    "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
    "tid": TENANT,
    "uti": "fqiBqXLPj0eQa82S-IYFAA",
    "ver": "2.0",
}
DAEMON = {
    "aud": API_ID,
    "iss": f"{LOGIN}/{TENANT}/v2.0",
    "azp": CLIENT,
    "azpacr": "1",
    "idtyp": "app",
    "oid": "02223b6b-aa1d-42d4-9ec0-1b2bb9194438",
    "roles": ["Invoices.Read.All"],
    "sub": "02223b6b-aa1d-42d4-9ec0-1b2bb9194438",
    "tid": TENANT,
    "ver": "2.0",
}
ID_TOKEN = {
    "aud": API_ID,
    "iss": f"{LOGIN}/{TENANT}/v2.0",
    "name": "Abe Lincoln",
    "nonce": "678910",
    "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
    "roles": ["Invoices.Approve"],
    "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
    "tid": TENANT,
    "ver": "2.0",
}
USER_1 = {
    "aud": API_URI,
    "iss": f"https://sts.windows.net/{TENANT}/",
    "acr": "1",
    "amr": ["wia"],
    "appid": CLIENT,
    "appidacr": "0",
    "family_name": "Lincoln",
    "idp": "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd0122247/",
    "ipaddr": "222.222.222.22",
    "oid": "02223b6b-aa1d-42d4-9ec0-1b2bb9194438",
    "rh": "I",
    "scp": "user_impersonation",
    "sub": "l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA",
    "tid": TENANT,
    "unique_name": "abeli@microsoft.com",
    "uti": "FVsGxYXI30-TuikuuUoFAA",
    "ver": "1.0",
}
X5T = {"x5t": KEY.kid}
"""A header parameter that tokens of version 1.0 have besides `kid`."""


def key_of(key: SigningKey, **more: Any) -> dict[str, Any]:
    """As Microsoft publishes it: without `alg`, the certificate besides, `x5t` equal to `kid`."""
    return jwk(key, "use", "x5c", "x5t", **{"x5t": key.kid, **more})


@pytest.fixture
def web() -> Web:
    of_all = [key_of(KEY, issuer=TEMPLATE), key_of(CONSUMERS_KEY, issuer=f"{LOGIN}/{CONSUMERS}/v2.0")]
    return Web(
        {
            KEYS: {"keys": [*of_all, key_of(TENANTS_KEY, issuer=f"{LOGIN}/{TENANT}/v2.0")]},
            KEYS_1: {"keys": [key_of(KEY)]},
            KEYS_OF_ALL: {"keys": of_all},
            KEYS_OF_CONSUMERS: {"keys": of_all},
        }
    )


def graph_token() -> str:
    """A token for Microsoft Graph: what is signed has the SHA-256 of the header's `nonce` in place of it."""
    nonce = "AQABAAAAAAD--DLA3VO7QrddgJg7WevrPA8SoH4q"
    header = {"typ": "JWT", "nonce": nonce, "alg": "RS256", "x5t": KEY.kid, "kid": KEY.kid}
    claims = segment(
        {**USER, "aud": "00000003-0000-0000-c000-000000000000", "iat": 1_799_999_940, "exp": 1_800_003_540}
    )
    hashed = segment({**header, "nonce": b64(sha256(nonce.encode()).digest())})
    return f"{segment(header)}.{claims}.{b64(KEY.signature(f'{hashed}.{claims}'.encode()))}"


# --- One tenant, version 2.0 ---


@pytest.mark.parametrize(
    ("token", "scopes", "roles"),
    [
        pytest.param(signed(KEY, USER), {"access_as_user", "invoices.read"}, {"Invoices.Approve"}, id="a user's"),
        pytest.param(signed(KEY, DAEMON), set(), {"Invoices.Read.All"}, id="a daemon's"),
        pytest.param(signed(KEY, USER, roles=...), {"access_as_user", "invoices.read"}, set(), id="a user's, no roles"),
        pytest.param(signed(TENANTS_KEY, DAEMON), set(), {"Invoices.Read.All"}, id="signed with the tenant's own key"),
    ],
)
async def test_access_token_is_accepted(web: Web, token: str, scopes: set[str], roles: set[str]) -> None:
    accepted = await web.accepted(entra_id(TENANT), token, audience=API_ID)
    assert accepted.client_id == CLIENT
    assert accepted.scopes == scopes
    assert accepted.roles == roles
    assert web.requested == [KEYS]


async def test_groups_may_be_the_roles(web: Web) -> None:
    issuer = entra_id(TENANT, audience=API_ID, roles_claims=("groups", "wids"))
    accepted = await web.accepted(issuer, signed(KEY, USER, groups=["g-1"], wids=["w-1"]))
    assert accepted.roles == {"g-1", "w-1"}


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(signed(KEY, ID_TOKEN), "claim_missing azp", id="an ID token of the API's own registration"),
        pytest.param(signed(KEY, ID_TOKEN, aud=CLIENT), "audience_mismatch", id="an ID token of the client"),
        pytest.param(signed(KEY, DAEMON, roles=...), "claim_missing scp", id="a daemon's without a role"),
        pytest.param(signed(KEY, USER, aud=API_URI), "audience_mismatch", id="for the application ID URI"),
        pytest.param(signed(KEY, USER, aud="other"), "audience_mismatch", id="another API's"),
        pytest.param(signed(KEY, USER_1, X5T, aud=API_ID), "issuer_mismatch", id="of version 1.0"),
        pytest.param(signed(KEY, USER, ver="1.0"), "claim_mismatch ver", id="of version 1.0, says ver"),
        pytest.param(signed(KEY, USER, tid=SECOND), "claim_mismatch tid", id="another tenant's, says tid"),
        pytest.param(signed(KEY, USER, tid=...), "claim_mismatch tid", id="no tenant's, says tid"),
        pytest.param(
            signed(KEY, USER, tid=SECOND, iss=f"{LOGIN}/{SECOND}/v2.0"), "issuer_mismatch", id="another tenant's"
        ),
        pytest.param(signed(KEY, USER, iss=f"{LOGIN}/{TENANT}/v2.0/"), "issuer_mismatch", id="with a trailing slash"),
        pytest.param(signed(KEY, USER, iss=f"{LOGIN}/{TENANT}"), "issuer_mismatch", id="without the version"),
        pytest.param(signed(KEY, USER, iss=TEMPLATE), "issuer_mismatch", id="with the template for an issuer"),
        pytest.param(signed(CONSUMERS_KEY, USER), "unknown_key", id="signed with the key of personal accounts"),
        pytest.param(
            signed(SigningKey(KEY.private, "PS256", KEY.kid), USER), "algorithm_not_allowed", id="signed with PS256"
        ),
        pytest.param(graph_token(), "signature_mismatch", id="for Microsoft Graph"),
        pytest.param(signed(KEY, USER, {"typ": "pop"}), "type_mismatch", id="a signed HTTP request"),
        pytest.param(signed(KEY, USER, cnf={"kid": "a"}), "confirmation_unsupported", id="bound to a key"),
    ],
)
async def test_look_alike_is_refused(web: Web, token: str, reason: str) -> None:
    assert await web.outcome(entra_id(TENANT), token, audience=API_ID) == reason


async def test_key_that_says_nobody_s_issuer_serves_nobody() -> None:
    web = Web({KEYS: {"keys": [key_of(KEY), key_of(TENANTS_KEY, issuer=TEMPLATE)]}})
    async with web.resource_server(entra_id(TENANT), audience=API_ID) as server:
        assert await outcome(server, signed(TENANTS_KEY, USER)) == "accepted"
        assert await outcome(server, signed(KEY, USER)) == "unknown_key"


# --- One tenant, version 1.0 ---


async def test_access_token_of_version_1_is_accepted(web: Web) -> None:
    issuer = entra_id(TENANT, version="1.0", audience=[API_URI, API_ID])
    accepted = await web.accepted(issuer, signed(KEY, USER_1, X5T))
    assert accepted.client_id == CLIENT
    assert accepted.scopes == {"user_impersonation"}
    assert web.requested == [KEYS_1]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(signed(KEY, USER, aud=API_URI), "issuer_mismatch", id="of version 2.0"),
        pytest.param(signed(KEY, USER_1, X5T, ver="2.0"), "claim_mismatch ver", id="of version 2.0, says ver"),
        pytest.param(signed(KEY, USER_1, X5T, appid=...), "claim_missing appid", id="an ID token"),
        pytest.param(signed(KEY, USER_1, X5T, scp=...), "claim_missing scp", id="neither scopes nor roles"),
        pytest.param(signed(KEY, USER_1, X5T, tid=SECOND), "claim_mismatch tid", id="another tenant's, says tid"),
        pytest.param(
            signed(KEY, USER_1, X5T, iss=f"https://sts.windows.net/{TENANT}"), "issuer_mismatch", id="no trailing slash"
        ),
        pytest.param(
            signed(KEY, USER_1, X5T, iss=f"https://sts.windows.net/{SECOND}/"), "issuer_mismatch", id="another tenant's"
        ),
    ],
)
async def test_look_alike_of_version_1_is_refused(web: Web, token: str, reason: str) -> None:
    assert await web.outcome(entra_id(TENANT, version="1.0"), token, audience=API_URI) == reason


# --- Many tenants ---


def of(tenant: str, **more: Any) -> str:
    """A user's token of a tenant, signed with the key of all."""
    return signed(KEY, USER, iss=f"{LOGIN}/{tenant}/v2.0", tid=tenant, **more)


@pytest.mark.parametrize("tenants", [[TENANT, SECOND], ANY_TENANT], ids=["listed", "any"])
async def test_tokens_of_several_tenants_are_accepted_with_keys_that_are_fetched_once(web: Web, tenants: Any) -> None:
    async with web.resource_server(resolver=entra_id_tenants(tenants), audience=API_ID) as server:
        accepted = [await server.validate(of(tenant)) for tenant in (TENANT, SECOND)]
    assert [token.claims["tid"] for token in accepted] == [TENANT, SECOND]
    assert web.requested == [KEYS_OF_ALL]


@pytest.mark.parametrize(
    ("token", "listed", "any_"),
    [
        pytest.param(of(STRANGER), "issuer_mismatch", "accepted", id="a tenant that is not listed"),
        pytest.param(
            signed(KEY, USER, tid=SECOND), "claim_mismatch tid", "claim_mismatch tid", id="tid of one, iss of another"
        ),
        pytest.param(
            signed(KEY, USER, iss=f"{LOGIN}/{STRANGER}/v2.0"),
            "issuer_mismatch",
            "claim_mismatch tid",
            id="iss of a stranger, tid of a listed one",
        ),
        pytest.param(
            signed(CONSUMERS_KEY, USER), "unknown_key", "unknown_key", id="signed with the key of personal accounts"
        ),
        pytest.param(of("common"), "issuer_mismatch", "issuer_mismatch", id="common"),
        pytest.param(of("organizations"), "issuer_mismatch", "issuer_mismatch", id="organizations"),
        pytest.param(of("{tenantid}"), "issuer_mismatch", "issuer_mismatch", id="the template"),
        pytest.param(of(TENANT.upper()), "issuer_mismatch", "issuer_mismatch", id="in upper case"),
        pytest.param(of(TENANT.replace("-", "")), "issuer_mismatch", "issuer_mismatch", id="without hyphens"),
        pytest.param(of(TENANT + "\n"), "issuer_mismatch", "issuer_mismatch", id="with a line break"),
        pytest.param(of(f"{TENANT}/v2.0?x="), "issuer_mismatch", "issuer_mismatch", id="with a query"),
        pytest.param(
            signed(KEY, USER, iss=f"https://login.microsoftonline.com.evil.example/{TENANT}/v2.0"),
            "issuer_mismatch",
            "issuer_mismatch",
            id="another host",
        ),
        pytest.param(signed(KEY, USER_1, X5T, aud=API_ID), "issuer_mismatch", "issuer_mismatch", id="version 1.0"),
        pytest.param(signed(KEY, ID_TOKEN), "claim_missing azp", "claim_missing azp", id="an ID token"),
    ],
)
async def test_look_alike_is_refused_by_resolvers(web: Web, token: str, listed: str, any_: str) -> None:
    for tenants, expected in (([TENANT, SECOND], listed), (ANY_TENANT, any_)):
        async with web.resource_server(resolver=entra_id_tenants(tenants), audience=API_ID) as server:
            assert await outcome(server, token) == expected


async def test_flood_of_made_up_tenants_is_one_fetch(web: Web) -> None:
    async with web.resource_server(resolver=entra_id_tenants(ANY_TENANT), audience=API_ID) as server:
        made_up = [f"{number:08x}-2222-4333-8444-555555555555" for number in range(30)]
        forged = [signed(signing_key("RS256", KEY.kid, 3), USER, iss=f"{LOGIN}/{tid}/v2.0", tid=tid) for tid in made_up]
        assert {await outcome(server, token) for token in forged} == {"signature_mismatch"}
        assert await outcome(server, of(TENANT)) == "accepted"
    assert web.requested == [KEYS_OF_ALL]


async def test_personal_accounts_have_keys_of_their_own(web: Web) -> None:
    claims = {**USER, "iss": f"{LOGIN}/{CONSUMERS}/v2.0", "tid": CONSUMERS}
    async with web.resource_server(resolver=entra_id_tenants([TENANT, CONSUMERS]), audience=API_ID) as server:
        assert await outcome(server, signed(CONSUMERS_KEY, claims)) == "accepted"
        assert await outcome(server, signed(CONSUMERS_KEY, USER)) == "unknown_key"
    assert web.requested[0] == KEYS_OF_CONSUMERS
    assert set(web.requested) == {KEYS_OF_CONSUMERS, KEYS_OF_ALL}


async def test_tenants_of_version_1_are_verified_with_the_keys_of_each(web: Web) -> None:
    resolver = entra_id_tenants([TENANT, SECOND], version="1.0", audience=API_URI)
    async with web.resource_server(resolver=resolver) as server:
        assert await outcome(server, signed(KEY, USER_1, X5T)) == "accepted"
        of_second = {**USER_1, "iss": f"https://sts.windows.net/{SECOND}/", "tid": SECOND}
        assert await outcome(server, signed(KEY, of_second, X5T)) == "issuer_unreachable"
    assert web.requested == [KEYS_1, f"{LOGIN}/{SECOND}/discovery/keys"]


async def test_options_hold_for_every_tenant(web: Web) -> None:
    resolver = entra_id_tenants([TENANT, SECOND], audience=iter([API_ID]), roles_claims=iter(["groups"]))
    async with web.resource_server(resolver=resolver) as server:
        accepted = [await server.validate(of(tenant, groups=["g-1"])) for tenant in (TENANT, SECOND)]
    assert [token.roles for token in accepted] == [{"g-1"}, {"g-1"}]


UUIDS = st.uuids().map(str)
NAMES = st.one_of(
    st.text(),
    UUIDS,
    UUIDS.map(lambda tenant: f"{LOGIN}/{tenant}/v2.0"),
    UUIDS.map(lambda tenant: f"{LOGIN}/{tenant.upper()}/v2.0"),
    UUIDS.map(lambda tenant: f"https://sts.windows.net/{tenant}/"),
    st.text().map(lambda tenant: f"{LOGIN}/{tenant}/v2.0"),
)


@given(NAMES)
def test_whatever_the_resolver_vouches_for_is_a_tenant_whose_id_is_demanded(name: str) -> None:
    issuer = asyncio.run(_resolved(name))
    if issuer is None:
        return
    tenant = issuer.claim_values["tid"]
    assert issuer.url == name == f"{LOGIN}/{tenant}/v2.0"


async def _resolved(name: str) -> Issuer | None:
    return await entra_id_tenants(ANY_TENANT)(name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: entra_id("common"), r"'common' stands for the tenants of others.*entra_id_tenants"),
        (lambda: entra_id("organizations"), r"entra_id_tenants"),
        (lambda: entra_id("consumers"), rf"its tenant ID is '{CONSUMERS}'"),
        (lambda: entra_id("contoso.onmicrosoft.com"), r"a tenant ID is a UUID in lower case, such as '8eaef023-"),
        (lambda: entra_id(TENANT.upper()), r"a UUID in lower case"),
        (lambda: entra_id(f"{LOGIN}/{TENANT}/v2.0"), r"a UUID in lower case"),
        (lambda: entra_id(f"{TENANT}\n"), r"a UUID in lower case"),
        (lambda: entra_id(None), r"a UUID in lower case"),  # type: ignore[arg-type]
        (lambda: entra_id(TENANT, version="v2"), r"version is '1.0' or '2.0'"),  # type: ignore[arg-type]
        (lambda: entra_id_tenants([]), r"tenants is a non-empty string such as '8eaef023-.*, or several"),
        (lambda: entra_id_tenants("common"), r"'common' is no tenant: list those that are let in, or say ANY_TENANT"),
        (lambda: entra_id_tenants([TENANT, "organizations"]), r"'organizations' is no tenant"),
        (lambda: entra_id_tenants([TENANT, "contoso"]), r"a tenant ID is a UUID"),
        (lambda: entra_id_tenants([ANY_TENANT]), r"a tenant ID is a UUID"),
        (lambda: entra_id_tenants(ANY_TENANT, version="1.0"), r"cannot be let in with version '1.0'"),
        (lambda: entra_id_tenants(TENANT, version="3.0"), r"version is"),  # type: ignore[arg-type]
        (lambda: entra_id_tenants(TENANT, audience=[]), r"audience is a non-empty string"),
        (lambda: entra_id_tenants(TENANT, roles_claims=[7]), r"roles_claims holds names of claims"),  # type: ignore[list-item]
    ],
)
def test_what_cannot_be_right_is_refused_with_what_to_write_instead(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_resolver_alone_makes_a_resource_server() -> None:
    assert ResourceServer(resolver=entra_id_tenants(ANY_TENANT), audience=API_ID)
