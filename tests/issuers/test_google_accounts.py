"""Google: ID tokens of service accounts, and what looks like them."""

from typing import Any

import pytest

from jwtguard.issuers import google
from tests.issuers.products import API, Web, jwk, signed
from tests.signing import signing_key

pytestmark = pytest.mark.anyio

KEYS = "https://www.googleapis.com/oauth2/v3/certs"
ACCOUNT, ACCOUNT_ID = "billing@acme-invoices.iam.gserviceaccount.com", "117293847561029384756"
KEY = signing_key("RS256", "6719678351a5faedc2e70274bbea62da2a8c4a12")
IAP_KEY = signing_key("ES256", "f9R3yg")

SERVICE = {
    "aud": API,
    "azp": ACCOUNT_ID,
    "email": ACCOUNT,
    "email_verified": True,
    "iss": "https://accounts.google.com",
    "sub": ACCOUNT_ID,
}
INSTANCE = {
    **SERVICE,
    "google": {
        "compute_engine": {
            "instance_creation_timestamp": 1_700_000_000,
            "instance_id": "152986662232938449",
            "instance_name": "billing",
            "project_id": "acme-invoices",
            "project_number": 739419398126,
            "zone": "europe-west1-b",
        }
    },
}
USER = {
    "iss": "https://accounts.google.com",
    "azp": "32555940559.apps.googleusercontent.com",
    "aud": API,
    "sub": "110613268514751241292",
    "hd": "example.com",
    "email": "jane@example.com",
    "email_verified": True,
    "at_hash": "WW7VOi8A3sdOkQufbJxozg",
}
WITHOUT_EMAIL = {name: value for name, value in SERVICE.items() if not name.startswith("email")}


@pytest.fixture
def web() -> Web:
    return Web({KEYS: {"keys": [jwk(KEY, "alg", "use"), jwk(signing_key("RS256", "next", 1), "alg", "use")]}})


@pytest.mark.parametrize("claims", [SERVICE, INSTANCE], ids=["a service's", "an instance's"])
@pytest.mark.parametrize("accounts", [ACCOUNT, ["1", ACCOUNT_ID], ACCOUNT_ID], ids=["address", "two IDs", "ID"])
async def test_id_token_of_a_service_account_is_accepted(web: Web, claims: Any, accounts: Any) -> None:
    accepted = await web.accepted(google(accounts), signed(KEY, claims))
    assert (accepted.subject, accepted.client_id) == (ACCOUNT_ID, ACCOUNT_ID)
    assert not accepted.scopes | accepted.roles | accepted.permissions
    assert web.requested == [KEYS]


async def test_token_without_an_address_is_accepted_by_unique_id_alone(web: Web) -> None:
    token = signed(KEY, WITHOUT_EMAIL)
    assert await web.outcome(google(ACCOUNT_ID), token) == "accepted"
    assert await web.outcome(google(ACCOUNT), token) == "claim_mismatch email"


@pytest.mark.parametrize(
    ("token", "by_address", "by_id"),
    [
        pytest.param(
            signed(KEY, SERVICE, email="evil@evil.iam.gserviceaccount.com", sub="1", azp="1"),
            "claim_mismatch email",
            "claim_mismatch sub",
            id="another service account's",
        ),
        pytest.param(signed(KEY, USER), "claim_mismatch email", "claim_mismatch sub", id="a person's"),
        pytest.param(signed(KEY, SERVICE, sub=...), "claim_missing sub", "claim_missing sub", id="nobody's"),
        pytest.param(signed(KEY, SERVICE, at_hash="WW7V"), "type_mismatch", "type_mismatch", id="of a sign-in"),
        pytest.param(
            signed(KEY, SERVICE, email_verified=False), "claim_mismatch email_verified", "accepted", id="not verified"
        ),
        pytest.param(
            signed(KEY, SERVICE, email_verified="true"), "claim_mismatch email_verified", "accepted", id="as a string"
        ),
        pytest.param(
            signed(KEY, SERVICE, aud="https://other.example"),
            "audience_mismatch",
            "audience_mismatch",
            id="another API's",
        ),
        pytest.param(
            signed(KEY, SERVICE, iss="accounts.google.com"),
            "issuer_mismatch",
            "issuer_mismatch",
            id="iss without https",
        ),
        pytest.param(
            signed(KEY, SERVICE, iss=ACCOUNT), "issuer_mismatch", "issuer_mismatch", id="signed by the account itself"
        ),
        pytest.param(
            signed(IAP_KEY, SERVICE, iss="https://cloud.google.com/iap"),
            "issuer_mismatch",
            "issuer_mismatch",
            id="of the Identity-Aware Proxy",
        ),
        pytest.param(
            signed(KEY, SERVICE, iss="https://securetoken.google.com/acme-invoices"),
            "issuer_mismatch",
            "issuer_mismatch",
            id="of Firebase",
        ),
        pytest.param(
            signed(IAP_KEY, SERVICE), "algorithm_not_allowed", "algorithm_not_allowed", id="signed with ES256"
        ),
        pytest.param("ya29.c.b0AXv0zTNm8gM", "token_opaque", "token_opaque", id="an access token"),
    ],
)
async def test_look_alike_is_refused(web: Web, token: str, by_address: str, by_id: str) -> None:
    assert await web.outcome(google(ACCOUNT), token) == by_address
    assert await web.outcome(google(ACCOUNT_ID), token) == by_id
