"""Many clients at once that send requests for as long as something else is going on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from tests.faults.balancer import Answer, Balancer
from tests.faults.traffic import Call

PATIENCE: Final = 180
"""Seconds after which what is waited for will not come, however busy the machine is."""


@dataclass
class Load:
    """What is being sent, and what came of it.

    Attributes:
        answered: how many requests of each kind were answered.
        statuses: with which statuses those of each kind were answered.
        wrong: those that were not answered as they should have been, with the answer.
        pids: the processes that answered.
        pause: for how many seconds each client waits between two requests.
        under_way: the numbers of those that are not answered yet.
    """

    balancer: Balancer
    calls: Iterator[Call]
    answered: Counter[str] = field(default_factory=Counter)
    statuses: set[tuple[str, int]] = field(default_factory=set)
    wrong: list[tuple[Call, Answer]] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)
    pause: float = 0
    under_way: set[int] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=count)
    ending: bool = False

    async def more(self, count: int) -> None:
        """Wait until so many more requests have been answered."""
        enough = self.answered.total() + count
        await self.until(lambda: self.answered.total() >= enough)

    async def until_answered(self) -> None:
        """Wait until all that is under way now has been answered."""
        under_way = set(self.under_way)
        await self.until(lambda: not under_way & self.under_way)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, while requests are sent."""
        while not holds():
            await asyncio.sleep(0.001)

    @contextmanager
    def slower(self) -> Iterator[None]:
        """Leave the processors to workers that begin, within a `with` block."""
        self.pause = 0.03
        yield
        self.pause = 0

    async def send(self) -> None:
        """Send one request after the other until it is enough."""
        while not self.ending:
            await self._send(next(self.calls))
            await asyncio.sleep(self.pause)

    async def _send(self, call: Call) -> None:
        ask = self.balancer.websocket if call.opens_websocket else self.balancer.get
        number = next(self._numbers)
        self.under_way.add(number)
        answer = await ask(call.path, call.token)
        self.under_way.remove(number)
        self.answered[call.kind] += 1
        self.statuses.add((call.kind, answer.status))
        pid = answer.body.pop("pid", None)
        if pid is not None:
            self.pids.add(pid)
        if answer not in call.expected:
            self.wrong.append((call, answer))


@asynccontextmanager
async def load(
    port: int, calls: Iterable[Call], *, clients: int = 16, patience: float = PATIENCE
) -> AsyncIterator[Load]:
    """Send requests until the block ends, and wait for the answers to all that were sent.

    Args:
        port: where to.
        calls: the requests, without end.
        clients: how many are under way at once.
        patience: seconds after which it is given up, because an answer does not come.
    """
    balancer = Balancer(port, connections=clients)
    sending = Load(balancer, iter(calls))
    try:
        async with asyncio.timeout(patience), asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(sending.send())
            yield sending
            sending.ending = True
    finally:
        await balancer.aclose()
