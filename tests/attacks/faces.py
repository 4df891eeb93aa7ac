"""Serves every case's resource server behind both faces, and sends requests to the byte."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI, Security
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jwtguard import Issuer, KeySet, ResourceServer
from jwtguard.fastapi import Guard
from jwtguard.middleware import GuardMiddleware
from tests.attacks.case import Case, Published
from tests.serving import serving
from tests.signing import AUDIENCE, ISSUER, NOW

METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"]
REACHED = "the protected handler was reached"


@dataclass(frozen=True)
class Answer:
    """What a client gets.

    Attributes:
        status: the status.
        headers: all headers, with their names in lower case.
        body: the body.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        """All headers of that name."""
        return [value for header, value in self.headers if header == name]

    @property
    def text(self) -> str:
        """Everything that a client sees but the date and the length."""
        shown = [f"{name}: {value}" for name, value in self.headers if name not in ("date", "content-length")]
        return "\n".join([*shown, self.body.decode()])


@dataclass
class Faces:
    """All cases' applications behind one HTTP server; a header of the request names the case and the face."""

    cases: Mapping[str, Case]
    published_at: str
    url: str = ""
    _numbers: dict[str, int] = field(init=False)
    _applications: dict[tuple[str, str], ASGIApp] = field(default_factory=dict)
    _resource_servers: dict[str, ResourceServer] = field(default_factory=dict)
    _answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    _http: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    def __post_init__(self) -> None:
        self._numbers = {name: number for number, name in enumerate(self.cases)}
        self._lifespan = Starlette(lifespan=self._closing)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        face, number = dict(scope["headers"])[b"case"].decode().split(" ")
        await self._application(face, number)(scope, receive, send)

    def answer(self, name: str, face: str) -> Answer:
        """Return what a face answers to a case; it is asked once."""
        if (name, face) not in self._answers:
            self._answers[name, face] = self._send(name, face)
        return self._answers[name, face]

    def _send(self, name: str, face: str) -> Answer:
        request = self.cases[name].request()
        lines = [
            f"{request.method} ".encode() + request.target + b" HTTP/1.1",
            b"Host: api.example.com",
            f"case: {face} {self._numbers[name]}".encode(),
            b"Connection: close",
            f"Content-Length: {len(request.body)}".encode(),
            *request.headers,
        ]
        return exchange(self.url, b"\r\n".join(lines) + b"\r\n\r\n" + request.body, request.method)

    @asynccontextmanager
    async def _closing(self, app: Any) -> Any:
        yield
        for resource_server in self._resource_servers.values():
            await resource_server.aclose()
        await self._http.aclose()

    def _application(self, face: str, number: str) -> ASGIApp:
        if (face, number) not in self._applications:
            case = list(self.cases.values())[int(number)]
            self._applications[face, number] = _FACES[face](case, self._resource_server(case, number))
        return self._applications[face, number]

    def _resource_server(self, case: Case, number: str) -> ResourceServer:
        if number not in self._resource_servers:
            self._resource_servers[number] = self._made(case, f"{self.published_at}/{number}")
        return self._resource_servers[number]

    def _made(self, case: Case, jwks_uri: str) -> ResourceServer:
        rules = {"audience": AUDIENCE, **case.rules}
        of_the_issuer = {name: rules.pop(name) for name in ("claim_values",) if name in rules}
        keys = {"keys": case.keys} if isinstance(case.keys, KeySet) else {"jwks_uri": jwks_uri}
        rules.pop("algorithms", None)
        issuers = [Issuer(ISSUER, algorithms=case.strict_rules().algorithms, **keys, **of_the_issuer)]
        issuers += [Issuer(url, keys=key_set) for url, key_set in case.more_issuers.items()]
        return ResourceServer(issuers, **rules, realm=case.realm, http_client=self._http, clock=lambda: NOW)


def _fastapi(case: Case, resource_server: ResourceServer) -> ASGIApp:
    guard = Guard(resource_server)
    app = FastAPI(openapi_url=None)

    @app.api_route("/{path:path}", methods=METHODS, dependencies=[Security(guard, scopes=list(case.scopes))])
    async def reached(path: str) -> PlainTextResponse:
        return PlainTextResponse(REACHED)

    return app


def _middleware(case: Case, resource_server: ResourceServer) -> ASGIApp:
    async def reached(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(REACHED)(scope, receive, send)

    return GuardMiddleware(reached, resource_server=resource_server, public=case.public)


_FACES: dict[str, Callable[[Case, ResourceServer], ASGIApp]] = {"fastapi": _fastapi, "middleware": _middleware}


@contextmanager
def all_faces(cases: Mapping[str, Case], parser: str) -> Iterator[Faces]:
    """Serve the cases' key sets, and their resource servers behind both faces.

    Args:
        cases: the cases.
        parser: how uvicorn reads HTTP: "httptools" or "h11".
    """
    documents = [case.keys.document if isinstance(case.keys, Published) else None for case in cases.values()]

    async def publish(request: StarletteRequest) -> Response:
        document = documents[int(request.path_params["number"])]
        return Response(document if isinstance(document, bytes) else json.dumps(document))

    with serving(Starlette(routes=[Route("/{number}", publish)])) as published_at:
        faces = Faces(cases, published_at)
        with serving(faces, http=parser) as faces.url:
            yield faces


def exchange(url: str, request: bytes, method: str = "GET") -> Answer:
    """Send a request to the byte, on a connection of its own, and read the answer."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection, method=method)
        response.begin()
        body = response.read()
        return Answer(response.status, tuple((name.lower(), value) for name, value in response.getheaders()), body)
