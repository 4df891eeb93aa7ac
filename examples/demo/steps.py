"""The steps of the demo: each does something to the stage, and says in the report what should come of it."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from examples.authorization_server import addresses
from examples.demo import browser, forgery
from examples.demo.comparison import comparison
from examples.demo.introspection import opaque_token, revocation
from examples.demo.refusals import REFUSED_CALLS
from examples.demo.report import Refusal, Report
from examples.demo.stage import AUDIENCE, Stage
from examples.demonstration import APP, PERSON, READ, SERVICE, WRITE

Step = Callable[[Stage, Report], None]


def start(stage: Stage, report: Report) -> None:
    """Look at both servers."""
    report.table(
        [
            ("authorization server", stage.issuer, "examples/authorization_server"),
            ("API", stage.api.url, "examples/invoices.py, a process of its own"),
            ("audience", AUDIENCE, "what the API is called in tokens"),
        ]
    )
    metadata = stage.http.get(stage.issuer + addresses.METADATA).json()
    report.check("Issuer, by its own metadata", actual=metadata["issuer"], expected=stage.issuer)
    health = stage.http.get(f"{stage.api.url}/health").json()
    report.check("API has its keys before the first request", actual=health["ready"], expected=True)


def client(stage: Stage, report: Report) -> None:
    """Run examples/client, steps A to D of the guide, with its credentials in the environment."""
    environment = os.environ | {
        "CLIENT_ID": SERVICE,
        "CLIENT_SECRET": stage.known.service,
        "TOKEN_URL": stage.issuer + addresses.TOKEN,
        "API_URL": stage.api.url,
        "NO_PROXY": "127.0.0.1",
    }
    process = subprocess.run(
        [sys.executable, "-m", "examples.client"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    for line in (process.stdout + process.stderr).splitlines():
        report.say(line)
    report.check("Exit code of examples/client", actual=process.returncode, expected=0)


def token(stage: Stage, report: Report) -> None:
    """Take an access token apart."""
    header, claims = forgery.decode(stage.service_token())
    report.say("Its header tells how it is signed:")
    report.table(
        [
            ("alg", header["alg"], "the algorithm"),
            ("typ", header["typ"], "an access token (RFC 9068)"),
            ("kid", header["kid"], "which of the issuer's keys"),
        ]
    )
    report.say("Its claims tell what it is good for:")
    report.table(
        [
            ("iss", claims["iss"], "who issued it"),
            ("aud", claims["aud"], "who may accept it"),
            ("sub", claims["sub"], "on whose behalf it is used: the client's own"),
            ("client_id", claims["client_id"], "who got it"),
            ("scope", claims["scope"], "what it allows"),
            ("iat", claims["iat"], f"issued at {_time(claims['iat'])}"),
            ("exp", claims["exp"], f"expires at {_time(claims['exp'])}"),
            ("jti", claims["jti"], "its own name"),
        ]
    )
    report.check("Issuer", actual=claims["iss"], expected=stage.issuer)
    report.check("Audience", actual=claims["aud"], expected=AUDIENCE)
    report.check("Seconds it lives", actual=claims["exp"] - claims["iat"], expected=3600)


def accepted_calls(stage: Stage, report: Report) -> None:
    """Call the API with good tokens."""
    report.accepted("GET /invoices", stage.call_api(stage.service_token(scope=READ)), client=SERVICE)
    answer = stage.call_api(stage.service_token(scope=WRITE), method="POST", path="/payouts")
    report.accepted("POST /payouts", answer, payout="accepted")


def refused_calls(stage: Stage, report: Report) -> None:
    """Call the API with everything else."""
    asked = stage.requests[addresses.INTROSPECT]
    report.say("The challenge is what RFC 6750 tells the client; the log is what the API tells its operator.")
    for call in REFUSED_CALLS:
        answer = stage.call_api(call.token(stage), method=call.method, path=call.path)
        report.refused(call.what, answer, call.expected)
    report.check("Times the API has fetched the keys so far", actual=stage.requests[addresses.KEYS], expected=1)
    report.check("Times it asked about these tokens", actual=stage.requests[addresses.INTROSPECT] - asked, expected=0)


def authorization_code(stage: Stage, report: Report) -> None:
    """Let an app act for a person."""
    authorization = browser.allow(stage, scope=f"openid {READ}")
    report.say(f"{PERSON} logs in and allows {APP} what it asks for.")
    report.check("Who sends the browser back with a code", actual=authorization.issuer, expected=stage.issuer)
    _check_refused_grant(
        report, "A thief has the code, not the verifier", authorization.exchange(stage, verifier="a" * 43)
    )

    granted = browser.allow(stage, scope=f"openid {READ}").exchange(stage).json()
    answer = stage.call_api(granted["access_token"])
    report.accepted("A code and its verifier: GET /invoices", answer, client=APP, subject="account-1")
    answer = stage.call_api(granted["id_token"])
    report.refused("The ID token in the access token's place", answer, Refusal(reason="audience_mismatch"))

    renewed = _refresh(stage, granted["refresh_token"]).json()
    answer = stage.call_api(renewed["access_token"])
    report.accepted("The refresh token: GET /invoices", answer, client=APP, subject="account-1")
    _check_refused_grant(report, "The same refresh token again", _refresh(stage, granted["refresh_token"]))
    _check_refused_grant(report, "Two had it: its successor has ended too", _refresh(stage, renewed["refresh_token"]))


def key_rotation(stage: Stage, report: Report) -> None:
    """Have the authorization server sign with a new key."""
    old_token, old_kid = stage.service_token(), stage.server.keys.kid
    fetched = stage.requests[addresses.KEYS]
    stage.server.keys.rotate()
    new_token = stage.service_token()
    report.table([("old kid", old_kid, ""), ("new kid", stage.server.keys.kid, "")])
    report.check("kid of a new token", actual=forgery.decode(new_token)[0]["kid"], expected=stage.server.keys.kid)
    report.accepted("The new token, at once: GET /invoices", stage.call_api(new_token), client=SERVICE)
    report.accepted("A token of the old key: GET /invoices", stage.call_api(old_token), client=SERVICE)
    report.check("Times the API fetched the keys for it", actual=stage.requests[addresses.KEYS] - fetched, expected=1)


def outage(stage: Stage, report: Report) -> None:
    """Stop the authorization server."""
    seen, unseen, opaque = stage.service_token(), stage.service_token(), stage.opaque_token()
    stage.server.keys.rotate()
    of_new_key = stage.service_token()
    report.accepted("A token, while the issuer is up: GET /invoices", stage.call_api(seen), client=SERVICE)
    stage.serving.stop()
    report.check("What the issuer answers now", actual=_answer_of_issuer(stage), expected="connection refused")
    report.accepted("The same token: GET /invoices", stage.call_api(seen), client=SERVICE)
    report.accepted("One never seen before: GET /invoices", stage.call_api(unseen), client=SERVICE)
    answer = stage.call_api(forgery.with_broken_signature(unseen))
    report.refused("A forged one", answer, Refusal(reason="signature_mismatch"))

    report.say("What nobody can decide on now may be good. The client is to keep its token and come back:")
    for what, answer in (
        ("A JWT of a key that cannot be had", stage.call_api(of_new_key)),
        ("An opaque token", stage.call_api(opaque)),
        ("A good JWT: POST /payouts (fresh=True)", stage.call_api(seen, method="POST", path="/payouts")),
    ):
        report.unavailable(what, answer, reason="introspection_unavailable")
    report.say("The API has told its operator, once for each thing that failed:")
    report.lines(stage.api.warnings)
    told = [line for line in stage.api.warnings if "cannot be asked about tokens" in line]
    report.check("Times it told that it cannot ask", actual=len(told), expected=1)


STEPS: tuple[tuple[str, Step], ...] = (
    ("Both servers start", start),
    ("A client gets a token and calls the API", client),
    ("What is in a token", token),
    ("Good tokens are accepted", accepted_calls),
    ("Everything else is refused", refused_calls),
    ("Authorization code with PKCE, and refresh token", authorization_code),
    ("The authorization server takes a new key", key_rotation),
    ("An opaque token is asked about", opaque_token),
    ("Tokens are revoked", revocation),
    ("Every token forwarded, against local validation", comparison),
    ("The authorization server stops, and good tokens keep working", outage),
)
"""In this order. The last one leaves no authorization server behind."""


def _check_refused_grant(report: Report, what: str, answer: httpx.Response) -> None:
    outcome = f"{answer.status_code}  {answer.json().get('error')}"
    report.check(what, actual=outcome, expected="400  invalid_grant")


def _refresh(stage: Stage, refresh_token: str) -> httpx.Response:
    return stage.ask_token_endpoint(grant_type="refresh_token", client_id=APP, refresh_token=refresh_token)


def _answer_of_issuer(stage: Stage) -> str:
    try:
        return str(stage.http.get(stage.issuer + addresses.METADATA).status_code)
    except httpx.ConnectError:
        return "connection refused"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S UTC")
