"""How often the keys are fetched, and who waits for it, when an issuer is at its worst."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from examples.benchmarks.tokens import AUDIENCE, Signer
from examples.serving import Serving, listen, url_of
from jwtguard import InvalidToken, Issuer, ResourceServer

REQUESTS = 500
_SLOW = 2.0
_LIFETIME = 600


@dataclass
class _KeyEndpoint:
    """Where an issuer publishes its keys.

    Attributes:
        jwk_set: what it publishes.
        delay: seconds until it answers.
        fetches: how often it was asked.
    """

    jwk_set: dict[str, Any]
    delay: float = 0.0
    fetches: int = 0

    async def __call__(self, _: Request) -> JSONResponse:
        self.fetches += 1
        await asyncio.sleep(self.delay)
        return JSONResponse(self.jwk_set, headers={"Cache-Control": f"max-age={_LIFETIME}"})


@dataclass
class _Issuer:
    """An issuer that is served, and an API that trusts it.

    Attributes:
        signer: its key.
        endpoint: where it publishes that.
        serving: its server.
        resource_server: the API.
        ahead: seconds by which the API's clock is ahead.
    """

    signer: Signer
    endpoint: _KeyEndpoint
    serving: Serving
    resource_server: ResourceServer = field(init=False)
    ahead: float = 0.0

    def now(self) -> float:
        return time.time() + self.ahead


async def measure() -> dict[str, dict[str, float | bool]]:
    """Return what happened, by what was done to the API."""
    return {
        "500 concurrent first requests": await _first_requests(),
        "500 forged key IDs, then a rotation": await _forged_key_ids(),
        "lifetime over, key endpoint takes 2 s": await _slow_endpoint(),
        "lifetime over, key endpoint down": await _endpoint_down(),
    }


@asynccontextmanager
async def _issuer() -> AsyncIterator[_Issuer]:
    listening = listen()
    url = url_of(listening)
    signer = Signer.new("ES256", issuer=url)
    endpoint = _KeyEndpoint(signer.jwk_set)
    app = Starlette(routes=[Route("/jwks", endpoint.__call__)])
    with Serving(app, listening) as serving:
        issuer = _Issuer(signer, endpoint, serving)
        trusted = Issuer(url, jwks_uri=f"{url}/jwks")
        issuer.resource_server = ResourceServer(trusted, audience=AUDIENCE, clock=issuer.now)
        yield issuer
        await issuer.resource_server.aclose()


async def _first_requests() -> dict[str, float | bool]:
    async with _issuer() as issuer:
        await asyncio.gather(*(issuer.resource_server.validate(token) for token in issuer.signer.tokens(REQUESTS)))
        return {"fetches": issuer.endpoint.fetches}


async def _forged_key_ids() -> dict[str, float | bool]:
    async with _issuer() as issuer:
        (good,) = issuer.signer.tokens(1)
        await issuer.resource_server.validate(good)
        forgers = [
            Signer("ES256", f"forged-{number}", issuer.signer.key, issuer.signer.issuer) for number in range(REQUESTS)
        ]
        refused = await asyncio.gather(*(_refused(issuer, forger.tokens(1)[0]) for forger in forgers))
        flooded = issuer.endpoint.fetches - 1
        rotated = Signer.new("ES256", kid="2026-02", issuer=issuer.signer.issuer)
        issuer.endpoint.jwk_set = {"keys": [issuer.signer.jwk, rotated.jwk]}
        works = not await _refused(issuer, rotated.tokens(1)[0])
        return {"refused": sum(refused), "fetches": flooded, "the new key works at once": works}


async def _slow_endpoint() -> dict[str, float | bool]:
    async with _issuer() as issuer:
        before, after = issuer.signer.tokens(2)
        await issuer.resource_server.validate(before)
        issuer.endpoint.delay, issuer.ahead = _SLOW, _LIFETIME + 1
        began = time.perf_counter()
        await issuer.resource_server.validate(after)
        return {"longest wait in ms": (time.perf_counter() - began) * 1e3}


async def _endpoint_down() -> dict[str, float | bool]:
    async with _issuer() as issuer:
        before, after = issuer.signer.tokens(2)
        await issuer.resource_server.validate(before)
        issuer.serving.stop()
        issuer.ahead = 3 * _LIFETIME
        return {"good tokens work": not await _refused(issuer, after)}


async def _refused(issuer: _Issuer, token: str) -> bool:
    try:
        await issuer.resource_server.validate(token)
    except InvalidToken:
        return True
    return False
