"""Protects a whole ASGI application: every path but the public ones takes a good access token."""

import json
from collections.abc import Awaitable, Callable, Iterable
from inspect import isawaitable

from starlette.authentication import AuthCredentials, BaseUser, UnauthenticatedUser
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from jwtguard.access_token import AccessToken
from jwtguard.answer import answer_detail, answer_headers
from jwtguard.credentials import checked_protocol
from jwtguard.errors import ConfigurationError, CredentialsRequired, JWTGuardError
from jwtguard.expiry import POLICY_VIOLATION
from jwtguard.presented import Awaited, awaited_token, came_with_a_token, presented_token
from jwtguard.public_paths import PublicPaths
from jwtguard.resource_server import ResourceServer

Answer = Callable[[HTTPConnection, JWTGuardError], Response | Awaitable[Response]]
"""Makes the response to a refused request."""


class TokenBearer(BaseUser):
    """Whoever presented a good access token, as Starlette's `request.user`.

    Attributes:
        token: the validated access token.
    """

    __slots__ = ("token",)

    def __init__(self, token: AccessToken) -> None:
        self.token = token

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def display_name(self) -> str:
        return self.identity

    @property
    def identity(self) -> str:
        """The subject, or the client where the token names no subject."""
        return self.token.subject or self.token.client_id or ""


class GuardMiddleware:
    """Lets requests with a good access token through to the application, and answers the others itself.

    A request that passes finds the token's bearer in `scope["user"]` and its scopes in `scope["auth"]`, so that
    Starlette's `@requires("scope")` works; on a public path, or without a token where tokens are optional, it finds an
    anonymous one. CORS preflight requests pass: by definition they carry no credentials. `CORSMiddleware` belongs
    outside, that is, added after this one, so that scripts of other origins can read a refusal.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        resource_server: ResourceServer,
        public: Iterable[str] = (),
        optional: bool = False,
        websocket_protocol: str | None = None,
        answer: Answer | None = None,
    ) -> None:
        """Wrap an application.

        Args:
            app: the application.
            resource_server: what decides on tokens.
            public: paths that need no token: exact ones, or all that begin with what stands before a trailing `*`.
            optional: let requests without a token through, as anonymous; a bad token is refused all the same.
            websocket_protocol: lets a browser, which cannot set the header, present its token as a WebSocket
                subprotocol: with "bearer" here, `new WebSocket(url, ["bearer", token])` there, and
                `websocket.accept(subprotocol="bearer")` in the handler.
            answer: a function, async or not, that makes the response to a refused request, instead of the JSON one; it
                takes the status from `error.status` and the headers from `jwtguard.answer.answer_headers(error)`.

        Raises:
            ConfigurationError: where this cannot work; the text says what to write instead.
        """
        if not isinstance(resource_server, ResourceServer):
            raise ConfigurationError(
                f"resource_server is a ResourceServer(issuer, audience=…), not {type(resource_server).__name__}"
            )
        if not isinstance(optional, bool):
            raise ConfigurationError(f"optional is True or False, not {optional!r}")
        if answer is not None and not callable(answer):
            raise ConfigurationError(
                f"answer is a function of the connection and the error, not {type(answer).__name__}"
            )
        self._app = app
        self._resource_server = resource_server
        self._public = PublicPaths(public)
        self._optional = optional
        self._websocket_protocol = checked_protocol(websocket_protocol)
        self._answer = answer or self._json_answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Decide on one connection (ASGI 3)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if self._public.holds(scope) or _is_preflight(scope):
            _leave_anonymous(scope)
            await self._app(scope, receive, send)
            return
        try:
            token = presented_token(scope, self._resource_server, self._websocket_protocol)
            if isinstance(token, Awaited):
                token = await awaited_token(scope, self._resource_server, token)
        except CredentialsRequired as error:
            if not self._optional or error.reason != "credentials_missing":
                await self._refuse(error, scope, receive, send)
                return
            _leave_anonymous(scope)
        except JWTGuardError as error:
            await self._refuse(error, scope, receive, send)
            return
        else:
            scope["auth"], scope["user"] = AuthCredentials(token.scopes), TokenBearer(token)  # type: ignore[arg-type]
        await self._app(scope, receive, send)

    async def _refuse(self, error: JWTGuardError, scope: Scope, receive: Receive, send: Send) -> None:
        self._resource_server.observation.refused(error)
        if scope["type"] == "websocket" and not can_deny(scope):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": error.reason})
            return
        response = self._answer(HTTPConnection(scope), error)
        if isawaitable(response):
            response = await response
        await response(scope, receive, send)

    def _json_answer(self, connection: HTTPConnection, error: JWTGuardError) -> Response:  # noqa: ARG002
        return Response(
            json.dumps({"detail": answer_detail(error)}),
            status_code=error.status,
            headers=answer_headers(error, realm=self._resource_server.realm),
            media_type="application/json",
        )


def can_deny(scope: Scope) -> bool:
    """Whether the server can answer a WebSocket handshake with an HTTP response (ASGI's denial response extension)."""
    return "websocket.http.response" in (scope.get("extensions") or {})


def _leave_anonymous(scope: Scope) -> None:
    """Name an anonymous user, unless another middleware has found out who it is, by a session for one."""
    if "user" not in scope or (isinstance(scope["user"], TokenBearer) and not came_with_a_token(scope)):
        scope["auth"], scope["user"] = AuthCredentials(), UnauthenticatedUser()


def _is_preflight(scope: Scope) -> bool:
    """Whether it is a CORS preflight request (Fetch standard, section 3.2.2)."""
    if scope.get("method") != "OPTIONS":
        return False
    names = {name for name, _ in scope["headers"]}
    return b"origin" in names and b"access-control-request-method" in names
