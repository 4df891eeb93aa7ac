"""Whether an endpoint that keeps failing is worth another request. Pure."""

from math import ceil
from typing import Final

from jwtguard.freshness import retry_delay

TOLERATED: Final = 3
"""Failures in a row after which an endpoint is left alone for a while."""
LONGEST_REST: Final = 30.0


class Circuit:
    """Leaves a failing endpoint alone, and lets one request at a time find out whether it has recovered.

    After three failures in a row nothing is asked for a second, then one probe goes out; while it is under way, and
    after it has failed, the others are refused at once. Each failed probe doubles the rest, up to 30 seconds.
    """

    def __init__(self, *, probe_seconds: float) -> None:
        """Start with an endpoint that is believed to work.

        Args:
            probe_seconds: how long a probe may take, in seconds.
        """
        self._probe_seconds = min(probe_seconds, LONGEST_REST)
        self._failures = 0
        self._rests_until = 0.0
        self._probing = False

    @property
    def failures(self) -> int:
        """How many requests have failed in a row."""
        return self._failures

    def admit(self, now: float) -> bool:
        """Tell whether a request may go out now; where it is a probe, it is the only one.

        Args:
            now: seconds since the epoch.
        """
        if self._failures < TOLERATED:
            return True
        # A rest longer than the longest comes of a clock that was set back.
        if 0 < self._rests_until - now <= LONGEST_REST:
            return False
        self._rests_until = now + self._probe_seconds
        self._probing = True
        return True

    def retry_after(self, now: float) -> int:
        """Return the whole seconds after which asking again makes sense, at least one."""
        if self._failures < TOLERATED:
            return 1
        return min(max(1, ceil(self._rests_until - now)), int(LONGEST_REST))

    def succeeded(self) -> None:
        """Count an answer."""
        self._failures = 0
        self._probing = False

    def failed(self, *, now: float, chance: float) -> None:
        """Count a failure.

        Args:
            now: seconds since the epoch.
            chance: a random number from 0 to 1, so that a fleet does not probe in step.
        """
        if self._failures >= TOLERATED and not self._probing:
            return  # it went out before the rest began, and says nothing new
        self._failures += 1
        self._probing = False
        beyond = max(1, self._failures - TOLERATED + 1)
        self._rests_until = now + retry_delay(beyond, longest=LONGEST_REST, chance=chance)
