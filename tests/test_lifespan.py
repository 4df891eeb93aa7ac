"""A resource server's life within an application: start, readiness, several loops, workers, forks, and the end."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Event, Thread
from typing import Annotated, Any

import httpx
import pytest
import uvloop
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.testclient import TestClient

from jwtguard import AccessToken, Issuer, ResourceServer, Unavailable, trusted_issuers
from jwtguard.fastapi import Guard
from jwtguard.freshness import DEFAULT_LIFETIME
from tests.loopback import (
    KEYS,
    MISBEHAVIOURS,
    AuthorizationServer,
    authorization_server,
    gated,
    hanging,
    replying,
    replying_json,
)
from tests.resource_servers import Clock, bearer
from tests.serving import free_port, serving
from tests.signing import AUDIENCE, good_claims, signing_key

pytestmark = pytest.mark.anyio

KEY = signing_key("ES256")
NEW_LOOP = [
    pytest.param(asyncio.new_event_loop, id="asyncio"),
    pytest.param(uvloop.new_event_loop, id="uvloop"),
]


def token_of(server: AuthorizationServer, key: Any = KEY, **claims: Any) -> str:
    """A good token of that server, now."""
    return str(key.token(good_claims(now=time.time(), iss=server.issuer), **claims))


def protecting(server: AuthorizationServer, **options: Any) -> ResourceServer:
    """A resource server that trusts that authorization server."""
    return ResourceServer(Issuer(server.issuer), **{"audience": AUDIENCE, **options})


# --- The start ---


@pytest.mark.parametrize("startup", ["background", "require"])
async def test_keys_are_there_before_the_first_request(startup: Any) -> None:
    with authorization_server(KEY) as server:
        api = protecting(server, startup=startup)
        async with api.lifespan():
            assert server.count() == 1
            assert (await api.health()).ready
            await api.validate(token_of(server))
        assert server.count() == 1


async def test_start_in_the_background_does_not_wait_for_an_issuer_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted_issuers, "STARTUP_PATIENCE", 0.05)
    gate = Event()
    with authorization_server(KEY) as server:
        server.behaviours[KEYS] = gated(gate, replying_json(KEY.jwk_set))
        api = protecting(server)
        async with api.lifespan():
            assert not (await api.health()).ready
            request = asyncio.create_task(api.validate(token_of(server)))
            gate.set()
            assert (await request).subject == "user-1"
        assert server.count() == 1


@pytest.mark.parametrize("misbehaviour", ["500", "resetting", "HTML", "an empty set"])
async def test_start_in_the_background_succeeds_whatever_the_issuer_does(misbehaviour: str) -> None:
    with authorization_server(KEY) as server:
        server.behaviours[KEYS] = MISBEHAVIOURS[misbehaviour]
        api = protecting(server)
        async with api.lifespan():
            assert not (await api.health()).ready


@pytest.mark.parametrize(
    ("misbehaviour", "said"),
    [
        ("500", "answered 500"),
        ("302", "redirects are not followed"),
        ("HTML", "a JWK Set is a JSON object"),
        ("an empty set", "the JWK Set is empty"),
        ("resetting", "ReadError"),
    ],
)
async def test_required_keys_that_cannot_be_had_fail_the_start_and_say_why(misbehaviour: str, said: str) -> None:
    with authorization_server(KEY) as server:
        server.behaviours[KEYS] = MISBEHAVIOURS[misbehaviour]
        api = protecting(server, startup="require")
        with pytest.raises(Unavailable) as raised:
            async with api.lifespan():
                pytest.fail("it started")
        assert f"startup='require', and there are no keys of {server.issuer}: " in raised.value.detail
        assert said in raised.value.detail
        await server.until_closed()


def test_application_whose_keys_are_required_does_not_start_without_them() -> None:
    with authorization_server(KEY) as server:
        server.refuse()
        app = Starlette(lifespan=protecting(server, startup="require").lifespan)
        with pytest.raises(Unavailable, match="no keys of"), TestClient(app):
            pytest.fail("it started")


async def test_one_of_two_issuers_that_is_missing_fails_a_start_that_requires_both() -> None:
    with authorization_server(KEY) as here, authorization_server(KEY) as missing:
        missing.refuse()
        api = ResourceServer([Issuer(here.issuer), Issuer(missing.issuer)], audience=AUDIENCE, startup="require")
        with pytest.raises(Unavailable) as raised:
            async with api.lifespan():
                pytest.fail("it started")
        assert missing.issuer in raised.value.detail
        assert here.issuer not in raised.value.detail


# --- In between, and the end ---


async def test_it_composes_with_the_applications_own_lifespan() -> None:
    seen: list[Any] = []
    with authorization_server(KEY) as server:
        api = protecting(server)

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
            async with api.lifespan(app):
                seen.append((await api.health()).ready)
                yield {"own": "state"}
            seen.append("ended")

        with TestClient(FastAPI(lifespan=lifespan)) as client:
            assert client.app_state == {"own": "state"}
        assert seen == [True, "ended"]


async def test_keys_are_refreshed_without_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted_issuers, "LOOK_AFTER_SECONDS", 0.005)
    clock = Clock()
    with authorization_server(KEY) as server:
        api = protecting(server, clock=clock)
        async with api.lifespan():
            for _ in range(3):
                clock.now += DEFAULT_LIFETIME
                while api.last_health().issuers[0].last_success != clock.now:
                    await asyncio.sleep(0.001)
        assert server.count() == 4


async def test_issuer_that_was_down_at_the_start_is_asked_again_without_any_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trusted_issuers, "LOOK_AFTER_SECONDS", 0.005)
    clock = Clock()
    with authorization_server(KEY) as server:
        server.behaviours[KEYS] = replying(500)
        api = protecting(server, clock=clock)
        async with api.lifespan():
            assert not api.last_health().ready
            server.behaviours.clear()
            clock.now += 1
            await server.until(2)
            await asyncio.wait(
                [asyncio.create_task(issuer.keys.refresh()) for issuer in api.validation.trusted._configured.values()]
            )
            assert api.last_health().ready


async def test_readiness_probe_alone_brings_an_application_without_lifespan_to_readiness() -> None:
    with authorization_server(KEY) as server:
        api = protecting(server)
        assert not (await api.health()).ready
        await server.until(1)
        while not (await api.health()).ready:
            await asyncio.sleep(0.001)
        assert server.count() == 1
        await api.aclose()


async def test_end_leaves_no_task_and_no_connection() -> None:
    before = asyncio.all_tasks()
    with authorization_server(KEY) as server:
        api = protecting(server)
        async with api.lifespan():
            await api.validation.trusted._http.request(
                "GET", server.jwks_uri
            )  # as introspection does: the connection is kept
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before
        await server.until_closed()


async def test_end_does_not_wait_for_an_issuer_that_hangs() -> None:
    with authorization_server(KEY) as server:
        clock = Clock()
        api = protecting(server, clock=clock)
        async with api.lifespan():
            server.behaviours[KEYS] = hanging
            clock.now += DEFAULT_LIFETIME
            await api.health()
            await server.until(2)
        assert api.last_health().issuers[0].last_error is None  # the fetch was broken off, not waited for


@pytest.mark.parametrize("new_loop", NEW_LOOP)
def test_it_works_without_its_lifespan_on_one_event_loop_after_another(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    with authorization_server(KEY) as server:
        api = protecting(server)
        for _ in range(3):
            with asyncio.Runner(loop_factory=new_loop) as runner:
                assert runner.run(api.validate(token_of(server))).subject == "user-1"
        assert server.count() == 1
        asyncio.run(server.until_closed())


def test_lifespan_that_ends_on_one_event_loop_leaves_the_others_alone() -> None:
    with authorization_server(KEY) as server:
        api = protecting(server, token_cache=0)
        inside, outside = Event(), Event()
        outcomes: list[str | None] = []

        async def lives_on() -> None:
            async with api.lifespan():
                inside.set()
                while not outside.is_set():
                    outcomes.append((await api.validate(token_of(server))).subject)
                    await asyncio.sleep(0.001)
                outcomes.append((await api.validate(token_of(server))).subject)

        async def ends() -> None:
            async with api.lifespan():
                await api.validate(token_of(server))

        thread = Thread(target=asyncio.run, args=(lives_on(),))
        thread.start()
        assert inside.wait(10)
        asyncio.run(ends())
        outside.set()
        thread.join()
        assert len(outcomes) > 0
        assert set(outcomes) == {"user-1"}


def test_starlettes_test_client_works_without_lifespan() -> None:
    """It gives each request an event loop of its own."""
    with authorization_server(KEY) as server:
        app, guard = FastAPI(), Guard(protecting(server))

        @app.get("/")
        async def subject(token: Annotated[AccessToken, Depends(guard)]) -> str | None:
            return token.subject

        client = TestClient(app)
        headers = bearer(token_of(server))
        assert [client.get("/", headers=headers).json() for _ in range(3)] == ["user-1"] * 3
        assert server.count() == 1


# --- Processes ---


def test_application_under_uvicorn_and_uvloop_validates_and_rotates() -> None:
    with authorization_server(KEY) as server:
        app, guard = FastAPI(lifespan=(api := protecting(server)).lifespan), Guard(api)

        @app.get("/")
        async def loop(token: Annotated[AccessToken, Depends(guard)]) -> str:
            return type(asyncio.get_running_loop()).__module__

        with serving(app, loop="uvloop") as url:
            assert server.count() == 1
            rotated = signing_key("ES256", "rotated", 2)
            first = httpx.get(url, headers=bearer(token_of(server)))
            server.publish(KEY, rotated)
            second = httpx.get(url, headers=bearer(token_of(server, rotated)))
        assert (first.json(), second.json()) == ("uvloop", "uvloop")
        assert server.count() == 2


def test_two_workers_fetch_once_each_and_both_validate() -> None:
    with authorization_server(KEY) as server:
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "tests.protected_application:app", "--workers", "2"]
        workers = subprocess.Popen(
            [*command, "--port", str(port), "--log-level", "warning"],
            env={**os.environ, "ISSUER": server.issuer},
            start_new_session=True,
        )
        try:
            url, headers = f"http://127.0.0.1:{port}", bearer(token_of(server))
            pids: set[int] = set()
            for _ in range(2000):
                try:
                    response = httpx.get(f"{url}/pid", headers=headers)
                except httpx.TransportError:
                    assert workers.poll() is None
                    time.sleep(0.01)
                    continue
                assert response.status_code == 200
                pids.add(response.json())
                if len(pids) == 2:
                    break
            assert len(pids) == 2
            assert server.count() == server.count(server.rfc8414_path) == 2
        finally:
            os.killpg(workers.pid, signal.SIGTERM)
            workers.wait(10)


FORKING = """
import asyncio, os, sys
from jwtguard import Issuer, ResourceServer
issuer, *tokens = sys.argv[1:]
api = ResourceServer(Issuer(issuer), audience={audience!r})
assert asyncio.run(api.validate(tokens[0])).subject == "user-1"
child = os.fork()
if child == 0:
    asyncio.run(api.validate(tokens[0]))                      # remembered from before the fork
    asyncio.run(api.validate(tokens[1]))                      # its key has to be fetched
    os._exit(7)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
asyncio.run(api.validate(tokens[1]))
"""


def test_forked_process_validates_with_what_it_inherited_and_fetches_for_itself() -> None:
    with authorization_server(KEY) as server:
        rotated = signing_key("ES256", "rotated", 2)
        server.behaviours[KEYS] = lambda exchange: replying_json(
            KEY.jwk_set if server.count() == 1 else {"keys": [KEY.jwk, rotated.jwk]}
        )(exchange)
        program = FORKING.format(audience=AUDIENCE)
        tokens = token_of(server), token_of(server, rotated)
        subprocess.run([sys.executable, "-W", "error", "-c", program, server.issuer, *tokens], check=True, timeout=60)
        assert server.count() == 3


async def test_application_that_nobody_can_reach_an_issuer_for_says_so_in_its_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "jwtguard.keys")
    with authorization_server(KEY) as server:
        server.refuse()
        async with protecting(server).lifespan():
            pass
        assert f"the keys of {server.issuer} cannot be fetched (attempt 1)" in caplog.text
