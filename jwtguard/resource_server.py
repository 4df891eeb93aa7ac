"""The resource server: which issuers it trusts, which audience it is, and whether a token that came is good."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from inspect import iscoroutinefunction
from time import perf_counter
from typing import Any, Literal, Self

from jwtguard.access_token import AccessToken
from jwtguard.challenge import check_realm
from jwtguard.claims import DEFAULT_LEEWAY, DEFAULT_MAX_TOKEN_BYTES, Profile, Rules, check_header
from jwtguard.errors import ConfigurationError, InvalidToken, JWTGuardError, Unavailable
from jwtguard.fallback import (
    OPAQUE_REASONS,
    Decision,
    Route,
    also_ask,
    ask,
    ask_about_opaque,
    confirm,
    routed,
    undecided,
)
from jwtguard.http import HTTP, HTTPClient
from jwtguard.issuer import Issuer, TrustedIssuer
from jwtguard.jwk import VerificationKey
from jwtguard.jws import JWS, parse
from jwtguard.key_set import KeySet
from jwtguard.observation import Observation, OnEvent
from jwtguard.settings import PREFIX, read_settings
from jwtguard.tenants import Resolver
from jwtguard.token_cache import DEFAULT_SIZE, Remembered, TokenCache
from jwtguard.trusted_issuers import Health, TrustedIssuers, configured_issuers
from jwtguard.verification import check, token_bytes


class ResourceServer:
    """An API that takes access tokens."""

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
        self._max_token_bytes = max_token_bytes
        self._defaults = Rules(
            issuer="any",  # each issuer's own rules name it
            audience=audience,
            leeway=leeway,
            profile=profile,
            required_claims=required_claims,
            max_token_bytes=max_token_bytes,
        )
        self._route = route
        self._cache = TokenCache(token_cache)
        self._most_bytes_remembered = max_token_bytes if self._cache.enabled else -1
        self._trusted = self._trust(configured_issuers(issuers, resolver=resolver), resolver, http_client)

    def _trust(
        self, configured: tuple[Issuer, ...], resolver: Resolver | None, http_client: HTTPClient | None
    ) -> TrustedIssuers:
        fetching = resolver is not None or any(issuer.fetches for issuer in configured)
        http = HTTP(http_client, tls=fetching, observation=self.observation)
        return TrustedIssuers(configured, resolver=resolver, defaults=self._defaults, http=http, clock=self._clock)

    @property
    def issuers(self) -> tuple[TrustedIssuer, ...]:
        """The configured issuers, at work; a resolver's tenants are not among them."""
        return self._trusted.configured

    @contextmanager
    def trusting(self, *issuers: Issuer, http_client: HTTPClient) -> Iterator[None]:
        """Trust other issuers within a `with` block, with nothing known of them yet. For tests: see `jwtguard.testing`.

        Args:
            issuers: whom to trust instead.
            http_client: what to reach them with.
        """
        before = self._trusted, self._cache
        self._trusted, self._cache = self._trust(issuers, None, http_client), TokenCache(self._cache.size)
        try:
            yield
        finally:
            self._trusted, self._cache = before

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
            digest, recalled = self.recall(token)
            access_token = recalled or (await self.examine(token, digest)).token
        except JWTGuardError as refusal:
            self.observation.refused(refusal)
            raise
        if observed:
            self.observation.accepted(access_token.issuer, cached=recalled is not None, began=began)
        return access_token

    def recall(self, token: bytes) -> tuple[bytes, AccessToken | None]:
        """Look whether a token came before, and all that made it valid still holds.

        Args:
            token: the token's bytes.

        Returns:
            What it is remembered under, nothing where it is not to be remembered; and what it means, or None to have it
            examined.
        """
        if len(token) > self._most_bytes_remembered:
            return b"", None
        digest = sha256(token).digest()
        remembered = self._cache.get(digest)
        if remembered is None:
            return digest, None
        now = self._clock()
        since, until, source, calm = remembered.settled
        if since <= now < until and source is not None and source.calm is calm:
            return digest, remembered.token
        return digest, remembered.token if self._holds(remembered, now) else None

    def _holds(self, remembered: Remembered, now: float) -> bool:
        name = remembered.token.issuer
        issuer = self._trusted.known(name, now)
        if issuer is None or issuer.rules is not remembered.rules:
            return False
        if not remembered.holds(issuer.keys.known(now), now):
            return False
        if self._trusted.stays(name):
            remembered.settle(issuer.keys)
        return True

    async def examine(self, token: bytes, digest: bytes) -> Decision:
        """Decide whether an access token is good, and remember it if so; ask its issuer where that cannot be told here.

        Args:
            token: the token's bytes.
            digest: what to remember it under; nothing where it is not to be remembered.

        Raises:
            InvalidToken: with the first true reason.
            Unavailable: where it cannot be decided at present.
        """
        try:
            jws = parse(token, max_bytes=self._max_token_bytes)
        except InvalidToken as refusal:
            if refusal.reason not in OPAQUE_REASONS:
                raise
            return await ask_about_opaque(await self._issuers_to_ask(token), token, refusal)
        name, now = jws.claims.get("iss"), self._clock()
        issuer = self._trusted.known(name, now) if isinstance(name, str) else None
        if issuer is None:
            issuer = await self._trusted.named_by(jws.claims)
        try:
            check_header(jws.algorithm, jws.type, issuer.rules)
            keys = issuer.keys.known(now)
            key = keys.named(jws.kid, jws.algorithm) if keys is not None else None
            if key is None or (issuer.introspector is not None and issuer.introspector.confirms):
                return await self._decide(jws, issuer, token, digest)
            return Decision(self._check(jws, key, keys, issuer, digest, now))
        except JWTGuardError as refusal:
            refusal.issuer, refusal.kid = issuer.rules.issuer, jws.kid
            raise

    async def _decide(self, jws: JWS, issuer: TrustedIssuer, token: bytes, digest: bytes) -> Decision:
        try:
            key = await issuer.keys.find(jws.kid, jws.algorithm)
        except (InvalidToken, Unavailable) as refusal:
            if issuer.introspector is None or not undecided(refusal, jws, issuer, now=self._clock()):
                raise
            return await ask(issuer.introspector, token, refusal)
        now = self._clock()
        if issuer.introspector is not None and issuer.introspector.confirms:
            return await also_ask(issuer.introspector, token, check(jws, key, issuer.rules, now=now))
        keys = issuer.keys.known(now)
        if keys is not None and key not in keys:
            keys = None  # another event loop has swapped them
        return Decision(self._check(jws, key, keys, issuer, digest, now))

    def _check(
        self, jws: JWS, key: VerificationKey, keys: KeySet | None, issuer: TrustedIssuer, digest: bytes, now: float
    ) -> AccessToken:
        access_token = check(jws, key, issuer.rules, now=now)
        if digest and keys is not None:
            self._cache.put(digest, Remembered(access_token, issuer.rules, key, keys))
        return access_token

    async def confirm(self, token: bytes, access_token: AccessToken) -> None:
        """Ask the issuer of a token that was found good whether it still vouches for it, whatever it said before.

        Args:
            token: the token's bytes.
            access_token: what it was found to mean.

        Raises:
            InvalidToken: where it does not.
            Unavailable: where it cannot be asked.
        """
        issuer = await self._trusted.find(access_token.issuer)
        if issuer is None or issuer.introspector is None:
            raise Unavailable(
                "introspection_unavailable",
                retry_after=60,
                detail="no introspection is configured for the token's issuer",
            )
        await confirm(issuer.introspector, token)

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
        self._trusted.begin_what_is_due()  # a readiness probe may be the only thing that asks
        return self._trusted.health()

    def last_health(self) -> Health:
        """Tell the same from any thread, without an event loop; nothing begins."""
        return self._trusted.health()

    @asynccontextmanager
    async def lifespan(self, app: Any = None) -> AsyncIterator[None]:  # noqa: ARG002  (the ASGI lifespan hands it over)
        """Have the keys at hand before the first request and fresh between requests; close connections at the end.

        Pass it to the application as its `lifespan`, or enter it within your own. With `startup="background"` an issuer
        that does not answer keeps the application waiting for one second, and its keys are fetched meanwhile and after.

        Raises:
            Unavailable: with `startup="require"`, where an issuer's keys cannot be had.
        """
        looking_after = asyncio.create_task(self._trusted.look_after())
        try:
            await self._trusted.warm_up(required=self._require)
            yield
        finally:
            looking_after.cancel()
            await self.aclose()

    async def aclose(self) -> None:
        """End the background work of this event loop and close its connections. Only needed without `lifespan`."""
        await self._trusted.stop()

    async def _issuers_to_ask(self, token: bytes) -> Iterable[TrustedIssuer]:
        """Choose whom to ask about a token that does not say whose it is."""
        if self._route is None:
            return self.issuers
        name = routed(self._route, token)
        issuer = None if name is None else await self._trusted.find(name)
        return () if issuer is None else (issuer,)
