"""A resource server that remembers tokens decides at every moment as one that validates each of them anew."""

import asyncio
from typing import Any

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from pydantic import BaseModel

from jwtguard import Issuer, JWTGuardError, ResourceServer
from jwtguard.events import Event, TokenAccepted
from jwtguard.testing import TestIssuer
from jwtguard.typed_claims import TypedClaims
from tests.resource_servers import Clock
from tests.signing import AUDIENCE, ISSUER, SigningKey, good_claims, signing_key

CONFIGURED_ISSUER = "https://configured.example"
CONFIGURED = signing_key("HS256", "shared")
POOL = [signing_key("Ed25519", kid, number) for kid in ("a", "b", None) for number in (0, 1)]
"""Keys that are published, withdrawn and published again; of each two one takes the other's key ID."""


class Declared(BaseModel):
    """Claims in a declared form, which not all tokens fit."""

    sub: str
    roles: list[str] = []
    level: int = 0


CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "nbf": st.sampled_from([0, 1, 30, 31, 3600]),
        "iat": st.sampled_from([0, 1, 30, 31, 3600]),
        "aud": st.sampled_from([[AUDIENCE, "other"], "other"]),
        "sub": st.just("user-2"),
        "roles": st.sampled_from([["admin"], ["auditor", "admin"], "admin", 5]),
        "realm": st.sampled_from([{"roles": ["admin"]}, {}, 5]),
        "level": st.sampled_from([1, "1", "high", None]),
    },
)
"""Claims with which a token differs from others; times in seconds from when it is issued."""
NUMBERS = st.integers(0, 2**16)
THEN = st.sampled_from([True, True, False])
"""Whether all tokens are presented then."""

Outcome = tuple[Any, ...]


class Side:
    """One resource server, with what a guard keeps of its tokens."""

    def __init__(self, clock: Clock, issuer: TestIssuer, *, token_cache: int) -> None:
        self.resource_server = ResourceServer(
            [Issuer(ISSUER), Issuer(CONFIGURED_ISSUER, keys=CONFIGURED.jwk_set, roles_claims=[("realm", "roles")])],
            audience=AUDIENCE,
            token_cache=token_cache,
            http_client=issuer.http_client(),
            on_event=self._take_notice,
            clock=clock,
        )
        self.recalled = 0
        self._typed = TypedClaims(Declared) if token_cache else None
        fetched: Any = self.resource_server.issuers[0].keys
        fetched._chance = lambda: 0.5  # or the two would refresh their keys at different times

    async def decide(self, token: str) -> Outcome:
        try:
            access_token = await self.resource_server.validate(token)
            typed = (self._typed or TypedClaims(Declared)).of(access_token)
        except JWTGuardError as refusal:
            return type(refusal), refusal.args, vars(refusal)
        finally:
            await settled()
        return access_token, typed

    def _take_notice(self, told: Event) -> None:
        if isinstance(told, TokenAccepted):
            self.recalled += told.cached


async def settled() -> None:
    """Wait for what runs in the background; the clock stands meanwhile."""
    if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(tasks)


class Remembering(RuleBasedStateMachine):
    """Tokens come again and again while the time moves both ways, keys change, and the issuer fails and recovers."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.issuer = TestIssuer(ISSUER, audience=AUDIENCE, algorithm="Ed25519", clock=self.clock)
        self.sides: tuple[Side, ...] = ()
        self.tokens: list[tuple[str, dict[str, Any]]] = []

    def teardown(self) -> None:
        for side in self.sides:
            self.runner.run(side.resource_server.aclose())
        self.runner.close()

    @initialize(size=st.sampled_from([1, 2, 4096]))
    def begin(self, size: int) -> None:
        self.sides = tuple(Side(self.clock, self.issuer, token_cache=most) for most in (size, 0))
        self.publish({0})

    @rule(published=st.sets(st.sampled_from(range(len(POOL)))), then=THEN)
    def publish(self, published: set[int], then: bool = False) -> None:
        """Publish these keys, and no others; of none at all the fetch fails."""
        self.issuer.endpoints.publish({"kty": "unknown"}, keep_others=False)
        for number in sorted(published):
            self.issuer.endpoints.publish(POOL[number].jwk)
        self._present(then)

    @rule(
        key=st.sampled_from([*POOL[:1] * 3, *POOL, CONFIGURED]),
        seconds=st.sampled_from([0, 60, 3600, 10**6]),
        more=CLAIMS,
        then=THEN,
    )
    def issue(self, key: SigningKey, seconds: int, more: dict[str, Any], then: bool) -> None:
        issuer = CONFIGURED_ISSUER if key is CONFIGURED else ISSUER
        now = int(self.clock.now)
        later = {name: now + value if name in ("nbf", "iat") else value for name, value in more.items()}
        claims = good_claims(now=now, iss=issuer, exp=now + seconds) | later
        self.tokens = [*self.tokens[-4:], (key.token(claims), claims)]
        self._present(then)

    @precondition(lambda self: self.tokens)
    @rule(which=NUMBERS, position=NUMBERS, other=st.sampled_from("AQgw.-~\xe9"), then=THEN)
    def forge(self, which: int, position: int, other: str, then: bool) -> None:
        token, claims = self.tokens[which % len(self.tokens)]
        position %= len(token)
        self.tokens = [*self.tokens[-4:], (token[:position] + other + token[position + 1 :], claims)]
        self._present(then)

    @precondition(lambda self: self.tokens)
    @rule(
        which=NUMBERS,
        claim=st.sampled_from(["exp", "nbf", "iat"]),
        seconds=st.sampled_from([-31, -30, -29.5, -1, 0, 29.5, 30, 31]),
        then=THEN,
    )
    def move_to_an_edge(self, which: int, claim: str, seconds: float, then: bool) -> None:
        _, claims = self.tokens[which % len(self.tokens)]
        self.clock.now = claims.get(claim, self.clock.now) + seconds
        self._present(then)

    @rule(
        seconds=st.sampled_from([31, 60, 301, 479, 480, 600, 3600, 86400]) | st.floats(0, 60),
        back=st.booleans(),
        then=THEN,
    )
    def move_the_clock(self, seconds: float, back: bool, then: bool) -> None:
        self.clock.now += -seconds if back else seconds
        self._present(then)

    @precondition(lambda self: self.tokens)
    @rule(status=st.none() | st.sampled_from([500, 404, 302]))
    def present_while_the_issuer_fails(self, status: int | None) -> None:
        with self.issuer.failing(status):
            self._present(True)

    def _present(self, then: bool) -> None:
        for token, _ in self.tokens if then else ():
            recalled = self.sides[0].recalled
            remembering, forgetful = (self.runner.run(side.decide(token)) for side in self.sides)
            assert remembering == forgetful
            event("recalled" if self.sides[0].recalled > recalled else "examined")


TestRemembering = Remembering.TestCase
