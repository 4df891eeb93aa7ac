"""Attacks with secrets that can be guessed: a token signed with a password, where such a password was configured."""

from tests.attacks.case import ACCEPTED, Case, header, key_set, table
from tests.signing import SigningKey, signing_key

PASSWORDS = (b"secret", b"password", b"your-256-bit-secret", b"changeme", b"0123456789abcdef0123456789abcde")
"""None has the 32 bytes that HS256 takes (RFC 7518 section 3.2)."""


def cases() -> list[Case]:
    """A secret that is too short does not serve, so that a token signed with it has no key here."""
    strong, allowed = signing_key("HS256"), {"algorithms": "HS256"}
    return [
        *table(
            ("RFC 8725 section 3.5 (b)", "RFC 7518 section 8.8"),
            "unknown_key",
            {
                f"signed with {password.decode()!r}, which is configured": SigningKey(password, "HS256", "weak").token()
                for password in PASSWORDS
            },
            keys=key_set(strong, *(SigningKey(password, "HS256", "weak") for password in PASSWORDS)),
            rules=allowed,
        ),
        *table(
            ("RFC 8725 section 3.5 (b)", "RFC 8725 section 3.5 (a)"),
            "signature_mismatch",
            {
                f"signed with {password.decode()!r}, which is not": SigningKey(password, "HS256").token()
                for password in PASSWORDS
            },
            keys=key_set(strong),
            rules=allowed,
        ),
        *table(
            "RFC 8725 section 3.5 (a)",
            ACCEPTED,
            {"signed with a strong secret that is configured": strong.token(None, header(alg="HS256"))},
            keys=key_set(strong),
            rules=allowed,
        ),
    ]
