"""Keys, and access tokens as RFC 9068 has them, signed by joserfc."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"
SCOPE = "invoices:read invoices:write"

_MAKE: dict[str, Callable[[str], Key]] = {
    "RS256": lambda kid: RSAKey.generate_key(2048, {"kid": kid}, private=True),
    "PS256": lambda kid: RSAKey.generate_key(2048, {"kid": kid}, private=True),
    "ES256": lambda kid: ECKey.generate_key("P-256", {"kid": kid}, private=True),
    "EdDSA": lambda kid: OKPKey.generate_key("Ed25519", {"kid": kid}, private=True),
}


@dataclass(frozen=True, slots=True)
class Signer:
    """An issuer's key, and what it signs.

    Attributes:
        algorithm: the `alg`.
        kid: the key ID.
        key: the private key.
        issuer: the `iss`.
    """

    algorithm: str
    kid: str
    key: Key
    issuer: str = ISSUER

    @classmethod
    def new(cls, algorithm: str, *, kid: str = "2026-01", issuer: str = ISSUER) -> "Signer":
        """Make a key."""
        return cls(algorithm, kid, _MAKE[algorithm](kid), issuer)

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key, as it is published."""
        return {**self.key.as_dict(private=False), "alg": self.algorithm, "use": "sig", "kid": self.kid}

    @property
    def jwk_set(self) -> dict[str, Any]:
        """A JWK Set of that key alone."""
        return {"keys": [self.jwk]}

    def token(self, claims: dict[str, Any]) -> str:
        """Sign claims."""
        header = {"alg": self.algorithm, "typ": "at+jwt", "kid": self.kid}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])

    def tokens(self, number: int, *, groups: int = 0) -> list[str]:
        """Sign that many tokens, no two alike.

        Args:
            number: how many.
            groups: how many names of groups each of them holds, to make it long.
        """
        return [self.token(claims) for claims, _ in zip(self.claims(groups=groups), range(number), strict=False)]

    def claims(self, *, groups: int = 0) -> Iterator[dict[str, Any]]:
        """Make claims of a typical access token, no two alike."""
        now = int(time.time())
        while True:
            yield {
                "iss": self.issuer,
                "aud": AUDIENCE,
                "sub": str(uuid4()),
                "client_id": "s6BhdRkqt3",
                "scope": SCOPE,
                "iat": now,
                "exp": now + 3600,
                "jti": str(uuid4()),
                "auth_time": now - 60,
                **(
                    {"groups": [f"team-{group:03d}-of-the-accounting-department" for group in range(groups)]}
                    if groups
                    else {}
                ),
            }
