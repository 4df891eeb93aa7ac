"""The people who can grant access, and how one proves who it is."""

import hmac
import os
from dataclasses import dataclass, field
from hashlib import scrypt
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceOwner:
    """Somebody with an account here.

    Attributes:
        name: what is typed at the login page.
        subject: what tokens call that person.
    """

    name: str
    subject: str
    _salt: bytes = field(repr=False)
    _password_hash: bytes = field(repr=False)

    @classmethod
    def register(cls, *, name: str, password: str, subject: str) -> Self:
        """Make an account; of the password only a slow, salted hash is kept."""
        salt = os.urandom(16)
        return cls(name=name, subject=subject, _salt=salt, _password_hash=_hash(password, salt))

    def knows(self, password: str) -> bool:
        """Whether it is this person's password."""
        return hmac.compare_digest(_hash(password, self._salt), self._password_hash)


def _hash(password: str, salt: bytes) -> bytes:
    return scrypt(password.encode(errors="surrogatepass"), salt=salt, n=2**14, r=8, p=1)
