"""Whether an endpoint that keeps failing is worth another request."""

from math import ceil
from threading import Lock
from typing import Final

from jwtguard.freshness import retry_delay

TOLERATED: Final = 3
"""Failures in a row after which an endpoint is left alone for a while."""
LONGEST_REST: Final = 30.0


class Circuit:
    """Leaves a failing endpoint alone, and lets one request at a time find out whether it has recovered.

    After three failures in a row nothing is asked for up to a second, then one probe goes out; while it is under way,
    and after it has failed, the others are refused at once. Each failed probe doubles the rest, up to 30 seconds.

    A failure says something only where its request went out after the state was last found out: of twenty that fail
    together three count, and those that were sent before a recovery do not undo it.
    """

    def __init__(self, *, probe_seconds: float) -> None:
        """Start with an endpoint that is believed to work.

        Args:
            probe_seconds: how long a probe may take, in seconds.
        """
        self._probe_seconds = min(probe_seconds, LONGEST_REST)
        self._failures = 0
        self._rests_until = 0.0
        self._era = 0
        self._lock = Lock()  # event loops in several threads may share one endpoint

    def admit(self, now: float) -> int | None:
        """Return the era in which a request goes out now, for `failed`; None where it may not go out.

        Args:
            now: seconds since the epoch.
        """
        with self._lock:
            if self._failures < TOLERATED:
                return self._era
            # A rest longer than the longest comes of a clock that was set back.
            if 0 < self._rests_until - now <= LONGEST_REST:
                return None
            self._rests_until = now + self._probe_seconds
            self._era += 1
            return self._era

    def retry_after(self, now: float) -> int:
        """Return the whole seconds after which asking again makes sense, at least one."""
        if self._failures < TOLERATED:
            return 1
        return min(max(1, ceil(self._rests_until - now)), int(LONGEST_REST))

    def succeeded(self) -> None:
        """Count an answer."""
        with self._lock:
            self._failures = 0
            self._era += 1

    def failed(self, era: int, *, now: float, chance: float) -> bool:
        """Count a failure, and tell whether it says anything new.

        Args:
            era: in which its request went out.
            now: seconds since the epoch.
            chance: a random number from 0 to 1, so that a fleet does not probe in step.
        """
        with self._lock:
            if era != self._era:
                return False
            self._failures += 1
            if self._failures >= TOLERATED:
                self._era += 1
                rest = retry_delay(self._failures - TOLERATED + 1, longest=LONGEST_REST, chance=chance)
                self._rests_until = now + rest
            return True
