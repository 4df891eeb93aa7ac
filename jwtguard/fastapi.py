"""Protects FastAPI routes: a dependency that hands over the validated token and shows in OpenAPI."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, Generic, NoReturn, TypeVar

from fastapi import HTTPException, Security, WebSocketException
from fastapi.openapi.models import OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketState

from jwtguard.access_token import AccessToken, Claims
from jwtguard.answer import answer_detail, answer_headers
from jwtguard.credentials import checked_protocol
from jwtguard.errors import ConfigurationError, InsufficientScope, JWTGuardError
from jwtguard.expiry import POLICY_VIOLATION, stream_until_expiry, until_expiry
from jwtguard.middleware import can_deny
from jwtguard.openapi import answers, flows_of, security_scheme
from jwtguard.presented import Awaited, awaited_token, confirm, presented_token, validated_token
from jwtguard.requirements import requirements, scope_tokens
from jwtguard.resource_server import ResourceServer
from jwtguard.typed_claims import TypedClaims

_Item = TypeVar("_Item")


class Refusal(HTTPException):
    """The HTTP form of a refusal; register an exception handler for it to answer in another form.

    Attributes:
        error: the refusal itself, with its `reason`.
    """

    def __init__(self, error: JWTGuardError, *, realm: str | None) -> None:
        super().__init__(error.status, answer_detail(error), answer_headers(error, realm=realm))
        self.error = error


class _ParenthesesForgotten:
    """Stops `Depends(guard.require)`: FastAPI would take the requirements from the request, and ask for no token."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> NoReturn:
        raise ConfigurationError("write Depends(guard.require(…)), with its parentheses")


class Guard(SecurityBase, Generic[Claims]):
    """A FastAPI dependency that lets only requests with a good access token through, and hands that token over.

    Works as `Depends(guard)`, `Security(guard, scopes=[…])` and `Depends(guard.require(…))`, on routes, routers and the
    whole application, for HTTP and WebSocket. Where `GuardMiddleware` has validated the token, its result is used.
    FastAPI asks dependencies after it has read and parsed the body, and none for its own documentation: where that
    matters, the middleware is the one to refuse.

    Attributes:
        responses: the 401 and the 403 that a guarded operation may answer, for OpenAPI: pass it as `responses=` to
            whatever the guard protects: `FastAPI`, an `APIRouter` or a route.
    """

    def __init__(
        self,
        resource_server: ResourceServer,
        *,
        claims: type[Claims] | None = None,
        flows: OAuthFlows | None = None,
        websocket_protocol: str | None = None,
        scheme_name: str = "access_token",
    ) -> None:
        """Make the dependency.

        Args:
            resource_server: what decides on tokens.
            claims: the form in which handlers want the claims: a pydantic model, a TypedDict or a dataclass. A token
                whose claims do not fit is refused with 401. Requests with one token share them, so declare them frozen.
                By default they come as they are, in an immutable dict.
            flows: how a client gets a token, for Swagger UI's Authorize button; without, and without `discover_flows`,
                it asks for the token itself.
            websocket_protocol: the WebSocket subprotocol behind which a browser names its token, as `GuardMiddleware`
                has it.
            scheme_name: the security scheme's name in OpenAPI.

        Raises:
            ConfigurationError: where `resource_server` is not one.
        """
        if not isinstance(resource_server, ResourceServer):
            raise ConfigurationError(
                f"a Guard takes a ResourceServer(issuer, audience=…), not {type(resource_server).__name__}"
            )
        self._resource_server = resource_server
        self._websocket_protocol = checked_protocol(websocket_protocol)
        self._typed_claims = None if claims is None else TypedClaims(claims)
        self.scheme_name = scheme_name
        self.model = security_scheme(flows)
        self.responses = answers()

    async def __call__(self, connection: HTTPConnection, security_scopes: SecurityScopes) -> AccessToken[Claims]:
        """Validate the request's token, unless that was done before, and check the operation's scopes.

        Raises:
            Refusal: for HTTP, and for a WebSocket where the server can answer the handshake.
            WebSocketException: with close code 1008 where it cannot.
            ConfigurationError: where a scope that the token lacks is not a scope token, and no token can have it.
        """
        try:
            token = presented_token(connection.scope, self._resource_server, self._websocket_protocol)
            if isinstance(token, Awaited):
                token = await awaited_token(connection.scope, self._resource_server, token)
            if not token.scopes.issuperset(security_scopes.scopes):
                raise InsufficientScope(scopes=scope_tokens(security_scopes.scopes))
            if self._typed_claims is None:
                return token  # type: ignore[return-value]  # Claims is FrozenDict then, and cast() takes its time
            return self._typed_claims.of(token)
        except JWTGuardError as error:
            raise self._refusal(error, connection) from None

    def require(
        self,
        *,
        scopes: Annotated[Iterable[str], _ParenthesesForgotten()] = (),
        any_scope: Iterable[str] | None = None,
        roles: Iterable[str] = (),
        any_role: Iterable[str] | None = None,
        permissions: Iterable[str] = (),
        claims: Mapping[str, Any] | None = None,
        fresh: bool = False,
    ) -> Callable[..., Awaitable[AccessToken[Claims]]]:
        """Return a dependency that asks for more than a good token.

        Args:
            scopes: scopes that the token must all have; they show in OpenAPI.
            any_scope: scopes of which the token must have one.
            roles: roles that it must all have; `Issuer(roles_claims=…)` says where they are.
            any_role: roles of which it must have one.
            permissions: permissions that it must all have; `Issuer(permissions_claims=…)` says where they are.
            claims: claims that the token must have, each with its JSON value, equal in type too, or with a function
                that is given the value and tells whether it will do.
            fresh: have the authorization server vouch for the token during this very request (RFC 7662), last of all.

        Raises:
            ConfigurationError: where no token could satisfy this, or every one would; for `fresh`, also where an issuer
                has no introspection configured.
        """
        required = requirements(
            scopes=scopes,
            any_scope=any_scope,
            roles=roles,
            any_role=any_role,
            permissions=permissions,
            claims=claims,
        )
        if fresh:
            self._resource_server.check_confirms()

        async def requirement(
            connection: HTTPConnection,
            token: Annotated[AccessToken[Claims], Security(self, scopes=list(required.scopes))],
        ) -> AccessToken[Claims]:
            try:
                required.check(self._as_validated(token, connection))
                if fresh:
                    await confirm(connection.scope, self._resource_server)
            except JWTGuardError as error:
                raise self._refusal(error, connection) from None
            return token

        return requirement

    async def discover_flows(self, *, scopes: Mapping[str, str] | None = None) -> None:
        """Learn from the issuer's metadata how a client gets a token, for Swagger UI's Authorize button.

        Call it in the application's lifespan, within `resource_server.lifespan`, before the schema is first asked for.
        Where the metadata cannot be had, the scheme stays as it is.

        Args:
            scopes: what each scope allows, for those who choose; by default the names that the metadata has.
        """
        metadata = await self._resource_server.metadata()
        flows = None if metadata is None else flows_of(metadata, scopes=scopes or {})
        if flows is not None:
            self.model = security_scheme(flows)

    def until_expiry(self, token: AccessToken[Any]) -> AbstractAsyncContextManager[None]:
        """Return a block that ends when the token expires: `async with guard.until_expiry(token):`.

        Around what a WebSocket does, it keeps the connection open no longer than its token is good, and has it closed
        with code 1008 then. A stream takes `stream_until_expiry`.

        Raises:
            Expired: within the block, when the token has expired.
        """
        return until_expiry(token, now=self._resource_server.now())

    def stream_until_expiry(self, token: AccessToken[Any], items: AsyncIterable[_Item]) -> AsyncIterator[_Item]:
        """Yield what a stream sends until the token expires: `StreamingResponse(guard.stream_until_expiry(token, …))`.

        Args:
            token: a good token.
            items: what is sent, for one the events of an async generator.
        """
        return stream_until_expiry(token, items, now=self._resource_server.now)

    def _as_validated(self, token: AccessToken[Any], connection: HTTPConnection) -> AccessToken[Any]:
        """Return the token with its claims as they came, for requirements; an override's token has no other form."""
        if self._typed_claims is None:
            return token
        return validated_token(connection.scope, self._resource_server) or token

    def _refusal(self, error: JWTGuardError, connection: HTTPConnection) -> Exception:
        good = validated_token(connection.scope, self._resource_server)
        if good is not None:  # the token is good, and not enough
            error.issuer, error.client_id = good.issuer, good.client_id
        self._resource_server.observation.refused(error)
        if isinstance(connection, WebSocket) and not (_is_unanswered(connection) and can_deny(connection.scope)):
            return WebSocketException(POLICY_VIOLATION, error.reason)
        return Refusal(error, realm=self._resource_server.realm)


def _is_unanswered(websocket: WebSocket) -> bool:
    """Whether the handshake still waits for its answer; an earlier dependency may have accepted it."""
    return websocket.application_state is WebSocketState.CONNECTING
