"""An issuer's published keys: fetched at the first need, refreshed ahead of their end, kept through outages."""

import logging
import random
from collections.abc import Callable, Iterable
from itertools import count
from math import ceil, inf
from threading import Lock
from typing import Final

import msgspec

from jwtguard.errors import InvalidKeySet, Unavailable
from jwtguard.freshness import refresh_delay, retry_delay
from jwtguard.http import HTTP, Deadline, ExchangeFailed
from jwtguard.jwk import VerificationKey
from jwtguard.key_set import KeySet
from jwtguard.key_set_fetch import NOTHING_PUBLISHED, PublishedKeys, fetch_key_set
from jwtguard.key_source import Calm, IssuerHealth
from jwtguard.metadata import Metadata, MetadataRefused, fetch_metadata
from jwtguard.refetch import RefetchBudget
from jwtguard.single_flight import SingleFlight

OUTAGE_TOLERANCE: Final = 24 * 3600.0
"""Seconds after the last good fetch for which a key set serves while the issuer cannot be reached."""
LONGEST_RETRY: Final = 300.0
"""Seconds between attempts, at the most, while an older key set serves."""
LONGEST_WANTED_RETRY: Final = 15.0
"""The same while requests are answered 503 for want of a key."""

_log = logging.getLogger("jwtguard.keys")


class _State(msgspec.Struct, frozen=True):
    """All that is known of the keys, swapped whole, so that event loops in several threads never see half of it.

    Attributes:
        published: what the last good fetch brought.
        fetched_at: when that was, seconds since the epoch.
        attempt: the number of the fetch that it came of.
        planned_at: when the following times were set; a clock that shows less has been set back.
        refresh_at: when to fetch next.
        wanted_at: when to fetch next if a key is wanted that is not there, after a failure.
        failures: how many fetches have failed since.
        error: what the last one failed with.
    """

    published: PublishedKeys | None = None
    fetched_at: float = -inf
    attempt: int = 0
    planned_at: float = -inf
    refresh_at: float = -inf
    wanted_at: float = -inf
    failures: int = 0
    error: str | None = None

    @property
    def calm_until(self) -> float:
        """Until when there is nothing to do but to use the keys."""
        return min(self.refresh_at, self.fetched_at + OUTAGE_TOLERANCE)

    def due(self, now: float) -> bool:
        """Whether it is time to fetch."""
        return not self.planned_at <= now < self.refresh_at

    def resting(self, now: float) -> bool:
        """Whether the last fetch failed so recently that another would only add to the issuer's trouble."""
        return self.failures > 0 and self.planned_at <= now < self.wanted_at

    def keys(self, now: float) -> KeySet | None:
        """The keys that serve."""
        return self.published.keys if self.published is not None and now < self.fetched_at + OUTAGE_TOLERANCE else None


class FetchedKeys:
    """An issuer's published keys.

    One immutable key set serves at a time and is swapped whole. Everything that waits for the network happens in one
    task per event loop; only requests that no known key can serve ever wait for it.
    """

    def __init__(
        self,
        issuer: str,
        *,
        jwks_uri: str | None,
        http: HTTP,
        clock: Callable[[], float],
        key_issuers: Iterable[str] = (),
        allow_http: bool = False,
        keyless: bool = False,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Prepare to fetch; nothing is fetched yet.

        Args:
            issuer: its URL.
            jwks_uri: where it publishes its keys; None to find out from its metadata.
            http: what to fetch with.
            clock: seconds since the epoch.
            key_issuers: what a key must have in its `issuer` member to serve; anything, if there are none.
            allow_http: let plain http through.
            keyless: it may publish no keys at all, because it can be asked about its tokens.
            chance: a random number from 0 to 1, for the jitter.
        """
        self._issuer = issuer
        self._jwks_uri = jwks_uri
        self._http = http
        self._clock = clock
        self._key_issuers = frozenset(key_issuers)
        self._allow_http = allow_http
        self._keyless = keyless
        self._chance = chance
        self._flight = SingleFlight(self._fetch)
        self._budget = RefetchBudget()
        self._attempts = count(1)
        self._metadata: Metadata | None = None
        self._lock = Lock()
        self._state = _State()
        self.calm = Calm(None, inf, -inf)

    def known(self, now: float) -> KeySet | None:
        calm = self.calm
        if calm.since <= now < calm.until:
            return calm.keys
        state = self._state
        if state.due(now):
            self._flight.start()
        return state.keys(now)

    async def find(self, kid: str | None, algorithm: str) -> VerificationKey:
        keys = self.known(self._clock()) or await self._obtain()
        if kid is None or keys.names(kid):
            return keys.find(kid, algorithm)
        await self._look_for(kid)
        now = self._clock()
        found = self._state.keys(now)
        if found is None or (self._state.failures and not found.names(kid)):
            raise self._unreachable(now)
        return found.find(kid, algorithm)

    async def _obtain(self) -> KeySet:
        if not self._state.resting(self._clock()):
            await self._flight.join()
        now = self._clock()
        keys = self._state.keys(now)
        if keys is None:
            raise self._unreachable(now)
        return keys

    async def _look_for(self, kid: str) -> None:
        """Have the keys fetched for a key ID that none of them has, as far as that is permitted."""
        if self._flight.under_way:
            # It may have begun before the key was published, so it proves nothing unless it brings the key.
            await self._flight.join()
            if self._has(kid):
                return
        if not self._flight.under_way and not self._may_fetch_for(kid):
            return
        await self._flight.join()
        if not self._has(kid) and not self._state.failures:
            self._budget.refuse(kid, now=self._clock())

    def _has(self, kid: str) -> bool:
        published = self._state.published
        return published is not None and published.keys.names(kid)

    def _may_fetch_for(self, kid: str) -> bool:
        now = self._clock()
        if self._state.failures:
            # The bucket is not for this: it would be empty, and each fetch of it wasted, when the issuer is back.
            return not self._state.resting(now)
        return self._budget.spend(kid, now=now)

    def _unreachable(self, now: float) -> Unavailable:
        state = self._state
        rest = ceil(state.wanted_at - now) if state.resting(now) else 1
        why = state.error or "the fetch was broken off"
        return Unavailable("issuer_unreachable", retry_after=rest, detail=f"no such key of {self._issuer}: {why}")

    async def metadata(self) -> Metadata | None:
        if self._metadata is None and self._jwks_uri is None and not self._state.resting(self._clock()):
            await self._flight.join()
        return self._metadata

    async def refresh(self) -> None:
        await self._flight.join()

    def health(self, now: float) -> IssuerHealth:
        state = self._state
        published = state.published
        return IssuerHealth(
            issuer=self._issuer,
            ready=state.keys(now) is not None,
            keys=len(published.keys.keys) if published is not None else 0,
            skipped=len(published.keys.skipped) if published is not None else 0,
            age=max(0.0, now - state.fetched_at) if published is not None else None,
            last_success=state.fetched_at if published is not None else None,
            last_error=state.error,
            next_refresh=max(now, state.refresh_at),
        )

    async def stop(self) -> None:
        await self._flight.stop()

    async def _fetch(self) -> None:
        attempt = next(self._attempts)
        try:
            published = await self._fetch_published(Deadline(self._http.timeout))
        except (ExchangeFailed, MetadataRefused, InvalidKeySet) as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001  (or whoever waits would never hear of it, and the next would hammer)
            _log.exception("fetching the keys of %s failed in an unforeseen way", self._issuer)
            self._failed(f"unforeseen: {type(error).__name__}")
        else:
            self._take(published, attempt)

    async def _fetch_published(self, deadline: Deadline) -> PublishedKeys:
        url = self._jwks_uri or await self._published_jwks_uri(deadline)
        if url is None:
            return NOTHING_PUBLISHED
        return await fetch_key_set(
            self._http,
            url,
            last=self._state.published,
            now=self._clock(),
            seconds=deadline.left(),
            key_issuers=self._key_issuers,
        )

    async def _published_jwks_uri(self, deadline: Deadline) -> str | None:
        known, published = self._metadata, self._state.published
        try:
            self._metadata = await fetch_metadata(
                self._http,
                self._issuer,
                first=known.url if known is not None else None,
                allow_http=self._allow_http,
                # What is left is for the keys, which may be reachable where the metadata is not.
                deadline=deadline if known is None else Deadline(deadline.half()),
                # One that has published keys does not stop doing so: its metadata is amiss, and the keys stay.
                keyless=self._keyless and (published is None or published is NOTHING_PUBLISHED),
            )
        except ExchangeFailed as failure:
            if known is None:
                raise
            _log.warning("the metadata of %s cannot be fetched, and the earlier one stands: %s", self._issuer, failure)
            return known.jwks_uri
        return self._metadata.jwks_uri

    def _take(self, published: PublishedKeys, attempt: int) -> None:
        now = self._clock()
        with self._lock:
            before = self._state
            if attempt < before.attempt:
                return  # another event loop began later and was quicker: what it has is newer
            delay = refresh_delay(published.lifetime, chance=self._chance())
            self._put(_State(published, fetched_at=now, attempt=attempt, planned_at=now, refresh_at=now + delay))
        if before.failures:
            _log.info("the keys of %s can be fetched again", self._issuer)
        if before.published is None or before.published.keys is not published.keys:
            self._tell_of(published.keys)

    def _tell_of(self, keys: KeySet) -> None:
        kids = (
            ", ".join(sorted({repr(key.kid) for key in keys.keys})) or "none, as its metadata names no place for them"
        )
        _log.info("the keys of %s are now %s", self._issuer, kids)
        for skipped in keys.skipped:
            _log.warning("a key of %s is skipped: number %d, %s", self._issuer, skipped.position, skipped.why)

    def _failed(self, why: str) -> None:
        now = self._clock()
        with self._lock:
            before = self._state
            failures = before.failures + 1
            longest = LONGEST_WANTED_RETRY if before.keys(now) is None else LONGEST_RETRY
            chance = self._chance()
            self._put(
                msgspec.structs.replace(
                    before,
                    fetched_at=min(before.fetched_at, now),
                    planned_at=now,
                    refresh_at=now + retry_delay(failures, longest=longest, chance=chance),
                    wanted_at=now + retry_delay(failures, longest=LONGEST_WANTED_RETRY, chance=chance),
                    failures=failures,
                    error=why,
                )
            )
        _log.warning("the keys of %s cannot be fetched (attempt %d): %s", self._issuer, failures, why)

    def _put(self, state: _State) -> None:
        self._state = state
        keys = state.published.keys if state.published is not None else None
        before, self.calm = self.calm, Calm(keys, state.planned_at, state.calm_until)
        before.over = True
