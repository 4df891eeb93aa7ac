"""Many requests at once, forged key IDs by the thousand, and keys that come and go meanwhile, end to end."""

import asyncio
import time
from threading import Event

import httpx
import pytest
from fastapi import Depends, FastAPI

from jwtguard import Issuer, ResourceServer, refetch
from jwtguard.fastapi import Guard
from tests.faults.apis import API, FORGER, KEY, NEXT, api
from tests.loopback import KEYS, authorization_server, gated, replying_json
from tests.resource_servers import bearer
from tests.serving import serving
from tests.signing import AUDIENCE, SigningKey, good_claims, signing_key

pytestmark = pytest.mark.anyio


def forged(protected: API, number: int) -> str:
    """A token with a key ID that nobody has, well made but for that."""
    return protected.token(SigningKey(FORGER.private, "ES256", f"forged-{number}"))


async def test_500_first_requests_at_the_same_time_are_one_metadata_and_one_key_fetch() -> None:
    async with api(warm=False) as protected:
        gate = Event()
        protected.server.behaviours[KEYS] = gated(gate, replying_json(KEY.jwk_set))
        requests = [asyncio.create_task(protected.outcome(protected.token(jti=str(number)))) for number in range(500)]
        await protected.server.until(1)
        gate.set()
        assert set(await asyncio.gather(*requests)) == {None}
        server = protected.server
        assert (server.count(server.rfc8414_path), server.count(KEYS), len(server.requests)) == (1, 1, 2)


async def test_100_first_requests_over_real_sockets_are_one_fetch() -> None:
    with authorization_server(KEY) as server:
        app = FastAPI(dependencies=[Depends(Guard(ResourceServer(server.issuer, audience=AUDIENCE)))])
        app.get("/")(lambda: "in")
        token = KEY.token(good_claims(now=time.time(), iss=server.issuer))
        with serving(app) as url:
            async with httpx.AsyncClient(base_url=url, headers=bearer(token), timeout=30) as client:
                responses = await asyncio.gather(*(client.get("/") for _ in range(100)))
        assert {response.status_code for response in responses} == {200}
        assert len(server.requests) == 2


async def test_10_000_forged_key_ids_cost_a_few_fetches_and_a_rotation_amid_them_is_picked_up() -> None:
    async with api(token_cache=0) as protected:
        outcomes = [await protected.outcome(forged(protected, number)) for number in range(5000)]
        protected.server.publish(KEY, NEXT)
        token, genuine = protected.token(NEXT), list[str | None]()
        for number in range(5000, 10_000):
            outcomes.append(await protected.outcome(forged(protected, number)))
            if number % 50 == 0:
                genuine.append(await protected.outcome(token))
        assert set(outcomes) == {"unknown_key"}
        assert genuine == ["unknown_key"] + [None] * 99  # at its second request, whatever the flood
        assert protected.server.count(KEYS) <= 1 + refetch.BURST


async def test_flood_at_full_concurrency_delays_no_good_token() -> None:
    async with api(token_cache=0, timeout=60) as protected:
        gate = Event()
        protected.server.behaviours[KEYS] = gated(gate, replying_json(KEY.jwk_set))
        flood = [asyncio.create_task(protected.outcome(forged(protected, number))) for number in range(1000)]
        await protected.server.until(2)
        assert [await protected.outcome(protected.token()) for _ in range(100)] == [None] * 100
        assert not any(request.done() for request in flood)
        gate.set()
        assert set(await asyncio.gather(*flood)) == {"unknown_key"}
        assert protected.server.count(KEYS) <= 3


async def test_key_of_the_issuer_is_never_tried_in_place_of_an_unknown_one() -> None:
    async with api() as protected:
        genuine_key_under_another_name = SigningKey(KEY.private, "ES256", "another name")
        assert await protected.outcome(protected.token(genuine_key_under_another_name)) == "unknown_key"


async def test_whole_rotation_loses_no_token() -> None:
    """The key is published, then used, then the old one goes when its last token has expired."""
    async with api() as protected:
        old, new = protected.token(KEY), protected.token(NEXT)
        protected.server.publish(KEY, NEXT)
        published = [await protected.outcome(token) for token in (old, new)]
        protected.server.publish(NEXT)
        before_the_refresh = [await protected.outcome(token) for token in (old, new)]
        await protected.refreshed()
        after_it = [await protected.outcome(token) for token in (old, new)]
        assert (published, before_the_refresh, after_it) == ([None, None], [None, None], ["unknown_key", None])


async def test_remembered_tokens_leave_with_their_key() -> None:
    async with api(KEY, NEXT, token_cache=100) as protected:
        tokens = [protected.token(KEY), protected.token(NEXT)]
        assert [await protected.outcome(token) for token in tokens] == [None, None]
        protected.server.publish(NEXT)
        await protected.refreshed()
        assert [await protected.outcome(token) for token in tokens] == ["unknown_key", None]


async def test_remembered_tokens_leave_when_their_key_is_replaced_under_its_name() -> None:
    async with api(token_cache=100) as protected:
        token = protected.token()
        assert await protected.outcome(token) is None
        protected.server.publish(signing_key("ES256", KEY.kid, 4))
        await protected.refreshed()
        assert await protected.outcome(token) == "signature_mismatch"


async def test_key_of_one_issuer_validates_no_token_of_another_though_the_kids_are_equal() -> None:
    theirs = signing_key("ES256", KEY.kid, 5)
    with authorization_server(KEY) as ours, authorization_server(theirs) as others:
        server = ResourceServer([Issuer(ours.issuer), Issuer(others.issuer)], audience=AUDIENCE)
        outcomes = []
        for issuer in (ours, others):
            for key in (KEY, theirs):
                token = key.token(good_claims(now=time.time(), iss=issuer.issuer))
                try:
                    await server.validate(token)
                    outcomes.append("accepted")
                except Exception as error:  # noqa: BLE001  (whatever it is, it is compared)
                    outcomes.append(getattr(error, "reason", repr(error)))
        await server.aclose()
    assert outcomes == ["accepted", "signature_mismatch", "signature_mismatch", "accepted"]


async def test_outage_of_one_issuer_is_none_of_the_other() -> None:
    with authorization_server(KEY) as up, authorization_server(KEY) as down:
        down.refuse()
        server = ResourceServer([Issuer(down.issuer), Issuer(up.issuer)], audience=AUDIENCE)
        await server.validate(KEY.token(good_claims(now=time.time(), iss=up.issuer)))
        assert down.requests == []
        health = server.last_health()
        assert [issuer.ready for issuer in health.issuers] == [False, True]
        await server.aclose()
