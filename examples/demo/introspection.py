"""Steps about the tokens that the API cannot decide on by itself, and the one route where it does not want to."""

import secrets
import time

from examples.authorization_server import addresses
from examples.demo.api import ACTIVE_SECONDS
from examples.demo.report import Refusal, Report
from examples.demo.stage import Answer, Stage
from examples.demonstration import OPAQUE_SERVICE, SERVICE

INACTIVE = Refusal(reason="inactive")


def opaque_token(stage: Stage, report: Report) -> None:
    """Call the API with a token that says nothing by itself."""
    token, before = stage.opaque_token(), _questions(stage)
    report.say(f"{len(token)} characters with nothing in them to validate: the API asks who issued it.")
    report.accepted("An opaque token: GET /invoices", stage.call_api(token), client=OPAQUE_SERVICE)
    report.accepted("The same token again", stage.call_api(token), client=OPAQUE_SERVICE)
    report.check("Times the API asked about it", actual=_questions(stage) - before, expected=1)
    report.refused("One that nobody issued", stage.call_api(secrets.token_urlsafe(32)), INACTIVE)


def revocation(stage: Stage, report: Report) -> None:
    """Revoke tokens, and see how soon that is noticed."""
    signed, opaque, before = stage.service_token(), stage.opaque_token(), _questions(stage)
    report.accepted("A JWT: POST /payouts", _payout(stage, signed), payout="accepted")
    report.check("Times the API asked about it, for fresh=True", actual=_questions(stage) - before, expected=1)
    report.accepted("An opaque token: GET /invoices", stage.call_api(opaque), client=OPAQUE_SERVICE)
    _revoke(stage, signed=signed, opaque=opaque)

    report.say("Both are revoked. Who asks with every request notices at once; who does not, later:")
    report.accepted(f"The opaque one within {ACTIVE_SECONDS} s: GET /invoices", stage.call_api(opaque))
    report.refused("The JWT, at once: POST /payouts", _payout(stage, signed), INACTIVE)
    report.accepted("The JWT until it expires: GET /invoices", stage.call_api(signed), client=SERVICE)
    time.sleep(ACTIVE_SECONDS)
    report.refused(f"The opaque one after {ACTIVE_SECONDS} s: GET /invoices", stage.call_api(opaque), INACTIVE)


def _questions(stage: Stage) -> int:
    return stage.requests[addresses.INTROSPECT]


def _payout(stage: Stage, token: str) -> Answer:
    return stage.call_api(token, method="POST", path="/payouts")


def _revoke(stage: Stage, *, signed: str, opaque: str) -> None:
    stage.revoke(signed, client_id=SERVICE, client_secret=stage.known.service)
    stage.revoke(opaque, client_id=OPAQUE_SERVICE, client_secret=stage.known.opaque_service)
