"""Which bytes may be a secret that is shared with an authorization server: enough of them, and not somebody's key."""

from binascii import a2b_base64
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from cryptography.x509 import load_der_x509_certificate

from jwtguard.algorithms import ALGORITHMS, SYMMETRIC, Algorithm

_MARKS: Final = (
    b"-----BEGIN ",
    b"---- BEGIN ",
    b"ssh-rsa",
    b"ssh-dss",
    b"ssh-ed25519",
    b"ecdsa-sha2-nistp",
    b"-cert-v01@openssh.com",
)
_TO_STANDARD_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")


def secret_algorithms(secret: bytes, only: str | None) -> list[Algorithm]:
    """Return the algorithms that the secret is long enough for (RFC 7518 section 3.2).

    Args:
        secret: random bytes.
        only: the one algorithm that it is to serve, if it is not to serve all.

    Raises:
        ValueError: where there is none, or the bytes are a key that an attacker may have (RFC 8725 section 2.1).
    """
    if not isinstance(secret, bytes):
        raise ValueError(f"a shared secret is bytes, not {type(secret).__name__}")
    if _is_a_key(secret):
        raise ValueError("it is a public or private key, not a secret; a public key goes in as PEM text or as a JWK")
    if only is not None and only not in SYMMETRIC:
        raise ValueError("a shared secret serves HS256, HS384 and HS512 only")
    names = [name for name, size in SYMMETRIC.items() if only in (None, name) and len(secret) >= size]
    if not names:
        raise ValueError(
            f"{only or 'HS256'} takes at least {SYMMETRIC[only or 'HS256']} bytes, this one has {len(secret)}"
        )
    return [ALGORITHMS[name] for name in names]


def _is_a_key(secret: bytes) -> bool:
    text = secret.strip()
    if any(mark in text for mark in _MARKS):
        return True
    if text.startswith(b"{") and (b'"kty"' in text or b'"keys"' in text):
        return True
    return _is_der(secret) or _is_der(_from_base64(text))


def _from_base64(text: bytes) -> bytes:
    """Some authorization servers show their public key in base64 without the lines that make it PEM."""
    try:
        return a2b_base64(text.translate(_TO_STANDARD_ALPHABET) + b"==")
    except ValueError:
        return b""


def _is_der(octets: bytes) -> bool:
    for load in (load_der_public_key, load_der_x509_certificate, lambda der: load_der_private_key(der, password=None)):
        try:
            load(octets)
        except ValueError:
            continue
        except (TypeError, UnsupportedAlgorithm):  # encrypted, or of a kind that cannot be loaded: a key all the same
            return True
        return True
    return False
