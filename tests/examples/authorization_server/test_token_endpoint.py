"""Who gets a token: client authentication, client credentials, and what a request must look like."""

import base64
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from examples.authorization_server import Client
from examples.demonstration import APP, OPAQUE_SERVICE, OTHER_AUDIENCE, SERVICE
from tests.examples.party import AUDIENCE, TOKEN, Party, parts


def _basic(client_id: str, client_secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()}


def test_form_body_gets_a_bearer_token_for_one_hour(served: Party) -> None:
    answer = served.service()
    assert answer.status_code == 200
    document = answer.json()
    assert document.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (document["token_type"], document["expires_in"]) == ("Bearer", 3600)


def test_json_body_gets_a_token_too(served: Party) -> None:
    body = {"grant_type": "client_credentials", "client_id": SERVICE, "client_secret": served.known.service}
    answer = served.http.post(served.issuer + TOKEN, json=body)
    assert answer.status_code == 200
    assert parts(answer.json()["access_token"])[1]["client_id"] == SERVICE


def test_basic_authentication_gets_a_token_too(served: Party) -> None:
    answer = served.http.post(
        served.issuer + TOKEN,
        data={"grant_type": "client_credentials"},
        headers=_basic(SERVICE, served.known.service),
    )
    assert answer.status_code == 200
    assert parts(answer.json()["access_token"])[1]["client_id"] == SERVICE


def test_basic_credentials_are_form_decoded(served: Party) -> None:
    encoded = "".join(f"%{ord(character):02X}" for character in served.known.service)
    answer = served.http.post(
        served.issuer + TOKEN, data={"grant_type": "client_credentials"}, headers=_basic(SERVICE, encoded)
    )
    assert answer.status_code == 200


def test_the_token_has_the_header_and_claims_of_rfc_9068(served: Party) -> None:
    header, claims = parts(served.service(scope="invoices:read").json()["access_token"])
    assert header == {"alg": "RS256", "typ": "at+jwt", "kid": served.server.keys.kid}
    assert claims.pop("exp") - claims.pop("iat") == 3600
    assert len(claims.pop("jti")) > 16
    assert claims == {
        "iss": served.issuer,
        "aud": AUDIENCE,
        "sub": SERVICE,
        "client_id": SERVICE,
        "scope": "invoices:read",
    }


def test_every_token_has_its_own_name(served: Party) -> None:
    names = {parts(served.service().json()["access_token"])[1]["jti"] for _ in range(3)}
    assert len(names) == 3


def test_the_signature_matches_the_published_key(served: Party) -> None:
    keys = KeySet.import_key_set(served.http.get(served.issuer + "/.well-known/jwks.json").json())
    token = served.service().json()["access_token"]
    assert jwt.decode(token, keys, algorithms=["RS256"]).claims["iss"] == served.issuer


def test_scopes_are_all_that_the_client_may_have_unless_it_asks_for_fewer(served: Party) -> None:
    assert served.service().json()["scope"] == "invoices:read payouts:write"
    assert served.service(scope="payouts:write").json()["scope"] == "payouts:write"


def test_resource_chooses_the_audience(served: Party) -> None:
    token = served.service(resource=OTHER_AUDIENCE).json()["access_token"]
    assert parts(token)[1]["aud"] == OTHER_AUDIENCE


def test_client_registered_for_opaque_tokens_gets_one(served: Party) -> None:
    token = served.service(client_id=OPAQUE_SERVICE, client_secret=served.known.opaque_service).json()["access_token"]
    assert "." not in token
    assert served.introspect(token)["client_id"] == OPAQUE_SERVICE


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        pytest.param({"client_secret": "wrong"}, 401, "invalid_client", id="wrong secret"),
        pytest.param({"client_secret": None}, 401, "invalid_client", id="no secret"),
        pytest.param({"client_secret": ""}, 401, "invalid_client", id="empty secret"),
        pytest.param({"client_id": "nobody"}, 401, "invalid_client", id="unknown client"),
        pytest.param({"client_id": None, "client_secret": None}, 401, "invalid_client", id="no client"),
        pytest.param({"client_id": APP}, 401, "invalid_client", id="a public client with a secret"),
        pytest.param({"client_id": APP, "client_secret": None}, 400, "unauthorized_client", id="a public client"),
        pytest.param({"grant_type": None}, 400, "invalid_request", id="no grant type"),
        pytest.param({"grant_type": "password"}, 400, "unsupported_grant_type", id="a grant type that went out of use"),
        pytest.param({"grant_type": "refresh_token"}, 400, "unauthorized_client", id="a grant type of others"),
        pytest.param({"scope": "invoices:read admin"}, 400, "invalid_scope", id="a scope too many"),
        pytest.param({"scope": "openid"}, 400, "invalid_scope", id="a scope of others"),
        pytest.param({"resource": "https://x.example"}, 400, "invalid_target", id="an unknown resource"),
        pytest.param({"scope": ["invoices:read", "payouts:write"]}, 400, "invalid_request", id="a parameter twice"),
        pytest.param({"extra": "x" * 20_000}, 413, "invalid_request", id="a body too long"),
        pytest.param({f"p{n}": "x" for n in range(40)}, 400, "invalid_request", id="too many parameters"),
    ],
)
def test_refused_request_gets_the_error_of_rfc_6749(
    served: Party, form: dict[str, Any], status: int, error: str
) -> None:
    answer = served.service(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("application/json", b"[]", id="JSON, but no object"),
        pytest.param("application/json", b'{"grant_type": 1}', id="a JSON object of numbers"),
        pytest.param("application/json", b'{"grant_type": "client', id="JSON cut short"),
        pytest.param("application/json", b"[" * 10_000, id="JSON nested too deeply"),
        pytest.param("application/x-www-form-urlencoded", b"grant_type=%ff", id="a form that is not UTF-8"),
        pytest.param("application/x-www-form-urlencoded", "grant_type=é".encode(), id="a form that is not ASCII"),
        pytest.param("text/plain", b"grant_type=client_credentials", id="another media type"),
        pytest.param("application/json", b"", id="nothing at all"),
    ],
)
def test_malformed_body_is_an_invalid_request(served: Party, content_type: str, body: bytes) -> None:
    answer = served.http.post(served.issuer + TOKEN, content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param("Basic ?", id="not base64"),
        pytest.param("Basic " + base64.b64encode(b"no colon").decode(), id="no colon"),
        pytest.param("Basic " + base64.b64encode(b"\xff:\xff").decode(), id="not UTF-8"),
        pytest.param("Basic " + base64.b64encode(f"{SERVICE}:wrong".encode()).decode(), id="a wrong secret"),
        pytest.param("Basic", id="a scheme alone"),
    ],
)
def test_bad_authorization_header_is_401_with_a_challenge(served: Party, authorization: str) -> None:
    answer = served.http.post(
        served.issuer + TOKEN,
        data={"grant_type": "client_credentials"},
        headers={"Authorization": authorization},
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_right_credentials_under_another_scheme_are_refused(served: Party) -> None:
    encoded = _basic(SERVICE, served.known.service)["Authorization"].removeprefix("Basic ")
    answer = served.http.post(
        served.issuer + TOKEN,
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Bearer {encoded}"},
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "more",
    [{"introspects": frozenset({"a"})}, {"grant_types": frozenset({"client_credentials"})}],
    ids=["asking about tokens", "acting for itself"],
)
def test_public_client_is_not_registered_for_what_takes_a_secret(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        Client(client_id="public", **more)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"client_secret": "again"}, id="the secret in the body as well"),
        pytest.param({"client_id": APP}, id="another client in the body"),
    ],
)
def test_two_ways_of_authentication_at_once_are_refused(served: Party, form: dict[str, str]) -> None:
    answer = served.http.post(
        served.issuer + TOKEN,
        data={"grant_type": "client_credentials", **form},
        headers=_basic(SERVICE, served.known.service),
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_unknown_client_and_wrong_secret_are_told_apart_by_nothing(served: Party) -> None:
    unknown, wrong = served.service(client_id="nobody"), served.service(client_secret="wrong")
    assert (unknown.status_code, unknown.json()) == (wrong.status_code, wrong.json())


@pytest.mark.parametrize("secret", [None, "wrong"], ids=["a token", "an error"])
def test_no_answer_may_be_stored(served: Party, secret: str | None) -> None:
    answer = served.service(**({} if secret is None else {"client_secret": secret}))
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")


def test_no_answer_repeats_what_was_sent(served: Party) -> None:
    answer = served.service(grant_type="<blink>", scope="<blink>")
    assert "blink" not in answer.text


def test_get_is_not_allowed(served: Party) -> None:
    answer = served.http.get(served.issuer + TOKEN, params={"grant_type": "client_credentials"})
    assert answer.status_code == 405
