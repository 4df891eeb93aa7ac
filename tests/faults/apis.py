"""A resource server that trusts an authorization server on loopback, and tokens for it, on a clock that stands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from jwtguard import Issuer, JWTGuardError, ResourceServer
from jwtguard.key_source import IssuerHealth
from tests.loopback import AuthorizationServer, authorization_server
from tests.resource_servers import Clock
from tests.signing import AUDIENCE, NOW, SigningKey, good_claims, signing_key

KEY = signing_key("ES256", "current", 1)
NEXT = signing_key("ES256", "next", 2)
FORGER = signing_key("ES256", "forged", 3)
A_WEEK = 7 * 24 * 3600


@dataclass
class API:
    """The resource server, and who it trusts.

    Attributes:
        server: the authorization server.
        clock: what the resource server thinks the time is.
        resource_server: the resource server.
    """

    server: AuthorizationServer
    clock: Clock = field(default_factory=Clock)
    options: dict[str, Any] = field(default_factory=dict)
    resource_server: ResourceServer = field(init=False)

    def __post_init__(self) -> None:
        issuer = Issuer(self.server.issuer)
        self.resource_server = ResourceServer(issuer, **{"audience": AUDIENCE, "clock": self.clock, **self.options})

    def token(self, key: SigningKey = KEY, **more: Any) -> str:
        """A token that is good for a week, if the key is."""
        return key.token(good_claims(now=NOW, iss=self.server.issuer, exp=NOW + A_WEEK), **more)

    async def outcome(self, token: str) -> str | None:
        """Why a token is refused; None if it is accepted."""
        try:
            await self.resource_server.validate(token)
        except JWTGuardError as error:
            return error.reason
        return None

    @property
    def health(self) -> IssuerHealth:
        return self.resource_server.last_health().issuers[0]

    async def refreshed(self) -> None:
        """Have a refresh begin in the background, as a request does, and wait until it has ended."""
        self.clock.now = max(self.clock.now, self.health.next_refresh or 0)
        await self.resource_server.health()
        for issuer in self.resource_server.issuers:
            await issuer.keys.refresh()


@asynccontextmanager
async def api(*keys: SigningKey, warm: bool = True, timeout: float = 2, **options: Any) -> AsyncIterator[API]:
    """Run an authorization server, and a resource server that trusts it.

    Args:
        keys: the authorization server's keys.
        warm: have the keys fetched.
        timeout: seconds for one fetch, after the first.
        options: more for `ResourceServer`.
    """
    with authorization_server(*(keys or (KEY,))) as server:
        protecting = API(server, options=options)
        try:
            if warm:
                await protecting.refreshed()
            protecting.resource_server.validation.trusted._http.timeout = timeout
            yield protecting
        finally:
            await protecting.resource_server.aclose()
