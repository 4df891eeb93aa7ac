"""The budget that jwtguard is held to, and whether a run kept it."""

from collections.abc import Iterator
from dataclasses import dataclass

from examples.benchmarks import faces, over_http, startup, validation
from examples.benchmarks.results import Results
from examples.benchmarks.rounds import Timing

OVER_BARE_US = {"RS256": 7.0, "PS256": 7.0, "ES256": 7.0, "EdDSA": 7.0, "RS256, 4 kB": 20.0}
SEEN_US = 2.0
MIDDLEWARE_US = 4.0
DEPENDENCY_US = 2.0
IMPORT_MS = 60.0
PER_CORE = 0.05
"""How much less than an unprotected application two workers may keep of what one does. Neither keeps all of it where
what sends the requests shares the machine."""
FETCHES_FOR_FORGED_KEY_IDS = 6
LONGEST_WAIT_MS = 50.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the budget.

    Attributes:
        what: what it is about.
        budget: what is allowed.
        measured: what it was.
        holds: whether that is within the budget.
    """

    what: str
    budget: str
    measured: str
    holds: bool


def lines(results: Results) -> list[Line]:
    """Return the lines of the budget; times are those of the quickest rounds."""
    return [*_tokens(results), *_requests(results), *_processes(results), *_keys(results)]


def _tokens(results: Results) -> Iterator[Line]:
    for kind, allowed in OVER_BARE_US.items():
        timings, size = results.validation[kind], results.token_bytes[kind]
        new, uncached = (_over(timings, name, validation.BARE) for name in (validation.NEW, validation.NEW_UNCACHED))
        yield _at_most(f"{kind}, {size} bytes, token_cache=0: a new token, over the bare check", allowed, uncached)
        yield _at_most(
            f"{kind}, {size} bytes: a new token, over the bare check, remembered in place of another", allowed, new
        )
    seen = results.validation["RS256"][validation.SEEN].least
    yield Line("RS256: a token seen before, in all", f"{SEEN_US:g} µs", f"{seen:.1f} µs", seen <= SEEN_US)


def _requests(results: Results) -> Iterator[Line]:
    times = results.faces
    middleware = _over(times, faces.MIDDLEWARE, faces.STARLETTE)
    yield _at_most("middleware, token seen before, over the same application without it", MIDDLEWARE_US, middleware)
    dependency = _over(times, faces.GUARD, faces.NO_OP)
    yield _at_most("dependency, token seen before, over one that does nothing", DEPENDENCY_US, dependency)


def _processes(results: Results) -> Iterator[Line]:
    added = _over(results.startup, startup.JWTGUARD, startup.FASTAPI) / 1e3
    yield Line("import, over FastAPI's own", f"+ {IMPORT_MS:g} ms", f"+ {added:.0f} ms", added <= IMPORT_MS)
    guarded = _per_core(results, over_http.TWO_WORKERS, over_http.GUARD)
    unprotected = _per_core(results, over_http.UNPROTECTED_TWO_WORKERS, over_http.UNPROTECTED)
    yield Line(
        "requests per core-second of two workers, of what one does",
        f"{unprotected:.0%}, as unprotected",
        f"{guarded:.0%}",
        guarded >= unprotected - PER_CORE,
    )


def _per_core(results: Results, two: str, one: str) -> float:
    processor = "processor µs per request"
    return results.over_http[one][processor] / results.over_http[two][processor]


def _keys(results: Results) -> Iterator[Line]:
    first, forged, slow, down = results.fetches.values()
    yield Line("500 concurrent first requests", "1 fetch", f"{first['fetches']:g}", first["fetches"] == 1)
    yield Line(
        "500 forged key IDs, then a rotation",
        f"at most {FETCHES_FOR_FORGED_KEY_IDS} fetches, and the new key works at once",
        f"{forged['fetches']:g}, and it {'does' if forged['the new key works at once'] else 'does not'}",
        forged["fetches"] <= FETCHES_FOR_FORGED_KEY_IDS and bool(forged["the new key works at once"]),
    )
    wait = slow["longest wait in ms"]
    yield Line(
        "keys expired, and their endpoint takes 2 s", "no request waits", f"{wait:.1f} ms", wait <= LONGEST_WAIT_MS
    )
    works = bool(down["good tokens work"])
    yield Line(
        "keys expired, and their endpoint is down", "good tokens work", "they do" if works else "they do not", works
    )


def _at_most(what: str, allowed: float, measured: float) -> Line:
    return Line(what, f"+ {allowed:g} µs", f"+ {measured:.1f} µs", measured <= allowed)


def _over(timings: dict[str, Timing], name: str, reference: str) -> float:
    return timings[name].least - timings[reference].least
