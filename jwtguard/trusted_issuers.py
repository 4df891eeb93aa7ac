"""The issuers that a resource server trusts: which one a token names, whether their keys are at hand, their upkeep."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from weakref import WeakValueDictionary

from jwtguard.claims import Rules
from jwtguard.errors import ConfigurationError, InvalidToken, Unavailable
from jwtguard.fetched_keys import FetchedKeys
from jwtguard.http import HTTP
from jwtguard.issuer import Issuer, TrustedIssuer, trust
from jwtguard.key_source import IssuerHealth
from jwtguard.tenants import Resolver, Tenants

LOOK_AFTER_SECONDS: Final = 30.0
"""How often an application that has the lifespan hook looks whether keys are due, even without requests."""
STARTUP_PATIENCE: Final = 1.0
"""For how many seconds an application that does not require the keys at its start waits for them all the same."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether tokens can be validated, for a readiness route.

    Attributes:
        ready: whether the keys of every configured issuer can be had; a tenant's issuer does not count, lest one of
            them takes the application away from all.
        issuers: each issuer's own state, those of the tenants seen lately included.
    """

    ready: bool
    issuers: tuple[IssuerHealth, ...]


class TrustedIssuers:
    """The configured issuers, and those that a resolver vouches for, at work."""

    def __init__(
        self,
        configured: tuple[Issuer, ...],
        *,
        resolver: Resolver | None,
        defaults: Rules,
        http: HTTP,
        clock: Callable[[], float],
    ) -> None:
        """Put the issuers to work; nothing is fetched yet.

        Args:
            configured: as configured.
            resolver: who is asked about every other name.
            defaults: the resource server's rules, for what an issuer leaves open.
            http: what to reach them with.
            clock: seconds since the epoch.

        Raises:
            ConfigurationError: where an issuer's rules cannot work.
        """
        self._http = http
        self._clock = clock
        shared: WeakValueDictionary[tuple[Any, ...], FetchedKeys] = WeakValueDictionary()
        put_to_work = partial(trust, defaults=defaults, http=http, clock=clock, shared=shared)
        self._configured = {issuer.url: put_to_work(issuer) for issuer in configured}
        self._tenants = None if resolver is None else Tenants(resolver, trust=put_to_work, clock=clock)

    @property
    def configured(self) -> tuple[TrustedIssuer, ...]:
        """The configured issuers; a resolver's tenants are not among them."""
        return tuple(self._configured.values())

    def known(self, name: str, now: float) -> TrustedIssuer | None:
        """Return the issuer of that name, if it can be told without asking.

        Args:
            name: an `iss` that nobody has verified.
            now: seconds since the epoch.
        """
        issuer = self._configured.get(name)
        if issuer is None and self._tenants is not None:
            return self._tenants.known(name, now)
        return issuer

    def stays(self, name: str) -> bool:
        """Whether the issuer of that name stays trusted, and as it is; a resolver may think better of a tenant's."""
        return name in self._configured

    async def find(self, name: str) -> TrustedIssuer | None:
        """Return the issuer of that name, or None where it is not trusted.

        Raises:
            Unavailable: where the resolver cannot be asked.
        """
        issuer = self._configured.get(name)
        if issuer is None and self._tenants is not None:
            return await self._tenants.find(name)
        return issuer

    async def named_by(self, claims: dict[str, Any]) -> TrustedIssuer:
        """Choose the issuer by the unverified `iss`, among the trusted ones; whether its key fits is seen later.

        Raises:
            InvalidToken: `issuer_mismatch`.
            Unavailable: where the resolver cannot be asked.
        """
        name = claims.get("iss")
        issuer = await self.find(name) if isinstance(name, str) else None
        if issuer is not None:
            return issuer
        raise InvalidToken(
            "issuer_mismatch", detail=f"trusted are {', '.join(self._configured) or 'those that the resolver knows'}"
        )

    def health(self) -> Health:
        """Tell how the keys of each issuer are; from any thread, and nothing begins."""
        now = self._clock()
        configured = tuple(issuer.health(now) for issuer in self.configured)
        tenants = tuple(issuer.health(now) for issuer in self._tenants_seen(now))
        return Health(all(issuer.ready for issuer in configured), (*configured, *tenants))

    def begin_what_is_due(self) -> None:
        """Begin the fetches that are due, in the background."""
        now = self._clock()
        for issuer in (*self.configured, *self._tenants_seen(now)):
            issuer.keys.known(now)

    async def look_after(self) -> None:
        """Go on to begin what is due, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_AFTER_SECONDS)
            self.begin_what_is_due()

    async def warm_up(self, *, required: bool) -> None:
        """Fetch the configured issuers' keys before the first request.

        Args:
            required: wait until that has ended, well or not; else for a second.

        Raises:
            Unavailable: where they are required and cannot be had.
        """
        fetches = [asyncio.create_task(issuer.keys.refresh()) for issuer in self.configured]
        if fetches:
            _, pending = await asyncio.wait(fetches, timeout=None if required else STARTUP_PATIENCE)
            for waiting in pending:
                waiting.cancel()  # the waiting ends, the fetch goes on
        if required:
            self._check_ready()

    async def stop(self) -> None:
        """End the background work of this event loop and close its connections."""
        for issuer in self.configured:
            await issuer.stop()
        if self._tenants is not None:
            await self._tenants.stop()
        await self._http.aclose()

    def _tenants_seen(self, now: float) -> tuple[TrustedIssuer, ...]:
        return () if self._tenants is None else self._tenants.recent(now)

    def _check_ready(self) -> None:
        missing = [issuer for issuer in self.health().issuers if not issuer.ready]
        if missing:
            why = "; ".join(f"{issuer.issuer}: {issuer.last_error}" for issuer in missing)
            raise Unavailable(
                "issuer_unreachable", retry_after=1, detail=f"startup='require', and there are no keys of {why}"
            )


def configured_issuers(
    issuers: str | Issuer | Iterable[str | Issuer], *, resolver: Resolver | None
) -> tuple[Issuer, ...]:
    """Return the issuers in one form.

    Args:
        issuers: a URL, an `Issuer`, or several.
        resolver: who vouches for others; without one there must be an issuer.

    Raises:
        ConfigurationError: where these are none, or two of one name.
    """
    several = (issuers,) if isinstance(issuers, (str, Issuer)) or not isinstance(issuers, Iterable) else tuple(issuers)
    configured = tuple(Issuer(issuer) if isinstance(issuer, str) else issuer for issuer in several)
    if not all(isinstance(issuer, Issuer) for issuer in configured):
        raise ConfigurationError(f"issuers is a URL, an Issuer, or several, not {issuers!r}")
    if not configured and resolver is None:
        raise ConfigurationError("no issuer is trusted: give at least one, or a resolver")
    if len({issuer.url for issuer in configured}) < len(configured):
        raise ConfigurationError(
            "two of the issuers have the same URL; one Issuer takes several algorithms and audiences"
        )
    return configured
