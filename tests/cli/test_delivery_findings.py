"""What is said of the speed of answers that no test wants to wait for, and of any headers at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.cli.delivery_findings import about_caching, about_clock, about_speed
from jwtguard.cli.survey import Exchange
from jwtguard.http import Answer
from tests.signing import NOW

HEADERS = st.dictionaries(
    st.sampled_from(["date", "age", "cache-control", "expires"]),
    st.text()
    | st.sampled_from(["max-age=1", "9" * 20, "Fri, 15 Jan 2027 08:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -9900"]),
)


def exchange(seconds: float, headers: dict[str, str] | None = None) -> Exchange:
    return Exchange("https://auth.example.com/jwks", NOW, seconds, Answer(200, headers or {}, b""))


@pytest.mark.parametrize(
    ("metadata", "keys", "weight"),
    [(0.2, 0.2, "fine"), (0.6, 0.6, "advice"), (2.6, 2.6, "broken"), (1.2, None, "advice")],
)
def test_metadata_and_keys_together_decide_whether_an_issuer_is_slow(
    metadata: float, keys: float | None, weight: str
) -> None:
    (finding,) = about_speed([exchange(metadata)], None if keys is None else exchange(keys))
    assert finding.weight == weight


def test_each_response_time_is_told() -> None:
    (finding,) = about_speed([exchange(0.0123)], exchange(0.25))
    assert finding.found == "https://auth.example.com/jwks 12 ms, https://auth.example.com/jwks 250 ms"


@given(HEADERS)
def test_any_headers_are_judged(headers: dict[str, str]) -> None:
    assert list(about_clock([exchange(0.1, headers)]))
    assert list(about_caching(Answer(200, headers, b""), now=NOW))


def test_freshest_date_counts_because_caches_may_have_kept_the_others() -> None:
    stale, fresh = {"date": "Fri, 15 Jan 2027 07:00:00 GMT"}, {"date": "Fri, 15 Jan 2027 08:00:00 GMT"}
    (finding,) = about_clock([exchange(0.1, stale), exchange(0.1, fresh)])
    assert finding.weight == "fine"


def test_time_that_an_exchange_took_is_no_difference_of_clocks() -> None:
    """Twenty seconds on the way, ten of them until the server wrote its date."""
    (finding,) = about_clock([exchange(20, {"date": "Fri, 15 Jan 2027 08:00:10 GMT"})])
    assert finding.weight == "fine"


def test_nothing_is_said_of_the_clock_and_the_speed_of_a_server_that_did_not_answer() -> None:
    silent = Exchange("https://auth.example.com", NOW, 0.1, None, "no answer")
    assert list(about_clock([silent])) == []
    assert list(about_speed([silent], None)) == []
