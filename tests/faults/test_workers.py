"""Two workers under load, while keys come and go, the key endpoint fails and recovers, and workers end and begin.

Each request must be answered with what its own token says, or with why that is refused; and what the workers ask of
the issuers is counted.
"""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from jwtguard.fetched_keys import LONGEST_RETRY
from jwtguard.refetch import BURST
from tests.faults.balancer import Balancer
from tests.faults.issuers import Outage, failing, hanging, refusing
from tests.faults.load import PATIENCE, load
from tests.faults.traffic import FLOODED, MIXED, Call, Traffic, refusal
from tests.faults.workers import DUE, WORKERS, Workers, workers

pytestmark = pytest.mark.anyio

LOOPS = [
    pytest.param(("--loop", "uvloop", "--http", "httptools"), id="uvloop"),
    pytest.param(("--loop", "asyncio", "--http", "h11"), id="asyncio"),
]


@pytest.fixture(scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    with workers(tmp_path_factory.mktemp("workers")) as started:
        yield started
    assert started.complaints() == []


@pytest.fixture
async def running(_started: Workers) -> Workers:
    """The workers with every key that is published, and the right to look for as many more as ever."""
    await _started.rested()
    return _started


async def test_rotations_lose_and_mix_up_nothing(running: Workers) -> None:
    traffic, before = Traffic(running.issuers, *MIXED), running.issuers.fetches
    async with load(running.port, traffic) as sending:
        for _ in range(3):
            await sending.more(200)
            traffic.keys.append(running.issuers.publish_another())
        await sending.more(200)
    assert sending.wrong == []
    assert sending.answered.keys() == set(MIXED)
    assert sending.balancer.retried == 0
    fetched, *others = since(before, running)
    assert 3 <= fetched <= 3 * WORKERS
    assert others == [0, 0]


async def test_flood_of_forged_key_ids_hides_no_rotation_and_costs_a_few_fetches(running: Workers) -> None:
    traffic, before = Traffic(running.issuers, *FLOODED), running.issuers.fetches
    async with load(running.port, traffic) as sending:
        await sending.more(600)
        key = running.issuers.publish_another()
        running.clock.move(DUE)
        traffic.keys.append(key)
        await sending.more(600)
    assert sending.wrong == []
    assert sending.answered["forged"] > 300
    assert sending.balancer.retried == 0
    fetched, *others = since(before, running)
    assert fetched <= WORKERS * (BURST + 1 + BURST)
    assert max(others) <= WORKERS


@pytest.mark.parametrize("outage", [refusing, failing])
async def test_outage_of_the_key_endpoint_is_noticed_by_forgers_alone(running: Workers, outage: Outage) -> None:
    server, before = running.issuers.rotating, running.issuers.rotating.count()
    traffic = Traffic(running.issuers, *FLOODED)
    with outage(server):
        traffic.unknown_key = ("issuer_unreachable",)
        running.clock.move(DUE)
        async with load(running.port, traffic) as during:
            await during.more(400)
            running.clock.move(LONGEST_RETRY)
            await during.more(400)
            await running.until_failed()
        fetched_during = server.count() - before
    traffic.unknown_key = ("unknown_key",)
    running.clock.move(LONGEST_RETRY)
    traffic.keys.append(running.issuers.publish_another())
    async with load(running.port, traffic) as after:
        await after.more(400)
    assert during.wrong + after.wrong == []
    assert during.answered["forged"] > 200
    assert during.balancer.retried + after.balancer.retried == 0
    assert fetched_during <= 2 * WORKERS
    assert server.count() - before - fetched_during <= WORKERS * (1 + BURST)


async def test_key_endpoint_that_hangs_is_waited_for_by_tokens_of_a_new_key_alone(running: Workers) -> None:
    server, before, gate = running.issuers.rotating, running.issuers.rotating.count(), Event()
    old, new = Traffic(running.issuers, *MIXED), Traffic(running.issuers, "newest key", "WebSocket")
    new.keys = [running.issuers.publish_another()]
    with hanging(server, gate):
        running.clock.move(DUE)
        await running.states()
        await server.until(before + WORKERS)
        async with load(running.port, old) as sending, load(running.port, new) as waiting:
            await sending.more(600)
            answered_too_early = waiting.answered.total()
            gate.set()
            await waiting.more(200)
    assert sending.wrong + waiting.wrong == []
    assert answered_too_early == 0
    assert server.count() == before + WORKERS


async def test_worker_that_begins_during_an_outage_says_when_to_come_again_and_recovers(running: Workers) -> None:
    server, before = running.issuers.rotating, running.issuers.fetches
    traffic = Traffic(running.issuers, "any key", "seen before", "WebSocket", "another issuer", "opaque")
    with refusing(server):
        await running.kill_one()
        await running.states()
        async with load(running.port, sometimes_unavailable(traffic)) as during:
            await during.until(lambda: {("any key", 200), ("any key", 503)} <= during.statuses)
    running.clock.move(DUE)
    await running.until_fetched()
    async with load(running.port, traffic) as after:
        await after.more(200)
    assert during.wrong + after.wrong == []
    assert since(before, running) == [WORKERS, WORKERS + 1, WORKERS + 1]


@pytest.mark.parametrize("options", LOOPS)
async def test_everything_at_once_loses_and_mixes_up_nothing(options: Any, tmp_path: Path) -> None:
    with workers(tmp_path, *options) as running:
        await running.until_fetched()
        traffic, before = Traffic(running.issuers, *FLOODED), running.issuers.fetches
        traffic.unknown_key = ("unknown_key", "issuer_unreachable")
        async with load(running.port, traffic) as sending:
            await sending.more(200)
            rotate(running, traffic)
            await sending.more(200)
            with sending.slower():
                await running.kill_one()
                rotate(running, traffic)
                await running.until_fetched()
            for outage in (refusing, failing):
                with outage(running.issuers.rotating):
                    running.clock.move(DUE)
                    await sending.more(200)
                    await running.until_failed()
                rotate(running, traffic)
                await sending.more(200)
            with sending.slower():
                await running.replace_all()
                rotate(running, traffic)
                pids = await running.until_fetched()
            await sending.until(lambda: pids <= sending.pids)
        begun, moved = 1 + WORKERS, 7
        assert sending.wrong == []
        assert sending.balancer.retried <= begun * sending.balancer.connections
        fetched, *others = since(before, running)
        assert fetched <= begun * (1 + BURST) + WORKERS * moved * (1 + BURST)
        assert max(others) <= begun + WORKERS * moved
    assert running.complaints() == []


@pytest.mark.parametrize("options", LOOPS)
async def test_workers_that_are_told_to_end_answer_what_they_have_begun(options: Any, tmp_path: Path) -> None:
    with workers(tmp_path, *options) as ending:
        async with waiting_for_a_key(ending) as (gate, requests):
            ending.process.send_signal(signal.SIGTERM)
            await ending.until_logged("Shutting down", WORKERS)
            gate.set()
            async with asyncio.timeout(PATIENCE):
                answers = await asyncio.gather(*requests)
        assert ending.process.wait(60) == 0
    assert answers == [True] * len(answers)
    assert ending.complaints() == []


async def test_workers_that_are_told_to_end_do_so_though_a_key_endpoint_never_answers(tmp_path: Path) -> None:
    with workers(tmp_path, "--timeout-graceful-shutdown", "1") as ending:
        async with waiting_for_a_key(ending):
            ending.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(ending.process.wait, 60) == 0
    assert not re.search("never retrieved|never awaited|was destroyed|unclosed transport", ending.log.read_text())


@asynccontextmanager
async def waiting_for_a_key(running: Workers) -> AsyncIterator[tuple[Event, list["asyncio.Task[bool]"]]]:
    """Send requests whose key has yet to be fetched, and have all of them wait for it until the gate opens.

    Yields:
        The gate; and the requests, which tell whether they were answered as they should have been, at once.
    """
    await running.until_fetched()
    balancer, gate = Balancer(running.port, connections=20), Event()
    traffic = Traffic(running.issuers, "newest key")
    traffic.keys = [running.issuers.publish_another()]

    async def outcome(call: Call) -> bool:
        answer = await balancer.get(call.path, call.token)
        answer.body.pop("pid")
        return answer in call.expected and balancer.retried == 0

    with hanging(running.issuers.rotating, gate):
        requests = [asyncio.create_task(outcome(call)) for call in islice(traffic, balancer.connections)]
        await running.until_under_way(len(requests))
        try:
            yield gate, requests
        finally:
            gate.set()
            for request in requests:
                request.cancel()
            await asyncio.wait(requests)
            await balancer.aclose()


def since(before: tuple[int, ...], running: Workers) -> list[int]:
    """How often each issuer's keys were fetched since then."""
    return [now - then for now, then in zip(running.issuers.fetches, before, strict=True)]


def rotate(running: Workers, traffic: Traffic) -> None:
    """Publish a key, let the keys come due, and have tokens signed with it."""
    key = running.issuers.publish_another()
    running.clock.move(DUE)
    traffic.keys.append(key)


def sometimes_unavailable(traffic: Traffic) -> Iterator[Call]:
    """The same, with leave to say of the rotating issuer's tokens that its keys cannot be had."""
    for call in traffic:
        theirs = call.kind not in ("another issuer", "opaque")
        yield replace(call, expected=(*call.expected, refusal("issuer_unreachable"))) if theirs else call
