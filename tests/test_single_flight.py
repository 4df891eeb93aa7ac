"""One task for all who want the same thing: whoever waits, is cancelled, fails, or closes the event loop under it."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from jwtguard.single_flight import Flights, SingleFlight

pytestmark = pytest.mark.anyio


@dataclass
class Work:
    """Work that waits at a gate, and counts.

    Attributes:
        started: how often it began.
        ended: how often it came to its end.
        gate: opens it; made by the event loop that waits at it first.
    """

    started: int = 0
    ended: int = 0
    error: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> None:
        self.started += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.ended += 1


async def settle() -> None:
    """Let every task run as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


class Complaints:
    """What an event loop complains of: tasks whose exceptions nobody took, and the like."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.heard.append(context["message"]))


async def test_callers_at_the_same_time_share_one_task() -> None:
    work = Work()
    flight = SingleFlight(work)
    callers = [asyncio.create_task(flight.join()) for _ in range(500)]
    await settle()
    assert flight.under_way
    work.gate.set()
    await asyncio.gather(*callers)
    assert (work.started, work.ended, flight.under_way) == (1, 1, False)


async def test_caller_after_the_end_starts_another_task() -> None:
    work = Work()
    work.gate.set()
    flight = SingleFlight(work)
    await flight.join()
    await flight.join()
    assert work.ended == 2


async def test_cancelled_callers_leave_the_task_to_the_others() -> None:
    work = Work()
    flight = SingleFlight(work)
    callers = [asyncio.create_task(flight.join()) for _ in range(1001)]
    await settle()
    for caller in callers[1:]:
        caller.cancel()
    await settle()
    work.gate.set()
    await callers[0]
    assert (work.started, work.ended) == (1, 1)
    assert all(caller.cancelled() for caller in callers[1:])


async def test_task_that_every_caller_left_comes_to_its_end() -> None:
    work = Work()
    flight = SingleFlight(work)
    callers = [asyncio.create_task(flight.join()) for _ in range(1000)]
    await settle()
    for caller in callers:
        caller.cancel()
    await settle()
    work.gate.set()
    await settle()
    assert (work.started, work.ended, flight.under_way) == (1, 1, False)


async def test_task_that_fails_leaves_the_flight_ready_and_the_event_loop_without_complaint() -> None:
    complaints, work = Complaints(), Work(error=RuntimeError("unforeseen"))
    work.gate.set()
    flight = SingleFlight(work)
    flight.start()
    await settle()
    await flight.join()
    gc.collect()
    assert (work.started, flight.under_way, complaints.heard) == (2, False, [])


async def test_stopping_cancels_the_task_and_frees_those_who_wait() -> None:
    work = Work()
    flight = SingleFlight(work)
    caller = asyncio.create_task(flight.join())
    await settle()
    await flight.stop()
    await caller
    assert (work.ended, flight.under_way) == (0, False)


async def test_stopping_without_a_task_does_nothing() -> None:
    await SingleFlight(Work()).stop()


NEW_LOOP = [
    pytest.param(asyncio.new_event_loop, id="asyncio"),
    pytest.param(uvloop.new_event_loop, id="uvloop"),
]


@pytest.mark.parametrize("new_loop", NEW_LOOP)
def test_event_loop_that_ended_is_not_held(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def at_once() -> None:
        return None

    flight = SingleFlight(at_once)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(flight.join())
        ended = weakref.ref(runner.get_loop())
    del runner
    gc.collect()
    assert ended() is None


@pytest.mark.parametrize("new_loop", NEW_LOOP)
def test_event_loop_that_was_closed_mid_flight_holds_up_no_other(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    runs: list[str] = []

    async def work() -> None:
        runs.append("begun")
        await asyncio.sleep(0 if len(runs) > 1 else 3600)
        runs.append("ended")

    flight = SingleFlight(work)

    async def leave_it_running() -> None:
        task = flight.start()
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # the complaint is ours to provoke, not to see
        await asyncio.sleep(0)

    closed = new_loop()
    closed.run_until_complete(leave_it_running())
    closed.close()
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(flight.join())
    assert runs == ["begun", "begun", "ended"]
    assert not flight._tasks


# --- Several questions ---


@dataclass
class Questions:
    """Answers questions when the gate opens, and counts how often each was worked on.

    Attributes:
        worked: the questions, each time work on one began.
    """

    most: int = 10
    worked: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    flights: Flights[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.flights = Flights(most=self.most)

    async def ask(self, question: str) -> str | None:
        return await self.flights.join(question, lambda: self._work(question))

    async def _work(self, question: str) -> str:
        self.worked.append(question)
        await self.gate.wait()
        return question.upper()


async def test_each_question_is_worked_on_once_and_everyone_who_asked_has_its_outcome() -> None:
    questions = Questions()
    asking = [asyncio.create_task(questions.ask(name)) for name in "abab"]
    await settle()
    questions.gate.set()
    assert await asyncio.gather(*asking) == ["A", "B", "A", "B"]
    assert questions.worked == ["a", "b"]


async def test_question_beyond_the_most_has_no_outcome_until_another_is_answered() -> None:
    questions = Questions(most=2)
    asking = [asyncio.create_task(questions.ask(name)) for name in "ab"]
    await settle()
    assert await questions.ask("c") is None
    questions.gate.set()
    await asyncio.gather(*asking)
    assert await questions.ask("c") == "C"


async def test_stopping_leaves_those_who_wait_without_an_outcome() -> None:
    questions = Questions()
    asking = asyncio.create_task(questions.ask("a"))
    await settle()
    await questions.flights.stop()
    assert await asking is None


async def test_failure_that_work_did_not_deal_with_reaches_whoever_waits_and_nobody_else() -> None:
    complaints, flights = Complaints(), Flights[str, None](most=1)

    async def failing() -> None:
        raise RuntimeError("unforeseen")

    flights.start("a", failing)
    await settle()
    gc.collect()
    with pytest.raises(RuntimeError):
        await flights.join("a", failing)
    assert complaints.heard == []


def test_questions_left_open_on_closed_event_loops_do_not_count() -> None:
    flights = Flights[int, None](most=2)

    async def endless() -> None:
        await asyncio.sleep(3600)

    async def at_once() -> None:
        return None

    async def leave_open() -> None:
        for question in range(2):
            task: Any = flights.start(question, endless)
            task._log_destroy_pending = False  # as above
        await asyncio.sleep(0)

    async def ask() -> bool:
        return flights.start(3, at_once) is not None

    closed = asyncio.new_event_loop()
    closed.run_until_complete(leave_open())
    closed.close()
    assert asyncio.run(ask())
