"""Protects a whole ASGI application: every path but the public ones takes a good access token."""

import json
from collections.abc import Awaitable, Callable, Iterable
from inspect import isawaitable
from time import perf_counter
from typing import Final

import msgspec
from starlette.authentication import AuthCredentials, BaseUser, UnauthenticatedUser
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from jwtguard.access_token import AccessToken
from jwtguard.answer import answer_detail, answer_headers
from jwtguard.credentials import bearer_token, check_token68, checked_protocol, websocket_token
from jwtguard.errors import ConfigurationError, CredentialsRequired, JWTGuardError
from jwtguard.expiry import POLICY_VIOLATION
from jwtguard.public_paths import PublicPaths
from jwtguard.resource_server import ResourceServer

STATE_KEY: Final = "jwtguard.access_token"
"""Where the ASGI scope holds what was `Presented`, by the resource server that found it good."""

Answer = Callable[[HTTPConnection, JWTGuardError], Response | Awaitable[Response]]
"""Makes the response to a refused request."""


class Presented(msgspec.Struct):
    """The good token that a request came with.

    Attributes:
        headers: those that it came in. A request that an application makes out of its own has others, and none of this.
        text: the token's bytes.
        token: what it means.
        confirmed: whether its authorization server has vouched for it during this request.
    """

    headers: object
    text: bytes
    token: AccessToken
    confirmed: bool = False

    def __repr__(self) -> str:
        return f"Presented({self.token!r}, confirmed={self.confirmed})"


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
            token = await access_token(scope, self._resource_server, self._websocket_protocol)
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


async def access_token(
    scope: Scope, resource_server: ResourceServer, websocket_protocol: str | None = None
) -> AccessToken:
    """Return the good access token of a connection; it is kept in the scope, so that nobody validates it again.

    Args:
        scope: the ASGI scope of an HTTP request or a WebSocket.
        resource_server: what decides.
        websocket_protocol: the WebSocket subprotocol behind which a token may stand.

    Raises:
        JWTGuardError: where there is none, or it is not good.
    """
    headers, seen = scope["headers"], scope.get(STATE_KEY)
    if seen is not None and (earlier := _presented(scope, resource_server)) is not None:
        return earlier.token
    observed = resource_server.observation.on_event is not None
    began = perf_counter() if observed else 0.0
    if websocket_protocol is not None and scope["type"] == "websocket":
        text = websocket_token(headers, websocket_protocol)
        token_text = text.decode("latin-1")
        scope["subprotocols"] = [name for name in scope.get("subprotocols", ()) if name != token_text]
    else:
        text = bearer_token(headers)
    digest, token = resource_server.recall(text)
    cached = token is not None
    if token is not None:
        presented = Presented(headers, text, token)
    else:
        check_token68(text)
        decision = await resource_server.examine(text, digest)
        token, seen = decision.token, scope.get(STATE_KEY)
        presented = Presented(headers, text, token, decision.confirmed)
    # A new one: copies of the scope, for requests that are made out of this one, share the old.
    scope[STATE_KEY] = {**seen, resource_server: presented} if seen else {resource_server: presented}
    if observed:
        resource_server.observation.accepted(token.issuer, cached=cached, began=began)
    return token


def validated_token(scope: Scope, resource_server: ResourceServer) -> AccessToken | None:
    """Return what `access_token` has returned for a connection; None where it was not asked.

    Args:
        scope: the ASGI scope of an HTTP request or a WebSocket.
        resource_server: what decided.
    """
    presented = _presented(scope, resource_server)
    return None if presented is None else presented.token


async def confirm(scope: Scope, resource_server: ResourceServer) -> None:
    """Have the authorization server vouch for the connection's good token, once for each request.

    Args:
        scope: an ASGI scope for which `access_token` has returned.
        resource_server: what decided then.

    Raises:
        JWTGuardError: where it does not, or cannot be asked.
    """
    presented = _presented(scope, resource_server)
    if presented is None:
        raise ConfigurationError(
            "fresh=True cannot ask about a token that a dependency override made up: override it too"
        )
    if not presented.confirmed:
        await resource_server.confirm(presented.text, presented.token)
        presented.confirmed = True


def _presented(scope: Scope, resource_server: ResourceServer) -> Presented | None:
    presented: Presented | None = scope.get(STATE_KEY, {}).get(resource_server)
    # Not by identity: whoever reads Starlette's `request.headers` puts a copy of them there.
    return presented if presented is not None and presented.headers == scope["headers"] else None


def can_deny(scope: Scope) -> bool:
    """Whether the server can answer a WebSocket handshake with an HTTP response (ASGI's denial response extension)."""
    return "websocket.http.response" in (scope.get("extensions") or {})


def _leave_anonymous(scope: Scope) -> None:
    """Name an anonymous user, unless another middleware has found out who it is, by a session for one."""
    if "user" not in scope or (isinstance(scope["user"], TokenBearer) and not _came_with_a_token(scope)):
        scope["auth"], scope["user"] = AuthCredentials(), UnauthenticatedUser()


def _came_with_a_token(scope: Scope) -> bool:
    """Whether what was found good came with this very request, and not with one that it was made out of."""
    return any(presented.headers == scope["headers"] for presented in scope.get(STATE_KEY, {}).values())


def _is_preflight(scope: Scope) -> bool:
    """Whether it is a CORS preflight request (Fetch standard, section 3.2.2)."""
    if scope.get("method") != "OPTIONS":
        return False
    names = {name for name, _ in scope["headers"]}
    return b"origin" in names and b"access-control-request-method" in names
