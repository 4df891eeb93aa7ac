"""What a protected request costs over an unprotected one within the process: the two faces, and peers; no sockets."""

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any

import jwt as pyjwt
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, OAuth2PasswordBearer
from jose import jwt as jose_jwt
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.benchmarks.rounds import Contestant
from examples.benchmarks.tokens import AUDIENCE, ISSUER, Signer
from examples.benchmarks.validation import resource_server
from jwtguard.fastapi import Guard
from jwtguard.middleware import GuardMiddleware

STARLETTE = "Starlette, unprotected"
MIDDLEWARE = "GuardMiddleware, token seen before"
MIDDLEWARE_NEW = "GuardMiddleware, new token"
PYJWT_MIDDLEWARE = "PyJWT in a pure ASGI middleware"
BASE_MIDDLEWARE = "BaseHTTPMiddleware that does nothing"
NO_OP = "FastAPI, a Depends that does nothing"
DIGEST = "Depends that computes the token's SHA-256 and no more"
GUARD = "Guard, token seen before"
TUTORIAL = "PyJWT as in FastAPI's tutorial"
HTTP_BEARER = "python-jose behind HTTPBearer"

_REQUESTS = 25
_COPIES = 4


def contestants(signer: Signer, *, rounds: int) -> list[Contestant]:
    """Return the contestants; each is an application that is sent the same requests."""
    same, new = signer.tokens(1) * _REQUESTS, signer.tokens(rounds * _REQUESTS)
    return [
        _contestant(STARLETTE, _starlette, same),
        _contestant(MIDDLEWARE, lambda: _guarded_starlette(signer), same),
        _contestant(MIDDLEWARE_NEW, lambda: _guarded_starlette(signer), new),
        _contestant(PYJWT_MIDDLEWARE, lambda: _starlette(_PyJWTMiddleware, signer=signer), same),
        _contestant(BASE_MIDDLEWARE, lambda: _starlette(_NothingMiddleware), same),
        _contestant(NO_OP, lambda: _fastapi(Depends(_nothing)), same),
        _contestant(DIGEST, lambda: _fastapi(Depends(_digest)), same),
        _contestant(GUARD, lambda: _fastapi(Security(Guard(resource_server(signer)))), same),
        _contestant(TUTORIAL, lambda: _fastapi(Depends(_tutorial(signer))), same),
        _contestant(HTTP_BEARER, lambda: _fastapi(Depends(_http_bearer(signer))), same),
    ]


def _contestant(name: str, make: Callable[[], ASGIApp], tokens: list[str]) -> Contestant:
    """Several copies of one application in turn: where in memory one happens to lie makes half a microsecond."""
    copies = [make() for _ in range(_COPIES)]

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message.get("status", 200) != 200:
            raise RuntimeError(f"{name} answered {message['status']}")

    async def run(number: int) -> None:
        app, first = copies[number % _COPIES], number * _REQUESTS % len(tokens)
        for token in tokens[first : first + _REQUESTS]:
            await app(_scope(token), receive, send)

    return Contestant(name, run, _REQUESTS)


def _scope(token: str) -> dict[str, Any]:
    """What a server makes of a typical request."""
    headers = [
        (b"host", b"api.example.com"),
        (b"user-agent", b"python-httpx/0.28.1"),
        (b"accept", b"*/*"),
        (b"accept-encoding", b"gzip, deflate"),
        (b"authorization", b"Bearer " + token.encode()),
    ]
    return {
        **{"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "headers": headers},
        **{"path": "/", "raw_path": b"/", "query_string": b"", "root_path": "", "state": {}},
    }


def _starlette(middleware: Any = None, **options: Any) -> Starlette:
    async def home(_: Request) -> Response:
        return Response()

    app = Starlette(routes=[Route("/", home)])
    if middleware is not None:
        app.add_middleware(middleware, **options)
    return app


def _guarded_starlette(signer: Signer) -> Starlette:
    return _starlette(GuardMiddleware, resource_server=resource_server(signer))


def _fastapi(dependency: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def home(caller: Annotated[Any, dependency]) -> Response:  # noqa: ARG001  (it is only made)
        return Response()

    return app


async def _nothing() -> None:
    return None


async def _digest(connection: HTTPConnection) -> bytes:
    """What a memory of tokens that holds no token costs at the very least."""
    value = next(value for name, value in connection.scope["headers"] if name == b"authorization")
    return sha256(value[7:]).digest()


class _NothingMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)


class _PyJWTMiddleware:
    """The least that one could write."""

    def __init__(self, app: ASGIApp, signer: Signer) -> None:
        self._app = app
        self._key, self._algorithms = pyjwt.PyJWK(signer.jwk), [signer.algorithm]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            token = HTTPConnection(scope).headers["authorization"].removeprefix("Bearer ")
            scope["claims"] = pyjwt.decode(
                token, self._key, algorithms=self._algorithms, audience=AUDIENCE, issuer=ISSUER
            )
        await self._app(scope, receive, send)


def _tutorial(signer: Signer) -> Any:
    """https://fastapi.tiangolo.com/tutorial/security/oauth2-jwt/, with the issuer's public key instead of a secret."""
    oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")
    key, algorithms = pyjwt.PyJWK(signer.jwk), [signer.algorithm]

    async def get_current_user(token: Annotated[str, Depends(oauth2_scheme)]) -> Any:
        try:
            claims = pyjwt.decode(token, key, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER)
        except pyjwt.InvalidTokenError:
            raise HTTPException(401, "Could not validate credentials", {"WWW-Authenticate": "Bearer"}) from None
        return claims["sub"]

    return get_current_user


def _http_bearer(signer: Signer) -> Any:
    scheme, keys, algorithms = HTTPBearer(), signer.jwk_set, [signer.algorithm]

    async def claims(credentials: Annotated[HTTPAuthorizationCredentials, Depends(scheme)]) -> Any:
        return jose_jwt.decode(credentials.credentials, keys, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER)

    return claims
