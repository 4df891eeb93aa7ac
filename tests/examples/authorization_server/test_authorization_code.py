"""A person allows an app something: the login page, the code, PKCE, and what happens to a stolen code."""

import pytest

from examples.demonstration import APP, SERVICE
from tests.examples.party import (
    AUDIENCE,
    DECISION,
    GRANTLESS_APP,
    OTHER_APP,
    REDIRECT_URI,
    REDIRECT_URI_WITH_QUERY,
    Party,
    parts,
    redirect_answer,
    transaction,
)

VERIFIER = "v" * 43


def test_code_and_verifier_bring_tokens_on_behalf_of_the_person(served: Party) -> None:
    answer = served.exchange(served.code())
    assert answer.status_code == 200
    document = answer.json()
    assert document.keys() == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    claims = parts(document["access_token"])[1]
    assert (claims["sub"], claims["client_id"], claims["aud"], claims["scope"]) == (
        "account-1",
        APP,
        AUDIENCE,
        "invoices:read",
    )


def test_json_body_brings_them_too(served: Party) -> None:
    code = served.code()
    body = {
        "grant_type": "authorization_code",
        "client_id": APP,
        "code": code.text,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": code.verifier,
    }
    assert served.http.post(served.issuer + "/api/v2/access/token", json=body).status_code == 200


def test_redirect_carries_the_code_the_state_and_the_issuer(served: Party) -> None:
    answer = served.code().answer
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("a state & more", served.issuer)


def test_redirect_keeps_the_query_of_the_registered_uri(served: Party) -> None:
    back = served.decide(served.authorize(verifier=VERIFIER, redirect_uri=REDIRECT_URI_WITH_QUERY))
    assert back.headers["location"].startswith(f"{REDIRECT_URI_WITH_QUERY}&code=")


def test_redirect_makes_the_browser_forget_the_form(served: Party) -> None:
    back = served.decide(served.authorize(verifier=VERIFIER))
    assert (back.status_code, back.headers["cache-control"]) == (303, "no-store")


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"code_verifier": "w" * 43}, id="a wrong verifier"),
        pytest.param({"code_verifier": "w"}, id="a verifier that is too short"),
        pytest.param({"redirect_uri": REDIRECT_URI_WITH_QUERY}, id="another redirect URI"),
        pytest.param({"resource": "https://other-api.example.com"}, id="another resource"),
        pytest.param({"code": "made-up"}, id="a made-up code"),
        pytest.param({"client_id": OTHER_APP.client_id}, id="another app"),
    ],
)
def test_code_is_refused_to_whoever_did_not_ask_for_it(served: Party, form: dict[str, str]) -> None:
    answer = served.exchange(served.code(), **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("missing", ["code", "redirect_uri", "code_verifier"])
def test_request_without_a_parameter_is_invalid(served: Party, missing: str) -> None:
    answer = served.exchange(served.code(), **{missing: None})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_wrong_verifier_is_all_that_a_thief_gets_to_try(served: Party) -> None:
    code = served.code()
    served.exchange(code, code_verifier="w" * 43)
    assert served.exchange(code).json()["error"] == "invalid_grant"


def test_verifier_that_could_be_guessed_is_refused(served: Party) -> None:
    assert served.exchange(served.code(verifier="v" * 42)).json()["error"] == "invalid_grant"
    assert served.exchange(served.code(verifier="v" * 43)).status_code == 200


def test_code_presented_twice_ends_the_tokens_that_it_brought(served: Party) -> None:
    code = served.code()
    granted = served.exchange(code).json()
    assert served.is_active(granted["access_token"])
    assert served.exchange(code).json()["error"] == "invalid_grant"
    assert not served.is_active(granted["access_token"])
    assert served.refresh(granted["refresh_token"]).json()["error"] == "invalid_grant"


def test_code_ends_after_a_minute(served: Party) -> None:
    code = served.code()
    served.clock.passed = 61
    assert served.exchange(code).json()["error"] == "invalid_grant"


def test_openid_scope_brings_an_id_token_for_the_app(served: Party) -> None:
    granted = served.exchange(served.code(scope="openid", nonce="n-1")).json()
    header, claims = parts(granted["id_token"])
    assert header["typ"] == "JWT"
    assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"]) == (served.issuer, APP, "account-1", "n-1")
    assert claims["auth_time"] <= claims["iat"] < claims["exp"]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"redirect_uri": "https://thief.example"}, id="a redirect URI that is not registered"),
        pytest.param({"redirect_uri": REDIRECT_URI + "/"}, id="one that differs in a slash"),
        pytest.param({"redirect_uri": None}, id="none"),
        pytest.param({"client_id": "nobody"}, id="an unknown client"),
        pytest.param({"client_id": SERVICE}, id="a client without redirect URIs"),
    ],
)
def test_browser_is_sent_nowhere_that_is_not_registered(served: Party, query: dict[str, str | None]) -> None:
    answer = served.authorize(verifier=VERIFIER, **query)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "thief" not in answer.text


@pytest.mark.parametrize(
    ("query", "error"),
    [
        pytest.param({"response_type": "token"}, "unsupported_response_type", id="the implicit grant"),
        pytest.param({"response_type": None}, "unsupported_response_type", id="no response type"),
        pytest.param({"code_challenge": None}, "invalid_request", id="no PKCE"),
        pytest.param({"code_challenge_method": "plain"}, "invalid_request", id="PKCE with the verifier itself"),
        pytest.param({"code_challenge_method": None}, "invalid_request", id="PKCE with the default method, plain"),
        pytest.param({"code_challenge": "c" * 42}, "invalid_request", id="a challenge that is too short"),
        pytest.param({"scope": "admin"}, "invalid_scope", id="an unknown scope"),
        pytest.param({"client_id": GRANTLESS_APP.client_id}, "unauthorized_client", id="an app without the grant type"),
        pytest.param({"resource": "https://x.example"}, "invalid_target", id="an unknown resource"),
    ],
)
def test_refused_request_sends_the_browser_back_with_the_error(
    served: Party, query: dict[str, str | None], error: str
) -> None:
    answer = served.authorize(verifier=VERIFIER, **query)
    assert answer.headers["location"].startswith(f"{REDIRECT_URI}?")
    back = redirect_answer(answer)
    assert (back["error"], back["state"], back["iss"]) == (error, "a state & more", served.issuer)


def test_query_with_a_parameter_twice_is_refused(served: Party) -> None:
    url = str(served.authorize(verifier=VERIFIER).request.url) + "&state=another"
    assert served.http.get(url).status_code == 400


def test_query_that_is_too_long_is_refused(served: Party) -> None:
    assert served.authorize(verifier=VERIFIER, state="s" * 9_000).status_code == 400


def test_person_who_says_no_sends_the_app_away(served: Party) -> None:
    back = served.decide(served.authorize(verifier=VERIFIER), decision="deny")
    assert redirect_answer(back)["error"] == "access_denied"


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"password": "wrong"}, id="a wrong password"),
        pytest.param({"name": "nobody"}, id="an unknown name"),
        pytest.param({"password": ""}, id="no password"),
    ],
)
def test_wrong_login_shows_the_page_again_and_gives_no_code(served: Party, form: dict[str, str]) -> None:
    page = served.authorize(verifier=VERIFIER)
    again = served.decide(page, **form)
    assert (again.status_code, transaction(again)) == (200, transaction(page))
    assert "The name or the password is wrong." in again.text
    assert "code" in redirect_answer(served.decide(again))


def test_fifth_wrong_password_is_the_last(served: Party) -> None:
    page = served.authorize(verifier=VERIFIER)
    *wrong, last = [served.decide(page, password="wrong") for _ in range(5)]
    assert [answer.status_code for answer in wrong] == [200] * 4
    assert redirect_answer(last)["error"] == "access_denied"
    assert served.decide(page).status_code == 400


def test_login_page_serves_once(served: Party) -> None:
    page = served.authorize(verifier=VERIFIER)
    served.decide(page)
    assert served.decide(page).status_code == 400


def test_login_page_expires(served: Party) -> None:
    page = served.authorize(verifier=VERIFIER)
    served.clock.passed = 601
    assert served.decide(page).status_code == 400


def test_decision_without_a_page_is_refused(served: Party) -> None:
    assert served.post(DECISION, decision="allow", name="ada", password=served.known.password).status_code == 400


def test_login_page_can_be_neither_framed_nor_stored_nor_scripted(served: Party) -> None:
    headers = served.authorize(verifier=VERIFIER).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


def test_login_page_names_who_asks_for_what(served: Party) -> None:
    page = served.authorize(verifier=VERIFIER).text
    assert all(name in page for name in (APP, AUDIENCE, "invoices:read"))


def test_login_page_shows_names_as_text(served: Party) -> None:
    page = served.authorize(verifier=VERIFIER, client_id=OTHER_APP.client_id).text
    assert "&lt;i&gt;other-app&lt;/i&gt;" in page
    assert "<i>" not in page
