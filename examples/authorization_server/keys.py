"""The keys that sign: one at a time; the ones before it stay published while what they signed is alive."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, OKPKey, RSAKey

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS = (*_RSA, *_CURVES, "Ed25519")
"""What this server can sign with."""

MAX_RETIRED = 8


@dataclass(frozen=True, slots=True)
class _RetiredKey:
    key: RSAKey | ECKey | OKPKey
    published_until: float


class SigningKeys:
    """Signs tokens and publishes what they can be verified with.

    Attributes:
        algorithm: what the current key signs with.
    """

    def __init__(
        self, algorithm: str = "RS256", *, publish_for: float = 3600, clock: Callable[[], float] = time.time
    ) -> None:
        """Make the first key.

        Args:
            algorithm: what it signs with, one of `ALGORITHMS`.
            publish_for: seconds for which a key stays published after its last signature: the longest life of a token.
            clock: returns the seconds since the epoch.

        Raises:
            ValueError: for an algorithm that this server cannot sign with.
        """
        self._publish_for = publish_for
        self._clock = clock
        self._retired: tuple[_RetiredKey, ...] = ()
        self._key = _new_key(algorithm)
        self.algorithm = algorithm

    @property
    def kid(self) -> str:
        """The current key's ID, its thumbprint (RFC 7638)."""
        return str(self._key.kid)

    def rotate(self, algorithm: str | None = None) -> None:
        """Sign with a new key from now on.

        Args:
            algorithm: what it signs with; as before if not given.
        """
        algorithm = algorithm or self.algorithm
        successor = _new_key(algorithm)
        retired = _RetiredKey(self._key, self._clock() + self._publish_for)
        self._retired = (retired, *self._still_published())[:MAX_RETIRED]
        self._key, self.algorithm = successor, algorithm

    def sign(self, claims: Mapping[str, Any], *, type_: str) -> str:
        """Return the claims as a JWT in compact serialization.

        Args:
            claims: what it says.
            type_: the header's `typ`.
        """
        algorithm = str(self._key.alg)
        header = {"alg": algorithm, "typ": type_, "kid": self.kid}
        return jwt.encode(header, dict(claims), self._key, algorithms=[algorithm])

    def jwk_set(self) -> dict[str, Any]:
        """Return the public keys (RFC 7517 section 5)."""
        keys = (self._key, *(retired.key for retired in self._still_published()))
        return {"keys": [key.as_dict(private=False) for key in keys]}

    def _still_published(self) -> tuple[_RetiredKey, ...]:
        now = self._clock()
        return tuple(retired for retired in self._retired if now < retired.published_until)


def _new_key(algorithm: str) -> RSAKey | ECKey | OKPKey:
    parameters: KeyParameters = {"use": "sig", "alg": algorithm}
    if algorithm in _RSA:
        return RSAKey.generate_key(2048, parameters, auto_kid=True)
    if algorithm in _CURVES:
        return ECKey.generate_key(_CURVES[algorithm], parameters, auto_kid=True)
    if algorithm == "Ed25519":
        return OKPKey.generate_key("Ed25519", parameters, auto_kid=True)
    raise ValueError(f"algorithm is one of {', '.join(ALGORITHMS)}, not {algorithm!r}")
