"""Signs tokens for the tests, odd ones included; nothing of jwtguard is used, so that no mistake cancels out."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"
NOW = 1_800_000_000
"""The time at which the tests of the pure half take place."""

_CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
_CURVE_NAMES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64(octets: bytes) -> str:
    """Encode as JOSE does: base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def b64_uint(number: int, size: int | None = None) -> str:
    """Encode a number, big-endian, as JWKs have it."""
    return b64(number.to_bytes(size or (number.bit_length() + 7) // 8))


def segment(value: Any) -> str:
    """Encode a JSON value as a token's segment; bytes are taken as they are."""
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


@dataclass(frozen=True)
class SigningKey:
    """A private key (or shared secret), and what is published of it.

    Attributes:
        private: `cryptography`'s private key object, or the secret's bytes.
        algorithm: the `alg` it signs with.
        kid: its key ID, or None.
    """

    private: Any = field(repr=False)
    algorithm: str
    kid: str | None = "key-1"

    @property
    def jwk(self) -> dict[str, Any]:
        """What is published, as a JWK."""
        common = {"alg": self.algorithm, "use": "sig"} | ({} if self.kid is None else {"kid": self.kid})
        if isinstance(self.private, bytes):
            return {"kty": "oct", "k": b64(self.private), **common}
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": b64_uint(numbers.n), "e": b64_uint(numbers.e), **common}
        if isinstance(public, ec.EllipticCurvePublicKey):
            point = public.public_numbers()
            size = (public.key_size + 7) // 8
            crv = _CURVE_NAMES[self.algorithm]
            return {"kty": "EC", "crv": crv, "x": b64_uint(point.x, size), "y": b64_uint(point.y, size), **common}
        raw = public.public_bytes_raw()
        if isinstance(public, ed25519.Ed25519PublicKey):
            return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw), **common}
        return {"kty": "AKP", "pub": b64(raw), **common}

    @property
    def jwk_set(self) -> dict[str, Any]:
        """A JWK Set of this key alone."""
        return {"keys": [self.jwk]}

    @property
    def pem(self) -> str:
        """The public key in PEM."""
        public = self.private.public_key()
        text: bytes = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return text.decode()

    def signature(self, signing_input: bytes, algorithm: str | None = None) -> bytes:
        """Sign, as `algorithm` has it."""
        return sign(self.private, algorithm or self.algorithm, signing_input)

    def token(self, claims: Any = None, header: Any = None, **more: Any) -> str:
        """Sign a token.

        Args:
            claims: all claims, or raw bytes in their place; good ones by default.
            header: the whole header, or raw bytes in its place; a good one by default.
            more: claims to add or replace; a value of `...` leaves the claim out.
        """
        if header is None:
            header = {"alg": self.algorithm, "typ": "at+jwt"} | ({} if self.kid is None else {"kid": self.kid})
        claims = good_claims() if claims is None else claims
        if more:
            claims = {name: value for name, value in {**claims, **more}.items() if value is not ...}
        signing_input = f"{segment(header)}.{segment(claims)}"
        return f"{signing_input}.{b64(self.signature(signing_input.encode()))}"


def sign(private: Any, algorithm: str, signing_input: bytes) -> bytes:
    """Sign with a private key object of `cryptography`, or with a secret (RFC 7518 section 3)."""
    if isinstance(private, bytes):
        return hmac.digest(private, signing_input, getattr(hashlib, f"sha{algorithm[-3:]}"))
    if algorithm.startswith("RS"):
        return bytes(private.sign(signing_input, padding.PKCS1v15(), _HASHES[algorithm[-3:]]))
    if algorithm.startswith("PS"):
        digest = _HASHES[algorithm[-3:]]
        return bytes(private.sign(signing_input, padding.PSS(padding.MGF1(digest), digest.digest_size), digest))
    if algorithm.startswith("ES"):
        size = (private.key_size + 7) // 8
        r, s = decode_dss_signature(private.sign(signing_input, ec.ECDSA(_HASHES[algorithm[-3:]])))
        return r.to_bytes(size) + s.to_bytes(size)
    return bytes(private.sign(signing_input))


def good_claims(*, now: float = NOW, **more: Any) -> dict[str, Any]:
    """Claims that every profile accepts at that time."""
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user-1",
        "client_id": "client-1",
        "scope": "invoices:read invoices:write",
        "iat": int(now) - 10,
        "exp": int(now) + 3600,
        "jti": "token-1",
        **more,
    }


@cache
def signing_key(algorithm: str = "RS256", kid: str | None = "key-1", number: int = 0) -> SigningKey:
    """Make a key, or return the one made before: making RSA keys takes long.

    Args:
        algorithm: what it signs with.
        kid: its key ID.
        number: tells keys of one algorithm and key ID apart.
    """
    return SigningKey(_private_key(algorithm, number), algorithm, kid)


@cache
def _private_key(algorithm: str, number: int) -> Any:
    if algorithm.startswith("HS"):
        return hashlib.shake_256(f"{algorithm} {number}".encode()).digest(64)
    if algorithm[:2] in ("RS", "PS"):
        return rsa.generate_private_key(65537, 2048)
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    if algorithm in ("EdDSA", "Ed25519"):
        return ed25519.Ed25519PrivateKey.generate()
    from cryptography.hazmat.primitives.asymmetric import mldsa

    return getattr(mldsa, f"MLDSA{algorithm[-2:]}PrivateKey").generate()
