"""Which unknown key IDs are worth a fetch: few, so that a flood costs the issuer little and hides no rotation."""

import sys
from collections.abc import Iterator
from itertools import count
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard import refetch
from jwtguard.refetch import RefetchBudget
from tests.signing import NOW


def permitted(budget: RefetchBudget, kids: list[str], *, now: float = NOW) -> int:
    """How many of the key IDs, each of which its fetch then does not bring, are worth a fetch."""
    fetches = 0
    for kid in kids:
        if budget.spend(kid, now=now):
            fetches += 1
            budget.refuse(kid, now=now)
    return fetches


def forged(number: int, *, first: int = 0) -> list[str]:
    return [f"forged-{first + index}" for index in range(number)]


def test_unknown_key_id_is_worth_a_fetch() -> None:
    assert RefetchBudget().spend("new", now=NOW)


def test_key_id_that_a_fetch_did_not_bring_is_refused_for_30_seconds() -> None:
    budget = RefetchBudget()
    assert permitted(budget, ["bad"]) == 1
    assert not budget.spend("bad", now=NOW + 29.9)
    assert budget.spend("bad", now=NOW + 30)


def test_refusal_from_a_future_that_a_clock_set_back_took_away_is_none() -> None:
    budget = RefetchBudget()
    permitted(budget, ["bad"])
    assert budget.spend("bad", now=NOW - 3600)


def test_flood_of_key_ids_that_come_once_leaves_two_fetches_in_the_bucket() -> None:
    assert permitted(RefetchBudget(), forged(10_000)) == refetch.BURST - 2


def test_key_id_that_comes_again_during_a_flood_may_spend_what_is_reserved() -> None:
    budget = RefetchBudget()
    permitted(budget, forged(1000))
    assert not budget.spend("new", now=NOW)
    permitted(budget, forged(1000, first=1000))
    assert budget.spend("new", now=NOW)


def test_flood_of_key_ids_that_come_again_gets_five_fetches_and_no_more() -> None:
    assert permitted(RefetchBudget(), forged(100) * 100) == refetch.BURST


def test_key_id_that_was_refused_is_no_longer_one_that_comes_again() -> None:
    budget = RefetchBudget()
    permitted(budget, ["new", *forged(100), "bad", "bad", *forged(100)])
    assert not budget.spend("bad", now=NOW + 30)
    assert not budget.spend("new", now=NOW + 30)
    assert budget.spend("new", now=NOW + 30)


def test_bucket_fills_by_one_fetch_each_30_seconds_up_to_five() -> None:
    budget = RefetchBudget()
    fresh = count()
    empty = permitted(budget, forged(100) * 2)
    too_soon = permitted(budget, [f"a-{next(fresh)}" for _ in range(50)] * 2, now=NOW + 29.9)
    half_a_minute = permitted(budget, [f"a-{next(fresh)}" for _ in range(50)] * 2, now=NOW + 30)
    an_hour = permitted(budget, [f"b-{next(fresh)}" for _ in range(50)] * 2, now=NOW + 3600)
    assert (empty, too_soon, half_a_minute, an_hour) == (5, 0, 1, 5)


def test_bucket_does_not_fill_by_a_clock_set_back() -> None:
    budget = RefetchBudget()
    permitted(budget, forged(100) * 2)
    assert permitted(budget, forged(100, first=100) * 2, now=NOW - 3600) == 0


@given(st.lists(st.tuples(st.sampled_from("abcdefghij"), st.floats(0, 60)), max_size=60))
def test_fetches_are_never_more_than_the_burst_and_one_each_30_seconds(arrivals: list[tuple[str, float]]) -> None:
    budget, now, fetches = RefetchBudget(), float(NOW), 0
    for kid, pause in arrivals:
        now += pause
        fetches += permitted(budget, [kid], now=now)
    assert fetches <= refetch.BURST + (now - NOW) / refetch.SECONDS_PER_REFETCH


def test_memory_of_key_ids_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refetch, "REMEMBERED", 100)
    budget = RefetchBudget()
    for kid in forged(1000):
        budget.spend(kid, now=NOW)
        budget.refuse(kid, now=NOW)
    for kid in forged(1000, first=1000):
        budget.spend(kid, now=NOW)
    assert (len(budget._refused), len(budget._waiting)) == (100, 100)


@pytest.fixture
def _eager_threads() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_eager_threads")
def test_threads_that_share_a_budget_do_not_exceed_it_together() -> None:
    budget, start, fetches = RefetchBudget(), Barrier(8), []

    def flood(thread: int) -> None:
        start.wait()
        # All of them fit into the memory of key IDs, so that each is known when it comes again.
        fetches.append(permitted(budget, forged(500, first=thread * 500) * 2))

    threads = [Thread(target=flood, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetches) == 8
    assert sum(fetches) == refetch.BURST


@pytest.mark.parametrize("seconds", [0, 0.5, 29.9])
def test_key_id_is_refused_from_the_moment_that_a_fetch_did_not_bring_it(seconds: float) -> None:
    budget = RefetchBudget()
    budget.refuse("forged", now=NOW)
    assert not budget.spend("forged", now=NOW + seconds)
