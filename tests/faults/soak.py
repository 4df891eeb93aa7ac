"""The same load for as long as one likes, by hand: `python -m tests.faults.soak SECONDS [option of uvicorn …]`.

In the first half the workers stay, and their memory is watched; in the second half they are killed and replaced too.
"""

import asyncio
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.faults.issuers import failing, refusing
from tests.faults.load import Load, load
from tests.faults.traffic import FLOODED, Traffic
from tests.faults.workers import DUE, Workers, workers

KEPT = 4
"""How many of the rotating issuer's keys stay."""


async def soak(running: Workers, seconds: float) -> None:
    """Keep the workers busy for that long, and print how they are."""
    await running.until_fetched()
    traffic, began = Traffic(running.issuers, *FLOODED), monotonic()
    traffic.unknown_key = ("unknown_key", "issuer_unreachable")
    outages = cycle((refusing, failing))
    async with load(running.port, traffic, patience=2 * seconds + 60) as sending:
        while (passed := monotonic() - began) < seconds:
            await rotate(running, traffic, sending)
            await running.until_fetched()
            with next(outages)(running.issuers.rotating):
                running.clock.move(DUE)
                await sending.more(500)
                await running.until_failed()
            running.clock.move(DUE)
            await running.until_fetched()
            if passed > seconds / 2:
                await running.kill_one()
                await running.until_fetched()
                await running.replace_all()
                await running.until_fetched()
            tell(f"{passed:5.0f} s", *report(running, sending, set(await running.states())))
    for odd in (*sending.wrong[:10], *running.complaints()[:10]):
        tell(str(odd))


def tell(*parts: str) -> None:
    """Print a line."""
    sys.stdout.write(", ".join(parts) + "\n")
    sys.stdout.flush()


async def rotate(running: Workers, traffic: Traffic, sending: Load) -> None:
    """Have a key more, and the oldest but the first no longer, once no token that it signed is under way."""
    server = running.issuers.rotating
    key = running.issuers.publish_another()
    running.clock.move(DUE)
    traffic.keys.append(key)
    if len(server.keys) > KEPT:
        leaving = server.keys[1]
        traffic.keys.remove(leaving)
        await sending.until_answered()
        server.publish(*(stays for stays in server.keys if stays is not leaving))


def report(running: Workers, sending: Load, pids: set[int]) -> Iterator[str]:
    """What can be said at this moment."""
    yield f"{sending.answered.total()} requests, {len(sending.wrong)} wrong, {sending.balancer.retried} retried"
    yield f"fetches {running.issuers.fetches}"
    memory = (f"{resident_kilobytes(pid) / 1024:.1f}" for pid in sorted(pids))
    yield f"resident MB {' and '.join(memory)}"


def resident_kilobytes(pid: int) -> int:
    """How much memory a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def main() -> None:
    seconds, *options = sys.argv[1:]
    with TemporaryDirectory() as directory, workers(Path(directory), *options) as running:
        asyncio.run(soak(running, float(seconds)))


if __name__ == "__main__":
    main()
