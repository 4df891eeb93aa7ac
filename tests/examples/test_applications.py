"""The two protected applications, each as a program of its own that trusts the demonstration authorization server."""

from collections.abc import Iterator
from typing import Any

import pytest

from examples.demonstration import OTHER_AUDIENCE
from tests.examples.party import AUDIENCE, Party
from tests.examples.programs import application


@pytest.fixture(scope="module")
def quickstart(_party: Party) -> Iterator[str]:
    with application("examples.quickstart.app", issuer=_party.issuer, audience=AUDIENCE) as url:
        yield url


@pytest.fixture(scope="module")
def starlette_app(_party: Party) -> Iterator[str]:
    with application("examples.starlette_app.app", issuer=_party.issuer, audience=AUDIENCE) as url:
        yield url


@pytest.fixture(params=["quickstart", "starlette_app"])
def url(request: pytest.FixtureRequest) -> str:
    """Each application in turn."""
    address: str = request.getfixturevalue(request.param)
    return address


def _call(served: Party, url: str, *, method: str = "GET", **form: str) -> Any:
    token = served.service(**form).json()["access_token"]
    return served.http.request(method, url, headers={"Authorization": f"Bearer {token}"})


def test_good_token_is_accepted(served: Party, url: str) -> None:
    answer = _call(served, f"{url}/invoices", scope="invoices:read")
    assert answer.status_code == 200
    assert answer.json()["client"] == "invoice-service"


def test_health_is_public_and_tells_that_the_keys_are_there(served: Party, url: str) -> None:
    assert served.http.get(f"{url}/health").json() == {"ready": True}


@pytest.mark.parametrize("path", ["/invoices", "/docs", "/nothing-here"])
def test_every_other_path_takes_a_token(served: Party, url: str, path: str) -> None:
    answer = served.http.get(url + path)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_token_for_another_audience_is_refused(served: Party, url: str) -> None:
    answer = _call(served, f"{url}/invoices", resource=OTHER_AUDIENCE)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_token_without_the_scope_is_refused(served: Party, url: str) -> None:
    assert _call(served, f"{url}/invoices", scope="payouts:write").status_code == 403


def test_quickstart_names_the_scope_that_is_missing(served: Party, quickstart: str) -> None:
    answer = _call(served, f"{quickstart}/payouts", method="POST", scope="invoices:read")
    assert answer.status_code == 403
    assert 'scope="payouts:write"' in answer.headers["WWW-Authenticate"]


def test_quickstart_makes_a_payout_for_who_may(served: Party, quickstart: str) -> None:
    assert _call(served, f"{quickstart}/payouts", method="POST", scope="payouts:write").status_code == 200


def test_starlette_app_knows_who_calls(served: Party, starlette_app: str) -> None:
    answer = _call(served, f"{starlette_app}/whoami", scope="invoices:read")
    assert answer.json() == {"subject": "invoice-service", "scopes": ["invoices:read"]}
