"""Keycloak: access tokens of users and service accounts, and what looks like them."""

from typing import Any

import pytest

from jwtguard import Introspection, Issuer
from jwtguard.issuers import keycloak
from tests.issuers.products import Web, jwk, outcome, signed
from tests.signing import SigningKey, signing_key

pytestmark = pytest.mark.anyio

URL = "https://sso.example.com"
ISSUER = f"{URL}/realms/acme"
METADATA = f"{ISSUER}/.well-known/openid-configuration"
KEYS = f"{ISSUER}/protocol/openid-connect/certs"
API = "invoices-api"
KEY = signing_key("RS256", "FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE")
ENCRYPTION_KEY = signing_key("RS256", "d-7dd6xVXVdTTvSuDVVpCwVLPFx0BcY8MNVgpWfVUaw", 1)
REALM_SECRET = SigningKey(signing_key("HS256").private, "HS512", "6b2f7b2c-1f6b-4b0b-9a53-5a2a3b8f9b11")

USER = {
    "jti": "onrtac:7d1c5c3e-1f0f-4d1e-9a53-5a2a3b8f9b11",
    "iss": ISSUER,
    "aud": [API, "account"],
    "sub": "f:3c9c2e1a:jane",
    "typ": "Bearer",
    "azp": "web-frontend",
    "sid": "5a8f0f1e-5f1e-4d1e-9a53-5a2a3b8f9b11",
    "acr": "1",
    "allowed-origins": ["https://app.example.com"],
    "realm_access": {"roles": ["default-roles-acme", "offline_access", "accountant"]},
    "resource_access": {API: {"roles": ["approver"]}, "account": {"roles": ["manage-account", "view-profile"]}},
    "scope": "openid email profile invoices:read",
    "email_verified": True,
    "preferred_username": "jane",
}
SERVICE_ACCOUNT = {
    "jti": "trrtcc:0d1c5c3e-1f0f-4d1e-9a53-5a2a3b8f9b12",
    "iss": ISSUER,
    "aud": API,
    "sub": "b6a0f1e2-5f1e-4d1e-9a53-5a2a3b8f9b13",
    "typ": "Bearer",
    "azp": "nightly-job",
    "acr": "1",
    "resource_access": {API: {"roles": ["approver"]}},
    "scope": "profile email",
    "clientHost": "10.0.0.7",
    "preferred_username": "service-account-nightly-job",
    "clientAddress": "10.0.0.7",
    "client_id": "nightly-job",
}
ID_TOKEN = {
    "jti": "3d1c5c3e-1f0f-4d1e-9a53-5a2a3b8f9b14",
    "iss": ISSUER,
    "aud": "web-frontend",
    "sub": "f:3c9c2e1a:jane",
    "typ": "ID",
    "azp": "web-frontend",
    "auth_time": 1_799_999_900,
    "sid": "5a8f0f1e-5f1e-4d1e-9a53-5a2a3b8f9b11",
    "acr": "1",
}
REFRESH_TOKEN = {
    "jti": "4d1c5c3e-1f0f-4d1e-9a53-5a2a3b8f9b15",
    "iss": ISSUER,
    "aud": ISSUER,
    "sub": "f:3c9c2e1a:jane",
    "typ": "Refresh",
    "azp": "web-frontend",
    "sid": "5a8f0f1e-5f1e-4d1e-9a53-5a2a3b8f9b11",
    "scope": "openid email profile invoices:read",
}


@pytest.fixture
def web() -> Web:
    members = ("alg", "use", "x5c", "x5t", "x5t#S256")
    return Web(
        {
            METADATA: {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/protocol/openid-connect/auth",
                "token_endpoint": f"{ISSUER}/protocol/openid-connect/token",
                "introspection_endpoint": f"{ISSUER}/protocol/openid-connect/token/introspect",
                "jwks_uri": KEYS,
            },
            KEYS: {
                "keys": [jwk(ENCRYPTION_KEY, *members, use="enc", alg="RSA-OAEP"), jwk(KEY, *members)],
            },
        }
    )


REALM = keycloak(URL, realm="acme", audience=API)


@pytest.mark.parametrize(
    ("token", "client"),
    [
        pytest.param(signed(KEY, USER), "web-frontend", id="a user's"),
        pytest.param(signed(KEY, USER, {"typ": "at+jwt"}), "web-frontend", id="a user's, with RFC 9068's type"),
        pytest.param(signed(KEY, SERVICE_ACCOUNT), "nightly-job", id="a service account's"),
    ],
)
async def test_access_token_is_accepted(web: Web, token: str, client: str) -> None:
    accepted = await web.accepted(REALM, token)
    assert accepted.client_id == client
    assert "profile" in accepted.scopes
    assert web.requested == [f"{URL}/.well-known/oauth-authorization-server/realms/acme", METADATA, KEYS]


@pytest.mark.parametrize(
    ("options", "roles"),
    [
        pytest.param({}, {"default-roles-acme", "offline_access", "accountant"}, id="the realm's by default"),
        pytest.param({"clients": API}, {"approver"}, id="a client's"),
        pytest.param({"clients": [API, "account"]}, {"approver", "manage-account", "view-profile"}, id="two clients'"),
        pytest.param(
            {"clients": API, "realm_roles": True},
            {"approver", "default-roles-acme", "offline_access", "accountant"},
            id="a client's and the realm's",
        ),
        pytest.param({"realm_roles": False}, set(), id="none"),
    ],
)
async def test_roles_are_those_of_the_realm_or_of_clients(web: Web, options: Any, roles: set[str]) -> None:
    accepted = await web.accepted(keycloak(URL, realm="acme", audience=API, **options), signed(KEY, USER))
    assert accepted.roles == roles


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(signed(KEY, ID_TOKEN), "audience_mismatch", id="an ID token"),
        pytest.param(signed(KEY, ID_TOKEN, aud=API), "claim_mismatch typ", id="an ID token of the API's own client"),
        pytest.param(signed(REALM_SECRET, REFRESH_TOKEN), "algorithm_not_allowed", id="a refresh token"),
        pytest.param(
            signed(KEY, REFRESH_TOKEN), "audience_mismatch", id="a refresh token, signed with the realm's key"
        ),
        pytest.param(signed(KEY, REFRESH_TOKEN, aud=API), "claim_mismatch typ", id="a refresh token for the API"),
        pytest.param(signed(KEY, USER, typ="Offline"), "claim_mismatch typ", id="an offline token"),
        pytest.param(signed(KEY, USER, typ="Serialized-ID"), "claim_mismatch typ", id="Keycloak's identity cookie"),
        pytest.param(signed(KEY, USER, typ="bearer"), "claim_mismatch typ", id="of a type in lower case"),
        pytest.param(signed(KEY, USER, typ=...), "claim_mismatch typ", id="of no type"),
        pytest.param(signed(KEY, USER, typ="DPoP", cnf={"jkt": "a"}), "claim_mismatch typ", id="a DPoP-bound token"),
        pytest.param(signed(KEY, USER, cnf={"x5t#S256": "a"}), "confirmation_unsupported", id="an mTLS-bound token"),
        pytest.param(signed(KEY, USER, {"typ": "logout+jwt"}), "type_mismatch", id="a logout token"),
        pytest.param(
            signed(KEY, USER, events={"http://schemas.openid.net/event/backchannel-logout": {}}),
            "type_mismatch",
            id="a logout token of before that type",
        ),
        pytest.param(signed(KEY, USER, aud="account"), "audience_mismatch", id="for the account console alone"),
        pytest.param(signed(KEY, USER, aud=...), "claim_missing aud", id="for nobody"),
        pytest.param(signed(KEY, USER, aud="web-frontend"), "audience_mismatch", id="for the client"),
        pytest.param(signed(KEY, USER, iss=f"{URL}/realms/other"), "issuer_mismatch", id="another realm's"),
        pytest.param(signed(KEY, USER, iss=f"{URL}/auth/realms/acme"), "issuer_mismatch", id="of an old address"),
        pytest.param(signed(KEY, USER, iss="http://sso.example.com/realms/acme"), "issuer_mismatch", id="http"),
        pytest.param(signed(ENCRYPTION_KEY, USER), "unknown_key", id="signed with the encryption key"),
        pytest.param(signed(signing_key("RS256", "other"), USER), "unknown_key", id="another realm's key"),
    ],
)
async def test_look_alike_is_refused(web: Web, token: str, reason: str) -> None:
    assert await web.outcome(REALM, token) == reason


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA"])
async def test_realm_may_sign_with_what_it_is_set_to(web: Web, algorithm: str) -> None:
    key = signing_key(algorithm, "other-provider")
    web.documents[KEYS]["keys"].append(key.jwk)
    assert await web.outcome(REALM, signed(key, USER)) == "accepted"


async def test_keys_may_be_had_at_another_address_in_a_cluster(web: Web) -> None:
    inside = "http://keycloak:8080/realms/acme/protocol/openid-connect/certs"
    web.documents = {inside: web.documents[KEYS]}
    issuer = keycloak(URL, realm="acme", audience=API, jwks_uri=inside, allow_http=True)
    assert await web.outcome(issuer, signed(KEY, USER)) == "accepted"
    assert web.requested == [inside]


async def test_realm_can_be_asked_about_a_token_whose_key_is_unknown(web: Web) -> None:
    endpoint = web.documents[METADATA]["introspection_endpoint"]
    web.documents[endpoint] = {**USER, "active": True, "exp": 1_800_003_540, "client_id": "web-frontend"}
    issuer = keycloak(
        URL, realm="acme", audience=API, introspection=Introspection(client_id=API, client_secret="sesame")
    )
    async with web.resource_server(issuer) as server:
        assert await outcome(server, signed(signing_key("RS256", "other"), USER)) == "accepted"
        web.documents[endpoint] |= {"typ": "Refresh"}
        assert await outcome(server, signed(signing_key("RS256", "more"), USER)) == "type_mismatch"


@pytest.mark.parametrize(
    ("url", "issuer"),
    [
        ("https://sso.example.com/", "https://sso.example.com/realms/acme"),
        ("https://sso.example.com/auth", "https://sso.example.com/auth/realms/acme"),
        ("https://sso.example.com:8443/kc/", "https://sso.example.com:8443/kc/realms/acme"),
        ("http://localhost:8080", "http://localhost:8080/realms/acme"),
    ],
)
def test_issuer_is_below_the_url(url: str, issuer: str) -> None:
    made = keycloak(url, realm="acme")
    assert isinstance(made, Issuer)
    assert made.url == issuer
