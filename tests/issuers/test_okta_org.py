"""Okta: access tokens of a custom authorization server, and what looks like them."""

from typing import Any

import pytest

from jwtguard import Introspection
from jwtguard.issuers import okta
from tests.issuers.products import Web, jwk, outcome, signed
from tests.signing import SigningKey, signing_key

pytestmark = pytest.mark.anyio

DOMAIN = "acme.okta.com"
ISSUER = f"https://{DOMAIN}/oauth2/default"
METADATA = f"{ISSUER}/.well-known/openid-configuration"
KEYS = f"{ISSUER}/v1/keys"
API, CLIENT = "api://default", "0oaoesxtxmPf08QHk0h7"
KEY = signing_key("RS256", "Q1aRyGbPlF3xLp5rW1Vd5Jt1mC0sY2dOq6oJ2v7xN0k")
ORG_KEY = signing_key("RS256", "orgKeyb0n7d9wz0Q3kV2bFhTq1pT8e4C5rJmZ2a9s8Y", 1)

USER = {
    "ver": 1,
    "jti": "AT.bcNo4WsBA8QS81SOrrTxWbqMsO50lrFxlYK88DlAPiM",
    "iss": ISSUER,
    "aud": API,
    "cid": CLIENT,
    "uid": "00uixa271s6x7qt8I0h7",
    "scp": ["openid", "invoices.read"],
    "auth_time": 1_799_999_900,
    "sub": "jane@example.com",
    "groups": ["Everyone", "Accounting"],
}
MACHINE = {
    "ver": 1,
    "jti": "AT.-DVBDB63tr7t34AlwXR_y3zT_mHZWpGPWxholPDGLfI",
    "iss": ISSUER,
    "aud": API,
    "cid": CLIENT,
    "scp": ["invoices.read"],
    "sub": CLIENT,
}
ID_TOKEN = {
    "sub": "00uixa271s6x7qt8I0h7",
    "name": "Jane Doe",
    "ver": 1,
    "iss": ISSUER,
    "aud": CLIENT,
    "jti": "ID.4eAWJOCMB3SX8XewDfVRg2PQ9g3eXifJatKDhLPviN8",
    "amr": ["mfa", "pwd", "kba"],
    "idp": "00oixa26ycdNcX0VT0h7",
    "nonce": "n-0S6_WzA2Mj",
    "auth_time": 1_799_999_900,
}


def okta_token(claims: dict[str, Any], key: SigningKey = KEY, header: dict[str, Any] | None = None, **more: Any) -> str:
    """A token of Okta's: its header has `kid` and `alg` alone."""
    return signed(key, claims, {"typ": ..., **(header or {})}, **more)


@pytest.fixture
def web() -> Web:
    return Web(
        {
            METADATA: {
                "issuer": ISSUER,
                "jwks_uri": KEYS,
                "introspection_endpoint": f"{ISSUER}/v1/introspect",
                "token_endpoint": f"{ISSUER}/v1/token",
            },
            KEYS: {"keys": [jwk(KEY, "alg", "use")]},
        }
    )


@pytest.mark.parametrize(
    ("claims", "roles"),
    [pytest.param(USER, {"Everyone", "Accounting"}, id="a user's"), pytest.param(MACHINE, set(), id="a machine's")],
)
async def test_access_token_is_accepted(web: Web, claims: Any, roles: Any) -> None:
    accepted = await web.accepted(okta(DOMAIN), okta_token(claims), audience=API)
    assert accepted.client_id == CLIENT
    assert "invoices.read" in accepted.scopes
    assert accepted.roles == roles
    assert web.requested == [f"https://{DOMAIN}/.well-known/oauth-authorization-server/oauth2/default", METADATA, KEYS]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(okta_token(ID_TOKEN), "audience_mismatch", id="an ID token"),
        pytest.param(okta_token(USER, aud="api://other"), "audience_mismatch", id="another API's"),
        pytest.param(okta_token(USER, cid=...), "claim_missing cid", id="no client's"),
        pytest.param(
            okta_token(
                {**USER, "iss": f"https://{DOMAIN}", "aud": f"https://{DOMAIN}"},
                ORG_KEY,
                {"typ": "application/okta-internal-at+jwt"},
            ),
            "issuer_mismatch",
            id="the org authorization server's",
        ),
        pytest.param(
            okta_token(USER, header={"typ": "application/okta-internal-at+jwt"}),
            "type_mismatch",
            id="of the org authorization server's type",
        ),
        pytest.param(
            okta_token(USER, iss=f"https://{DOMAIN}/oauth2/aus9o8wzkhckw9TLa0h7z"),
            "issuer_mismatch",
            id="another authorization server's",
        ),
        pytest.param(
            okta_token(USER, iss="https://other.okta.com/oauth2/default"), "issuer_mismatch", id="other org's"
        ),
        pytest.param(okta_token(USER, iss=f"{ISSUER}/"), "issuer_mismatch", id="with a trailing slash"),
        pytest.param(okta_token(USER, ORG_KEY), "unknown_key", id="signed with the org authorization server's key"),
        pytest.param(okta_token(USER, cnf={"jkt": "2HR2BW5"}), "confirmation_unsupported", id="a DPoP-bound token"),
        pytest.param(okta_token(USER, scp="openid", scope=["a"]), "claim_malformed scope", id="scopes of another form"),
        pytest.param(
            okta_token(USER, SigningKey(KEY.private, "PS256", KEY.kid)), "algorithm_not_allowed", id="signed with PS256"
        ),
        pytest.param("Rko2gPkVtSh0sTJVGnWj4L3eWqyX", "token_opaque", id="a refresh token"),
    ],
)
async def test_look_alike_is_refused(web: Web, token: str, reason: str) -> None:
    assert await web.outcome(okta(DOMAIN, audience=API), token) == reason


async def test_id_token_is_refused_even_where_the_audience_is_the_client(web: Web) -> None:
    issuer = okta(DOMAIN, audience=CLIENT)
    assert await web.outcome(issuer, okta_token(MACHINE, aud=CLIENT)) == "accepted"
    assert await web.outcome(issuer, okta_token(ID_TOKEN)) == "claim_missing cid"


async def test_authorization_server_can_be_asked_about_a_token_whose_key_is_unknown(web: Web) -> None:
    web.documents[f"{ISSUER}/v1/introspect"] = {**USER, "active": True, "token_type": "Bearer", "exp": 1_800_003_540}
    issuer = okta(DOMAIN, audience=API, introspection=Introspection(client_id=CLIENT, client_secret="sesame"))
    async with web.resource_server(issuer) as server:
        assert await outcome(server, okta_token(USER, ORG_KEY)) == "accepted"


def test_custom_domain_and_authorization_server_make_the_issuer() -> None:
    issuer = okta("login.example.com", authorization_server="aus9o8wzkhckw9TLa0h7z")
    assert issuer.url == "https://login.example.com/oauth2/aus9o8wzkhckw9TLa0h7z"
