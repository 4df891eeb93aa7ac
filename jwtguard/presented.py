"""The good access token that a connection came with; kept in the ASGI scope, so that nobody validates it again."""

from time import perf_counter
from typing import Any, Final

import msgspec
from starlette.types import Scope

from jwtguard.access_token import AccessToken
from jwtguard.credentials import BEARER, authorization, bearer_token, check_token68, websocket_token
from jwtguard.errors import ConfigurationError
from jwtguard.resource_server import ResourceServer
from jwtguard.validation import Waiting

STATE_KEY: Final = "jwtguard.access_token"
"""Where the ASGI scope holds what was `Presented`, by the resource server that found it good."""


class Presented(msgspec.Struct):
    """The good token that a request came with.

    Attributes:
        headers: those that it came in. A request that an application makes out of its own has others, and none of this.
        credentials: `BEARER` and the token's bytes.
        token: what it means.
        confirmed: whether its authorization server has vouched for it during this request.
    """

    headers: object
    credentials: bytes
    token: AccessToken
    confirmed: bool = False

    def __repr__(self) -> str:
        return f"Presented({self.token!r}, confirmed={self.confirmed})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []  # msgspec's would have rich show all of it


class Awaited(msgspec.Struct):
    """A token that it takes waiting to decide on.

    Attributes:
        headers: those that it came in.
        credentials: `BEARER` and its bytes.
        digest: what to remember it under.
        waiting: what is known of it.
        began: when its validation began, by `time.perf_counter`; 0 where nobody observes.
    """

    headers: object
    credentials: bytes
    digest: bytes
    waiting: Waiting
    began: float

    def __repr__(self) -> str:
        return "Awaited()"  # the rest is the token, which no log may hold

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []  # msgspec's would have rich show all of it


def presented_token(
    scope: Scope, resource_server: ResourceServer, websocket_protocol: str | None = None
) -> AccessToken | Awaited:
    """Return the access token of a connection, if it is good, as far as that takes no waiting.

    For most requests it takes none, and a coroutine would cost them more than its await.

    Args:
        scope: the ASGI scope of an HTTP request or a WebSocket.
        resource_server: what decides.
        websocket_protocol: the WebSocket subprotocol behind which a token may stand.

    Returns:
        The token, or what `awaited_token` takes.

    Raises:
        JWTGuardError: where there is none, it is presented in a wrong way, or it is not good.
    """
    if STATE_KEY in scope and (earlier := _presented(scope, resource_server)) is not None:
        return earlier.token
    observed = resource_server.observation.on_event is not None
    began = perf_counter() if observed else 0.0
    if websocket_protocol is not None and scope["type"] == "websocket":
        credentials = BEARER + _websocket_token(scope, websocket_protocol)
    else:
        credentials = authorization(scope["headers"])
    digest, token = resource_server.validation.recall(credentials)
    if token is None and credentials != (usual := BEARER + bearer_token(credentials)):
        credentials = usual  # the header has them in another way: a "bearer", more spaces
        digest, token = resource_server.validation.recall(credentials)
    cached = token is not None
    if token is None:
        text = credentials[len(BEARER) :]
        check_token68(text)
        examined = resource_server.validation.examine(text, digest)
        if not isinstance(examined, AccessToken):
            return Awaited(scope["headers"], credentials, digest, examined, began)
        token = examined
    _keep(Presented(scope["headers"], credentials, token), scope, resource_server)
    if observed:
        resource_server.observation.accepted(token.issuer, cached=cached, began=began)
    return token


def _websocket_token(scope: Scope, protocol: str) -> bytes:
    text = websocket_token(scope["headers"], protocol)
    token_text = text.decode("latin-1")
    scope["subprotocols"] = [name for name in scope.get("subprotocols", ()) if name != token_text]
    return text


async def awaited_token(scope: Scope, resource_server: ResourceServer, awaited: Awaited) -> AccessToken:
    """Return the token of a connection, if it is good.

    Args:
        scope: the ASGI scope of an HTTP request or a WebSocket.
        resource_server: what decides.
        awaited: the token.

    Raises:
        JWTGuardError: where it is not.
    """
    text = awaited.credentials[len(BEARER) :]
    decision = await resource_server.validation.decide(awaited.waiting, text, awaited.digest)
    token = decision.token
    _keep(Presented(awaited.headers, awaited.credentials, token, decision.confirmed), scope, resource_server)
    if awaited.began:
        resource_server.observation.accepted(token.issuer, cached=False, began=awaited.began)
    return token


def validated_token(scope: Scope, resource_server: ResourceServer) -> AccessToken | None:
    """Return the token that was found good for a connection; None where none was, or nobody asked.

    Args:
        scope: the ASGI scope of an HTTP request or a WebSocket.
        resource_server: what decided.
    """
    presented = _presented(scope, resource_server)
    return None if presented is None else presented.token


async def confirm(scope: Scope, resource_server: ResourceServer) -> None:
    """Have the authorization server vouch for the connection's good token, once for each request.

    Args:
        scope: the ASGI scope of a connection whose token was found good.
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
        await resource_server.validation.confirm(presented.credentials[len(BEARER) :], presented.token)
        presented.confirmed = True


def _presented(scope: Scope, resource_server: ResourceServer) -> Presented | None:
    presented: Presented | None = scope.get(STATE_KEY, {}).get(resource_server)
    # Not by identity: whoever reads Starlette's `request.headers` puts a copy of them there.
    return presented if presented is not None and presented.headers == scope["headers"] else None


def came_with_a_token(scope: Scope) -> bool:
    """Whether what was found good came with this very request, and not with one that it was made out of."""
    return any(presented.headers == scope["headers"] for presented in scope.get(STATE_KEY, {}).values())


def _keep(presented: Presented, scope: Scope, resource_server: ResourceServer) -> None:
    # A new dict: copies of the scope, for requests that are made out of this one, share the old one.
    scope[STATE_KEY] = {**scope.get(STATE_KEY, {}), resource_server: presented}
