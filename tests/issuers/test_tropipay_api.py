"""TropiPay: tokens as Auth0 issues them, and those that its documentation shows."""

import pytest

from jwtguard.issuers import tropipay
from tests.issuers.products import API, Web, jwk, signed
from tests.signing import NOW, signing_key

pytestmark = pytest.mark.anyio

DOMAIN = "tropipay.eu.auth0.com"
KEYS = f"https://{DOMAIN}/.well-known/jwks.json"
CLIENT = "5d6fd52d1796bd41632099cb5444b7f6"
KEY = signing_key("RS256", "NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4QzQ2MDAyQjVDNjk1RTM2Qg")
SECRET = signing_key("HS256", None)

CREDENTIAL = {
    "iss": f"https://{DOMAIN}/",
    "sub": f"{CLIENT}@clients",
    "aud": API,
    "azp": CLIENT,
    "scope": "ALLOW_EXTERNAL_CHARGE BLOCKED_MONEY_OUT ALLOW_PAYMENT_OUT",
    "gty": "client-credentials",
}
OF_THE_EXAMPLE = {"credentialName": "gitlab.my", "id": "e2931920-e402-11ea-a30d-83c978a74aaa", "exp": NOW + 86_400}
USER_OF_THE_EXAMPLE = {"id": "e2931920-e402-11ea-a30d-83c978a74aaa", "email": "jane@example.com", "exp": NOW + 86_400}


@pytest.fixture
def web() -> Web:
    return Web({KEYS: {"keys": [jwk(KEY, "alg", "use", "x5c", "x5t")]}})


async def test_token_of_a_credential_is_accepted(web: Web) -> None:
    accepted = await web.accepted(tropipay(DOMAIN), signed(KEY, CREDENTIAL))
    assert accepted.client_id == CLIENT
    assert accepted.scopes == {"ALLOW_EXTERNAL_CHARGE", "BLOCKED_MONEY_OUT", "ALLOW_PAYMENT_OUT"}
    assert web.requested == [KEYS]


async def test_audience_may_be_the_issuer_s_own(web: Web) -> None:
    issuer = tropipay(DOMAIN, audience="https://own.example")
    assert await web.outcome(issuer, signed(KEY, CREDENTIAL, aud="https://own.example")) == "accepted"
    assert await web.outcome(issuer, signed(KEY, CREDENTIAL)) == "audience_mismatch"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(
            signed(SECRET, OF_THE_EXAMPLE, {"kid": ...}), "issuer_mismatch", id="a credential's, as documented"
        ),
        pytest.param(
            signed(SECRET, USER_OF_THE_EXAMPLE, {"kid": ...}), "issuer_mismatch", id="a user's, as documented"
        ),
        pytest.param(
            signed(SECRET, {**OF_THE_EXAMPLE, **CREDENTIAL}, {"kid": ...}), "algorithm_not_allowed", id="HS256"
        ),
        pytest.param(signed(KEY, CREDENTIAL, aud=CLIENT), "audience_mismatch", id="an ID token"),
        pytest.param(
            signed(KEY, CREDENTIAL, iss="https://other.eu.auth0.com/"), "issuer_mismatch", id="not TropiPay's"
        ),
        pytest.param("Z2l0bGFiLm15OmVhYjIwNTVkYWM0ODQyOTcw", "token_opaque", id="a refresh token"),
        pytest.param("MTQ0NjJkZmQ5OTM2NDE1ZTZjNGZmZjI3", "token_opaque", id="an opaque access token"),
    ],
)
async def test_look_alike_is_refused(web: Web, token: str, reason: str) -> None:
    assert await web.outcome(tropipay(DOMAIN), token) == reason
