"""Times in words."""

import pytest
from hypothesis import given

from jwtguard.cli.moments import duration, moment, relative
from tests.cli.test_untrusted import JSON
from tests.signing import NOW


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a second"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (61, "1 minute 1 second"),
        (3600, "1 hour"),
        (3659, "1 hour"),
        (3660, "1 hour 1 minute"),
        (86400 + 7200, "1 day 2 hours"),
        (366 * 86400, "1 year"),
        (400 * 86400, "1 year 34 days"),
    ],
)
def test_duration_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("difference", "words"),
    [(90, "in 1 minute 30 seconds"), (-90, "1 minute 30 seconds ago"), (0, "now"), (-0.5, "now")],
)
def test_date_is_told_relative_to_now(difference: float, words: str) -> None:
    assert relative(NOW + difference, now=NOW) == words


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        pytest.param(NOW + 3600, "2027-01-15 09:00:00 UTC, in 1 hour", id="future"),
        pytest.param(NOW - 0.5, "2027-01-15 07:59:59 UTC, now", id="fraction"),
        pytest.param(NOW * 1000, "not a date in seconds; in milliseconds it would be 2027-01-15 08:00:00 UTC", id="ms"),
        pytest.param(1e300, "not within the years 1970 to 9999", id="beyond the calendar"),
        pytest.param(-1, "not within the years 1970 to 9999", id="before the epoch"),
        pytest.param(True, "not a number, so no date", id="boolean"),
        pytest.param("1800000000", "not a number, so no date", id="string"),
        pytest.param(None, "not a number, so no date", id="null"),
    ],
)
def test_claim_is_told_as_a_date_or_as_what_it_is_instead(claim: object, words: str) -> None:
    assert moment(claim, now=NOW) == words


@given(JSON)
def test_any_claim_has_words(claim: object) -> None:
    assert moment(claim, now=NOW)
