"""Ends what outlives a single answer, a WebSocket or a stream, when its token expires."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.exceptions import WebSocketException

from jwtguard.access_token import AccessToken

POLICY_VIOLATION: Final = 1008
"""The WebSocket close code of a refusal (RFC 6455 section 7.4.1)."""


class Expired(WebSocketException):
    """The token has expired; Starlette closes the WebSocket for it, with code 1008."""

    def __init__(self) -> None:
        super().__init__(POLICY_VIOLATION, "expired")


@asynccontextmanager
async def until_expiry(token: AccessToken[Any], *, now: float) -> AsyncIterator[None]:
    """Run a block until it ends or the token expires, whichever comes first.

    Args:
        token: a good token.
        now: seconds since the epoch.

    Raises:
        Expired: when the token has expired.
    """
    expiry = asyncio.timeout(max(0.0, token.expires_at - now))
    try:
        async with expiry:
            yield
    except TimeoutError:
        if expiry.expired():
            raise Expired from None
        raise
