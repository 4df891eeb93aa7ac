"""Tokens seen before: validated once, then recognised by their digest, as long as all that made them valid holds."""

from collections import OrderedDict
from math import inf
from typing import Final

import msgspec

from jwtguard.access_token import AccessToken
from jwtguard.claims import Rules
from jwtguard.errors import ConfigurationError, InvalidToken
from jwtguard.jwk import VerificationKey
from jwtguard.key_set import KeySet
from jwtguard.key_source import Calm

DEFAULT_SIZE: Final = 4096
"""How many tokens are remembered where nothing else is configured.

With ten claims one takes 1.3 kB (`make bench`): 5 MB in each process. One that was forgotten costs 25 µs once more.
"""


_UNSETTLED: Final = (inf, -inf, Calm(None, inf, -inf))


class Remembered(msgspec.Struct, gc=False):
    """A validated token, and under what it was validated.

    Attributes:
        token: the result.
        rules: the issuer's rules.
        key: the key that verified it.
        keys: the key set in which that key was last seen to be the one for this token; None before the first.
        settled: what spares a token that comes again the question whether it holds: from when, until when (seconds
            since the epoch), unless which calm is over.
    """

    token: AccessToken
    rules: Rules
    key: VerificationKey
    keys: KeySet | None = None
    settled: tuple[float, float, Calm] = _UNSETTLED

    def holds(self, keys: KeySet | None, now: float) -> bool:
        """Whether the token would be accepted once more.

        Args:
            keys: the issuer's keys at this moment; None where there are none to trust.
            now: seconds since the epoch.
        """
        valid_from, valid_until = self._validity()
        if not valid_from <= now < valid_until:
            return False
        if keys is None:
            return False
        if keys is not self.keys and not self._is_verified_by(keys):
            return False
        self.keys = keys
        return True

    def settle(self, calm: Calm) -> None:
        """Let a token that holds do so until it expires or something changes about the keys.

        Only for an issuer that stays trusted, and whose rules stay: neither is looked at until then.

        Args:
            calm: the present one of the issuer's keys.
        """
        if calm.keys is self.keys:
            valid_from, valid_until = self._validity()
            # In this order, because the first stands where it is NaN, and then this holds at no time.
            self.settled = max(calm.since, valid_from), min(calm.until, valid_until), calm

    def _validity(self) -> tuple[float, float]:
        """From when and until when, leeway included; from the latter on the token has expired."""
        earliest = -inf if self.token.issued_at is None else self.token.issued_at
        not_before = self.token.claims.get("nbf", -inf)
        if not_before > earliest:
            earliest = not_before
        return earliest - self.rules.leeway, self.token.expires_at + self.rules.leeway

    def _is_verified_by(self, keys: KeySet) -> bool:
        """Whether its key is the one that they would verify it with: another may fit, too, where it has no `kid`."""
        try:
            return keys.find(self.token.header.get("kid"), self.key.algorithm) == self.key
        except InvalidToken:
            return False


class TokenCache:
    """A bounded memory of validated tokens. Only those enter, so forged ones cannot push good ones out.

    Keyed by the SHA-256 digest of `BEARER` and the whole token: no process holds a token that it has no use for.
    """

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        """Make room.

        Args:
            size: how many tokens to remember at the most; 0 remembers none.

        Raises:
            ConfigurationError: where the size is not a whole number from 0.
        """
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise ConfigurationError(f"token_cache is a number of tokens from 0, not {size!r}")
        self.size = size
        # Event loops in several threads may share it without a lock: each of its operations is one step to the others.
        # cachetools.LRUCache needs one, and takes 0.3 µs longer for a hit and 0.7 µs longer for a new token.
        self._entries: OrderedDict[bytes, Remembered] = OrderedDict()
        self.enabled = size > 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, digest: bytes) -> Remembered | None:
        """Return what is remembered under a token's digest."""
        remembered = self._entries.get(digest)
        if remembered is not None:
            try:  # noqa: SIM105  (suppress() costs more than all the rest of it)
                self._entries.move_to_end(digest)
            except KeyError:
                pass  # another thread has forgotten it just now
        return remembered

    def put(self, digest: bytes, remembered: Remembered) -> None:
        """Remember a validated token, forgetting the one longest unused where there is no room."""
        self._entries[digest] = remembered
        if len(self._entries) > self.size:
            try:  # noqa: SIM105
                self._entries.popitem(last=False)
            except KeyError:
                pass  # other threads have forgotten all of them just now
