"""Whatever the authorization server does: good tokens work, errors are ours, memory is bounded, and no loop waits."""

import asyncio
import gc
import subprocess
import sys
import time
import tracemalloc
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from starlette.testclient import TestClient

from jwtguard.fastapi import Guard
from jwtguard.fetched_keys import LONGEST_WANTED_RETRY
from tests.faults.apis import KEY, NEXT, api
from tests.faults.ticker import ticking
from tests.loopback import KEYS, MISBEHAVIOURS, Behaviour, authorization_server, replying, replying_json
from tests.resource_servers import bearer
from tests.signing import AUDIENCE, b64_uint, good_claims, signing_key

pytestmark = pytest.mark.anyio


def changing(keys: list[dict[str, Any]]) -> Behaviour:
    """Publish these keys in a document that is another each time, so that each time they are built."""
    return lambda exchange: replying_json({"keys": keys, "now": time.perf_counter()})(exchange)


HEAVY = {
    "100 RSA keys of the greatest size for six algorithms each": changing(
        [{"kty": "RSA", "kid": str(n), "n": b64_uint((1 << 16383) + 2 * n + 1), "e": "AQAB"} for n in range(100)]
    ),
    "100 keys on P-521": changing([signing_key("ES512", str(n), n % 5).jwk for n in range(100)]),
    "100 ML-DSA-65 keys": changing([signing_key("ML-DSA-65", str(n), n % 5).jwk for n in range(100)]),
    "an RSA modulus of 375 kB": changing([{"kty": "RSA", "kid": "1", "n": "f" * 500_000, "e": "AQAB"}]),
}
HELD_BY_ITS_HEAD = {"interim answers without end"}
"""What comes before a body is h11's to parse, 64 KB at a time, and httpx gives others no turn in between."""


@pytest.mark.parametrize("token_cache", [0, 100], ids=["validated each time", "remembered"])
@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
async def test_good_tokens_keep_working(misbehaviour: str, token_cache: int) -> None:
    async with api(timeout=0.3, token_cache=token_cache) as protected:
        token = protected.token()
        await protected.outcome(token)
        protected.server.behaviours[KEYS] = MISBEHAVIOURS[misbehaviour]
        refresh = asyncio.create_task(protected.refreshed())
        during = [await protected.outcome(token) for _ in range(100)]
        await refresh
        after = [await protected.outcome(token) for _ in range(100)]
        assert set(during + after) == {None}
        assert protected.health.last_error is not None


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
async def test_metadata_endpoint_may_do_the_same(misbehaviour: str) -> None:
    async with api(timeout=0.3) as protected:
        for path in (protected.server.rfc8414_path, protected.server.openid_path):
            protected.server.behaviours[path] = MISBEHAVIOURS[misbehaviour]
        await protected.refreshed()
        assert await protected.outcome(protected.token()) is None


@pytest.mark.parametrize("misbehaviour", sorted((MISBEHAVIOURS.keys() | HEAVY.keys()) - HELD_BY_ITS_HEAD))
async def test_ticker_of_5_ms_is_never_10_ms_late_because_of_it(misbehaviour: str) -> None:
    """What keeps the loop does so each time, other work of the machine comes and goes: the best of some runs counts."""
    async with api(timeout=0.3) as protected:
        protected.server.behaviours[KEYS] = (MISBEHAVIOURS | HEAVY)[misbehaviour]
        token, worst = protected.token(), list[float]()
        for _ in range(8):
            async with ticking() as late:
                await protected.refreshed()
                await protected.outcome(token)
            worst.append(max(late))
            if worst[-1] < 0.010:
                break
        assert min(worst) < 0.010


FIRST_FETCH = """
import asyncio, sys
from jwtguard import Issuer, ResourceServer
from tests.faults.ticker import ticking
issuer, token = sys.argv[1:]
api = ResourceServer(Issuer(issuer), audience={audience!r})

async def first_request() -> float:
    async with ticking() as late:
        await api.validate(token)
    return max(late)

print(asyncio.run(first_request()))
"""


def test_first_fetch_of_a_process_does_not_make_the_ticker_late_by_what_it_imports() -> None:
    with authorization_server(KEY) as server:
        token = KEY.token(good_claims(now=time.time(), iss=server.issuer))
        program = [sys.executable, "-c", FIRST_FETCH.format(audience=AUDIENCE), server.issuer, token]
        worst = list[float]()
        while len(worst) < 8 and not (worst and worst[-1] < 0.010):
            worst.append(float(subprocess.run(program, check=True, capture_output=True, timeout=60).stdout))
        assert min(worst) < 0.010


@pytest.mark.parametrize(
    "misbehaviour",
    ["10 MB", "a body without end", "a gzip bomb", "headers without end", "interim answers without end"],
)
async def test_memory_stays_bounded(misbehaviour: str) -> None:
    async with api(timeout=0.5) as protected:
        protected.server.behaviours[KEYS] = MISBEHAVIOURS[misbehaviour]
        tracemalloc.start()
        try:
            for _ in range(3):
                await protected.refreshed()
            _, peak = tracemalloc.get_traced_memory()
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 4 * 1024 * 1024
        assert after < 512 * 1024


async def test_wrong_issuer_in_the_metadata_is_never_trusted() -> None:
    async with api(warm=False) as protected:
        server = protected.server
        server.behaviours[server.rfc8414_path] = replying_json(server.metadata(issuer=f"{server.issuer}/"))
        assert await protected.outcome(protected.token()) == "issuer_unreachable"
        assert server.count(KEYS) == 0
        assert f"'{server.issuer}/'" in str(protected.health.last_error)


async def test_outage_of_an_hour_is_noticed_by_nobody_and_over_when_it_is_over() -> None:
    async with api() as protected:
        token, outcomes = protected.token(), list[str | None]()
        protected.server.refuse()
        for _ in range(3600 // 5):
            protected.clock.now += 5
            outcomes.append(await protected.outcome(token))
            await asyncio.sleep(0)
        assert set(outcomes) == {None}
        assert await protected.outcome(protected.token(NEXT)) == "issuer_unreachable"
        protected.server.listen()
        protected.server.publish(NEXT)
        protected.clock.now += LONGEST_WANTED_RETRY
        assert await protected.outcome(protected.token(NEXT)) is None
        assert protected.health.last_error is None
        assert await protected.outcome(token) == "unknown_key"


async def test_1000_cancelled_requests_leave_the_next_one_unharmed() -> None:
    async with api(warm=False, timeout=60) as protected:
        protected.server.behaviours[KEYS] = MISBEHAVIOURS["hanging"]
        token = protected.token()
        storm = [asyncio.create_task(protected.outcome(token)) for _ in range(1000)]
        await protected.server.until(1)
        for request in storm:
            request.cancel()
        await asyncio.wait(storm)
        assert all(request.cancelled() for request in storm)
        await protected.resource_server.aclose()
        protected.server.behaviours.clear()
        assert await protected.outcome(token) is None
        assert protected.server.count() == 2


def test_client_is_told_when_to_come_again() -> None:
    async def scenario() -> Any:
        async with api(warm=False) as protected:
            protected.server.behaviours[KEYS] = replying(500)
            app = FastAPI(dependencies=[Depends(Guard(protected.resource_server))])
            app.get("/")(lambda: None)
            return await asyncio.to_thread(lambda: TestClient(app).get("/", headers=bearer(protected.token(KEY))))

    response = asyncio.run(scenario())
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert "WWW-Authenticate" not in response.headers
