"""When an unknown key ID is worth a fetch: bounded, and spent so that a flood cannot hide a rotation. Pure."""

from threading import Lock
from typing import Final

from cachetools import LRUCache

BURST: Final = 5
SECONDS_PER_REFETCH: Final = 30.0
REFUSAL_SECONDS: Final = 30.0
RESERVED: Final = 2
REMEMBERED: Final = 4096


class RefetchBudget:
    """Decides which unknown key IDs cause a fetch of the key set.

    A token bucket bounds the fetches: five at once, one more each 30 seconds. A key ID that a fetch did not bring is
    refused without another for 30 seconds. Forged key IDs are usually random, so each comes once, while a genuine new
    one comes with every token of the new key: the last two fetches in the bucket are kept for key IDs that come again.
    """

    def __init__(self) -> None:
        self._left = float(BURST)
        self._counted_at: float | None = None
        # Hashes, not the IDs: an attacker chooses their length. A collision costs one fetch or saves one, no more.
        self._refused: LRUCache[int, float] = LRUCache(REMEMBERED)
        self._waiting: LRUCache[int, None] = LRUCache(REMEMBERED)
        self._lock = Lock()  # event loops in several threads may share one issuer

    def spend(self, kid: str, *, now: float) -> bool:
        """Tell whether this unknown key ID may cause a fetch now, and count the fetch if so."""
        name = hash(kid)
        with self._lock:
            refused_at = self._refused.get(name)
            if refused_at is not None and 0 <= now - refused_at < REFUSAL_SECONDS:
                return False
            self._refill(now)
            came_before = name in self._waiting
            if self._left < (1 if came_before else 1 + RESERVED):
                self._waiting[name] = None
                return False
            self._left -= 1
            return True

    def refuse(self, kid: str, *, now: float) -> None:
        """Remember that a fetch did not bring this key ID."""
        name = hash(kid)
        with self._lock:
            self._refused[name] = now
            self._waiting.pop(name, None)

    def _refill(self, now: float) -> None:
        passed = 0.0 if self._counted_at is None else max(0.0, now - self._counted_at)
        self._left = min(float(BURST), self._left + passed / SECONDS_PER_REFETCH)
        self._counted_at = now
