"""The step that compares forwarding every token with local validation, in time and in requests."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from examples.demo.api import FORWARD_EVERY_TOKEN
from examples.demo.report import Report
from examples.demo.stage import Stage

ROUNDS = 40


@dataclass(slots=True)
class Way:
    """One way for a request to be decided on, and what that came to.

    Attributes:
        what: in words.
        url: what to call.
        seconds: how long each request took.
        accepted: how many were answered with 200.
        forwarded: how many requests the authorization server got meanwhile.
    """

    what: str
    url: str
    seconds: list[float] = field(default_factory=list)
    accepted: int = 0
    forwarded: int = 0

    def call(self, stage: Stage, token: str) -> None:
        """Call the API once, and note what it took."""
        headers = {"Authorization": f"Bearer {token}"}
        before, began = stage.requests.total(), time.perf_counter()
        answer = stage.http.get(self.url, headers=headers)
        self.seconds.append(time.perf_counter() - began)
        self.accepted += answer.status_code == 200
        self.forwarded += stage.requests.total() - before


def comparison(stage: Stage, report: Report) -> None:
    """Send requests that are decided on in different ways, in turn."""
    with stage.start_api(FORWARD_EVERY_TOKEN) as forwarding:
        forwarded = Way("every token forwarded", f"{forwarding.url}/invoices")
        unseen = Way("validated here, never seen before", f"{stage.api.url}/invoices")
        seen = Way("validated here, seen before", f"{stage.api.url}/invoices")
        no_token = Way("no token taken: GET /health", f"{stage.api.url}/health")
        _measure(stage, forwarded=forwarded, unseen=unseen, seen=seen, no_token=no_token)
    ways = (forwarded, unseen, seen, no_token)
    report.say(f"{ROUNDS} requests of each kind, in turn. What the median one took, all in all, over loopback:")
    report.table([(way.what, f"{median(way.seconds) * 1000:7.2f} ms", _requests(way.forwarded)) for way in ways])
    report.say("The times are this machine's, and of this run. From another machine each forwarded token")
    report.say("takes a round trip more. What does not depend on the machine is the number of requests:")
    report.check("Requests that were answered with 200", actual=_accepted(ways), expected=len(ways) * ROUNDS)
    report.check("Requests to the issuer, every token forwarded", actual=forwarded.forwarded, expected=ROUNDS)
    report.check("Requests to the issuer, validated here", actual=unseen.forwarded + seen.forwarded, expected=0)


def _measure(stage: Stage, *, forwarded: Way, unseen: Way, seen: Way, no_token: Way) -> None:
    """In turn, so that whatever else this machine does meanwhile weighs on all alike."""
    known, *unknown = (stage.service_token() for _ in range(ROUNDS + 1))
    for url in (forwarded.url, seen.url):
        Way("connections are opened, the one token gets known", url).call(stage, known)
    for token in unknown:
        forwarded.call(stage, known)
        unseen.call(stage, token)
        seen.call(stage, known)
        no_token.call(stage, token)


def _accepted(ways: Iterable[Way]) -> int:
    return sum(way.accepted for way in ways)


def _requests(count: int) -> str:
    return f"{count} requests to the authorization server"
