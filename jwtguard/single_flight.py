"""One task for all who want the same thing at the same time, on whatever event loop they are."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakKeyDictionary


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
