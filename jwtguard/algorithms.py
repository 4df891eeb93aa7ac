"""The signature algorithms: which key each takes, and how a key verifies. All of python-jose is reached from here."""

from collections.abc import Callable, Mapping
from hashlib import sha256, sha384, sha512
from types import MappingProxyType
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jose import jwk as jose_jwk
from jose.backends.base import Key

from jwtguard.der import der_signature

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa
except ImportError:  # cryptography before 47 has no ML-DSA: its keys are then reported as unsupported
    mldsa = None  # type: ignore[assignment]

Verify = Callable[[bytes, bytes], bool]
"""Takes a signing input and a signature, and tells whether they belong together; raises nothing."""


class Algorithm(msgspec.Struct, frozen=True):
    """One JWS algorithm and the only kind of key that serves it (RFC 8725 section 3.1).

    Attributes:
        name: the `alg` value.
        key_type: the `kty` value.
        curve: the `crv` value, where the key type has curves.
        make: builds python-jose's key object from a public key (or from a shared secret's bytes).
    """

    name: str
    key_type: str
    curve: str | None
    make: Callable[[Any, str], Key]


_SHA256: Final = hashes.SHA256()
_HASHES: Final = {"256": (sha256, _SHA256), "384": (sha384, hashes.SHA384()), "512": (sha512, hashes.SHA512())}
"""By the digits behind RS, PS and ES: hashlib's hash, which is 0.3 µs faster, and its name for `cryptography`."""
_PREHASHED: Final = {bits: Prehashed(algorithm) for bits, (_, algorithm) in _HASHES.items()}
# Made here because the first one imports the bindings of OpenSSL, 20 ms for which no event loop should have to wait.
_ECDSA: Final = {bits: ec.ECDSA(prehashed) for bits, prehashed in _PREHASHED.items()}


def _constructed(key: Any, algorithm: str) -> Any:
    """Have python-jose build its key, and return what that verifies with."""
    construct: Any = jose_jwk.construct  # typed without the key objects of cryptography, which it takes
    return construct(key, algorithm).prepared_key


class _PKCS1Key(Key):
    """RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3): python-jose's key, with what it makes anew for each signature ready."""

    def __init__(self, key: rsa.RSAPublicKey, algorithm: str) -> None:
        self._verify = _constructed(key, algorithm).verify
        bits = algorithm[2:]
        self._hash, self._prehashed = _HASHES[bits][0], _PREHASHED[bits]
        self._padding = padding.PKCS1v15()

    def verify(self, msg: bytes, sig: bytes) -> bool:
        try:
            self._verify(sig, self._hash(msg).digest(), self._padding, self._prehashed)
        except InvalidSignature:
            return False
        return True


def _pss(algorithm: hashes.HashAlgorithm) -> padding.PSS:
    return padding.PSS(mgf=padding.MGF1(algorithm), salt_length=algorithm.digest_size)


class _PSSKey(Key):
    """RSASSA-PSS with a salt as long as the hash (RFC 7518 section 3.5)."""

    def __init__(self, key: rsa.RSAPublicKey, algorithm: str) -> None:
        self._verify = key.verify
        bits = algorithm[2:]
        self._hash, self._prehashed = _HASHES[bits][0], _PREHASHED[bits]
        self._padding = _pss(_HASHES[bits][1])
        self._size = (key.key_size + 7) // 8

    def verify(self, msg: bytes, sig: bytes) -> bool:
        if len(sig) != self._size:  # RFC 8017 section 8.1.2, step 1: OpenSSL takes one that lacks zeros in front
            return False
        try:
            self._verify(sig, self._hash(msg).digest(), self._padding, self._prehashed)
        except InvalidSignature:
            return False
        return True


class _ECDSAKey(Key):
    """ECDSA (RFC 7518 section 3.4): python-jose's key, with what it makes anew for each signature ready."""

    def __init__(self, key: ec.EllipticCurvePublicKey, algorithm: str) -> None:
        self._verify = _constructed(key, algorithm).verify
        bits = algorithm[2:]
        self._hash, self._ecdsa = _HASHES[bits][0], _ECDSA[bits]
        self._size = (key.key_size + 7) // 8

    def verify(self, msg: bytes, sig: bytes) -> bool:
        size = self._size
        if len(sig) != 2 * size:
            return False
        try:
            self._verify(der_signature(sig[:size], sig[size:]), self._hash(msg).digest(), self._ecdsa)
        except InvalidSignature:
            return False
        return True


class _PureSignatureKey(Key):
    """Ed25519 (RFC 8037 section 3.1) and ML-DSA: the algorithm hashes for itself."""

    def __init__(self, key: Any, algorithm: str) -> None:  # noqa: ARG002  (python-jose's signature)
        self._verify = key.verify

    def verify(self, msg: bytes, sig: bytes) -> bool:
        try:
            self._verify(sig, msg)
        except InvalidSignature:
            return False
        return True


def _algorithms() -> dict[str, Algorithm]:
    table = [
        *(Algorithm(f"RS{bits}", "RSA", None, _PKCS1Key) for bits in (256, 384, 512)),
        *(Algorithm(f"PS{bits}", "RSA", None, _PSSKey) for bits in (256, 384, 512)),
        Algorithm("ES256", "EC", "P-256", _ECDSAKey),
        Algorithm("ES384", "EC", "P-384", _ECDSAKey),
        Algorithm("ES512", "EC", "P-521", _ECDSAKey),
        Algorithm("Ed25519", "OKP", "Ed25519", _PureSignatureKey),
        Algorithm("EdDSA", "OKP", "Ed25519", _PureSignatureKey),
        *(Algorithm(f"HS{bits}", "oct", None, jose_jwk.construct) for bits in (256, 384, 512)),
    ]
    if mldsa is not None:
        table += [Algorithm(f"ML-DSA-{level}", "AKP", None, _PureSignatureKey) for level in (44, 65, 87)]
    return {algorithm.name: algorithm for algorithm in table}


ALGORITHMS: Final[Mapping[str, Algorithm]] = MappingProxyType(_algorithms())
"""All that jwtguard verifies. `none` is not among them (RFC 8725 section 3.2)."""

ASYMMETRIC: Final = tuple(name for name, algorithm in ALGORITHMS.items() if algorithm.key_type != "oct")
"""What an issuer may sign with where nothing else is configured."""

SYMMETRIC: Final[Mapping[str, int]] = MappingProxyType({"HS256": 32, "HS384": 48, "HS512": 64})
"""The shared-secret algorithms, and the least number of bytes each takes (RFC 7518 section 3.2)."""


def verifier(public_key: Any, algorithm: Algorithm) -> Verify:
    """Do once, when a key is loaded, all that verifying with it needs.

    Args:
        public_key: `cryptography`'s public key object of the algorithm's type and curve, or a shared secret's bytes.
        algorithm: what it is to verify.
    """
    return algorithm.make(public_key, algorithm.name).verify


SIGNING: Final = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
"""What this resource server can sign with, where it has to prove who it is."""


def signer(private_key: str | bytes, algorithm: str) -> Callable[[bytes], bytes]:
    """Do once all that signing with a private key needs.

    Args:
        private_key: in PEM, not encrypted.
        algorithm: one of `SIGNING`.

    Returns:
        What takes a signing input and returns the signature.

    Raises:
        ValueError: where it is not a private key, or not one that the algorithm takes.
    """
    pem = private_key.encode() if isinstance(private_key, str) else private_key
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise ValueError("the private key is encrypted") from None
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    key_type, curve, _ = kind_of(key.public_key())
    fitting = ALGORITHMS[algorithm]
    if (fitting.key_type, fitting.curve) != (key_type, curve):
        raise ValueError(f"{algorithm} does not take this key")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < 2048:
        raise ValueError(f"an RSA key has at least 2048 bits (RFC 7518 section 3.3), this one {key.key_size}")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _ecdsa_signer(key)
    if isinstance(key, rsa.RSAPrivateKey) and algorithm == "PS256":
        pss = _pss(_SHA256)
        return lambda signing_input: key.sign(signing_input, pss, _SHA256)
    sign: Callable[[bytes], bytes] = jose_jwk.construct(pem, algorithm).sign
    return sign


def _ecdsa_signer(key: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    """ES256 without random numbers, whose least flaw gives the key away (RFC 6979, RFC 8725 section 3.2)."""
    try:
        algorithm = ec.ECDSA(_SHA256, deterministic_signing=True)
    except (TypeError, UnsupportedAlgorithm):  # cryptography before 43, OpenSSL before 3.2
        algorithm = ec.ECDSA(_SHA256)

    def sign(signing_input: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(signing_input, algorithm))
        return r.to_bytes(32) + s.to_bytes(32)

    return sign


def rsa_key(n: bytes, e: bytes) -> rsa.RSAPublicKey:
    """Return the RSA public key of modulus `n` and exponent `e`, big-endian.

    Raises:
        ValueError: where they cannot be an RSA public key.
    """
    modulus = int.from_bytes(n)
    if modulus % 2 == 0:
        raise ValueError("an RSA modulus is odd")
    return rsa.RSAPublicNumbers(int.from_bytes(e), modulus).public_key()


_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}


def ec_key(curve: str, x: bytes, y: bytes) -> ec.EllipticCurvePublicKey:
    """Return the elliptic-curve public key of the point.

    Raises:
        ValueError: where a coordinate is not as long as the curve's field (RFC 7518 section 6.2.1.2), or the point
            is not on the curve.
    """
    numbers = _CURVES[curve]
    size = (numbers.key_size + 7) // 8
    if len(x) != size or len(y) != size:
        raise ValueError(f"coordinates on {curve} are {size} bytes long")
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), numbers).public_key()


_Y_BITS: Final = 2**255 - 1  # the highest bit is the sign of the other coordinate
_P: Final = 2**255 - 19
_Y_OF_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# The points whose order divides the cofactor, in every encoding of y: order 4, 1 and 2, reduced or not, and order 8.
# With such a key anyone can make a signature that fits one message in eight, or every one (RFC 8725 section 3.4).
_SMALL_ORDER: Final = frozenset({0, 1, _P - 1, _P, _P + 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})


def ed25519_key(x: bytes) -> ed25519.Ed25519PublicKey:
    """Return the Ed25519 public key (RFC 8037 section 2).

    Raises:
        ValueError: where `x` is not 32 bytes long, or a point for which anyone can make signatures.
    """
    if int.from_bytes(x, "little") & _Y_BITS in _SMALL_ORDER:
        raise ValueError("the point is of small order")
    return ed25519.Ed25519PublicKey.from_public_bytes(x)


def mldsa_key(name: str, pub: bytes) -> Any:
    """Return the ML-DSA public key of one of the algorithms `ML-DSA-44`, `ML-DSA-65`, `ML-DSA-87`.

    Raises:
        ValueError: where `pub` is not as long as the algorithm's public keys, or OpenSSL lacks the algorithm.
    """
    kind: dict[str, Any] = {
        "ML-DSA-44": mldsa.MLDSA44PublicKey,
        "ML-DSA-65": mldsa.MLDSA65PublicKey,
        "ML-DSA-87": mldsa.MLDSA87PublicKey,
    }
    try:
        return kind[name].from_public_bytes(pub)
    except UnsupportedAlgorithm as error:  # an OpenSSL without ML-DSA
        raise ValueError(str(error)) from None


def kind_of(public_key: Any) -> tuple[str, str | None, str | None]:
    """Tell the `kty`, the `crv` and, where the key type has but one, the `alg` of a public key object.

    Raises:
        ValueError: where no algorithm here takes such a key.
    """
    if isinstance(public_key, rsa.RSAPublicKey):
        return "RSA", None, None
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return "OKP", "Ed25519", None
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        for name, curve in _CURVES.items():
            if public_key.curve.name == curve.name:
                return "EC", name, None
    if mldsa is not None:
        for level in (44, 65, 87):
            if isinstance(public_key, getattr(mldsa, f"MLDSA{level}PublicKey")):
                return "AKP", None, f"ML-DSA-{level}"
    raise ValueError(f"no signature algorithm takes a key of type {type(public_key).__name__}")
