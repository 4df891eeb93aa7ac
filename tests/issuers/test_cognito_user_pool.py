"""Amazon Cognito: access tokens of users and machines, and what looks like them."""

from typing import Any

import pytest

from jwtguard.issuers import cognito
from tests.issuers.products import API, Web, encrypted, jwk, signed
from tests.signing import SigningKey, signing_key

pytestmark = pytest.mark.anyio

POOL = "us-west-2_AbCd12345"
ISSUER = f"https://cognito-idp.us-west-2.amazonaws.com/{POOL}"
KEYS = f"{ISSUER}/.well-known/jwks.json"
CLIENT, MACHINE_CLIENT = "57cbishk4j24pabc1234567890", "1example23456789"
KEY = signing_key("RS256", "KeD0bHgLSWqEIwJEpFGv6w0MUuHy5Lm0UzYd9QxX1A4=")
"""Access tokens are signed with one key, and ID tokens with another."""
ID_KEY = signing_key("RS256", "1LlZHtIXkEd9Qw0Z7v3mH0q1Kk5tM2R2Zp8X0oXh6dA=", 1)

USER = {
    "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "device_key": "us-west-2_aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "cognito:groups": ["admin", "billing"],
    "iss": ISSUER,
    "version": 2,
    "client_id": CLIENT,
    "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "event_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "token_use": "access",
    "scope": "openid invoices/read",
    "auth_time": 1_799_999_940,
    "jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "username": "my-test-user",
}
MACHINE = {
    "sub": MACHINE_CLIENT,
    "token_use": "access",
    "scope": "invoices/read",
    "auth_time": 1_799_999_940,
    "iss": ISSUER,
    "version": 2,
    "jti": "bbbbbbbb-bbbb-cccc-dddd-eeeeeeeeeeee",
    "client_id": MACHINE_CLIENT,
}
ID_TOKEN = {
    "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "cognito:groups": ["admin", "billing"],
    "email_verified": True,
    "iss": ISSUER,
    "cognito:username": "my-test-user",
    "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "aud": CLIENT,
    "event_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "token_use": "id",
    "auth_time": 1_799_999_940,
    "email": "my-test-user@example.com",
}


def pool_token(claims: dict[str, Any], key: SigningKey = KEY, **more: Any) -> str:
    """A token of a user pool: its header has `kid` and `alg` alone."""
    return signed(key, claims, {"typ": ...}, **more)


@pytest.fixture
def web() -> Web:
    return Web({KEYS: {"keys": [jwk(ID_KEY, "alg", "use"), jwk(KEY, "alg", "use")]}})


OURS = cognito(POOL, client_ids=[CLIENT, MACHINE_CLIENT])


@pytest.mark.parametrize(
    ("claims", "client", "roles"),
    [
        pytest.param(USER, CLIENT, {"admin", "billing"}, id="a user's"),
        pytest.param(MACHINE, MACHINE_CLIENT, set(), id="a machine's"),
    ],
)
async def test_access_token_is_accepted_without_an_audience(web: Web, claims: Any, client: str, roles: Any) -> None:
    accepted = await web.accepted(OURS, pool_token(claims))
    assert accepted.client_id == client
    assert "invoices/read" in accepted.scopes
    assert accepted.roles == roles
    assert accepted.audience == ()
    assert web.requested == [KEYS]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(pool_token(ID_TOKEN, ID_KEY), "audience_mismatch", id="an ID token"),
        pytest.param(pool_token(USER, token_use="id"), "claim_mismatch token_use", id="an ID token, says token_use"),
        pytest.param(pool_token(USER, token_use=...), "claim_mismatch token_use", id="a token for no use"),
        pytest.param(pool_token(USER, client_id="6other"), "claim_mismatch client_id", id="another app client's"),
        pytest.param(pool_token(USER, client_id=...), "claim_mismatch client_id", id="no app client's"),
        pytest.param(pool_token(USER, client_id=[CLIENT]), "claim_mismatch client_id", id="app clients in an array"),
        pytest.param(pool_token(USER, aud="https://other.example"), "audience_mismatch", id="bound to another API"),
        pytest.param(pool_token(USER, iss=ISSUER[:-1] + "6"), "issuer_mismatch", id="another user pool's"),
        pytest.param(
            pool_token(USER, iss=ISSUER.replace("us-west-2.", "us-east-1.")), "issuer_mismatch", id="another region's"
        ),
        pytest.param(
            pool_token(USER, iss=ISSUER.replace("cognito-idp", "issuer-cognito-idp")),
            "issuer_mismatch",
            id="of the updated issuer",
        ),
        pytest.param(
            pool_token(USER, iss="https://cognito-identity.amazonaws.com"), "issuer_mismatch", id="an identity pool's"
        ),
        pytest.param(pool_token(USER, signing_key("RS256", "other")), "unknown_key", id="another user pool's key"),
        pytest.param(
            pool_token(USER, SigningKey(KEY.private, "RS512", KEY.kid)), "algorithm_not_allowed", id="signed with RS512"
        ),
        pytest.param(encrypted(), "token_encrypted", id="a refresh token"),
    ],
)
async def test_look_alike_is_refused(web: Web, token: str, reason: str) -> None:
    assert await web.outcome(OURS, token) == reason


async def test_id_token_is_refused_even_where_the_api_is_named_like_the_client(web: Web) -> None:
    assert await web.outcome(OURS, pool_token(ID_TOKEN, ID_KEY), audience=CLIENT) == "claim_mismatch token_use"


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        ({"aud": API}, "accepted"),
        ({"aud": "https://other.example"}, "audience_mismatch"),
        ({}, "claim_missing aud"),
        ({"aud": API, "client_id": "6other"}, "claim_mismatch client_id"),
    ],
    ids=["this API", "another API", "no API", "another app client's"],
)
async def test_tokens_that_are_bound_to_the_api_must_name_it(web: Web, claims: Any, outcome: str) -> None:
    issuer = cognito(POOL, client_ids=CLIENT, audience=API)
    assert await web.outcome(issuer, pool_token({**USER, **claims}), audience="https://default.example") == outcome


@pytest.mark.parametrize(
    ("pool", "options", "url"),
    [
        ("eu-central-1_x", {}, "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x"),
        ("us-gov-west-1_x", {}, "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_x"),
        ("cn-north-1_x", {}, "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_x"),
        (POOL, {"updated_issuer": True}, f"https://issuer-cognito-idp.us-west-2.amazonaws.com/{POOL}"),
    ],
)
def test_issuer_and_keys_are_where_the_user_pool_has_them(pool: str, options: Any, url: str) -> None:
    issuer = cognito(pool, client_ids=CLIENT, **options)
    assert (issuer.url, issuer.jwks_uri) == (url, f"{url}/.well-known/jwks.json")
