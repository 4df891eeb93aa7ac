"""Supabase: users' access tokens with published keys and with the legacy secret, and what looks like them."""

from typing import Any

import pytest

from jwtguard.issuers import supabase
from tests.issuers.products import Web, jwk, signed
from tests.signing import SigningKey, signing_key

pytestmark = pytest.mark.anyio

PROJECT = "abcdefghijklmnopqrst"
ISSUER = f"https://{PROJECT}.supabase.co/auth/v1"
KEYS = f"{ISSUER}/.well-known/jwks.json"
KEY = signing_key("ES256", "3a18cfe2-7226-43b0-bbb4-7c5242f2406e")
RSA_KEY = signing_key("RS256", "0f5a2c1e-7226-43b0-bbb4-7c5242f2406e")
SECRET = b"super-secret-jwt-token-with-at-least-32-characters-long"
LEGACY = SigningKey(SECRET, "HS256", "w3jXyQh8rT0kYb2C")

USER = {
    "aal": "aal1",
    "amr": [{"method": "password", "timestamp": 1_799_999_900}],
    "app_metadata": {"provider": "email", "providers": ["email"]},
    "aud": "authenticated",
    "email": "user@example.com",
    "iss": ISSUER,
    "phone": "",
    "role": "authenticated",
    "session_id": "123e4567-e89b-12d3-a456-426614174000",
    "sub": "123e4567-e89b-12d3-a456-426614174000",
    "user_metadata": {"name": "John Doe", "roles": ["admin"]},
    "is_anonymous": False,
}
OAUTH = {**USER, "client_id": "9a8b7c6d-5e4f-3a2b-1c0d-9e8f7a6b5c4d"}
API_KEY = {"iss": "supabase", "ref": PROJECT, "role": "anon"}
PUBLISHED = supabase(PROJECT)
WITH_SECRET = supabase(PROJECT, secret=SECRET)


@pytest.fixture
def web() -> Web:
    members: dict[str, Any] = {"ext": True, "key_ops": ["verify"]}
    return Web({KEYS: {"keys": [jwk(KEY, "alg", "use", **members), jwk(RSA_KEY, "alg", **members)]}})


@pytest.mark.parametrize("key", [KEY, RSA_KEY], ids=["ES256", "RS256"])
async def test_users_token_is_accepted_with_the_published_keys(web: Web, key: SigningKey) -> None:
    accepted = await web.accepted(PUBLISHED, signed(key, OAUTH))
    assert accepted.subject == "123e4567-e89b-12d3-a456-426614174000"
    assert accepted.client_id == "9a8b7c6d-5e4f-3a2b-1c0d-9e8f7a6b5c4d"
    assert accepted.roles == frozenset()
    assert web.requested == [KEYS]


@pytest.mark.parametrize("header", [{}, {"kid": ...}], ids=["with kid", "without kid"])
async def test_users_token_is_accepted_with_the_legacy_secret_and_nothing_is_fetched(web: Web, header: Any) -> None:
    accepted = await web.accepted(WITH_SECRET, signed(LEGACY, USER, header))
    assert accepted.client_id is None
    assert web.requested == []


async def test_role_may_be_in_the_claim_of_a_hook(web: Web) -> None:
    issuer = supabase(PROJECT, roles_claims="user_role", audience="https://api.example.com")
    accepted = await web.accepted(issuer, signed(KEY, USER, user_role="admin", aud="https://api.example.com"))
    assert accepted.roles == {"admin"}


@pytest.mark.parametrize("issuer_and_key", [(PUBLISHED, KEY), (WITH_SECRET, LEGACY)], ids=["published", "secret"])
@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        pytest.param({**API_KEY}, "issuer_mismatch", id="the anon key"),
        pytest.param({**API_KEY, "role": "service_role"}, "issuer_mismatch", id="the service_role key"),
        pytest.param({**USER, "role": "service_role"}, "claim_mismatch role", id="a token with the service role"),
        pytest.param({**USER, "role": "anon"}, "claim_mismatch role", id="a token with the role anon"),
        pytest.param({**USER, "is_anonymous": True}, "claim_mismatch is_anonymous", id="an anonymous user's"),
        pytest.param({**USER, "is_anonymous": "false"}, "claim_mismatch is_anonymous", id="is_anonymous as a string"),
        pytest.param(
            {name: value for name, value in USER.items() if name != "is_anonymous"},
            "claim_mismatch is_anonymous",
            id="of who may be anonymous",
        ),
        pytest.param({**USER, "session_id": None}, "claim_missing session_id", id="of no session"),
        pytest.param({**USER, "sub": None}, "claim_missing sub", id="of no user"),
        pytest.param({**USER, "aud": "anon"}, "audience_mismatch", id="for anon"),
        pytest.param({**USER, "iss": ISSUER.replace("abcd", "bcde")}, "issuer_mismatch", id="another project's"),
        pytest.param({**USER, "iss": f"{ISSUER}/"}, "issuer_mismatch", id="with a trailing slash"),
    ],
)
async def test_look_alike_is_refused(web: Web, issuer_and_key: Any, claims: Any, reason: str) -> None:
    issuer, key = issuer_and_key
    assert await web.outcome(issuer, signed(key, claims)) == reason


async def test_anonymous_users_are_let_in_on_demand(web: Web) -> None:
    for anonymous in (True, False):
        issuer = supabase(PROJECT, anonymous=True)
        assert await web.outcome(issuer, signed(KEY, USER, is_anonymous=anonymous)) == "accepted"


@pytest.mark.parametrize(
    ("issuer", "token", "reason"),
    [
        pytest.param(
            PUBLISHED, signed(LEGACY, USER), "algorithm_not_allowed", id="the secret, where keys are published"
        ),
        pytest.param(WITH_SECRET, signed(KEY, USER), "algorithm_not_allowed", id="a key, where there is a secret"),
        pytest.param(
            PUBLISHED, signed(signing_key("EdDSA", KEY.kid), USER), "algorithm_not_allowed", id="a kind still to come"
        ),
        pytest.param(
            WITH_SECRET,
            signed(SigningKey(SECRET, "HS384", None), USER, {"kid": ...}),
            "algorithm_not_allowed",
            id="the secret with HS384",
        ),
        pytest.param(
            WITH_SECRET,
            signed(SigningKey(SECRET + b"!", "HS256", None), USER, {"kid": ...}),
            "signature_mismatch",
            id="another secret",
        ),
    ],
)
async def test_only_one_kind_of_key_is_accepted(web: Web, issuer: Any, token: str, reason: str) -> None:
    assert await web.outcome(issuer, token) == reason


async def test_project_that_publishes_no_keys_cannot_be_decided_on() -> None:
    assert await Web({KEYS: {"keys": []}}).outcome(PUBLISHED, signed(LEGACY, USER)) == "algorithm_not_allowed"
    assert await Web({KEYS: {"keys": []}}).outcome(PUBLISHED, signed(KEY, USER)) == "issuer_unreachable"


def test_custom_domain_takes_the_place_of_the_project() -> None:
    issuer = supabase("api.example.com")
    assert (issuer.url, issuer.jwks_uri) == (
        "https://api.example.com/auth/v1",
        "https://api.example.com/auth/v1/.well-known/jwks.json",
    )


def test_secret_does_not_show() -> None:
    assert SECRET.decode() not in repr(WITH_SECRET)
