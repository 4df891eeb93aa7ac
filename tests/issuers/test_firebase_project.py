"""Firebase: ID tokens of a project's users, and what looks like them."""

from typing import Any

import pytest

from jwtguard.issuers import firebase
from tests.issuers.products import Web, jwk, signed
from tests.signing import NOW, SigningKey, b64, segment, signing_key

pytestmark = pytest.mark.anyio

PROJECT = "acme-invoices"
ISSUER = f"https://securetoken.google.com/{PROJECT}"
KEYS = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
KEY = signing_key("RS256", "f53f3c6f2f9f4b1f8e0f1d2c3b4a59687716f5e4")
OTHER_GOOGLE_KEY = signing_key("RS256", "6719678351a5faedc2e70274bbea62da2a8c4a12", 1)

USER = {
    "name": "Jane Doe",
    "iss": ISSUER,
    "aud": PROJECT,
    "auth_time": NOW - 3600,
    "user_id": "Zx9YbW8vTnU1kQ2mR3sL4pA5oB6c",
    "sub": "Zx9YbW8vTnU1kQ2mR3sL4pA5oB6c",
    "email": "jane@example.com",
    "email_verified": True,
    "roles": ["accountant"],
    "firebase": {"identities": {"email": ["jane@example.com"]}, "sign_in_provider": "password"},
}
OF_TENANT = {**USER, "firebase": {**USER["firebase"], "tenant": "customers-5g7h1"}}  # type: ignore[dict-item]
CUSTOM_TOKEN = {
    "iss": "firebase-adminsdk-x1@acme-invoices.iam.gserviceaccount.com",
    "sub": "firebase-adminsdk-x1@acme-invoices.iam.gserviceaccount.com",
    "aud": "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit",
    "uid": "Zx9YbW8vTnU1kQ2mR3sL4pA5oB6c",
}


@pytest.fixture
def web() -> Web:
    return Web({KEYS: {"keys": [jwk(KEY, "alg", "use")]}})


async def test_id_token_is_accepted(web: Web) -> None:
    accepted = await web.accepted(firebase(PROJECT), signed(KEY, USER))
    assert accepted.subject == "Zx9YbW8vTnU1kQ2mR3sL4pA5oB6c"
    assert accepted.audience == (PROJECT,)
    assert accepted.roles == {"accountant"}
    assert accepted.client_id is None
    assert web.requested == [KEYS]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(
            signed(KEY, USER, iss=f"https://session.firebase.google.com/{PROJECT}"),
            "issuer_mismatch",
            id="a session cookie",
        ),
        pytest.param(signed(KEY, CUSTOM_TOKEN, {"kid": ...}), "issuer_mismatch", id="a custom token"),
        pytest.param(
            signed(KEY, USER, iss="https://securetoken.google.com/other-project", aud="other-project"),
            "issuer_mismatch",
            id="another project's",
        ),
        pytest.param(signed(KEY, USER, aud="other-project"), "audience_mismatch", id="another project's, says aud"),
        pytest.param(signed(KEY, USER, iss=f"{ISSUER}/"), "issuer_mismatch", id="with a trailing slash"),
        pytest.param(
            signed(KEY, USER, iss="https://firebaseappcheck.googleapis.com/1234", aud=["projects/1234", PROJECT]),
            "issuer_mismatch",
            id="an App Check token",
        ),
        pytest.param(signed(KEY, OF_TENANT), "claim_mismatch firebase", id="a tenant's"),
        pytest.param(signed(KEY, USER, auth_time=...), "claim_missing auth_time", id="without a time of sign-in"),
        pytest.param(signed(KEY, USER, sub=...), "claim_missing sub", id="of no user"),
        pytest.param(
            signed(SigningKey(KEY.private, "PS256", KEY.kid), USER), "algorithm_not_allowed", id="signed with PS256"
        ),
        pytest.param(signed(OTHER_GOOGLE_KEY, USER), "unknown_key", id="signed with another of Google's keys"),
        pytest.param(
            f"{segment({'alg': 'none', 'typ': 'JWT'})}.{segment(USER)}.", "token_malformed", id="the emulator's"
        ),
        pytest.param(
            f"{segment({'alg': 'none', 'typ': 'JWT'})}.{segment(USER)}.{b64(b'x')}",
            "algorithm_not_allowed",
            id="alg none",
        ),
    ],
)
async def test_look_alike_is_refused(web: Web, token: str, reason: str) -> None:
    assert await web.outcome(firebase(PROJECT), token) == reason


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        (OF_TENANT, "accepted"),
        ({**USER, "firebase": {"tenant": "staff-9x8y7"}}, "accepted"),
        ({**USER, "firebase": {"tenant": "partners-1a2b3"}}, "claim_mismatch firebase"),
        ({**USER, "firebase": {"tenant": ["customers-5g7h1"]}}, "claim_mismatch firebase"),
        ({**USER, "tenant": "customers-5g7h1"}, "claim_mismatch firebase"),
        (USER, "claim_mismatch firebase"),
    ],
    ids=["a tenant's", "another tenant's", "a third tenant's", "several tenants'", "beside firebase", "no tenant's"],
)
async def test_tenants_are_held_to(web: Web, claims: Any, outcome: str) -> None:
    issuer = firebase(PROJECT, tenants=["customers-5g7h1", "staff-9x8y7"])
    assert await web.outcome(issuer, signed(KEY, claims)) == outcome
