"""A ticker on the event loop, which is late where something else keeps the loop."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final

INTERVAL: Final = 0.005


@asynccontextmanager
async def ticking() -> AsyncIterator[list[float]]:
    """Tick every 5 ms; yield how many seconds late each tick was.

    What the process holds already is kept from the garbage collector, for good: that work is the process's own.
    """
    late: list[float] = []

    async def tick() -> None:
        while True:
            due = perf_counter() + INTERVAL
            await asyncio.sleep(INTERVAL)
            late.append(perf_counter() - due)

    gc.collect()
    gc.freeze()
    ticker = asyncio.create_task(tick())
    await asyncio.sleep(0)
    try:
        yield late
        await asyncio.sleep(2 * INTERVAL)  # the tick that was held up last is counted too
    finally:
        ticker.cancel()
