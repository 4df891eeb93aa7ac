"""Issuers that are looked up when a token first names them: bounded, remembered, one look-up at a time for each."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Final

import msgspec
from cachetools import LRUCache

from jwtguard.errors import ConfigurationError, Unavailable
from jwtguard.issuer import Issuer, TrustedIssuer
from jwtguard.single_flight import Flights

Resolver = Callable[[str], Awaitable[Issuer | None]]
"""Takes the `iss` of a token that nobody has verified; returns the issuer of that name if it is trusted, else None."""

MOST_TENANTS: Final = 1000
MOST_REFUSED: Final = 10_000
REFUSAL_SECONDS: Final = 60.0
TENANT_SECONDS: Final = 3600.0
ASK_AHEAD_AT: Final = 0.8
"""The part of that after which the resolver is asked again in the background."""
OUTAGE_TOLERANCE: Final = 24 * 3600.0
"""Seconds for which an answer stands while the resolver fails to repeat it."""
REPEAT_SECONDS: Final = 30.0
FAILURE_SECONDS: Final = 1
MISTAKE_SECONDS: Final = 60
LOOKUP_SECONDS: Final = 5.0
MOST_LOOKUPS: Final = 100
LONGEST_NAME: Final = 2048

_log = logging.getLogger("jwtguard.tenants")


class _Tenant(msgspec.Struct, frozen=True):
    """An issuer that the resolver vouched for.

    Attributes:
        trusted: the issuer at work.
        resolved_at: when it was vouched for, seconds since the epoch.
        planned_at: when the following times were set.
        ask_at: when to ask again in the background.
        until: when the answer lapses, so that requests wait for another.
    """

    trusted: TrustedIssuer
    resolved_at: float
    planned_at: float
    ask_at: float
    until: float

    def due(self, now: float) -> bool:
        """Whether the resolver is to be asked again; a clock that was set back makes the plan meaningless."""
        return not self.planned_at <= now < self.ask_at


class _Refusal(msgspec.Struct, frozen=True):
    """Why there is no issuer: the resolver said so, or it could not be asked.

    Attributes:
        at: since when, seconds since the epoch.
        seconds: for how long it stands.
        failure: what prevented an answer, for the operator; empty where there was one.
    """

    at: float
    seconds: float
    failure: str = ""

    def stands(self, now: float) -> bool:
        return self.at <= now < self.at + self.seconds


class Tenants:
    """The issuers that a resolver vouches for.

    A resolver is asked about names that anyone may send: at most 100 questions are open at once, and one that takes
    longer than 5 s is given up. An answer is kept for an hour, and asked for again in the background before it lapses;
    while the resolver fails it stands for a day. A refusal is kept for a minute, in a memory of its own, so that no
    flood of names pushes a known tenant out.
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
        self._questions: Flights[str, TrustedIssuer | _Refusal] = Flights(most=MOST_LOOKUPS)
        # Those about tenants already known have room of their own, so that no flood of new names takes it from them.
        self._repeats: Flights[str, TrustedIssuer | _Refusal] = Flights(most=MOST_TENANTS)
        self._tenants: OrderedDict[str, _Tenant] = OrderedDict()
        # Hashes, not the names: an attacker chooses their length.
        self._refusals: LRUCache[int, _Refusal] = LRUCache(MOST_REFUSED)
        self._lock = Lock()  # event loops in several threads may share one resource server
        self._reported: set[str] = set()

    def recent(self, now: float) -> tuple[TrustedIssuer, ...]:
        """Return the issuers that were vouched for within the hour."""
        with self._lock:
            tenants = tuple(self._tenants.values())
        return tuple(tenant.trusted for tenant in tenants if now < tenant.resolved_at + TENANT_SECONDS)

    def known(self, name: str, now: float) -> TrustedIssuer | None:
        """Return the issuer if it was resolved before, without waiting.

        Where it is time to ask again, that begins in the background.
        """
        with self._lock:
            tenant = self._tenants.get(name)
            if tenant is None:
                return None
            self._tenants.move_to_end(name)
        if tenant.due(now):
            self._repeats.start(name, lambda: self._resolve(name))
        return tenant.trusted if now < tenant.until else None

    async def find(self, name: str) -> TrustedIssuer | None:
        """Return the issuer of that name, or None where it is not trusted.

        Raises:
            Unavailable: `issuer_unreachable` where the resolver fails, is too slow, or has too many questions open.
        """
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            return None
        now = self._clock()
        known = self.known(name, now)
        if known is not None:
            return known
        flights = self._repeats if name in self._tenants else self._questions
        outcome = self._refusal(name, now) or await flights.join(name, lambda: self._resolve(name))
        if isinstance(outcome, TrustedIssuer):
            return outcome
        if outcome is None:
            why = f"{MOST_LOOKUPS} issuers are being resolved already, or this resolution was broken off"
            outcome = _Refusal(now, FAILURE_SECONDS, failure=why)
        if outcome.failure:
            raise Unavailable("issuer_unreachable", retry_after=int(outcome.seconds), detail=outcome.failure)
        return None

    async def stop(self) -> None:
        """End what runs in the background on this event loop, for every tenant."""
        await self._questions.stop()
        await self._repeats.stop()
        with self._lock:
            tenants = tuple(self._tenants.values())
        for tenant in tenants:
            await tenant.trusted.stop()

    def _refusal(self, name: str, now: float) -> _Refusal | None:
        with self._lock:
            refusal = self._refusals.get(hash(name))
        return refusal if refusal is not None and refusal.stands(now) else None

    async def _resolve(self, name: str) -> TrustedIssuer | _Refusal:
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                issuer = await self._resolver(name)
            outcome = _Refusal(self._clock(), REFUSAL_SECONDS) if issuer is None else self._put_to_work(name, issuer)
        except ConfigurationError as error:
            outcome = self._failed(str(error), MISTAKE_SECONDS, error)
        except Exception as error:  # noqa: BLE001  (the resolver is the application's own code and may raise anything)
            outcome = self._failed(f"the resolver failed: {type(error).__name__}", FAILURE_SECONDS, error)
        else:
            if issuer is not None:  # a refusal shows no recovery: anybody can bring one about between two failures
                self._reported.clear()
        return self._remember(name, outcome)

    def _put_to_work(self, name: str, issuer: Issuer) -> TrustedIssuer:
        if not isinstance(issuer, Issuer):
            raise ConfigurationError(f"a resolver returns an Issuer or None, not {type(issuer).__name__}")
        if issuer.url != name:
            raise ConfigurationError(f"the resolver was asked for one issuer and returned another, {issuer.url!r}")
        tenant = self._tenants.get(name)
        # The same configuration again keeps its keys; only a changed one starts anew.
        return tenant.trusted if tenant is not None and tenant.trusted.configured == issuer else self._trust(issuer)

    def _failed(self, failure: str, seconds: float, error: Exception) -> _Refusal:
        kind = type(error).__name__
        if kind not in self._reported:  # told once, not with every name that somebody makes up meanwhile
            mistake = isinstance(error, ConfigurationError)
            _log.error("no issuer can be resolved: %s", failure, exc_info=None if mistake else error)
        self._reported.add(kind)
        return _Refusal(self._clock(), seconds, failure)

    def _remember(self, name: str, outcome: TrustedIssuer | _Refusal) -> TrustedIssuer | _Refusal:
        """Keep an outcome; return what stands: the earlier answer, where the resolver failed to give another."""
        now = self._clock()
        with self._lock:
            before = self._tenants.pop(name, None)
            if isinstance(outcome, TrustedIssuer):
                ask_at = now + ASK_AHEAD_AT * TENANT_SECONDS
                self._tenants[name] = _Tenant(outcome, now, now, ask_at, now + TENANT_SECONDS)
                if len(self._tenants) > MOST_TENANTS:
                    self._tenants.popitem(last=False)
                return outcome
            if before is not None and outcome.failure and now < before.resolved_at + OUTAGE_TOLERANCE:
                self._tenants[name] = _Tenant(
                    before.trusted,
                    resolved_at=min(before.resolved_at, now),
                    planned_at=now,
                    ask_at=now + REPEAT_SECONDS,
                    until=now + 2 * REPEAT_SECONDS,
                )
                return before.trusted
            self._refusals[hash(name)] = outcome
            return outcome
