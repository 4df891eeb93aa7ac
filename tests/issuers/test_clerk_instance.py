"""Clerk: session tokens of both versions, and what looks like them."""

from typing import Any

import pytest

from jwtguard.issuers import clerk
from tests.issuers.products import Web, jwk, signed
from tests.signing import NOW, SigningKey, signing_key

pytestmark = pytest.mark.anyio

HOST = "clerk.example.com"
ISSUER = f"https://{HOST}"
KEYS = f"{ISSUER}/.well-known/jwks.json"
APP = "https://app.example.com"
KEY = signing_key("RS256", "ins_2GIoQhbUpy0hX7B2cVkuTMinXoD")
CATEGORY = {"cat": "cl_B7d4PD111AAA"}

SESSION = {
    "azp": APP,
    "fva": [7, -1],
    "iss": ISSUER,
    "jti": "10db7f531a90cb2faea4",
    "nbf": NOW - 70,
    "o": {"id": "org_2xYzAbC", "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3,2"},
    "fea": "o:dashboard,o:teams",
    "pla": "o:pro",
    "sid": "sess_2GbDB4enNdCa5vS1zpC3Xzg9tK9",
    "sts": "active",
    "sub": "user_2GIpXOEpVyJw51rkZn9Kmnc6Sxr",
    "v": 2,
}
VERSION_1 = {
    "azp": APP,
    "iss": ISSUER,
    "nbf": NOW - 70,
    "org_id": "org_2xYzAbC",
    "org_permissions": ["org:invoices:read"],
    "org_role": "org:admin",
    "sid": "sess_2GbDB4enNdCa5vS1zpC3Xzg9tK9",
    "sub": "user_2GIpXOEpVyJw51rkZn9Kmnc6Sxr",
}
FROM_TEMPLATE = {name: SESSION[name] for name in ("azp", "iss", "jti", "nbf", "sub")} | {"name": "Maria"}


@pytest.fixture
def web() -> Web:
    return Web({KEYS: {"keys": [jwk(KEY, "use", "alg")]}})


OURS = clerk(HOST, authorized_parties=[APP, "http://localhost:3000"])


@pytest.mark.parametrize(
    ("token", "roles"),
    [
        pytest.param(signed(KEY, SESSION, CATEGORY), {"admin"}, id="version 2"),
        pytest.param(signed(KEY, SESSION, CATEGORY, o=..., azp="http://localhost:3000"), set(), id="no organization"),
        pytest.param(signed(KEY, VERSION_1), set(), id="version 1"),
    ],
)
async def test_session_token_is_accepted_without_an_audience(web: Web, token: str, roles: Any) -> None:
    accepted = await web.accepted(OURS, token)
    assert accepted.subject == "user_2GIpXOEpVyJw51rkZn9Kmnc6Sxr"
    assert accepted.roles == roles
    assert not accepted.permissions | accepted.scopes
    assert web.requested == [KEYS]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(signed(KEY, FROM_TEMPLATE), "claim_missing sid", id="of a JWT template"),
        pytest.param(
            signed(KEY, FROM_TEMPLATE, aud="https://my-site.com"), "audience_mismatch", id="for a third party"
        ),
        pytest.param(signed(KEY, SESSION, azp="https://evil.example"), "claim_mismatch azp", id="of another origin"),
        pytest.param(signed(KEY, SESSION, azp=f"{APP}/"), "claim_mismatch azp", id="of an origin with a slash"),
        pytest.param(signed(KEY, SESSION, azp=...), "claim_mismatch azp", id="of no origin"),
        pytest.param(signed(KEY, SESSION, sts="pending"), "claim_mismatch sts", id="of a pending session"),
        pytest.param(signed(KEY, SESSION, iss="https://clerk.other.example"), "issuer_mismatch", id="other instance's"),
        pytest.param(
            signed(KEY, {"iss": ISSUER, "sub": "mch_2vYVtest", "jti": "mt_8XOIucKvqHVr5tYP"}),
            "claim_missing sid",
            id="a machine's",
        ),
        pytest.param(
            signed(
                KEY,
                {"iss": ISSUER, "sub": "user_2GIp", "client_id": "client_2VTW", "scope": "profile", "jti": "oat_2V"},
                {"typ": "at+jwt"},
            ),
            "claim_missing sid",
            id="an OAuth access token",
        ),
        pytest.param(signed(KEY, SESSION, sub=...), "claim_missing sub", id="of no user"),
        pytest.param(
            signed(SigningKey(KEY.private, "PS256", KEY.kid), SESSION), "algorithm_not_allowed", id="signed with PS256"
        ),
        pytest.param("mt_8XOIucKvqHVr5tYP123456789abcdefghij", "token_opaque", id="an opaque machine token"),
        pytest.param(signed(signing_key("RS256", "ins_other", 1), SESSION), "unknown_key", id="other instance's key"),
    ],
)
async def test_look_alike_is_refused(web: Web, token: str, reason: str) -> None:
    assert await web.outcome(OURS, token) == reason


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        ({}, "accepted"),
        ({"o": {"id": "org_other", "rol": "admin"}}, "claim_mismatch o"),
        ({"o": ...}, "claim_mismatch o"),
        ({"o": ..., "org_id": "org_2xYzAbC"}, "claim_mismatch o"),
    ],
    ids=["its", "another's", "none's", "a version 1 claim"],
)
async def test_organization_is_held_to(web: Web, claims: Any, outcome: str) -> None:
    issuer = clerk(HOST, authorized_parties=APP, organization="org_2xYzAbC")
    assert await web.outcome(issuer, signed(KEY, SESSION, **claims)) == outcome
