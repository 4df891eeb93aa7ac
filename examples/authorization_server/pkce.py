"""Proof Key for Code Exchange, by the method S256 alone (RFC 7636)."""

import base64
import hmac
import re
import secrets
from hashlib import sha256

METHOD = "S256"

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}").fullmatch


def new_verifier() -> str:
    """Make what a client keeps to itself (section 4.1)."""
    return secrets.token_urlsafe(32)


def challenge_of(verifier: str) -> str:
    """Return what a client shows instead (section 4.2)."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def is_challenge(text: str) -> bool:
    """Whether the text can be the challenge of any verifier."""
    return _CHALLENGE(text) is not None


def proves(verifier: str, challenge: str) -> bool:
    """Whether the verifier is the one that the challenge was made of (section 4.6)."""
    return _VERIFIER(verifier) is not None and hmac.compare_digest(challenge_of(verifier), challenge)
