"""Refresh tokens: each serves once, and a second use ends the grant."""

import pytest

from tests.examples.party import OTHER_APP, Party, parts


def _granted(served: Party, **query: str) -> dict[str, str]:
    document: dict[str, str] = served.exchange(served.code(**query)).json()
    return document


def test_refresh_token_brings_new_tokens(served: Party) -> None:
    granted = _granted(served)
    renewed = served.refresh(granted["refresh_token"])
    assert renewed.status_code == 200
    assert renewed.json()["refresh_token"] != granted["refresh_token"]
    assert parts(renewed.json()["access_token"])[1]["sub"] == "account-1"


def test_successor_serves_in_turn(served: Party) -> None:
    renewed = served.refresh(_granted(served)["refresh_token"]).json()
    assert served.refresh(renewed["refresh_token"]).status_code == 200


def test_second_use_ends_everything_that_came_of_the_grant(served: Party) -> None:
    granted = _granted(served)
    renewed = served.refresh(granted["refresh_token"]).json()
    assert served.refresh(granted["refresh_token"]).json()["error"] == "invalid_grant"
    assert served.refresh(renewed["refresh_token"]).json()["error"] == "invalid_grant"
    assert not served.is_active(granted["access_token"])
    assert not served.is_active(renewed["access_token"])


def test_second_use_leaves_other_grants_alone(served: Party) -> None:
    other, granted = _granted(served), _granted(served)
    served.refresh(granted["refresh_token"])
    served.refresh(granted["refresh_token"])
    assert served.refresh(other["refresh_token"]).status_code == 200


def test_scope_can_be_narrowed_and_comes_back_with_the_next_one(served: Party) -> None:
    granted = _granted(served, scope="invoices:read payouts:write")
    narrowed = served.refresh(granted["refresh_token"], scope="invoices:read").json()
    assert narrowed["scope"] == "invoices:read"
    assert served.refresh(narrowed["refresh_token"]).json()["scope"] == "invoices:read payouts:write"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({"scope": "invoices:read payouts:write"}, "invalid_scope", id="a scope that was not granted"),
        pytest.param({"resource": "https://other-api.example.com"}, "invalid_target", id="another resource"),
        pytest.param({"refresh_token": "made-up"}, "invalid_grant", id="a made-up refresh token"),
        pytest.param({"refresh_token": ""}, "invalid_request", id="none"),
    ],
)
def test_refused_request_spends_nothing(served: Party, form: dict[str, str], error: str) -> None:
    refresh_token = _granted(served)["refresh_token"]
    answer = served.refresh(refresh_token, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert served.refresh(refresh_token).status_code == 200


def test_access_token_is_no_refresh_token(served: Party) -> None:
    assert served.refresh(_granted(served)["access_token"]).json()["error"] == "invalid_grant"


def test_client_credentials_bring_no_refresh_token(served: Party) -> None:
    assert "refresh_token" not in served.service().json()


def test_grant_ends_after_two_weeks_however_often_it_was_renewed(served: Party) -> None:
    granted = _granted(served)
    served.clock.passed = 13 * 24 * 3600
    renewed = served.refresh(granted["refresh_token"])
    assert renewed.status_code == 200
    served.clock.passed = 14 * 24 * 3600 + 1
    assert served.refresh(renewed.json()["refresh_token"]).json()["error"] == "invalid_grant"


def test_other_client_cannot_use_it(served: Party) -> None:
    refresh_token = _granted(served)["refresh_token"]
    assert served.refresh(refresh_token, client_id=OTHER_APP.client_id).json()["error"] == "invalid_grant"
    assert served.refresh(refresh_token).status_code == 200
