"""The demo's report: what was not expected counts as a failure, whichever part of it was off."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from examples.demo import __main__ as demo
from examples.demo.report import Refusal, Report
from examples.demo.stage import Answer, Stage

ACCEPTED = Answer(status=200, body={"client": "c"}, challenge=None, retry_after=None, reason=None, detail=None)
REFUSED = Answer(
    status=401,
    body={},
    challenge='Bearer error="invalid_token", error_description="It has expired."',
    retry_after=None,
    reason="expired",
    detail="it expired long ago",
)
UNAVAILABLE = Answer(
    status=503, body={}, challenge=None, retry_after="1", reason="introspection_unavailable", detail="it is down"
)
EXPIRED = Refusal(reason="expired")

Show = Callable[[Report], None]


def _unavailable(answer: Answer) -> Show:
    return lambda report: report.unavailable("x", answer, reason="introspection_unavailable")


def _failures(show: Show) -> list[str]:
    report = Report(Console(file=StringIO(), width=100))
    show(report)
    assert report.checks == 1
    assert report.conclude() is (not report.failures)
    return report.failures


@pytest.mark.parametrize(
    "show",
    [
        pytest.param(lambda report: report.check("x", actual=1, expected=1), id="a fact"),
        pytest.param(lambda report: report.accepted("x", ACCEPTED, client="c"), id="an accepted call"),
        pytest.param(lambda report: report.refused("x", REFUSED, EXPIRED), id="a refused call"),
        pytest.param(_unavailable(UNAVAILABLE), id="an answer that says not now"),
    ],
)
def test_what_was_expected_is_no_failure(show: Show) -> None:
    assert _failures(show) == []


@pytest.mark.parametrize(
    ("show", "failure"),
    [
        pytest.param(
            lambda report: report.check("x", actual=1, expected=2), "x: expected 2, came 1", id="another fact"
        ),
        pytest.param(
            lambda report: report.accepted("x", replace(ACCEPTED, body={"client": "d"}), client="c"),
            "x: expected client='c', came 'd'",
            id="another body",
        ),
        pytest.param(
            lambda report: report.accepted("x", REFUSED),
            "x: expected status 200, came 401 (expired)",
            id="a refusal instead",
        ),
        pytest.param(
            lambda report: report.refused("x", replace(REFUSED, status=403), EXPIRED),
            "x: expected status 401, came 403",
            id="another status",
        ),
        pytest.param(
            lambda report: report.refused("x", replace(REFUSED, reason="inactive"), EXPIRED),
            "x: expected reason 'expired', came 'inactive'",
            id="another reason",
        ),
        pytest.param(
            lambda report: report.refused("x", replace(REFUSED, reason=None), EXPIRED),
            "x: expected reason 'expired', came None",
            id="no reason in the log",
        ),
        pytest.param(
            lambda report: report.refused("x", replace(REFUSED, challenge="Bearer"), EXPIRED),
            "x: expected a challenge 'Bearer error=\"invalid_token\", …', came 'Bearer'",
            id="another challenge",
        ),
        pytest.param(
            lambda report: report.refused("x", REFUSED, Refusal(reason="expired", challenge="Bearer")),
            f"x: expected a challenge 'Bearer', came {REFUSED.challenge!r}",
            id="a challenge that says too much",
        ),
        pytest.param(
            _unavailable(replace(UNAVAILABLE, status=401)),
            "x: expected status 503, came 401",
            id="a good token refused in an outage",
        ),
        pytest.param(
            _unavailable(replace(UNAVAILABLE, reason="inactive")),
            "x: expected reason 'introspection_unavailable', came 'inactive'",
            id="another reason for not now",
        ),
        pytest.param(
            _unavailable(replace(UNAVAILABLE, challenge="Bearer")),
            "x: expected challenge None, came 'Bearer'",
            id="a challenge in an outage",
        ),
        pytest.param(
            _unavailable(replace(UNAVAILABLE, retry_after=None)),
            "x: expected seconds in Retry-After, came None",
            id="no time to come back",
        ),
        pytest.param(
            _unavailable(replace(UNAVAILABLE, retry_after="soon")),
            "x: expected seconds in Retry-After, came 'soon'",
            id="no number of seconds",
        ),
    ],
)
def test_what_was_not_expected_is_a_failure(show: Show, failure: str) -> None:
    assert _failures(show) == [failure]


def test_broken_expectation_ends_the_demo_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    def wrong(stage: Stage, report: Report) -> None:
        report.accepted("x", stage.call_api(None))

    assert demo.main(steps=[("A step", wrong)]) == 1
    assert "x: expected status 200, came 401 (credentials_missing)" in capsys.readouterr().out


def test_step_that_breaks_off_ends_the_demo_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    def breaks(stage: Stage, report: Report) -> None:
        raise KeyError("what it needs")

    assert demo.main(steps=[("A step", breaks)]) == 1
    assert "KeyError: 'what it needs': the step broke off" in capsys.readouterr().out
