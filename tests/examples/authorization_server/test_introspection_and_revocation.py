"""What the authorization server tells an API about a token (RFC 7662), and how a token ends early (RFC 7009)."""

import pytest

from examples.demonstration import APP, OPAQUE_SERVICE, OTHER_AUDIENCE, SERVICE
from tests.examples.party import AUDIENCE, INTROSPECT, REVOKE, Party, parts


def _opaque_token(served: Party) -> str:
    answer = served.service(client_id=OPAQUE_SERVICE, client_secret=served.known.opaque_service)
    return str(answer.json()["access_token"])


def _revoke(served: Party, token: str, *, client_id: str = SERVICE, client_secret: str | None = None) -> int:
    secret = served.known.service if client_id == SERVICE else client_secret
    return served.post(REVOKE, client_id=client_id, client_secret=secret, token=token).status_code


def test_jwt_is_active_with_its_own_claims(served: Party) -> None:
    token = served.service().json()["access_token"]
    assert served.introspect(token) == {"active": True, "token_type": "Bearer", **parts(token)[1]}


def test_opaque_token_is_active_with_the_claims_that_it_stands_for(served: Party) -> None:
    document = served.introspect(_opaque_token(served))
    assert document.pop("exp") - document.pop("iat") == 3600
    assert document.pop("jti")
    assert document == {
        "active": True,
        "token_type": "Bearer",
        "iss": served.issuer,
        "aud": AUDIENCE,
        "sub": OPAQUE_SERVICE,
        "client_id": OPAQUE_SERVICE,
        "scope": "invoices:read payouts:write",
    }


def test_of_a_token_that_is_not_active_nothing_is_told(served: Party) -> None:
    assert served.introspect("made-up") == {"active": False}


def test_token_for_another_api_is_not_active_here(served: Party) -> None:
    assert not served.is_active(served.service(resource=OTHER_AUDIENCE).json()["access_token"])


def test_refresh_token_is_not_active_for_an_api(served: Party) -> None:
    assert not served.is_active(served.exchange(served.code()).json()["refresh_token"])


def test_token_is_not_active_once_it_has_expired(served: Party) -> None:
    token = _opaque_token(served)
    served.clock.passed = 3601
    assert not served.is_active(token)


def test_introspection_answer_may_not_be_stored(served: Party) -> None:
    form = {"client_id": "invoice-api", "client_secret": served.known.api, "token": _opaque_token(served)}
    assert served.post(INTROSPECT, **form).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("client_id", "secret", "status"),
    [
        pytest.param("invoice-api", "wrong", 401, id="a wrong secret"),
        pytest.param(None, None, 401, id="nobody"),
        pytest.param(APP, None, 403, id="a public client"),
        pytest.param(SERVICE, "right", 403, id="a client that is no API"),
    ],
)
def test_only_an_api_that_proves_itself_may_ask(
    served: Party, client_id: str | None, secret: str | None, status: int
) -> None:
    sent = served.known.service if secret == "right" else secret
    token = served.service().json()["access_token"]
    answer = served.post(INTROSPECT, client_id=client_id, client_secret=sent, token=token)
    assert answer.status_code == status
    assert "active" not in answer.json()


def test_question_about_no_token_is_invalid(served: Party) -> None:
    answer = served.post(INTROSPECT, client_id="invoice-api", client_secret=served.known.api)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_revoked_access_token_is_not_active(served: Party) -> None:
    token = served.service().json()["access_token"]
    assert _revoke(served, token) == 200
    assert not served.is_active(token)


def test_revoked_opaque_token_is_not_active(served: Party) -> None:
    token = _opaque_token(served)
    assert _revoke(served, token, client_id=OPAQUE_SERVICE, client_secret=served.known.opaque_service) == 200
    assert not served.is_active(token)


def test_revoked_refresh_token_takes_its_access_token_along(served: Party) -> None:
    granted = served.exchange(served.code()).json()
    assert _revoke(served, granted["refresh_token"], client_id=APP) == 200
    assert served.refresh(granted["refresh_token"]).json()["error"] == "invalid_grant"
    assert not served.is_active(granted["access_token"])


def test_revoked_access_token_leaves_the_refresh_token(served: Party) -> None:
    granted = served.exchange(served.code()).json()
    _revoke(served, granted["access_token"], client_id=APP)
    assert served.refresh(granted["refresh_token"]).status_code == 200


def test_unknown_token_counts_as_revoked(served: Party) -> None:
    assert _revoke(served, "made-up") == 200


def test_client_cannot_revoke_the_tokens_of_another(served: Party) -> None:
    granted = served.exchange(served.code()).json()
    assert _revoke(served, granted["access_token"]) == 400
    assert _revoke(served, granted["refresh_token"]) == 400
    assert served.is_active(granted["access_token"])


def test_whoever_does_not_prove_itself_cannot_revoke(served: Party) -> None:
    token = served.service().json()["access_token"]
    assert served.post(REVOKE, client_id=SERVICE, client_secret="wrong", token=token).status_code == 401
    assert served.is_active(token)
