"""Resource servers with configured keys for the tests, and keys that count how often a signature is checked."""

from dataclasses import dataclass, field, replace
from typing import Any

from jwtguard import Issuer, JWTGuardError, KeySet, ResourceServer
from tests.signing import AUDIENCE, ISSUER, NOW, SigningKey, signing_key

KEY = signing_key("Ed25519")
"""The key that all of these resource servers trust where nothing else is said: quick to make and to sign with."""


def resource_server(key: SigningKey = KEY, **options: Any) -> ResourceServer:
    """A resource server that trusts one issuer with one key, at the time `NOW`.

    Args:
        key: the key.
        options: more for `ResourceServer`.
    """
    return ResourceServer(Issuer(ISSUER, keys=key.jwk_set), **{"audience": AUDIENCE, "clock": lambda: NOW, **options})


async def reason_of(server: ResourceServer, token: str) -> str | None:
    """Why the token is refused; None if it is accepted."""
    try:
        await server.validate(token)
    except JWTGuardError as error:
        return error.reason
    return None


def bearer(token: str) -> dict[str, str]:
    """The header of a request that presents the token."""
    return {"Authorization": f"Bearer {token}"}


@dataclass
class Clock:
    """A clock that stands until it is moved.

    Attributes:
        now: seconds since the epoch.
    """

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class CountedKeys:
    """The keys of a JWK Set, and how many signatures they have checked.

    Attributes:
        jwk_set: the JWK Set.
        checks: the number of signature checks so far.
        keys: to configure an `Issuer` with.
    """

    jwk_set: dict[str, Any] = field(default_factory=lambda: KEY.jwk_set)
    checks: int = 0
    keys: KeySet = field(init=False)

    def __post_init__(self) -> None:
        keys = KeySet.from_jwk_set(self.jwk_set, symmetric=True).keys
        self.keys = KeySet(replace(key, verify=self._counted(key.verify)) for key in keys)

    def _counted(self, verify: Any) -> Any:
        def counted(signing_input: bytes, signature: bytes) -> bool:
            self.checks += 1
            return bool(verify(signing_input, signature))

        return counted

    def resource_server(self, **options: Any) -> ResourceServer:
        """A resource server that trusts these keys; each token is checked anew unless the options say otherwise."""
        defaults = {"audience": AUDIENCE, "clock": lambda: NOW, "token_cache": 0}
        return ResourceServer(Issuer(ISSUER, keys=self.keys), **{**defaults, **options})
