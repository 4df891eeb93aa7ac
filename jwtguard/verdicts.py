"""What an authorization server said of tokens a moment ago: bounded, for a while, and without the tokens."""

from threading import Lock

import msgspec
from cachetools import LRUCache

from jwtguard.access_token import AccessToken
from jwtguard.errors import InvalidToken


class Declined(msgspec.Struct, frozen=True):
    """The endpoint works, and does not speak of tokens of this kind.

    Attributes:
        why: for the operator.
    """

    why: str


Pronouncement = AccessToken | InvalidToken | Declined
"""What an answer comes to: the token is good, it is not, or nothing is said of it."""


class Verdict(msgspec.Struct, frozen=True):
    """An answer, and for how long it may be used again.

    Attributes:
        pronouncement: what it comes to.
        asked_at: when it was asked, seconds since the epoch.
        until: seconds since the epoch.
    """

    pronouncement: Pronouncement
    asked_at: float
    until: float

    def holds(self, now: float) -> bool:
        """Whether it may still be used; a clock that was set back says no."""
        return self.asked_at <= now < self.until


class Verdicts:
    """A bounded memory of answers, by the digest of the token.

    Those about good tokens have room of their own: whoever sends tokens that he made up cannot push them out.
    """

    def __init__(self, size: int) -> None:
        """Make room.

        Args:
            size: how many answers about good tokens to remember at the most, and how many others.
        """
        self._good: LRUCache[bytes, Verdict] = LRUCache(size)
        self._others: LRUCache[bytes, Verdict] = LRUCache(size)
        self._lock = Lock()  # event loops in several threads may share one resource server

    def get(self, digest: bytes, now: float) -> Verdict | None:
        """Return the last answer about a token, if it may still be used.

        Args:
            digest: of the token.
            now: seconds since the epoch.
        """
        with self._lock:
            verdict = self._good.get(digest) or self._others.get(digest)
        return verdict if verdict is not None and verdict.holds(now) else None

    def put(self, digest: bytes, verdict: Verdict) -> None:
        """Remember an answer in place of any earlier one, if it may be used again at all."""
        memory = self._good if isinstance(verdict.pronouncement, AccessToken) else self._others
        with self._lock:
            self._good.pop(digest, None)
            self._others.pop(digest, None)
            if verdict.holds(verdict.asked_at):
                memory[digest] = verdict
