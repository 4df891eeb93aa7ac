"""What the authorization server publishes: its metadata, which is true, and its keys, which are public ones."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

import jwtguard
from examples.authorization_server import Settings
from examples.authorization_server.keys import ALGORITHMS, SigningKeys
from jwtguard import Rules, verify
from tests.examples.party import DOCS_ORIGIN, TOKEN, Clock, Party, parts

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}


def _metadata(served: Party, path: str = "/.well-known/oauth-authorization-server") -> dict[str, Any]:
    document: dict[str, Any] = served.http.get(served.issuer + path).raise_for_status().json()
    return document


def test_both_places_have_the_same_metadata(served: Party) -> None:
    assert _metadata(served) == _metadata(served, "/.well-known/openid-configuration")


def test_metadata_has_what_rfc_8414_and_openid_connect_require(served: Party) -> None:
    required = {
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    }
    document = _metadata(served)
    assert required <= document.keys()
    assert document["issuer"] == served.issuer


@pytest.mark.parametrize(
    ("member", "method", "status"),
    [
        ("jwks_uri", "GET", 200),
        ("authorization_endpoint", "GET", 400),
        ("token_endpoint", "POST", 400),
        ("introspection_endpoint", "POST", 400),
        ("revocation_endpoint", "POST", 400),
    ],
)
def test_every_endpoint_is_where_the_metadata_says(served: Party, member: str, method: str, status: int) -> None:
    assert served.http.request(method, _metadata(served)[member]).status_code == status


def test_every_grant_type_of_the_metadata_is_supported_and_no_other(served: Party) -> None:
    supported = _metadata(served)["grant_types_supported"]
    asked = {
        grant_type: served.service(grant_type=grant_type).json().get("error")
        for grant_type in [*supported, "password", "urn:ietf:params:oauth:grant-type:device_code"]
    }
    assert {name for name, error in asked.items() if error != "unsupported_grant_type"} == set(supported)


def test_every_scope_of_the_metadata_can_be_had(served: Party) -> None:
    scopes = _metadata(served)["scopes_supported"]
    granted = served.exchange(served.code(scope=" ".join(scopes))).json()
    assert granted["scope"].split() == scopes


def test_id_tokens_are_signed_as_the_metadata_says(served: Party) -> None:
    id_token = served.exchange(served.code(scope="openid")).json()["id_token"]
    assert [parts(id_token)[0]["alg"]] == _metadata(served)["id_token_signing_alg_values_supported"]


def test_published_keys_have_no_private_parts(served: Party) -> None:
    answer = served.http.get(_metadata(served)["jwks_uri"])
    assert answer.json()["keys"]
    for key in answer.json()["keys"]:
        assert not key.keys() & PRIVATE_MEMBERS
        assert (key["use"], bool(key["kid"])) == ("sig", True)
    assert answer.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_a_key_signs_can_be_verified_with_what_is_published(algorithm: str) -> None:
    keys = SigningKeys(algorithm)
    published: Any = keys.jwk_set()
    assert not published["keys"][0].keys() & PRIVATE_MEMBERS
    token = keys.sign({"sub": "s"}, type_="at+jwt")
    verified = jwt.decode(token, KeySet.import_key_set(published), algorithms=[algorithm])
    assert verified.header == {"alg": algorithm, "typ": "at+jwt", "kid": keys.kid}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_jwtguard_accepts_what_the_server_signs(algorithm: str) -> None:
    keys = SigningKeys(algorithm)
    claims = {"iss": "http://127.0.0.1:9000", "aud": "a", "sub": "s", "exp": 2000}
    token = keys.sign(claims, type_="at+jwt")
    rules = Rules(issuer="http://127.0.0.1:9000", audience="a")
    assert verify(token, jwtguard.KeySet.of(keys.jwk_set()), rules, now=1000).subject == "s"


def test_unknown_algorithm_is_refused() -> None:
    with pytest.raises(ValueError, match="algorithm is one of RS256"):
        SigningKeys("none")


def test_rotation_signs_with_a_new_key_and_keeps_the_old_one_published() -> None:
    keys = SigningKeys("ES256")
    old = keys.kid
    keys.rotate()
    assert keys.kid != old
    assert [key["kid"] for key in keys.jwk_set()["keys"]] == [keys.kid, old]


def test_rotation_can_change_the_algorithm() -> None:
    keys = SigningKeys("ES256")
    keys.rotate("Ed25519")
    assert parts(keys.sign({}, type_="at+jwt"))[0]["alg"] == "Ed25519"


def test_old_key_goes_when_all_that_it_signed_has_expired() -> None:
    clock = Clock()
    keys = SigningKeys("ES256", publish_for=3600, clock=clock)
    keys.rotate()
    clock.passed = 3601
    assert [key["kid"] for key in keys.jwk_set()["keys"]] == [keys.kid]


def test_number_of_published_keys_is_bounded() -> None:
    keys = SigningKeys("ES256")
    for _ in range(12):
        keys.rotate()
    assert len(keys.jwk_set()["keys"]) == 9


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9000/", "http://127.0.0.1:9000/path", "127.0.0.1:9000"])
def test_issuer_is_an_origin(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer is a scheme, a host and a port"):
        Settings(issuer=issuer)


def _preflight(served: Party, path: str, origin: str) -> dict[str, str]:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-requested-with",
    }
    return dict(served.http.options(served.issuer + path, headers=asked).headers)


def test_documentation_page_may_call_the_token_endpoint(served: Party) -> None:
    assert _preflight(served, TOKEN, DOCS_ORIGIN)["access-control-allow-origin"] == DOCS_ORIGIN


def test_documentation_page_may_read_an_error(served: Party) -> None:
    answer = served.http.post(served.issuer + TOKEN, headers={"Origin": DOCS_ORIGIN})
    assert answer.status_code == 400
    assert answer.headers["access-control-allow-origin"] == DOCS_ORIGIN


def test_other_page_may_not_call_the_token_endpoint(served: Party) -> None:
    assert "access-control-allow-origin" not in _preflight(served, TOKEN, "https://thief.example")


@pytest.mark.parametrize("path", ["/authorize", "/authorize/decision"])
def test_no_page_may_read_the_login_page(served: Party, path: str) -> None:
    assert "access-control-allow-origin" not in _preflight(served, path, DOCS_ORIGIN)
