"""Protects FastAPI routes: a dependency that hands over the validated token and shows in OpenAPI."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, Any

from fastapi import HTTPException, Security, WebSocketException
from fastapi.openapi.models import HTTPBearer, OAuthFlows
from fastapi.openapi.models import OAuth2 as OAuth2Model
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from jwtguard.access_token import AccessToken
from jwtguard.answer import answer_detail, answer_headers
from jwtguard.challenge import check_scopes
from jwtguard.errors import ConfigurationError, InsufficientScope, JWTGuardError
from jwtguard.middleware import POLICY_VIOLATION, STATE_KEY, access_token, can_deny
from jwtguard.resource_server import ResourceServer

Requirement = Callable[..., Awaitable[AccessToken]]
"""A dependency that FastAPI awaits."""


class Refusal(HTTPException):
    """The HTTP form of a refusal; register an exception handler for it to answer in another form.

    Attributes:
        error: the refusal itself, with its `reason`.
    """

    def __init__(self, error: JWTGuardError, *, realm: str | None) -> None:
        super().__init__(error.status, answer_detail(error), answer_headers(error, realm=realm))
        self.error = error


class Guard(SecurityBase):
    """A FastAPI dependency that lets only requests with a good access token through, and hands that token over.

    Works as `Depends(guard)`, `Security(guard, scopes=[…])` and `Depends(guard.require(…))`, on routes, routers and the
    whole application, for HTTP and WebSocket. Where `GuardMiddleware` has validated the token, its result is used.

    Attributes:
        responses: the answers that a guarded operation may give besides its own, for OpenAPI: pass it as `responses=`
            to `FastAPI`, an `APIRouter` or a route.
    """

    def __init__(
        self, resource_server: ResourceServer, *, flows: OAuthFlows | None = None, scheme_name: str = "access_token"
    ) -> None:
        """Make the dependency.

        Args:
            resource_server: what decides on tokens.
            flows: how a client gets a token, for Swagger UI's Authorize button; without, it asks for the token itself.
            scheme_name: the security scheme's name in OpenAPI.

        Raises:
            ConfigurationError: where `resource_server` is none.
        """
        if not isinstance(resource_server, ResourceServer):
            raise ConfigurationError(f"a Guard takes a ResourceServer, not {type(resource_server).__name__}")
        self._resource_server = resource_server
        self.scheme_name = scheme_name
        self.model = (
            HTTPBearer(bearerFormat="JWT", description="An access token of OAuth 2.0 (RFC 6750).")
            if flows is None
            else OAuth2Model(flows=flows)
        )
        self.responses = _RESPONSES

    async def __call__(self, connection: HTTPConnection, security_scopes: SecurityScopes) -> AccessToken:
        """Validate the request's token, unless that was done before, and check the operation's scopes.

        Raises:
            Refusal: for HTTP, and for a WebSocket where the server can answer the handshake.
            WebSocketException: with close code 1008 where it cannot.
        """
        scope = connection.scope
        try:
            seen = scope.get(STATE_KEY)
            if seen is not None and seen[0] is self._resource_server:
                token: AccessToken = seen[1]
            else:
                token = await access_token(scope, self._resource_server)
            if not token.scopes.issuperset(security_scopes.scopes):
                raise InsufficientScope(scopes=tuple(security_scopes.scopes))
        except JWTGuardError as error:
            raise self._refusal(error, connection) from None
        return token

    def require(
        self,
        *,
        scopes: Iterable[str] = (),
        any_scope: Iterable[str] = (),
        claims: Mapping[str, Any] | None = None,
    ) -> Requirement:
        """Return a dependency that asks for more than a good token.

        Args:
            scopes: scopes that the token must all have; they show in OpenAPI.
            any_scope: scopes of which the token must have one.
            claims: claims that the token must have, each with its value, or with a callable that is given the value and
                tells whether it will do.

        Raises:
            ConfigurationError: where a scope is not a scope token.
        """
        every, some, wanted = _scopes(scopes), _scopes(any_scope), dict(claims or {})

        async def requirement(
            connection: HTTPConnection, token: Annotated[AccessToken, Security(self, scopes=list(every))]
        ) -> AccessToken:
            try:
                if some and token.scopes.isdisjoint(some):
                    raise InsufficientScope(scopes=some, detail=f"one of {', '.join(some)} is required")
                _check_claims(token, wanted)
            except JWTGuardError as error:
                raise self._refusal(error, connection) from None
            return token

        return requirement

    def _refusal(self, error: JWTGuardError, connection: HTTPConnection) -> Exception:
        if connection.scope["type"] == "websocket" and not can_deny(connection.scope):
            return WebSocketException(POLICY_VIOLATION, error.reason)
        return Refusal(error, realm=self._resource_server.realm)


def _scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    several = (scopes,) if isinstance(scopes, str) else tuple(scopes)
    check_scopes(several)
    return several


def _check_claims(token: AccessToken, wanted: Mapping[str, Any]) -> None:
    for name, expected in wanted.items():
        if name not in token.claims or not _will_do(token.claims[name], expected):
            raise InsufficientScope("insufficient_claims", detail=f"the claim {name!r} is not as this route requires")


def _will_do(value: Any, expected: Any) -> bool:
    if callable(expected):
        return bool(expected(value))
    return type(value) is type(expected) and bool(value == expected)


def _answer_schema(description: str) -> dict[str, Any]:
    detail = {"type": "object", "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}}}
    return {
        "description": description,
        "headers": {
            "WWW-Authenticate": {"description": "The challenge (RFC 6750 section 3).", "schema": {"type": "string"}}
        },
        "content": {"application/json": {"schema": {"type": "object", "properties": {"detail": detail}}}},
    }


_RESPONSES: dict[int | str, dict[str, Any]] = {
    401: _answer_schema("No access token, or one that is not valid here."),
    403: _answer_schema("The access token does not allow this."),
}
