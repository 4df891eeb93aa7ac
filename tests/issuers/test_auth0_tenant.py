"""Auth0: access tokens of both profiles, and what looks like them."""

from typing import Any

import pytest

from jwtguard.issuers import auth0
from tests.issuers.products import API, Web, encrypted, jwk, signed
from tests.signing import SigningKey, signing_key

pytestmark = pytest.mark.anyio

DOMAIN = "acme.eu.auth0.com"
ISSUER = f"https://{DOMAIN}/"
KEYS = f"https://{DOMAIN}/.well-known/jwks.json"
CLIENT = "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja"
KEY = signing_key("RS256", "NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4QzQ2MDAyQjVDNjk1RTM2Qg")
NEXT_KEY = signing_key("RS256", "4bcn_Pr0Qf1pUj0EYl5Wd", 1)
PS256 = SigningKey(KEY.private, "PS256", KEY.kid)

USER = {
    "iss": ISSUER,
    "sub": "auth0|123456",
    "aud": [API, f"https://{DOMAIN}/userinfo"],
    "azp": CLIENT,
    "scope": "openid profile read:patients",
    "permissions": ["read:patients", "read:admin"],
}
RFC9068 = {name: value for name, value in USER.items() if name != "azp"} | {
    "client_id": CLIENT,
    "jti": "73WakrfVbNJBaAmhQtEeDv",
}
MACHINE = {
    "iss": ISSUER,
    "sub": f"{CLIENT}@clients",
    "aud": API,
    "azp": CLIENT,
    "scope": "read:patients",
    "gty": "client-credentials",
}
ID_TOKEN = {
    "iss": ISSUER,
    "sub": "auth0|123456",
    "aud": CLIENT,
    "nickname": "jane",
    "name": "jane@example.com",
    "email_verified": True,
    "sid": "tzqKBhAQYSTT",
    "nonce": "n-0S6_WzA2Mj",
}


@pytest.fixture
def web() -> Web:
    members = ("alg", "use", "x5c", "x5t")
    return Web({KEYS: {"keys": [jwk(KEY, *members), jwk(NEXT_KEY, *members)]}})


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(KEY, USER), id="a user's"),
        pytest.param(signed(KEY, RFC9068, {"typ": "at+jwt"}), id="a user's, RFC 9068 profile"),
        pytest.param(signed(KEY, MACHINE), id="a machine's"),
        pytest.param(signed(NEXT_KEY, USER), id="signed with the next key"),
    ],
)
async def test_access_token_is_accepted(web: Web, token: str) -> None:
    accepted = await web.accepted(auth0(DOMAIN), token)
    assert accepted.client_id == CLIENT
    assert "read:patients" in accepted.scopes
    assert accepted.permissions == set(accepted.claims.get("permissions", ()))
    assert accepted.roles == frozenset()
    assert web.requested == [KEYS]


async def test_ps256_is_accepted_where_the_tenant_leaves_alg_out_of_its_keys() -> None:
    web = Web({KEYS: {"keys": [jwk(KEY, "use", "x5c", "x5t")]}})
    assert await web.outcome(auth0(DOMAIN), signed(PS256, USER)) == "accepted"


async def test_roles_are_read_from_the_claim_that_an_action_puts_them_into(web: Web) -> None:
    token = signed(KEY, {**USER, "https://example.com/roles": ["doctor"]})
    accepted = await web.accepted(auth0(DOMAIN, roles_claims="https://example.com/roles"), token)
    assert accepted.roles == {"doctor"}


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(signed(KEY, ID_TOKEN), "audience_mismatch", id="an ID token"),
        pytest.param(signed(KEY, USER, aud="https://other.example"), "audience_mismatch", id="another API's"),
        pytest.param(signed(KEY, USER, aud=[f"{ISSUER}userinfo"]), "audience_mismatch", id="for /userinfo alone"),
        pytest.param(signed(KEY, USER, aud=f"{ISSUER}api/v2/"), "audience_mismatch", id="for the Management API"),
        pytest.param(signed(KEY, USER, iss=ISSUER.rstrip("/")), "issuer_mismatch", id="without the trailing slash"),
        pytest.param(signed(KEY, USER, iss="https://other.eu.auth0.com/"), "issuer_mismatch", id="another tenant's"),
        pytest.param(signed(KEY, USER, iss="https://acme.us.auth0.com/"), "issuer_mismatch", id="another region's"),
        pytest.param(signed(signing_key("RS256", "another"), USER), "unknown_key", id="another tenant's key"),
        pytest.param(signed(signing_key("HS256", None), USER, {"kid": ...}), "algorithm_not_allowed", id="HS256"),
        pytest.param(signed(PS256, USER), "unknown_key", id="PS256 with a key for RS256"),
        pytest.param(signed(KEY, USER, {"typ": "logout+jwt"}), "type_mismatch", id="a logout token"),
        pytest.param(signed(KEY, USER, cnf={"x5t#S256": "A4DtL2JmUMhA"}), "confirmation_unsupported", id="mTLS-bound"),
        pytest.param(signed(KEY, USER, azp=...), "claim_missing azp", id="of no client"),
        pytest.param("8xLOxBtZp8", "token_opaque", id="an opaque token"),
        pytest.param(encrypted(), "token_encrypted", id="an encrypted token"),
    ],
)
async def test_look_alike_is_refused(web: Web, token: str, reason: str) -> None:
    assert await web.outcome(auth0(DOMAIN), token) == reason


async def test_id_token_is_refused_even_where_the_api_is_named_like_the_client(web: Web) -> None:
    issuer = auth0(DOMAIN, audience=CLIENT)
    assert await web.outcome(issuer, signed(KEY, USER, aud=CLIENT)) == "accepted"
    assert await web.outcome(issuer, signed(KEY, ID_TOKEN)) == "claim_missing azp"


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        ({"org_id": "org_9ybsU1dN2dKfDkBi"}, "accepted"),
        ({"org_id": "org_other"}, "claim_mismatch org_id"),
        ({"org_name": "org_9ybsU1dN2dKfDkBi"}, "claim_mismatch org_id"),
        ({}, "claim_mismatch org_id"),
    ],
    ids=["its", "another's", "a name like its ID", "none's"],
)
async def test_organization_is_held_to(web: Web, claims: Any, outcome: str) -> None:
    issuer = auth0(DOMAIN, organization=["org_9ybsU1dN2dKfDkBi", "org_2"])
    assert await web.outcome(issuer, signed(KEY, USER, **claims)) == outcome
