"""Applications behind uvicorn: what protection takes of their throughput, and whether two workers do twice the work."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

from examples.benchmarks.load import Load, load
from examples.benchmarks.processes import Served, served
from examples.benchmarks.rounds import Step
from examples.benchmarks.served import INTROSPECTION_ENDPOINT, JWK_SET
from examples.benchmarks.tokens import Signer

UNPROTECTED = "unprotected"
GUARD = "Guard, tokens seen before"
MIDDLEWARE = "GuardMiddleware, tokens seen before"
GUARD_UNCACHED = "Guard, token_cache=0"
TUTORIAL = "PyJWT as in FastAPI's tutorial"
INTROSPECTING = "introspecting each token"
TWO_WORKERS = "Guard, two workers"
UNPROTECTED_TWO_WORKERS = "unprotected, two workers"

_FACTORIES = {
    UNPROTECTED: "unprotected",
    GUARD: "guarded",
    MIDDLEWARE: "guarded_by_middleware",
    GUARD_UNCACHED: "guarded_without_cache",
    TUTORIAL: "as_in_the_tutorial",
    INTROSPECTING: "introspecting",
    TWO_WORKERS: "guarded",
    UNPROTECTED_TWO_WORKERS: "unprotected",
}
NUMBER = len(_FACTORIES)
_CONNECTIONS = 16
_SECONDS = 0.8
_USERS = 100


async def measure(signer: Signer, *, rounds: int, step: Step) -> dict[str, dict[str, float]]:
    """Return requests per second, and processor time per request in microseconds, of the round in the middle.

    Args:
        signer: signs the tokens of 100 users.
        rounds: how often each application is under load.
        step: is told what has been done.
    """
    tokens = signer.tokens(_USERS)
    loads: dict[str, list[Load]] = {name: [] for name in _FACTORIES}
    with _all_served(signer) as applications:
        for number in range(rounds + 1):
            for name, application in applications.items():
                done = await load(application, tokens, connections=_CONNECTIONS, seconds=_SECONDS)
                if number > 0:  # the first round warms up
                    loads[name].append(done)
                step(name)
    return {name: _figures(several) for name, several in loads.items()}


@contextmanager
def _all_served(signer: Signer) -> Iterator[dict[str, Served]]:
    environment = {JWK_SET: json.dumps(signer.jwk_set)}
    with ExitStack() as stack:
        authorization_server = stack.enter_context(served("authorization_server", environment=environment))
        environment[INTROSPECTION_ENDPOINT] = f"http://127.0.0.1:{authorization_server.port}/introspect"
        yield {
            name: stack.enter_context(
                served(
                    factory, workers=2 if name in (TWO_WORKERS, UNPROTECTED_TWO_WORKERS) else 1, environment=environment
                )
            )
            for name, factory in _FACTORIES.items()
        }


def _figures(loads: list[Load]) -> dict[str, Any]:
    return {
        "requests per second": median(load.requests / load.seconds for load in loads),
        "processor µs per request": median(load.processor_seconds / load.requests * 1e6 for load in loads),
    }
