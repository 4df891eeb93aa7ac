"""One task for all who want the same thing at the same time, on whatever event loop they are."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

Question = TypeVar("Question")
Outcome = TypeVar("Outcome")


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
        self._tasks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]] = WeakKeyDictionary()

    @property
    def under_way(self) -> bool:
        """Whether this event loop has the task running."""
        task = self._tasks.get(asyncio.get_running_loop())
        return task is not None and not task.done()

    def start(self) -> asyncio.Task[None]:
        """Return the running task, started now if there was none."""
        loop = asyncio.get_running_loop()
        task = self._tasks.get(loop)
        if task is None or task.done():
            task = self._tasks[loop] = loop.create_task(self._work())
        return task

    async def join(self) -> None:
        """Wait for the running task, started now if there was none."""
        task = self.start()
        await asyncio.wait([task])

    async def stop(self) -> None:
        """Cancel this event loop's task and wait until it has ended."""
        task = self._tasks.pop(asyncio.get_running_loop(), None)
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])


class Flights(Generic[Question, Outcome]):
    """Finds out one thing at a time for each question, and lets any number of callers wait for the outcome.

    The tasks belong to no caller, and their number is bounded.
    """

    def __init__(self, *, most: int) -> None:
        """Prepare.

        Args:
            most: how many questions may be open at once.
        """
        self._most = most
        self._tasks: dict[tuple[asyncio.AbstractEventLoop, Question], asyncio.Task[Outcome]] = {}

    async def join(self, question: Question, work: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome | None:
        """Return the outcome of the running task for this question, started now if there was none.

        Args:
            question: what is to be found out.
            work: makes the coroutine that finds it out; it deals with its own failures and returns them as outcomes.

        Returns:
            The outcome; None where too many questions are open already, or the task was stopped.
        """
        place = asyncio.get_running_loop(), question
        task = self._tasks.get(place)
        if task is None:
            if len(self._tasks) >= self._most and not self._forget_closed_loops():
                return None
            task = self._tasks[place] = place[0].create_task(work())
            task.add_done_callback(lambda _: self._tasks.pop(place, None))
        await asyncio.wait([task])
        return None if task.cancelled() else task.result()

    def _forget_closed_loops(self) -> bool:
        """A loop that was closed with tasks on it never tells; whether that made room."""
        left = {place: task for place, task in self._tasks.items() if not place[0].is_closed()}
        made_room = len(left) < len(self._tasks)
        self._tasks = left
        return made_room

    async def stop(self) -> None:
        """Cancel this event loop's tasks and wait until they have ended."""
        loop = asyncio.get_running_loop()
        tasks = [task for (owner, _), task in self._tasks.items() if owner is loop]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
