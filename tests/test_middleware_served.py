"""The middleware on a real server: request targets as an attacker writes them, streams, WebSockets, concurrency."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from http.client import HTTPResponse
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from jwtguard.middleware import GuardMiddleware
from tests.resource_servers import KEY, bearer, resource_server
from tests.serving import serving

pytestmark = pytest.mark.anyio

GOOD = bearer(KEY.token())


def send_raw(url: str, target: bytes, *header_lines: bytes, method: bytes = b"GET") -> tuple[int, bytes]:
    """Send a request exactly as written, as no client library would; return the answer's status and body.

    Args:
        url: whom to send it to.
        target: the request target, not touched.
        header_lines: more lines of the header section.
        method: the request method.
    """
    address = urlsplit(url)
    lines = [b"%s %s HTTP/1.1" % (method, target), b"Host: api.example.com", b"Connection: close", *header_lines]
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(b"\r\n".join([*lines, b"", b""]))
        answer = HTTPResponse(connection, method=method.decode())
        answer.begin()
        return answer.status, answer.read()


# --- Paths ---

PUBLIC = {"/health", "/static/*", "/v1/open", "/proxy/public/*"}


async def secret(request: Request) -> PlainTextResponse:
    return PlainTextResponse("secret")


async def public(request: Request) -> PlainTextResponse:
    return PlainTextResponse("public")


async def resolving(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that decodes and resolves paths once more, as what lies behind a reverse proxy may do."""
    segments: list[str] = []
    for segment in unquote(scope["path"]).replace("\\", "/").split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment not in ("", "."):
            segments.append(segment.split(";")[0])
    is_public = segments[:2] == ["proxy", "public"] and len(segments) > 2
    await PlainTextResponse("public" if is_public else "secret")(scope, receive, send)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top: Path = tmp_path_factory.mktemp("files")
    (top / "static").mkdir()
    (top / "static" / "site.css").write_text("public")
    (top / "secret.txt").write_text("secret")
    return top


@pytest.fixture(scope="module", params=["h11", "httptools"])
def url(request: pytest.FixtureRequest, directory: Path) -> Iterator[str]:
    """Where an application of routes, static files, a mounted application and one that resolves paths is served."""
    mounted = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    mounted.add_route("/open", public)
    mounted.add_route("/secret", secret)
    app = Starlette(
        routes=[
            Route("/", secret),
            Route("/health", public),
            Route("/admin", secret),
            Route("/Health", secret),
            Route("/HEALTH", secret),
            Route("/health/", secret),
            Mount("/static", StaticFiles(directory=directory / "static")),
            Mount("/v1", mounted),
            Mount("/proxy", resolving),
            Route("/{path:path}", secret),
        ],
        middleware=[Middleware(GuardMiddleware, resource_server=resource_server(), public=PUBLIC)],
    )
    with serving(app, http=request.param) as url:
        yield url


@pytest.mark.parametrize(
    "target",
    [
        b"/health",
        b"/health?token=none",
        b"/%68ealth",
        b"/static/site.css",
        b"/static/s%69te.css",
        b"/v1/open",
        b"/v1%2Fopen",
        b"/proxy/public/anything",
    ],
)
def test_public_resource_is_reached_without_a_token(url: str, target: bytes) -> None:
    assert send_raw(url, target) == (200, b"public")


ATTACKS = [
    b"/admin",
    b"//admin",
    b"//health",
    b"/health/",
    b"/health//",
    b"/health/../admin",
    b"/health/%2e%2e/admin",
    b"/health%00",
    b"/health%00/admin",
    b"/health%0a",
    b"/health%20",
    b"/health;/admin",
    b"/health%3b",
    b"/health%23",
    b"/Health",
    b"/HEALTH",
    b"/%48ealth",
    b"/./health",
    b"/../health",
    b"/static/../admin",
    b"/static/%2e%2e/admin",
    b"/static/..%2fadmin",
    b"/static/%2e%2e%2fadmin",
    b"/static/%252e%252e/admin",
    b"/static/..%5cadmin",
    b"/static/%2e%2e%5cadmin",
    b"/static/..;/admin",
    b"/static//admin",
    b"/static/../../secret.txt",
    b"/static/%2e%2e/secret.txt",
    b"/static/..%2f..%2fetc%2fpasswd",
    b"/static/%c0%ae%c0%ae/admin",
    b"/static%2f..%2fadmin",
    b"/Static/site.css",
    b"/v1/secret",
    b"/v1/open/../secret",
    b"/v1/open/",
    b"/v1//open",
    b"/v1/v1/open",
    b"//v1/open",
    b"/v1/OPEN",
    b"/v1/./open",
    b"/proxy/secret",
    b"/proxy/public/../secret",
    b"/proxy/public/%2e%2e/secret",
    b"/proxy/public/..%2fsecret",
    b"/proxy/public/%252e%252e/secret",
    b"/proxy/public/%252e%252e%252fsecret",
    b"/proxy/public/%25252e%25252e/secret",
    b"/proxy/public/..%5csecret",
    b"/proxy/public/..;x/secret",
    b"/proxy/public/./../secret",
    b"/proxy/public//../../secret",
    b"/proxy/public",
    b"/proxy/PUBLIC/x",
    b"http://api.example.com/admin",
    b"http://api.example.com/static/../admin",
    b"http://health/admin",
    b"*",
]


@pytest.mark.parametrize("target", ATTACKS)
@pytest.mark.parametrize("method", [b"GET", b"OPTIONS"])
def test_no_spelling_of_a_path_reaches_a_protected_resource(url: str, target: bytes, method: bytes) -> None:
    status, body = send_raw(url, target, method=method)
    assert b"secret" not in body
    assert status in (400, 401, 404, 405), "refused by the server, the middleware or the router"


@pytest.mark.parametrize(
    "header",
    [
        b"X-Forwarded-Prefix: /health",
        b"X-Original-URL: /health",
        b"X-Rewrite-URL: /health",
        b"X-Script-Name: /admin",
        b"X-HTTP-Method-Override: OPTIONS",
        b"Forwarded: for=127.0.0.1;host=health",
    ],
)
def test_no_header_makes_a_protected_path_public(url: str, header: bytes) -> None:
    assert send_raw(url, b"/admin", header)[0] == 401


def test_absolute_form_of_a_public_path_is_public_or_protected_but_never_something_else(url: str) -> None:
    assert send_raw(url, b"http://api.example.com/health")[0] in (200, 401)


# --- The path that a mount or a proxy puts before ---

PREFIXED = [Route("/health", public), Route("/admin", secret), Route("/api/health", secret)]


def guarded(routes: Any = PREFIXED, **options: Any) -> Starlette:
    middleware = Middleware(GuardMiddleware, **{"resource_server": resource_server(), "public": {"/health"}, **options})
    return Starlette(routes=routes, middleware=[middleware])


def fastapi_with_root_path() -> ASGIApp:
    app = FastAPI()
    app.root_path = "/api"
    app.router.routes.extend(PREFIXED)
    app.add_middleware(GuardMiddleware, resource_server=resource_server(), public={"/health"})
    return app


PREFIXES = {
    "root path of the server": (
        guarded,
        {"root_path": "/api"},
        {"/health": "public", "/admin": None, "/api/health": None},
    ),
    "root path of FastAPI": (
        fastapi_with_root_path,
        {},
        {"/health": "public", "/api/health": "public", "/api/admin": None, "/api/api/health": None},
    ),
    "mount": (
        lambda: Starlette(routes=[Mount("/api", guarded())]),
        {},
        {"/api/health": "public", "/api/admin": None, "/api/api/health": None, "/api//health": None},
    ),
    "mount with a parameter": (
        lambda: Starlette(routes=[Mount("/{tenant}", guarded())]),
        {},
        {"/a/health": "public", "/health/health": "public", "/health/admin": None, "/health/api/health": None},
    ),
    "mount within a mount": (
        lambda: Starlette(routes=[Mount("/a", routes=[Mount("/b", guarded())])]),
        {},
        {"/a/b/health": "public", "/a/b/admin": None, "/a/b/a/b/health": None},
    ),
}


@pytest.mark.parametrize(("make", "options", "answers"), PREFIXES.values(), ids=PREFIXES)
def test_rules_name_paths_as_the_guarded_application_routes_them(
    make: Any, options: Any, answers: dict[str, str | None]
) -> None:
    with serving(make(), **options) as url:
        came = {path: httpx.get(url + path) for path in answers}
    assert {path: answer.text if answer.status_code == 200 else None for path, answer in came.items()} == answers
    assert all(answer.status_code == 401 for path, answer in came.items() if answers[path] is None)


# --- Answers ---


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_refusal_of_a_head_request_has_the_headers_but_no_body(http: str) -> None:
    with serving(guarded(), http=http) as url:
        with httpx.Client() as client:
            get, head = client.get(url + "/admin"), client.head(url + "/admin")
        raw = send_raw(url, b"/admin", method=b"HEAD")
    names = ("WWW-Authenticate", "Cache-Control", "Content-Type", "Content-Length")
    assert raw == (401, b"")
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]


def test_request_is_refused_before_its_body_is_sent() -> None:
    with serving(guarded()) as url:
        status, _ = send_raw(url, b"/admin", b"Content-Length: 1000000", b"Expect: 100-continue", method=b"POST")
    assert status == 401


# --- Streams ---


async def test_response_is_passed_on_chunk_by_chunk() -> None:
    first_was_read = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"data: first\n\n"
        await asyncio.wait_for(first_was_read.wait(), 10)
        yield b"data: last\n\n"

    async def events(request: Request) -> StreamingResponse:
        return StreamingResponse(chunks(), media_type="text/event-stream")

    async def go_on(request: Request) -> PlainTextResponse:
        first_was_read.set()
        return PlainTextResponse("")

    with serving(guarded([Route("/events", events), Route("/go-on", go_on)])) as url:
        async with httpx.AsyncClient(base_url=url, headers=GOOD) as client:
            async with client.stream("GET", "/events") as answer:
                read = []
                async for chunk in answer.aiter_raw():
                    read.append(chunk)
                    await client.get("/go-on")  # the last chunk is not sent before this
    assert b"".join(read) == b"data: first\n\ndata: last\n\n"
    assert read[0] == b"data: first\n\n"


async def test_request_is_passed_on_chunk_by_chunk() -> None:
    first_was_received = Event()

    async def upload(request: Request) -> JSONResponse:
        received = []
        async for chunk in request.stream():
            if chunk:
                received.append(chunk.decode())
                first_was_received.set()
        return JSONResponse(received)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        assert await asyncio.to_thread(first_was_received.wait, 10)
        yield b"last"

    with serving(guarded([Route("/upload", upload, methods=["POST"])])) as url:
        async with httpx.AsyncClient(base_url=url, headers=GOOD) as client:
            answer = await client.post("/upload", content=chunks())
    assert answer.json() == ["first", "last"]


async def test_application_learns_that_the_client_has_gone() -> None:
    gone = Event()

    async def wait(request: Request) -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"."
                    await asyncio.sleep(0.01)
            finally:
                gone.set()

        return StreamingResponse(chunks())

    with serving(guarded([Route("/wait", wait)])) as url:
        async with httpx.AsyncClient(base_url=url, headers=GOOD) as client:
            async with client.stream("GET", "/wait") as answer:
                await anext(answer.aiter_raw())
        assert await asyncio.to_thread(gone.wait, 10)


# --- WebSockets ---


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(f"{websocket.user.identity}: {await websocket.receive_text()}")
    await websocket.close()


def no_denial(app: ASGIApp) -> ASGIApp:
    """The application on a server without ASGI's denial response extension."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            scope["extensions"] = {}
        await app(scope, receive, send)

    return served


def test_websocket_with_a_good_token_talks_to_the_application() -> None:
    with serving(guarded([WebSocketRoute("/echo", echo)])) as url:
        with connect(url.replace("http", "ws") + "/echo", additional_headers=GOOD) as websocket:
            websocket.send("hello")
            assert websocket.recv(10) == "user-1: hello"


def test_websocket_with_a_bad_token_is_answered_in_the_handshake() -> None:
    bad = bearer(KEY.token(exp=1))
    with serving(guarded([WebSocketRoute("/echo", echo)])) as url:
        with pytest.raises(InvalidStatus) as refused:
            connect(url.replace("http", "ws") + "/echo", additional_headers=bad)
    answer = refused.value.response
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    assert json.loads(answer.body)["detail"]["error"] == "invalid_token"


def test_websocket_is_refused_before_it_is_accepted_where_the_server_offers_no_answer() -> None:
    with serving(no_denial(guarded([WebSocketRoute("/echo", echo)]))) as url:
        with pytest.raises(InvalidStatus) as refused:
            connect(url.replace("http", "ws") + "/echo")
    assert refused.value.response.status_code == 403  # ASGI: a close before the accept


# --- Concurrency ---


async def test_tokens_of_concurrent_requests_are_not_mixed_up() -> None:
    requests = 40
    all_are_in = asyncio.Event()
    arrived = []

    async def meet(request: Request) -> JSONResponse:
        arrived.append(request)
        if len(arrived) == requests:
            all_are_in.set()
        await asyncio.wait_for(all_are_in.wait(), 20)
        return JSONResponse([request.user.identity, sorted(request.auth.scopes)])

    async def ask(client: httpx.AsyncClient, number: int) -> tuple[int, list[Any]]:
        token = KEY.token(sub=f"user-{number}", scope=f"scope-{number}", exp=1_900_000_000 + number)
        answer = await client.get("/", headers=bearer(token))
        return number, answer.json()

    with serving(guarded([Route("/", meet)])) as url:
        limits = httpx.Limits(max_connections=requests)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30) as client:
            answers = await asyncio.gather(*(ask(client, number) for number in range(requests)))
    assert answers == [(number, [f"user-{number}", [f"scope-{number}"]]) for number in range(requests)]
