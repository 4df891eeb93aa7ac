"""One JSON Web Key: whether it may verify tokens, and of which algorithms (RFC 7517, RFC 7518 section 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from jwtguard.algorithms import (
    ALGORITHMS,
    Algorithm,
    Verify,
    ec_key,
    ed25519_key,
    kind_of,
    mldsa_key,
    rsa_key,
    verifier,
)
from jwtguard.encoding import decode_base64url
from jwtguard.shared_secret import secret_algorithms

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 16384
MAX_RSA_EXPONENT_BITS: Final = 64

SECRET_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
"""The parameters that only private and symmetric keys have: RFC 7518 sections 6.2.2, 6.3.2 and 6.4; "priv" is AKP's."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key (or shared secret), ready to verify the signatures of one algorithm.

    Attributes:
        kid: the key ID, or None where the key has none.
        algorithm: the name of the one algorithm that this object verifies.
        digest: SHA-256 of the key's material, by which equal keys of two key sets are recognised.
        verify: takes a signing input and a signature.
    """

    kid: str | None
    algorithm: str
    digest: bytes = field(repr=False)
    verify: Verify = field(repr=False, compare=False)


def keys_of_member(member: Any, *, symmetric: bool, issuers: frozenset[str]) -> list[VerificationKey]:
    """Return what a member of a JWK Set can verify: a key for each algorithm that it serves.

    Args:
        member: of the set.
        symmetric: take an `oct` key too.
        issuers: what it must have in its `issuer` member to serve; anything, if there are none.

    Raises:
        ValueError: where it cannot serve; the text says why.
    """
    if not isinstance(member, Mapping):
        raise ValueError("a key is a JSON object")
    if issuers and _text(member, "issuer") not in issuers:
        raise ValueError("it is another issuer's")
    key_type, algorithm, kid = (_text(member, name) for name in ("kty", "alg", "kid"))
    if key_type is None:
        raise ValueError("'kty' is missing")
    _check_use(member)
    if key_type == "oct":
        if not symmetric:
            raise ValueError("a shared secret has no place in a published key set")
        secret = _octets(member, "k")
        return keys_of_secret(secret, kid=kid, algorithm=algorithm)
    if present := sorted(SECRET_MEMBERS & member.keys()):
        raise ValueError(f"it holds private material ({', '.join(present)})")
    public_key, curve = _public_key(member, key_type, algorithm)
    return _each(public_key, _fitting(key_type, curve, algorithm), kid=kid)


def keys_of_public_key(public_key: Any, *, kid: str | None, algorithm: str | None) -> list[VerificationKey]:
    """Return what a public key object can verify: a key for each algorithm that it serves.

    Args:
        public_key: `cryptography`'s object.
        kid: its key ID.
        algorithm: the one algorithm that it is to serve; None for all that fit its type.

    Raises:
        ValueError: where it cannot serve; the text says why.
    """
    key_type, curve, only = kind_of(public_key)
    _check_rsa(public_key, key_type)
    fitting = _fitting(key_type, curve, only or algorithm)
    if algorithm not in (None, *(fit.name for fit in fitting)):
        raise ValueError(f"the key does not fit {algorithm}")
    return _each(public_key, fitting, kid=kid)


def keys_of_secret(secret: bytes, *, kid: str | None, algorithm: str | None) -> list[VerificationKey]:
    """Return what a shared secret can verify: a key for each algorithm that it serves.

    Raises:
        ValueError: where it cannot serve; the text says why.
    """
    return _each(secret, secret_algorithms(secret, algorithm), kid=kid)


def _text(member: Mapping[str, Any], name: str) -> str | None:
    value = member.get(name)
    if name in member and not isinstance(value, str):
        raise ValueError(f"{name!r} is not a string")
    return value


def _octets(member: Mapping[str, Any], name: str) -> bytes:
    value = _text(member, name)
    if not value:
        raise ValueError(f"{name!r} is missing")
    try:
        return decode_base64url(value)
    except ValueError:
        raise ValueError(f"{name!r} is not base64url") from None


def _check_use(member: Mapping[str, Any]) -> None:
    """RFC 7517 sections 4.2 and 4.3."""
    if "use" in member and member["use"] != "sig":
        raise ValueError("'use' is not 'sig'")
    if "key_ops" not in member:
        return
    operations = member["key_ops"]
    if not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("'key_ops' does not hold 'verify'")


def _public_key(member: Mapping[str, Any], key_type: str, algorithm: str | None) -> tuple[Any, str | None]:
    curve = _text(member, "crv")
    if key_type == "RSA":
        public_key = rsa_key(_octets(member, "n"), _octets(member, "e"))
        _check_rsa(public_key, key_type)
        return public_key, None
    if key_type == "EC" and curve in ("P-256", "P-384", "P-521"):
        return ec_key(curve, _octets(member, "x"), _octets(member, "y")), curve
    if key_type == "OKP" and curve == "Ed25519":
        return ed25519_key(_octets(member, "x")), curve
    fitting = ALGORITHMS.get(algorithm) if algorithm is not None else None
    if algorithm is not None and fitting is not None and key_type == fitting.key_type == "AKP":
        return mldsa_key(algorithm, _octets(member, "pub")), None
    raise ValueError("no supported algorithm takes its 'kty', 'crv' and 'alg'")


def _check_rsa(public_key: Any, key_type: str) -> None:
    """RFC 7518 section 3.3 (least size); the most is a bound on the cost of one verification."""
    if key_type != "RSA":
        return
    if not MIN_RSA_BITS <= public_key.key_size <= MAX_RSA_BITS:
        raise ValueError(f"RSA keys have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits, this one has {public_key.key_size}")
    if public_key.public_numbers().e.bit_length() > MAX_RSA_EXPONENT_BITS:
        raise ValueError(f"RSA exponents have at most {MAX_RSA_EXPONENT_BITS} bits")


def _fitting(key_type: str, curve: str | None, only: str | None) -> list[Algorithm]:
    fitting = [
        algorithm
        for algorithm in ALGORITHMS.values()
        if (algorithm.key_type, algorithm.curve) == (key_type, curve) and only in (None, algorithm.name)
    ]
    if not fitting:
        raise ValueError("its 'alg' does not fit its type or is not supported")
    return fitting


def _each(public_key: Any, algorithms: list[Algorithm], *, kid: str | None) -> list[VerificationKey]:
    digest = sha256(_material(public_key)).digest()
    return [VerificationKey(kid, algorithm.name, digest, verifier(public_key, algorithm)) for algorithm in algorithms]


def _material(public_key: Any) -> bytes:
    if isinstance(public_key, bytes):
        return public_key
    material: bytes = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return material
