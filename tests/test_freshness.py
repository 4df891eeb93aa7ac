"""For how long a fetched document is used, and when the next fetch is due."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.freshness import http_date, lifetime, refresh_delay, retry_delay
from tests.signing import NOW

SHORTEST_LIFETIME, DEFAULT_LIFETIME, LONGEST_LIFETIME = 60, 600, 86_400

MIDNIGHT = "Fri, 15 Jan 2027 00:00:00 GMT"
HALF_PAST = "Fri, 15 Jan 2027 00:30:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, DEFAULT_LIFETIME, id="nothing said"),
        pytest.param({"cache-control": "max-age=3600"}, 3600, id="max-age"),
        pytest.param({"cache-control": "public, MAX-AGE = 3600 , must-revalidate"}, 3600, id="among others, any case"),
        pytest.param({"cache-control": "public,max-age=3600,immutable"}, 3600, id="among others, without spaces"),
        pytest.param({"cache-control": 'max-age="3600"'}, 3600, id="quoted"),
        pytest.param({"cache-control": "max-age=3600s"}, DEFAULT_LIFETIME, id="a number with something behind it"),
        pytest.param({"cache-control": "max-age="}, DEFAULT_LIFETIME, id="no number"),
        pytest.param({"cache-control": "s-maxage=3600"}, DEFAULT_LIFETIME, id="s-maxage is for shared caches"),
        pytest.param({"cache-control": "x-max-age=3600"}, DEFAULT_LIFETIME, id="another directive's tail"),
        pytest.param({"cache-control": "max-age=3600", "age": "600"}, 3000, id="age is spent already"),
        pytest.param({"cache-control": "max-age=3600", "age": "9000"}, SHORTEST_LIFETIME, id="older than it may get"),
        pytest.param({"cache-control": "max-age=3600", "age": "9" * 10}, SHORTEST_LIFETIME, id="an age of 10 digits"),
        pytest.param({"cache-control": "max-age=3600", "age": "9" * 11}, 3600, id="an age out of all proportion"),
        pytest.param({"cache-control": "max-age=3600", "age": "-600"}, 3600, id="an age that is no number"),
        pytest.param({"cache-control": "max-age=3600", "age": "٣"}, 3600, id="an age in other digits"),
        pytest.param({"cache-control": "max-age=3600", "expires": "0"}, 3600, id="max-age before Expires"),
        pytest.param({"cache-control": "max-age=-1"}, DEFAULT_LIFETIME, id="a negative max-age"),
        pytest.param({"cache-control": "max-age=0"}, SHORTEST_LIFETIME, id="at least a minute"),
        pytest.param({"cache-control": "max-age=31536000"}, LONGEST_LIFETIME, id="at most a day"),
        pytest.param({"cache-control": "max-age=9999999999"}, LONGEST_LIFETIME, id="a number out of all proportion"),
        pytest.param({"cache-control": "no-store, max-age=3600"}, SHORTEST_LIFETIME, id="no-store"),
        pytest.param({"cache-control": "max-age=3600, no-cache"}, SHORTEST_LIFETIME, id="no-cache"),
        pytest.param({"cache-control": "max-age=3600,no-cache , public"}, SHORTEST_LIFETIME, id="no-cache in between"),
        pytest.param({"cache-control": "x-no-cache, max-age=3600"}, 3600, id="another directive's tail, no-cache"),
        pytest.param({"cache-control": 'no-cache="set-cookie", max-age=3600'}, 3600, id="no-cache of one header only"),
        pytest.param({"expires": HALF_PAST, "date": MIDNIGHT}, 1800, id="Expires, by the server's own clock"),
        pytest.param({"expires": HALF_PAST, "date": MIDNIGHT, "age": "600"}, 1200, id="Expires, with an age"),
        pytest.param({"expires": MIDNIGHT, "date": HALF_PAST}, SHORTEST_LIFETIME, id="expired"),
        pytest.param({"expires": "0", "date": MIDNIGHT}, SHORTEST_LIFETIME, id="Expires that is no date"),
        pytest.param({"expires": "Fri, 15 Jan 2027 08:30:00 GMT"}, 1800, id="Expires without Date, by our clock"),
        pytest.param({"expires": HALF_PAST, "date": "yesterday"}, SHORTEST_LIFETIME, id="a Date that is none"),
        pytest.param({"expires": f"{HALF_PAST[:-3]}+{'9' * 20}"}, SHORTEST_LIFETIME, id="a date in no zone on earth"),
    ],
)
def test_lifetime_is_what_the_response_says_within_a_minute_and_a_day(headers: dict[str, str], seconds: float) -> None:
    assert lifetime(headers, now=NOW) == seconds


@given(
    st.dictionaries(st.sampled_from(["cache-control", "age", "expires", "date"]), st.text(max_size=60)),
    st.floats(0, 1e11),
)
def test_whatever_a_response_says_its_lifetime_is_between_a_minute_and_a_day(
    headers: dict[str, str], now: float
) -> None:
    assert SHORTEST_LIFETIME <= lifetime(headers, now=now) <= LONGEST_LIFETIME


@pytest.mark.parametrize(("chance", "seconds"), [(0, 720), (0.5, 800), (1, 880)])
def test_refresh_is_due_at_four_fifths_of_the_lifetime_give_or_take_a_tenth(chance: float, seconds: float) -> None:
    assert refresh_delay(1000, chance=chance) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (11, 300), (1_000_000, 300)]
)
def test_each_failure_doubles_the_rest_up_to_a_limit(failures: int, seconds: float) -> None:
    assert retry_delay(failures, longest=300, chance=0) == seconds


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_chance_takes_up_to_half_of_the_rest_away(failures: int, chance: float) -> None:
    full = retry_delay(failures, longest=300, chance=0)
    assert full / 2 <= retry_delay(failures, longest=300, chance=chance) <= full


@pytest.fixture
def _far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_far_from_greenwich")
@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000", ""])
def test_date_is_in_utc_wherever_the_server_stands(zone: str) -> None:
    assert http_date(f"Fri, 15 Jan 2027 08:00:00 {zone}") == NOW


def test_date_in_another_zone_is_that_moment() -> None:
    assert http_date("Fri, 15 Jan 2027 10:00:00 +0200") == NOW
