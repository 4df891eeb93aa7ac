"""An introspection endpoint on loopback that records what it is asked, and answers as a test wants it to."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from threading import Event
from typing import Any, Self
from urllib.parse import parse_qsl

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jwtguard import Introspection, KeySet, Rules
from jwtguard.fetched_keys import FetchedKeys
from jwtguard.http import HTTP
from jwtguard.introspector import Introspector
from jwtguard.key_source import ConfiguredKeys
from tests.resource_servers import KEY, Clock
from tests.serving import serving
from tests.signing import AUDIENCE, ISSUER, SigningKey, good_claims

SECRET = "s3cret-of-the-api"
OPAQUE = b"opaque-token-0123456789"


@dataclass(frozen=True)
class Question:
    """A request that came to the endpoint.

    Attributes:
        method: the HTTP method.
        query: the query of the URL.
        headers: by name in lower case.
        body: as it came.
    """

    method: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The form in the body; each name comes once."""
        pairs = parse_qsl(self.body.decode("ascii"), strict_parsing=True, keep_blank_values=True)
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)


Behaviour = Callable[[Request], Awaitable[Response]]
"""Deals with one request."""


@dataclass
class Endpoint:
    """The endpoint, and the metadata and keys of its authorization server.

    Attributes:
        origin: the server's origin, which is its issuer identifier too.
        answer: what it does with requests.
        questions: what came, in order.
        keys: what the server publishes.
        metadata: members of its metadata to add or replace; `...` removes one.
        key_fetches: how often its keys were asked for.
        metadata_fetches: how often its metadata was.
        metadata_hangs: whether nothing comes of that.
        busiest: the most requests that were under way at once.
    """

    origin: str = ""
    answer: Behaviour = field(default_factory=lambda: active())
    questions: list[Question] = field(default_factory=list)
    keys: list[SigningKey] = field(default_factory=lambda: [KEY])
    metadata: dict[str, Any] = field(default_factory=dict)
    key_fetches: int = 0
    metadata_fetches: int = 0
    metadata_hangs: bool = False
    busiest: int = 0
    _busy: int = 0

    def as_new(self) -> Self:
        """Forget all that has come and was said."""
        vars(self).update(vars(Endpoint(self.origin)))
        return self

    @property
    def url(self) -> str:
        """Where tokens are asked about."""
        return f"{self.origin}/introspect"

    @property
    def jwks_uri(self) -> str:
        return f"{self.origin}/keys"

    @property
    def count(self) -> int:
        """How many requests came."""
        return len(self.questions)

    async def until(self, count: int) -> None:
        """Wait until so many requests have come."""
        with anyio.fail_after(10):
            while self.count < count:
                await anyio.sleep(0.001)

    async def _introspect(self, request: Request) -> Response:
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.questions.append(Question(request.method, request.url.query, headers, await request.body()))
            return await self.answer(request)
        finally:
            self._busy -= 1

    async def _metadata(self, request: Request) -> Response:
        self.metadata_fetches += 1
        if self.metadata_hangs:
            return await hanging(request)
        members: dict[str, Any] = {"issuer": self.origin, "jwks_uri": self.jwks_uri, "introspection_endpoint": self.url}
        members |= self.metadata
        return JSONResponse({name: value for name, value in members.items() if value is not ...})

    async def _keys(self, request: Request) -> Response:
        self.key_fetches += 1
        if not self.keys:
            return Response(status_code=503)
        return JSONResponse({"keys": [key.jwk for key in self.keys]})

    @property
    def application(self) -> Starlette:
        """The server as an ASGI application."""
        methods = ["GET", "POST", "PUT"]
        return Starlette(
            routes=[
                Route("/introspect", self._introspect, methods=methods),
                Route("/.well-known/oauth-authorization-server", self._metadata),
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/keys", self._keys),
            ]
        )


@contextmanager
def introspection_endpoint(**options: Any) -> Iterator[Endpoint]:
    """Serve an endpoint.

    Args:
        options: for `uvicorn.Config`.
    """
    endpoint = Endpoint()
    with serving(endpoint.application, **options) as origin:
        endpoint.origin = origin.replace("http:", "https:") if options else origin
        yield endpoint


# --- Behaviours ---


def saying(document: Any, status: int = 200) -> Behaviour:
    """Answer with a JSON document."""
    return replying(status, json.dumps(document), content_type="application/json")


def active(**members: Any) -> Behaviour:
    """Say that the token is active, and whose it is; a value of `...` leaves the member out."""
    said = {"active": True, "token_type": "Bearer", **good_claims(), **members}
    return saying({name: value for name, value in said.items() if value is not ...})


def inactive() -> Behaviour:
    """Say that the token is not active."""
    return saying({"active": False})


def replying(status: int, body: str | bytes = b"", *, content_type: str = "text/plain", **headers: str) -> Behaviour:
    """Answer always the same."""

    async def behaviour(request: Request) -> Response:
        return Response(body, status, {**headers, "content-type": content_type})

    return behaviour


async def hanging(request: Request) -> Response:
    """Answer nothing for as long as somebody listens."""
    while not await request.is_disconnected():
        await asyncio.sleep(0.005)
    return Response()


def held(gate: Event, then: Behaviour) -> Behaviour:
    """Answer when the gate opens."""

    async def behaviour(request: Request) -> Response:
        while not gate.is_set() and not await request.is_disconnected():
            await asyncio.sleep(0.002)
        return await then(request)

    return behaviour


def by_token(behaviours: dict[bytes, Behaviour], otherwise: Behaviour) -> Behaviour:
    """Answer according to the token."""

    async def behaviour(request: Request) -> Response:
        token = dict(parse_qsl((await request.body()).decode()))["token"].encode()
        return await behaviours.get(token, otherwise)(request)

    return behaviour


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Answer with one after the other, the last one for ever."""
    left = list(behaviours)

    async def behaviour(request: Request) -> Response:
        return await (left.pop(0) if len(left) > 1 else left[0])(request)

    return behaviour


# --- Who asks ---


@cache
def _http(timeout: float) -> HTTP:
    return HTTP(timeout=timeout)


@asynccontextmanager
async def asking(
    endpoint: Endpoint,
    /,
    *,
    clock: Clock | None = None,
    timeout: float = 5.0,
    http: HTTP | None = None,
    rules: dict[str, Any] | None = None,
    issuer: str = ISSUER,
    keys: KeySet | None = None,
    **options: Any,
) -> AsyncIterator[Introspector]:
    """Prepare to ask an endpoint, and clean up afterwards.

    Args:
        endpoint: whom to ask.
        clock: tells the time, which stands still by default.
        timeout: for one question, in seconds.
        http: what to ask with, instead of what has that timeout.
        rules: more for `Rules`.
        issuer: the issuer identifier.
        keys: configured keys; the server's own are fetched where nothing is given but the issuer is its own.
        options: for `Introspection`.
    """
    http = http or _http(timeout)
    clock = clock or Clock()
    configured = {"client_id": "api", "client_secret": SECRET, "endpoint": endpoint.url, **options}
    source = (
        FetchedKeys(issuer, jwks_uri=None, http=http, clock=clock)
        if issuer == endpoint.origin
        else ConfiguredKeys(issuer, keys or KeySet.from_jwk_set(KEY.jwk_set))
    )
    introspector = Introspector(
        Introspection(**configured),
        rules=Rules(issuer=issuer, **{"audience": AUDIENCE, **(rules or {})}),
        keys=source,
        http=http,
        clock=clock,
        chance=lambda: 0.0,
    )
    try:
        yield introspector
    finally:
        await introspector.stop()
        await source.stop()
        await http.aclose()
