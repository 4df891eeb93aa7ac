"""Tells the operator: events to whoever asked for them, and a bounded number of log lines about refused tokens."""

import logging
from collections.abc import Callable
from copy import copy
from inspect import iscoroutinefunction
from time import monotonic, perf_counter
from typing import Final

from jwtguard.errors import ConfigurationError, CredentialsRequired, JWTGuardError
from jwtguard.events import Event, RequestRefused, TokenAccepted

OnEvent = Callable[[Event], None]
"""Takes every event, on the request's own path: it must be quick, and must not wait."""

BURST: Final = 100
LINES_PER_SECOND: Final = 10.0
LONGEST_NAME: Final = 100

_log = logging.getLogger("jwtguard.refusals")


class Observation:
    """What one resource server tells.

    Attributes:
        on_event: who takes the events, or None.
    """

    def __init__(self, on_event: OnEvent | None = None, *, elapsed: Callable[[], float] = monotonic) -> None:
        """Begin.

        Args:
            on_event: who takes the events.
            elapsed: seconds that never run backwards, for the number of log lines.

        Raises:
            ConfigurationError: where that cannot take them.
        """
        if on_event is not None and (not callable(on_event) or iscoroutinefunction(on_event)):
            raise ConfigurationError("on_event is a function that takes an event, and is not async")
        self.on_event = on_event
        self._elapsed = elapsed
        self._lines_left = float(BURST)
        self._counted_at = elapsed()
        self._left_out = 0

    def tell(self, event: Event) -> None:
        """Hand an event over; whoever takes it cannot harm the request."""
        if self.on_event is None:
            return
        try:
            self.on_event(event)
        except Exception:  # noqa: BLE001  (the hook is the application's own code and may raise anything
            if self._may_write():
                _log.exception("on_event failed")

    def accepted(self, issuer: str, *, cached: bool, began: float) -> None:
        """Tell of a good token.

        Args:
            issuer: whose it is.
            cached: whether it was seen before.
            began: when its validation began, by `time.perf_counter`.
        """
        self.tell(TokenAccepted(issuer, cached, perf_counter() - began))

    def refused(self, error: JWTGuardError) -> None:
        """Tell of a refused request; one that came without a token is no line in the log."""
        if self.on_event is not None:
            self.tell(RequestRefused(copy(error)))  # a copy without traceback, whose frames hold the token
        if isinstance(error, CredentialsRequired) or not _log.isEnabledFor(logging.INFO):
            return
        if not self._may_write():
            self._left_out += 1
            return
        _log.info(
            "refused: %s (issuer %s, kid %s, client %s)%s",
            error,
            error.issuer,
            _shortened(error.kid),
            _shortened(error.client_id),
            f"; {self._left_out} refusals before it were not logged" if self._left_out else "",
        )
        self._left_out = 0

    def _may_write(self) -> bool:
        now = self._elapsed()
        self._lines_left = min(float(BURST), self._lines_left + (now - self._counted_at) * LINES_PER_SECOND)
        self._counted_at = now
        if self._lines_left < 1:
            return False
        self._lines_left -= 1
        return True


def _shortened(name: str | None) -> str | None:
    """A name that the sender of the token may have chosen: short, and without control characters."""
    return None if name is None else ascii(name[:LONGEST_NAME])
