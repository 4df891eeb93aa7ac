"""The resource server: which issuers it trusts, which audience it is, and its life from start to end."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from inspect import iscoroutinefunction
from time import perf_counter
from typing import Any, Literal, Self

from jwtguard.access_token import AccessToken
from jwtguard.challenge import check_realm
from jwtguard.claims import DEFAULT_LEEWAY, DEFAULT_MAX_TOKEN_BYTES, Profile, Rules
from jwtguard.credentials import BEARER
from jwtguard.errors import ConfigurationError, JWTGuardError
from jwtguard.fallback import Route
from jwtguard.http import HTTP, HTTPClient
from jwtguard.issuer import Issuer, TrustedIssuer
from jwtguard.observation import Observation, OnEvent
from jwtguard.settings import PREFIX, read_settings
from jwtguard.tenants import Resolver
from jwtguard.token_cache import DEFAULT_SIZE, TokenCache
from jwtguard.trusted_issuers import Health, TrustedIssuers, configured_issuers
from jwtguard.validation import Validation
from jwtguard.verification import token_bytes


class ResourceServer:
    """An API that takes access tokens.

    Attributes:
        realm: the protection space that challenges name, or None.
        observation: what it tells the operator.
        validation: what decides on tokens.
    """

    def __init__(
        self,
        issuers: str | Issuer | Iterable[str | Issuer] = (),
        *,
        audience: str | Iterable[str],
        resolver: Resolver | None = None,
        route: Route | None = None,
        leeway: float = DEFAULT_LEEWAY,
        profile: Profile = "default",
        required_claims: Iterable[str] = (),
        max_token_bytes: int = DEFAULT_MAX_TOKEN_BYTES,
        token_cache: int = DEFAULT_SIZE,
        realm: str | None = None,
        startup: Literal["background", "require"] = "background",
        http_client: HTTPClient | None = None,
        on_event: OnEvent | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Say whom to trust and who this is. Nothing is fetched yet.

        Args:
            issuers: the trusted authorization servers: a URL, an `Issuer`, or several.
            audience: the name of this resource server as tokens have it in `aud`, or several.
            resolver: for many tenants: an async callable, asked about every other `iss`, that returns its `Issuer`
                if it is trusted, else None.
            route: for several issuers with introspection: a callable that is given an opaque token and returns the URL
                of the issuer to ask about it, or None to refuse it; by default all are asked, in the order given.
            leeway: clock difference to forgive, in seconds.
            profile: "rfc9068" demands `typ: at+jwt` and all of RFC 9068 section 2.2.
            required_claims: claims that must be present, besides those that are always required.
            max_token_bytes: how long a token may be, in bytes.
            token_cache: how many validated tokens to remember; 0 to validate each one anew.
            realm: the protection space that challenges name (RFC 9110 section 11.5).
            startup: what `lifespan` does where an issuer cannot be reached: start anyway, or "require" it and fail.
            http_client: an `httpx.AsyncClient` or `httpx2.AsyncClient` to send all requests with; proxies, private
                certificate authorities and mutual TLS come with it, and closing it is its owner's.
            on_event: is told of every token decided on and of every exchange with an issuer (`jwtguard.events`).
            clock: returns the seconds since the epoch.

        Raises:
            ConfigurationError: where this cannot work; the text says what to write instead.
        """
        if startup not in ("background", "require"):
            raise ConfigurationError(f"startup is 'background' or 'require', not {startup!r}")
        if not callable(clock) or iscoroutinefunction(clock):
            raise ConfigurationError("clock is a function that returns the seconds since the epoch, such as time.time")
        if resolver is not None and not callable(resolver):
            raise ConfigurationError("resolver is an async function that takes the 'iss' and returns an Issuer or None")
        if route is not None and (not callable(route) or iscoroutinefunction(route)):
            raise ConfigurationError("route is a function that takes the token, and is not async")
        check_realm(realm)
        self.realm = realm
        self.observation = Observation(on_event)
        self._clock = clock
        self._require = startup == "require"
        self._defaults = Rules(
            issuer="any",  # each issuer's own rules name it
            audience=audience,
            leeway=leeway,
            profile=profile,
            required_claims=required_claims,
            max_token_bytes=max_token_bytes,
        )
        self._route = route
        self._token_cache = token_cache
        self.validation = self._trusting(configured_issuers(issuers, resolver=resolver), resolver, http_client)

    def _trusting(
        self, configured: tuple[Issuer, ...], resolver: Resolver | None, http_client: HTTPClient | None
    ) -> Validation:
        fetching = resolver is not None or any(issuer.fetches for issuer in configured)
        http = HTTP(http_client, tls=fetching, observation=self.observation)
        return Validation(
            TrustedIssuers(configured, resolver=resolver, defaults=self._defaults, http=http, clock=self._clock),
            cache=TokenCache(self._token_cache),
            max_token_bytes=self._defaults.max_token_bytes,
            route=self._route,
            clock=self._clock,
        )

    @property
    def issuers(self) -> tuple[TrustedIssuer, ...]:
        """The configured issuers, at work; a resolver's tenants are not among them."""
        return self.validation.trusted.configured

    @contextmanager
    def trusting(self, *issuers: Issuer, http_client: HTTPClient) -> Iterator[None]:
        """Trust other issuers within a `with` block, with nothing known of them yet. For tests: see `jwtguard.testing`.

        Args:
            issuers: whom to trust instead.
            http_client: what to reach them with.
        """
        before, self.validation = self.validation, self._trusting(issuers, None, http_client)
        try:
            yield
        finally:
            self.validation = before

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, *, prefix: str = PREFIX, **options: Any) -> Self:
        """Return the resource server that the environment describes: JWTGUARD_ISSUER, JWTGUARD_AUDIENCE and so on.

        Args:
            environ: the environment; `jwtguard.settings` lists the variables.
            prefix: what their names begin with.
            options: more for `ResourceServer`; what is given here counts more than what the environment says.

        Raises:
            ConfigurationError: with every mistake that was found, a line for each.
        """
        settings = read_settings(environ, prefix=prefix)
        return cls(settings.issuers, **{"audience": settings.audience, **settings.options, **options})

    async def validate(self, token_text: str) -> AccessToken:
        """Decide whether an access token is good.

        Args:
            token_text: the token as it stood behind `Bearer`.

        Raises:
            InvalidToken: with the first true reason: size, shape, issuer, `typ`, `alg`, key, signature, claims.
            Unavailable: where it cannot be decided at present.
        """
        observed = self.observation.on_event is not None
        began = perf_counter() if observed else 0.0
        try:
            token = token_bytes(token_text)
            digest, recalled = self.validation.recall(BEARER + token)
            examined = recalled or self.validation.examine(token, digest)
            if isinstance(examined, AccessToken):
                access_token = examined
            else:
                access_token = (await self.validation.decide(examined, token, digest)).token
        except JWTGuardError as refusal:
            self.observation.refused(refusal)
            raise
        if observed:
            self.observation.accepted(access_token.issuer, cached=recalled is not None, began=began)
        return access_token

    def check_confirms(self) -> None:
        """Check that every configured issuer can be asked about its tokens.

        Raises:
            ConfigurationError: where one cannot.
        """
        silent = [issuer.configured.url for issuer in self.issuers if issuer.introspector is None]
        if silent:
            raise ConfigurationError(
                f"fresh=True needs Issuer(…, introspection=Introspection(…)), which is missing for {', '.join(silent)}"
            )

    async def metadata(self) -> dict[str, Any] | None:
        """Return the metadata document of the first issuer that has one to be discovered, or None."""
        for issuer in self.issuers:
            metadata = await issuer.keys.metadata()
            if metadata is not None:
                return metadata.document
        return None

    def now(self) -> float:
        """Return the seconds since the epoch by this resource server's clock."""
        return self._clock()

    async def health(self) -> Health:
        """Tell how the keys of each issuer are, without waiting; a fetch that is due begins in the background."""
        self.validation.trusted.begin_what_is_due()  # a readiness probe may be the only thing that asks
        return self.validation.trusted.health()

    def last_health(self) -> Health:
        """Tell the same from any thread, without an event loop; nothing begins."""
        return self.validation.trusted.health()

    @asynccontextmanager
    async def lifespan(self, app: Any = None) -> AsyncIterator[None]:  # noqa: ARG002  (the ASGI lifespan hands it over)
        """Have the keys at hand before the first request and fresh between requests; close connections at the end.

        Pass it to the application as its `lifespan`, or enter it within your own. With `startup="background"` an issuer
        that does not answer keeps the application waiting for one second, and its keys are fetched meanwhile and after.

        Raises:
            Unavailable: with `startup="require"`, where an issuer's keys cannot be had.
        """
        looking_after = asyncio.create_task(self.validation.trusted.look_after())
        try:
            await self.validation.trusted.warm_up(required=self._require)
            yield
        finally:
            looking_after.cancel()
            await self.aclose()

    async def aclose(self) -> None:
        """End the background work of this event loop and close its connections. Only needed without `lifespan`."""
        await self.validation.trusted.stop()
