"""Decides on the tokens that come to one resource server, with the keys, the memory and the fallback that it has."""

from collections.abc import Callable, Iterable
from copy import copy
from hashlib import sha256

from jwtguard.access_token import AccessToken
from jwtguard.claims import check_header
from jwtguard.credentials import BEARER
from jwtguard.errors import InvalidToken, JWTGuardError, Unavailable
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
from jwtguard.issuer import TrustedIssuer
from jwtguard.jwk import VerificationKey
from jwtguard.jws import JWS, parse
from jwtguard.key_set import KeySet
from jwtguard.token_cache import Remembered, TokenCache
from jwtguard.trusted_issuers import TrustedIssuers
from jwtguard.verification import check

Waiting = JWS | InvalidToken
"""What it takes waiting to decide on: a JWS whose issuer or key is not at hand, or whose issuer is to be asked as well;
or, for what is no JWS, the refusal that stands where nobody can be asked."""


class Validation:
    """Tells whether a token is good: from memory, by its issuer's keys, or by asking its issuer.

    Attributes:
        trusted: whose tokens may be.
        cache: the tokens seen before.
    """

    def __init__(
        self,
        trusted: TrustedIssuers,
        *,
        cache: TokenCache,
        max_token_bytes: int,
        route: Route | None,
        clock: Callable[[], float],
    ) -> None:
        """Begin.

        Args:
            trusted: the issuers.
            cache: the memory, empty.
            max_token_bytes: how long a token may be, in bytes.
            route: who tells which issuer to ask about an opaque token; without, all are asked.
            clock: seconds since the epoch.
        """
        self.trusted = trusted
        self.cache = cache
        self._max_token_bytes = max_token_bytes
        self._most_bytes_remembered = len(BEARER) + max_token_bytes if cache.enabled else -1
        self._route = route
        self._clock = clock

    def recall(self, credentials: bytes) -> tuple[bytes, AccessToken | None]:
        """Look whether a token came before, and all that made it valid still holds.

        It is remembered together with `BEARER`, so that a header that holds both needs no other look.

        Args:
            credentials: `BEARER` and the token's bytes; nothing else is ever remembered.

        Returns:
            What it is remembered under, nothing where it is not to be remembered; and what it means, or None to have it
            examined.
        """
        if len(credentials) > self._most_bytes_remembered:
            return b"", None
        digest = sha256(credentials).digest()
        remembered = self.cache.get(digest)
        if remembered is None:
            return digest, None
        now = self._clock()
        since, until, calm = remembered.settled
        if since <= now < until and not calm.over:
            return digest, remembered.token
        return digest, remembered.token if self._holds(remembered, now) else None

    def _holds(self, remembered: Remembered, now: float) -> bool:
        name = remembered.token.issuer
        issuer = self.trusted.known(name, now)
        if issuer is None or issuer.rules is not remembered.rules:
            return False
        if not remembered.holds(issuer.keys.known(now), now):
            return False
        if self.trusted.stays(name):
            remembered.settle(issuer.keys.calm)
        return True

    def examine(self, token: bytes, digest: bytes) -> AccessToken | Waiting:
        """Decide whether an access token is good, as far as that takes no waiting, and remember it if so.

        Args:
            token: the token's bytes.
            digest: what to remember it under; nothing where it is not to be remembered.

        Returns:
            What it means, or what `decide` takes.

        Raises:
            InvalidToken: with the first true reason.
        """
        try:
            jws = parse(token, max_bytes=self._max_token_bytes)
        except InvalidToken as refusal:
            if refusal.reason not in OPAQUE_REASONS:
                raise
            return copy(refusal)  # without its traceback, which holds all of the request
        name, now = jws.claims.get("iss"), self._clock()
        issuer = self.trusted.known(name, now) if name.__class__ is str else None
        if issuer is None:
            return jws
        try:
            check_header(jws.algorithm, jws.type, issuer.rules)
            keys = issuer.keys.known(now)
            key = keys.named(jws.kid, jws.algorithm) if keys is not None else None
            if key is None or (issuer.introspector is not None and issuer.introspector.confirms):
                return jws
            return self._check(jws, key, keys, issuer, digest, now)
        except InvalidToken as refusal:
            refusal.issuer, refusal.kid = issuer.rules.issuer, jws.kid
            raise

    async def decide(self, waiting: Waiting, token: bytes, digest: bytes) -> Decision:
        """Decide on an access token that could not be examined at once; ask its issuer where its keys do not tell.

        Args:
            waiting: what `examine` returned.
            token: the token's bytes.
            digest: what to remember it under; nothing where it is not to be remembered.

        Raises:
            InvalidToken: with the first true reason.
            Unavailable: where it cannot be decided at present.
        """
        if isinstance(waiting, InvalidToken):
            return await ask_about_opaque(await self._issuers_to_ask(token), token, waiting)
        issuer = await self.trusted.named_by(waiting.claims)
        try:
            check_header(waiting.algorithm, waiting.type, issuer.rules)
            return await self._decide(waiting, issuer, token, digest)
        except JWTGuardError as refusal:
            refusal.issuer, refusal.kid = issuer.rules.issuer, waiting.kid
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
        # Another event loop may have swapped the keys: whether this is still the one shows when the token comes again.
        return Decision(self._check(jws, key, None, issuer, digest, now))

    def _check(
        self, jws: JWS, key: VerificationKey, keys: KeySet | None, issuer: TrustedIssuer, digest: bytes, now: float
    ) -> AccessToken:
        access_token = check(jws, key, issuer.rules, now=now)
        if digest:
            self.cache.put(digest, Remembered(access_token, issuer.rules, key, keys))
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
        issuer = await self.trusted.find(access_token.issuer)
        if issuer is None or issuer.introspector is None:
            raise Unavailable(
                "introspection_unavailable",
                retry_after=60,
                detail="no introspection is configured for the token's issuer",
            )
        await confirm(issuer.introspector, token)

    async def _issuers_to_ask(self, token: bytes) -> Iterable[TrustedIssuer]:
        """Choose whom to ask about a token that does not say whose it is."""
        if self._route is None:
            return self.trusted.configured
        name = routed(self._route, token)
        issuer = None if name is None else await self.trusted.find(name)
        return () if issuer is None else (issuer,)
