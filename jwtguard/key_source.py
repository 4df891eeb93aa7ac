"""Where an issuer's keys come from: configured once, or fetched and kept fresh without any request waiting for it."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from math import ceil, inf
from typing import Final, Protocol

from jwtguard.errors import InvalidKeySet, Unavailable
from jwtguard.freshness import lifetime, refresh_delay, retry_delay
from jwtguard.http import HTTP, Answer, ExchangeFailed
from jwtguard.jwk import KeySet, VerificationKey
from jwtguard.metadata import Metadata, MetadataRefused, fetch_metadata
from jwtguard.refetch import RefetchBudget
from jwtguard.single_flight import SingleFlight

OUTAGE_TOLERANCE: Final = 24 * 3600.0
"""Seconds after the last good fetch for which a key set serves while the issuer cannot be reached."""
LONGEST_RETRY: Final = 300.0
"""Seconds between attempts, at the most, while an older key set serves."""
LONGEST_FIRST_RETRY: Final = 15.0
"""The same while there are no keys at all, and every request is answered 503."""

_log = logging.getLogger("jwtguard.keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerHealth:
    """How one issuer's keys are.

    Attributes:
        issuer: its URL.
        ready: whether tokens can be validated now.
        keys: how many keys serve.
        skipped: how many published keys do not.
        age: seconds since the last good fetch; None for configured keys and before the first.
        last_success: when that was, seconds since the epoch.
        last_error: what the last attempt failed with; None if it did not.
        next_refresh: when the keys are fetched next, seconds since the epoch; None for configured keys.
    """

    issuer: str
    ready: bool
    keys: int
    skipped: int
    age: float | None = None
    last_success: float | None = None
    last_error: str | None = None
    next_refresh: float | None = None


class KeySource(Protocol):
    """Where the keys of one issuer are asked for."""

    def known(self, now: float) -> KeySet | None:
        """Return the keys that serve at this moment, without waiting; None if there are none."""
        ...

    async def find(self, kid: str | None, algorithm: str) -> VerificationKey:
        """Return the key that a token names, fetching keys if that may help.

        Raises:
            InvalidToken: `unknown_key`, `key_ambiguous`.
            Unavailable: `issuer_unreachable`.
        """
        ...

    async def metadata(self) -> Metadata | None:
        """Return the issuer's metadata, or None where none is fetched or can be had."""
        ...

    async def refresh(self) -> None:
        """Fetch the keys now, if they are fetched at all; failures show in `health`."""
        ...

    def health(self, now: float) -> IssuerHealth:
        """Tell how the keys are."""
        ...

    async def stop(self) -> None:
        """End what runs in the background on this event loop."""
        ...


class ConfiguredKeys:
    """Keys that came with the configuration, and stay."""

    def __init__(self, issuer: str, keys: KeySet) -> None:
        self._issuer = issuer
        self._keys = keys

    def known(self, now: float) -> KeySet:  # noqa: ARG002  (they do not age)
        return self._keys

    async def find(self, kid: str | None, algorithm: str) -> VerificationKey:
        return self._keys.find(kid, algorithm)

    async def metadata(self) -> None:
        return None

    async def refresh(self) -> None:
        return None

    def health(self, now: float) -> IssuerHealth:  # noqa: ARG002
        return IssuerHealth(issuer=self._issuer, ready=True, keys=len(self._keys.keys), skipped=len(self._keys.skipped))

    async def stop(self) -> None:
        return None


class FetchedKeys:
    """An issuer's published keys: fetched at the first need, refreshed ahead of their end, kept through outages.

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
        allow_http: bool = False,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Prepare to fetch; nothing is fetched yet.

        Args:
            issuer: its URL.
            jwks_uri: where it publishes its keys; None to find out from its metadata.
            http: what to fetch with.
            clock: seconds since the epoch.
            allow_http: let plain http through.
            chance: a random number from 0 to 1, for the jitter.
        """
        self._issuer = issuer
        self._jwks_uri = jwks_uri
        self._http = http
        self._clock = clock
        self._allow_http = allow_http
        self._chance = chance
        self._flight = SingleFlight(self._fetch)
        self._budget = RefetchBudget()
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None
        self._digest = b""
        self._validators: tuple[str, dict[str, str]] = ("", {})
        self._fetched_at = -inf
        self._refresh_at = -inf
        self._calm_until = -inf
        self._metadata_due = True
        self._failures = 0
        self._error: str | None = None

    def known(self, now: float) -> KeySet | None:
        if self._fetched_at <= now < self._calm_until:
            return self._keys
        return self._known_late(now)

    def _known_late(self, now: float) -> KeySet | None:
        if self._keys is None:
            return None
        # A clock that was set back makes the times meaningless: that, too, is a reason to fetch.
        if now >= self._refresh_at or (now < self._fetched_at and not self._failing):
            self._metadata_due = True
            self._flight.start()
        return self._keys if now < self._fetched_at + OUTAGE_TOLERANCE else None

    async def find(self, kid: str | None, algorithm: str) -> VerificationKey:
        keys = self.known(self._clock()) or await self._obtain()
        if kid is None or keys.names(kid):
            return keys.find(kid, algorithm)
        if self._flight.under_way:
            await self._flight.join()
        elif not self._failing and self._budget.spend(kid, now=self._clock()):
            await self._flight.join()
            self._refuse_if_absent(kid)
        keys = self._keys or keys
        if not keys.names(kid) and self._failing:
            raise self._unreachable()
        return keys.find(kid, algorithm)

    def _refuse_if_absent(self, kid: str) -> None:
        if self._keys is not None and not self._failing and not self._keys.names(kid):
            self._budget.refuse(kid, now=self._clock())

    async def metadata(self) -> Metadata | None:
        if self._metadata is None and self._jwks_uri is None and not self._resting(self._clock()):
            await self._flight.join()
        return self._metadata

    async def refresh(self) -> None:
        self._metadata_due = True
        await self._flight.join()

    def health(self, now: float) -> IssuerHealth:
        fetched = self._keys is not None
        return IssuerHealth(
            issuer=self._issuer,
            ready=fetched and now - self._fetched_at < OUTAGE_TOLERANCE,
            keys=len(self._keys.keys) if self._keys else 0,
            skipped=len(self._keys.skipped) if self._keys else 0,
            age=now - self._fetched_at if fetched else None,
            last_success=self._fetched_at if fetched else None,
            last_error=self._error,
            next_refresh=self._refresh_at if self._refresh_at > -inf else now,
        )

    async def stop(self) -> None:
        await self._flight.stop()

    @property
    def _failing(self) -> bool:
        return self._failures > 0

    def _resting(self, now: float) -> bool:
        """Whether the last attempt failed so recently that another would only add to the issuer's trouble."""
        return self._failing and now < self._refresh_at

    async def _obtain(self) -> KeySet:
        if not self._resting(self._clock()):
            await self._flight.join()
        keys = self.known(self._clock())
        if keys is None:
            raise self._unreachable()
        return keys

    def _unreachable(self) -> Unavailable:
        rest = max(1, ceil(self._refresh_at - self._clock())) if self._failing else 1
        return Unavailable("issuer_unreachable", retry_after=rest, detail=f"no keys of {self._issuer}: {self._error}")

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._http.timeout):
                url, answer = await self._fetch_answer()
            self._take(url, answer)
        except TimeoutError:
            self._failed(f"metadata and keys took more than {self._http.timeout:g} s together")
        except (ExchangeFailed, MetadataRefused, InvalidKeySet) as error:
            self._failed(str(error))

    async def _fetch_answer(self) -> tuple[str, Answer]:
        if self._jwks_uri is not None:
            return await self._fetch_key_set(self._jwks_uri)
        known = self._metadata
        if known is not None and not self._metadata_due:
            try:
                return await self._fetch_key_set(known.jwks_uri)
            except ExchangeFailed:
                pass  # the key set may have moved: the metadata tells
        try:
            self._metadata = await fetch_metadata(
                self._http, self._issuer, first=known.url if known else None, allow_http=self._allow_http
            )
        except ExchangeFailed:
            if known is None:
                raise
            # The keys may be reachable where the metadata is not, and a removed key should not outlive that.
            return await self._fetch_key_set(known.jwks_uri)
        return await self._fetch_key_set(self._metadata.jwks_uri)

    async def _fetch_key_set(self, url: str) -> tuple[str, Answer]:
        validated_url, validators = self._validators
        headers = validators if validated_url == url else {}
        answer = await self._http.request(
            "GET", url, headers={"Accept": "application/jwk-set+json, application/json", **headers}
        )
        if answer.status != 200 and not (answer.status == 304 and headers):
            raise ExchangeFailed(f"{url} answered {answer.status}")
        return url, answer

    def _take(self, url: str, answer: Answer) -> None:
        now = self._clock()
        if answer.status == 200:
            self._take_key_set(answer.body)
            self._validators = url, _validators(answer)
        if self._failing:
            _log.info("the keys of %s can be fetched again", self._issuer)
        self._failures, self._error, self._metadata_due = 0, None, False
        self._fetched_at = now
        self._plan(now + refresh_delay(lifetime(answer.headers, now=now), chance=self._chance()))

    def _take_key_set(self, body: bytes) -> None:
        digest = sha256(body).digest()
        if digest == self._digest:
            return
        self._keys = KeySet.from_jwk_set(body)
        self._digest = digest
        for skipped in self._keys.skipped:
            _log.warning("a key of %s is skipped: number %d, %s", self._issuer, skipped.position, skipped.why)

    def _plan(self, refresh_at: float) -> None:
        self._refresh_at = refresh_at
        self._calm_until = min(refresh_at, self._fetched_at + OUTAGE_TOLERANCE)

    def _failed(self, why: str) -> None:
        self._failures += 1
        self._error = why
        longest = LONGEST_RETRY if self._keys is not None else LONGEST_FIRST_RETRY
        self._plan(self._clock() + retry_delay(self._failures, longest=longest, chance=self._chance()))
        _log.warning("the keys of %s cannot be fetched (attempt %d): %s", self._issuer, self._failures, why)


def _validators(answer: Answer) -> dict[str, str]:
    """What makes the next request a conditional one (RFC 9110 section 13.1)."""
    if etag := answer.headers.get("etag"):
        return {"If-None-Match": etag}
    if modified := answer.headers.get("last-modified"):
        return {"If-Modified-Since": modified}
    return {}
