"""What importing jwtguard adds to the start of a FastAPI application, in fresh interpreters, in turn."""

import os
import subprocess
import sys
import tempfile
from statistics import median

from examples.benchmarks.rounds import Step, Timing

FASTAPI = "import fastapi"
JWTGUARD = "import fastapi, jwtguard.fastapi"
NUMBER = 2

_PROGRAM = "from time import process_time as now; began = now(); {statement}; print(now() - began)"


def measure(*, rounds: int, step: Step) -> dict[str, Timing]:
    """Return the processor time of each statement, in microseconds.

    Args:
        rounds: how many interpreters run each statement.
        step: is told what has been done.
    """
    taken: dict[str, list[float]] = {FASTAPI: [], JWTGUARD: []}
    with tempfile.TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for number in range(rounds + 1):
            for statement, times in taken.items():
                seconds = _run(statement, environment)
                if number > 0:  # the first round compiles
                    times.append(seconds * 1e6)
                step(statement)
    return {statement: Timing(min(times), median(times)) for statement, times in taken.items()}


def _run(statement: str, environment: dict[str, str]) -> float:
    command = [sys.executable, "-c", _PROGRAM.format(statement=statement)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603  (our own)
    return float(done.stdout)
