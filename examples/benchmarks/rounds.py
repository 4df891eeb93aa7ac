"""Runs contestants by lot, round after round, so that whatever disturbs the machine disturbs all of them alike."""

import gc
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import thread_time

Step = Callable[[str], None]
"""Is told, for the progress bar, what has been done."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """Something whose speed is measured.

    Attributes:
        name: what the tables call it.
        run: does the work of one round, given the round's number.
        operations: how many operations that is.
    """

    name: str
    run: Callable[[int], Awaitable[None]]
    operations: int


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one operation took, in microseconds.

    Attributes:
        least: in the quickest round: what it costs when nothing disturbs it.
        median: in the round in the middle.
    """

    least: float
    median: float


async def race(
    contestants: Sequence[Contestant], *, rounds: int, step: Step, clock: Callable[[], float] = thread_time
) -> dict[str, Timing]:
    """Let each contestant run once per round, in an order drawn by lot.

    Whoever runs behind its like finds the processor's caches warm, and must not do so each time.

    Args:
        contestants: who runs.
        rounds: how often.
        step: is told the number of each round after it.
        clock: seconds; the processor time of this thread by default, which others on the machine disturb the least.
    """
    taken: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    lot = random.Random(rounds)  # noqa: S311  (nobody is to be kept from guessing it)
    gc.collect()
    gc.freeze()  # what was made for the benchmark is not searched for garbage on anyone's account
    for number in range(rounds):
        for contestant in lot.sample(contestants, len(contestants)):
            began = clock()
            await contestant.run(number)
            taken[contestant.name].append((clock() - began) / contestant.operations * 1e6)
        step(f"round {number}")
    gc.unfreeze()
    return {name: Timing(min(times), median(times)) for name, times in taken.items()}
