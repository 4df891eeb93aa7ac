"""One task for all who want the same thing at the same time, on whatever event loop they are."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

Question = TypeVar("Question")
Outcome = TypeVar("Outcome")


class Flights(Generic[Question, Outcome]):
    """Finds out one thing at a time for each question and event loop; any number of callers wait for the outcome.

    The tasks belong to no caller: one that is cancelled leaves its task running for the others.
    """

    def __init__(self, *, most: int) -> None:
        """Prepare.

        Args:
            most: how many questions may be open at once.
        """
        self._most = most
        self._tasks: dict[tuple[asyncio.AbstractEventLoop, Question], asyncio.Task[Outcome]] = {}

    def start(
        self, question: Question, work: Callable[[], Coroutine[Any, Any, Outcome]]
    ) -> asyncio.Task[Outcome] | None:
        """Return the running task for this question, started now if there was none; None where too many are open.

        Args:
            question: what is to be found out.
            work: makes the coroutine that finds it out; it deals with its own failures and returns them as outcomes.
        """
        loop = asyncio.get_running_loop()
        place = loop, question
        task = self._tasks.get(place)
        if task is not None:
            return task
        if len(self._tasks) >= self._most:
            _forget_closed_loops(self._tasks, lambda place: place[0])
            if len(self._tasks) >= self._most:
                return None
        task = self._tasks[place] = loop.create_task(work())
        task.add_done_callback(lambda ended: _forget(self._tasks, place, ended))
        return task

    async def join(self, question: Question, work: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome | None:
        """Return the outcome of the running task for this question, started now if there was none.

        Args:
            question: what is to be found out.
            work: makes the coroutine that finds it out; it deals with its own failures and returns them as outcomes.

        Returns:
            The outcome; None where too many questions are open already, or the task was stopped.
        """
        task = self.start(question, work)
        if task is None:
            return None
        await asyncio.wait([task])
        return None if task.cancelled() else task.result()

    async def stop(self) -> None:
        """Cancel this event loop's tasks and wait until they have ended."""
        loop = asyncio.get_running_loop()
        await _end([task for (owner, _), task in list(self._tasks.items()) if owner is loop])


class SingleFlight:
    """Runs one coroutine at a time on each event loop, and lets any number of callers wait for it.

    The task belongs to no caller: one that is cancelled leaves it running for the others.
    """

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Prepare the flight.

        Args:
            work: makes the coroutine; it deals with its own failures, and tells what came of it by its effects.
        """
        self._work = work
        self._tasks: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}

    @property
    def under_way(self) -> bool:
        """Whether this event loop has the task running."""
        return asyncio.get_running_loop() in self._tasks

    def start(self) -> asyncio.Task[None]:
        """Return the running task, started now if there was none."""
        loop = asyncio.get_running_loop()
        task = self._tasks.get(loop)
        if task is None:
            _forget_closed_loops(self._tasks, lambda owner: owner)
            task = self._tasks[loop] = loop.create_task(self._work())
            task.add_done_callback(lambda ended: _forget(self._tasks, loop, ended))
        return task

    async def join(self) -> None:
        """Wait for the running task, started now if there was none."""
        await asyncio.wait([self.start()])

    async def stop(self) -> None:
        """Cancel this event loop's task and wait until it has ended."""
        task = self._tasks.get(asyncio.get_running_loop())
        await _end([] if task is None else [task])


Place = TypeVar("Place")


def _forget(tasks: dict[Place, asyncio.Task[Any]], place: Place, ended: asyncio.Task[Any]) -> None:
    tasks.pop(place, None)
    if not ended.cancelled():
        ended.exception()  # whoever waits is told; where nobody does, asyncio need not complain


def _forget_closed_loops(
    tasks: dict[Place, asyncio.Task[Any]], loop_of: Callable[[Place], asyncio.AbstractEventLoop]
) -> None:
    """A loop that was closed with tasks on it never tells that they ended."""
    for place in [place for place in list(tasks) if loop_of(place).is_closed()]:
        tasks.pop(place, None)


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
