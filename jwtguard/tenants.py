"""Issuers that are looked up when a token first names them: bounded, remembered, one look-up at a time for each."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from cachetools import LRUCache

from jwtguard.errors import ConfigurationError, Unavailable
from jwtguard.issuer import Issuer, TrustedIssuer

Resolver = Callable[[str], Awaitable[Issuer | None]]
"""Takes the `iss` of a token that nobody has verified; returns the issuer of that name if it is trusted, else None."""

MOST_TENANTS: Final = 1000
MOST_REFUSED: Final = 10_000
REFUSAL_SECONDS: Final = 60.0
TENANT_SECONDS: Final = 3600.0
LOOKUP_SECONDS: Final = 5.0
MOST_LOOKUPS: Final = 100
LONGEST_NAME: Final = 2048

_log = logging.getLogger("jwtguard.tenants")


class Tenants:
    """The issuers that a resolver vouches for.

    A resolver is asked about names that anyone may send: at most 100 questions are open at once, an answer is kept for
    an hour, a refusal for a minute, and a question that takes longer than 5 s is given up.
    """

    def __init__(
        self, resolver: Resolver, *, trust: Callable[[Issuer], TrustedIssuer], clock: Callable[[], float]
    ) -> None:
        """Prepare to ask.

        Args:
            resolver: whom to ask.
            trust: puts an issuer to work.
            clock: seconds since the epoch.
        """
        self._resolver = resolver
        self._trust = trust
        self._clock = clock
        self._known: LRUCache[str, tuple[TrustedIssuer, float]] = LRUCache(MOST_TENANTS)
        self._refused: LRUCache[str, float] = LRUCache(MOST_REFUSED)
        self._lookups: dict[tuple[asyncio.AbstractEventLoop, str], asyncio.Task[TrustedIssuer | None]] = {}

    @property
    def trusted(self) -> tuple[TrustedIssuer, ...]:
        """The issuers known at present."""
        return tuple(issuer for issuer, _ in self._known.values())

    def known(self, name: str, now: float) -> TrustedIssuer | None:
        """Return the issuer if it was resolved before and the answer still holds."""
        entry = self._known.get(name)
        return entry[0] if entry is not None and 0 <= now - entry[1] < TENANT_SECONDS else None

    async def find(self, name: str) -> TrustedIssuer | None:
        """Return the issuer of that name, or None where it is not trusted.

        Raises:
            Unavailable: `issuer_unreachable` where the resolver fails, is too slow, or has too many questions open.
        """
        now = self._clock()
        known = self.known(name, now)
        if known is not None:
            return known
        refused_at = self._refused.get(name)
        if len(name) > LONGEST_NAME or (refused_at is not None and 0 <= now - refused_at < REFUSAL_SECONDS):
            return None
        lookup = self._lookup(name)
        await asyncio.wait([lookup])
        return lookup.result()

    def _lookup(self, name: str) -> asyncio.Task[TrustedIssuer | None]:
        loop = asyncio.get_running_loop()
        task = self._lookups.get((loop, name))
        if task is not None:
            return task
        if len(self._lookups) >= MOST_LOOKUPS:
            raise Unavailable(
                "issuer_unreachable", retry_after=1, detail=f"{MOST_LOOKUPS} issuers are being resolved already"
            )
        task = self._lookups[loop, name] = loop.create_task(self._resolve(name))
        task.add_done_callback(lambda _: self._lookups.pop((loop, name), None))
        return task

    async def _resolve(self, name: str) -> TrustedIssuer | None:
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                issuer = await self._resolver(name)
        except Exception as error:  # noqa: BLE001  (the resolver is the application's own code and may raise anything)
            _log.exception("the resolver failed")
            raise Unavailable(
                "issuer_unreachable", retry_after=1, detail=f"the resolver failed: {type(error).__name__}"
            ) from None
        if issuer is None:
            self._refused[name] = self._clock()
            return None
        return self._remember(name, issuer)

    def _remember(self, name: str, issuer: Issuer) -> TrustedIssuer:
        if issuer.url != name:
            _log.error("the resolver was asked for one issuer and returned %r", issuer.url)
            raise Unavailable(
                "issuer_unreachable", retry_after=60, detail=f"the resolver returned another issuer, {issuer.url!r}"
            )
        entry = self._known.get(name)
        try:
            # The same configuration again keeps its keys; only a changed one starts anew.
            trusted = entry[0] if entry is not None and entry[0].configured == issuer else self._trust(issuer)
        except ConfigurationError as error:
            _log.error("the resolver returned an issuer that cannot work: %s", error)
            raise Unavailable("issuer_unreachable", retry_after=60, detail=str(error)) from None
        self._known[name] = trusted, self._clock()
        return trusted
