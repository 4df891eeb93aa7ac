"""Tokens taken apart and put together wrongly, by hand: no library would do most of this."""

import base64
import hashlib
import hmac
import json
from typing import Any


def decode(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a JWT's header and claims. Anybody can read them; only the signature says whether to believe them."""
    header, claims, _ = token.split(".")
    return json.loads(_octets(header)), json.loads(_octets(claims))


def with_claims(token: str, **changed: Any) -> str:
    """Change what a token says, and leave its signature."""
    header, _, signature = token.split(".")
    return f"{header}.{_json({**decode(token)[1], **changed})}.{signature}"


def with_broken_signature(token: str) -> str:
    """Change one bit of a token's signature."""
    header, claims, signature = token.split(".")
    octets = bytearray(_octets(signature))
    octets[0] ^= 1
    return f"{header}.{claims}.{_text(octets)}"


def with_algorithm_none(token: str, *, keep_signature: bool) -> str:
    """Say that a token needs no signature (RFC 7519 section 6)."""
    header, claims = decode(token)
    signature = token.split(".")[2] if keep_signature else ""
    return f"{_json({**header, 'alg': 'none'})}.{_json(claims)}.{signature}"


def signed_with_public_key(token: str, pem: bytes) -> str:
    """Say HS256, and use the issuer's public key, which everybody has, as the shared secret (RFC 8725 section 2.1)."""
    header, claims = decode(token)
    signing_input = f"{_json({**header, 'alg': 'HS256'})}.{_json(claims)}"
    return f"{signing_input}.{_text(hmac.digest(pem, signing_input.encode(), hashlib.sha256))}"


def _json(value: dict[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _text(octets: bytes | bytearray) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
