"""One public key out of PEM text (RFC 7468)."""

from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

_BEGIN = b"-----BEGIN "


def is_pem(text: bytes) -> bool:
    """Whether the text is PEM, possibly after explanatory text (RFC 7468 section 2), and not JSON."""
    return _BEGIN in text and not text.lstrip().startswith(b"{")


def public_key_in(text: bytes) -> Any:
    """Return the public key object of the one public key or certificate in the text.

    Of a certificate only the key is used, not its dates or its issuer.

    Raises:
        ValueError: where it is not one public key or certificate, or of a kind that `cryptography` cannot load.
    """
    if b"PRIVATE KEY" in text:
        raise ValueError("it is a private key; a resource server needs the public key only")
    if text.count(_BEGIN) > 1:
        raise ValueError("it holds several keys or certificates; give one, or a JWK Set")
    try:
        if b"-----BEGIN CERTIFICATE-----" in text:
            return load_pem_x509_certificate(text).public_key()
        return load_pem_public_key(text)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
