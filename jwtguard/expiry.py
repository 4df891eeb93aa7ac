"""Ends what outlives a single answer, a WebSocket or a stream, when its token expires."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, nullcontext
from typing import Any, Final, TypeVar

from starlette.exceptions import WebSocketException

from jwtguard.access_token import AccessToken

POLICY_VIOLATION: Final = 1008
"""The WebSocket close code of a refusal (RFC 6455 section 7.4.1)."""

_Item = TypeVar("_Item")


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


async def stream_until_expiry(
    token: AccessToken[Any], items: AsyncIterable[_Item], *, now: Callable[[], float]
) -> AsyncIterator[_Item]:
    """Yield items until there are no more or the token expires, whichever comes first.

    The timer runs only while an item is awaited, never across a `yield`: so it cannot cancel whoever sends the items,
    in the middle of one (PEP 789).

    Args:
        token: a good token.
        items: what to yield; a generator among them is closed at the end.
        now: returns the seconds since the epoch.
    """
    iterator = aiter(items)
    async with aclosing(iterator) if isinstance(iterator, AsyncGenerator) else nullcontext():
        while (moment := now()) < token.expires_at:  # items that are there at once leave the timer no time
            try:
                async with until_expiry(token, now=moment):
                    item = await anext(iterator)
            except (Expired, StopAsyncIteration):
                return
            yield item
