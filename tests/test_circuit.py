"""When a failing endpoint is left alone, and when it is tried again."""

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.circuit import LONGEST_REST, TOLERATED, Circuit
from tests.signing import NOW

PROBE_SECONDS = 5.0


def circuit() -> Circuit:
    return Circuit(probe_seconds=PROBE_SECONDS)


def sent(circuit: Circuit, now: float = NOW) -> int:
    """Let a request go out; return its era."""
    era = circuit.admit(now)
    assert era is not None
    return era


def fail(circuit: Circuit, now: float = NOW, *, chance: float = 0.0) -> None:
    """Let a request go out and fail at once."""
    assert circuit.failed(sent(circuit, now), now=now, chance=chance)


def opened(now: float = NOW) -> Circuit:
    """A circuit that has just seen enough failures."""
    failing = circuit()
    for _ in range(TOLERATED):
        fail(failing, now)
    return failing


def test_endpoint_is_believed_to_work_at_first() -> None:
    assert circuit().admit(NOW) is not None


def test_failures_are_tolerated_up_to_the_third() -> None:
    failing = circuit()
    fail(failing)
    fail(failing)
    assert failing.admit(NOW) is not None
    fail(failing)
    assert failing.admit(NOW) is None


def test_answer_between_failures_starts_the_count_anew() -> None:
    failing = circuit()
    fail(failing)
    fail(failing)
    failing.succeeded()
    fail(failing)
    fail(failing)
    assert failing.admit(NOW) is not None


def test_rest_begins_at_one_second() -> None:
    resting = opened()
    assert resting.admit(NOW + 0.999) is None
    assert resting.admit(NOW + 1) is not None


def test_rest_is_shorter_by_chance_so_that_a_fleet_does_not_probe_in_step() -> None:
    failing = circuit()
    for _ in range(TOLERATED):
        fail(failing, chance=1.0)
    assert failing.admit(NOW + 0.5) is not None


def test_one_probe_goes_out_at_a_time() -> None:
    resting = opened()
    assert resting.admit(NOW + 1) is not None
    assert resting.admit(NOW + 1) is None
    assert resting.admit(NOW + 1 + PROBE_SECONDS - 0.001) is None


def test_probe_of_which_nothing_is_ever_heard_is_followed_by_another() -> None:
    resting = opened()
    lost = sent(resting, NOW + 1)
    assert resting.admit(NOW + 1 + PROBE_SECONDS) is not None
    assert not resting.failed(lost, now=NOW + 7, chance=0.0)


def test_failed_probe_doubles_the_rest() -> None:
    resting = opened()
    fail(resting, NOW + 1)
    assert resting.admit(NOW + 2.999) is None
    assert resting.admit(NOW + 3) is not None


def test_rest_grows_no_longer_than_half_a_minute() -> None:
    resting, now = opened(), NOW + 1.0
    for _ in range(12):
        fail(resting, now)
        now += LONGEST_REST
    fail(resting, now)
    assert resting.admit(now + LONGEST_REST - 0.001) is None
    assert resting.admit(now + LONGEST_REST) is not None


def test_probe_that_is_answered_ends_the_rest_for_all() -> None:
    resting = opened()
    assert resting.admit(NOW + 1) is not None
    resting.succeeded()
    assert resting.admit(NOW + 1) is not None
    assert resting.admit(NOW + 1) is not None


def test_twenty_failures_together_rest_no_longer_than_three() -> None:
    failing = circuit()
    together = [sent(failing) for _ in range(20)]
    counted = [failing.failed(era, now=NOW, chance=0.0) for era in together]
    assert counted.count(True) == TOLERATED
    assert failing.admit(NOW + 1) is not None


def test_failure_of_a_request_from_before_a_recovery_does_not_undo_it() -> None:
    failing = circuit()
    together = [sent(failing) for _ in range(20)]
    for era in together[:TOLERATED]:
        failing.failed(era, now=NOW, chance=0.0)
    sent(failing, NOW + 1)
    failing.succeeded()
    assert not any(failing.failed(era, now=NOW + 5, chance=0.0) for era in together[TOLERATED:])
    assert failing.admit(NOW + 5) is not None


def test_failure_of_a_request_from_before_the_rest_is_not_taken_for_the_probe_s() -> None:
    failing = circuit()
    *together, late = [sent(failing) for _ in range(TOLERATED + 1)]
    for era in together:
        failing.failed(era, now=NOW, chance=0.0)
    probe = sent(failing, NOW + 1)
    assert not failing.failed(late, now=NOW + 1, chance=0.0)
    assert failing.failed(probe, now=NOW + 1, chance=0.0)


def test_clock_set_back_during_a_rest_ends_it() -> None:
    assert opened().admit(NOW - 3600) is not None


def test_probe_that_may_take_long_blocks_no_longer_than_the_longest_rest() -> None:
    patient = Circuit(probe_seconds=3600)
    for _ in range(TOLERATED):
        fail(patient)
    assert patient.admit(NOW + 1) is not None
    assert patient.admit(NOW + LONGEST_REST) is None
    assert patient.admit(NOW + 1 + LONGEST_REST) is not None


@pytest.mark.parametrize(
    ("circuit", "now", "seconds"),
    [
        pytest.param(circuit(), NOW, 1, id="an endpoint that works"),
        pytest.param(opened(), NOW, 1, id="the rest has just begun"),
        pytest.param(opened(), NOW + 100, 1, id="the rest is over"),
        pytest.param(opened(), NOW - 3600, 30, id="the clock was set back"),
    ],
)
def test_asking_again_makes_sense_after(circuit: Circuit, now: float, seconds: int) -> None:
    assert circuit.retry_after(now) == seconds


def test_asking_again_makes_sense_when_the_probe_is_over() -> None:
    resting = opened()
    resting.admit(NOW + 1)
    assert resting.retry_after(NOW + 1.5) == 5


@given(st.lists(st.tuples(st.sampled_from(["ask", "answer", "fail"]), st.floats(0, 60)), max_size=60))
def test_endpoint_is_asked_again_within_half_a_minute_whatever_happened(steps: list[tuple[str, float]]) -> None:
    tried, now, under_way = circuit(), float(NOW), [0]
    for step, seconds in steps:
        now += seconds
        if step == "ask":
            era = tried.admit(now)
            under_way += [] if era is None else [era]
        elif step == "answer":
            tried.succeeded()
        else:
            tried.failed(under_way[-1], now=now, chance=0.5)
    assert 1 <= tried.retry_after(now) <= LONGEST_REST
    assert tried.admit(now + LONGEST_REST) is not None


def test_threads_get_one_probe_between_them() -> None:
    resting = opened()
    admitted: list[int] = []

    def ask() -> None:
        for _ in range(500):
            era = resting.admit(NOW + 1)
            if era is not None:
                admitted.append(era)

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 1


def test_rest_of_full_length_holds_from_its_first_moment() -> None:
    failing, now = opened(), float(NOW)
    for _ in range(6):
        now += LONGEST_REST
        fail(failing, now)
    assert failing.retry_after(now) == LONGEST_REST
    assert failing.admit(now) is None


def test_each_answer_outdates_the_requests_that_went_out_before_it() -> None:
    working = circuit()
    working.succeeded()
    era = sent(working)
    working.succeeded()
    assert not working.failed(era, now=NOW, chance=0)


def test_failure_that_was_sent_before_a_recovery_says_nothing_during_the_next_outage() -> None:
    failing = circuit()
    era = sent(failing)
    failing.succeeded()
    for _ in range(TOLERATED):
        fail(failing)
    assert not failing.failed(era, now=NOW, chance=0)


def test_probe_that_another_one_has_overtaken_says_nothing_when_it_fails_at_last() -> None:
    failing = opened()
    overtaken = sent(failing, NOW + 1)
    fail(failing, NOW + 1 + PROBE_SECONDS)
    sent(failing, NOW + 60)
    assert not failing.failed(overtaken, now=NOW + 60, chance=0)
