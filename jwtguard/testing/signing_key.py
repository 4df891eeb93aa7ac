"""A key pair that signs the tokens of a test."""

import secrets
from dataclasses import dataclass, field
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from jwtguard.algorithms import SIGNING, signer
from jwtguard.encoding import encode_base64url, encode_segment
from jwtguard.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and its public half as it is published.

    Attributes:
        algorithm: what it signs with.
        kid: its key ID.
        jwk: the public half.
    """

    algorithm: str
    kid: str
    jwk: dict[str, Any]
    _pem: bytes = field(repr=False)

    @classmethod
    def generate(cls, algorithm: str) -> Self:
        """Make a new key.

        Args:
            algorithm: RS256, PS256, ES256, Ed25519 or EdDSA.

        Raises:
            ConfigurationError: for another algorithm.
        """
        if algorithm not in SIGNING:
            raise ConfigurationError(f"test tokens are signed with {', '.join(SIGNING)}, not {algorithm!r}")
        kid = secrets.token_urlsafe(8)
        key, public = _generate(algorithm)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(algorithm, kid, {**public, "kid": kid, "alg": algorithm, "use": "sig"}, pem)

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Return a signed JWT in compact serialization.

        Args:
            claims: its claims.
            header: header parameters to add or replace.
        """
        signing_input = f"{encode_segment({'alg': self.algorithm, 'kid': self.kid, **header})}.{encode_segment(claims)}"
        return f"{signing_input}.{encode_base64url(signer(self._pem, self.algorithm)(signing_input.encode()))}"


def _generate(algorithm: str) -> tuple[Any, dict[str, Any]]:
    if algorithm == "ES256":
        elliptic = ec.generate_private_key(ec.SECP256R1())
        point = elliptic.public_key().public_numbers()
        return elliptic, {"kty": "EC", "crv": "P-256", "x": _uint(point.x, 32), "y": _uint(point.y, 32)}
    if algorithm in ("Ed25519", "EdDSA"):
        edwards = ed25519.Ed25519PrivateKey.generate()
        return edwards, {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(edwards.public_key().public_bytes_raw())}
    key = rsa.generate_private_key(65537, 2048)
    numbers = key.public_key().public_numbers()
    return key, {"kty": "RSA", "n": _uint(numbers.n, 256), "e": _uint(numbers.e, 3)}


def _uint(number: int, size: int) -> str:
    return encode_base64url(number.to_bytes(size))
