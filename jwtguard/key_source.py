"""Where an issuer's keys come from, seen from outside; and keys that came with the configuration."""

from dataclasses import dataclass
from math import inf
from typing import Protocol

import msgspec

from jwtguard.jwk import VerificationKey
from jwtguard.key_set import KeySet
from jwtguard.metadata import Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerHealth:
    """How one issuer's keys are.

    Attributes:
        issuer: its URL.
        ready: whether tokens can be validated now.
        keys: how many keys serve.
        skipped: how many published keys do not.
        age: seconds since the last good fetch; None for configured keys and before the first.
        last_success: when that was, seconds since the epoch.
        last_error: what the last attempt failed with; None if it did not.
        next_refresh: when the keys are fetched next, seconds since the epoch; None for configured keys.
    """

    issuer: str
    ready: bool
    keys: int
    skipped: int
    age: float | None = None
    last_success: float | None = None
    last_error: str | None = None
    next_refresh: float | None = None


class Calm(msgspec.Struct, gc=False):
    """A time in which there is nothing to do about an issuer's keys but to use them.

    It leads to nothing but keys, so that what is remembered may hold it.

    Attributes:
        keys: those that serve.
        since: from when, seconds since the epoch.
        until: until when.
        over: whether something has changed in the meantime.
    """

    keys: KeySet | None
    since: float
    until: float
    over: bool = False


class KeySource(Protocol):
    """Where the keys of one issuer are asked for.

    Attributes:
        calm: the present one. As soon as anything has changed it is over, and there is another.
    """

    calm: Calm

    def known(self, now: float) -> KeySet | None:
        """Return the keys that serve at this moment, without waiting; None if there are none.

        Where it is time to fetch them anew, that begins in the background.
        """
        ...

    async def find(self, kid: str | None, algorithm: str) -> VerificationKey:
        """Return the key that a token names, fetching keys if that may help.

        Raises:
            InvalidToken: `unknown_key`, `key_ambiguous`.
            Unavailable: `issuer_unreachable`.
        """
        ...

    async def metadata(self) -> Metadata | None:
        """Return the issuer's metadata, or None where none is fetched or can be had."""
        ...

    async def refresh(self) -> None:
        """Fetch the keys now, if they are fetched at all; failures show in `health`."""
        ...

    def health(self, now: float) -> IssuerHealth:
        """Tell how the keys are."""
        ...

    async def stop(self) -> None:
        """End what runs in the background on this event loop."""
        ...


class ConfiguredKeys:
    """Keys that came with the configuration, and stay."""

    def __init__(self, issuer: str, keys: KeySet) -> None:
        self._issuer = issuer
        self._keys = keys
        self.calm = Calm(keys, -inf, inf)

    def known(self, now: float) -> KeySet:  # noqa: ARG002  (they do not age)
        return self._keys

    async def find(self, kid: str | None, algorithm: str) -> VerificationKey:
        return self._keys.find(kid, algorithm)

    async def metadata(self) -> None:
        return None

    async def refresh(self) -> None:
        return None

    def health(self, now: float) -> IssuerHealth:  # noqa: ARG002
        return IssuerHealth(issuer=self._issuer, ready=True, keys=len(self._keys.keys), skipped=len(self._keys.skipped))

    async def stop(self) -> None:
        return None
