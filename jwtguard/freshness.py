"""How long a fetched document may be used, when to fetch it anew, and when to try again after a failure. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

SHORTEST_LIFETIME: Final = 60.0
LONGEST_LIFETIME: Final = 24 * 3600.0
DEFAULT_LIFETIME: Final = 600.0
REFRESH_AT: Final = 0.8
REFRESH_JITTER: Final = 0.1
FIRST_RETRY: Final = 1.0

_MAX_AGE: Final = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})"?\s*(?:,|$)', re.IGNORECASE)
_UNCACHED: Final = re.compile(r"(?:^|[\s,])no-(?:store|cache)\s*(?:,|$)", re.IGNORECASE)


def lifetime(headers: Mapping[str, str], *, now: float) -> float:
    """Return the seconds for which a response may be used, clamped to one minute … one day (RFC 9111 section 4.2).

    Args:
        headers: the response's, by name in lower case: `cache-control`, `age`, `expires`, `date` count.
        now: seconds since the epoch, for an `expires` without a `date`.
    """
    stated = _stated_lifetime(headers, now)
    return DEFAULT_LIFETIME if stated is None else min(max(stated, SHORTEST_LIFETIME), LONGEST_LIFETIME)


def _stated_lifetime(headers: Mapping[str, str], now: float) -> float | None:
    control = headers.get("cache-control", "")
    if _UNCACHED.search(control):
        return 0.0
    age = headers.get("age", "0").strip()
    spent = float(age) if age.isascii() and age.isdigit() and len(age) <= 10 else 0.0
    if found := _MAX_AGE.search(control):
        return float(found[1]) - spent
    if "expires" not in headers:
        return None
    expires = http_date(headers["expires"])
    # An unreadable Expires, "0" most of all, means "already expired" (RFC 9111 section 5.3).
    return 0.0 if expires is None else expires - (http_date(headers.get("date", "")) or now) - spent


def http_date(text: str) -> float | None:
    """Return an HTTP date (RFC 9110 section 5.6.7) in seconds since the epoch; None where it cannot be read."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def refresh_delay(lifetime_: float, *, chance: float) -> float:
    """Return after how many seconds to fetch anew: 80 % of the lifetime, ± 10 % so that a fleet is not in step.

    Args:
        lifetime_: seconds.
        chance: a random number from 0 to 1.
    """
    return lifetime_ * REFRESH_AT * (1 - REFRESH_JITTER + 2 * REFRESH_JITTER * chance)


def retry_delay(failures: int, *, longest: float, chance: float) -> float:
    """Return after how many seconds to try again: doubling from one second, and up to half of it less, by chance.

    Args:
        failures: how many attempts have failed in a row, from 1.
        longest: seconds, the most that the doubling may reach.
        chance: a random number from 0 to 1.
    """
    return min(FIRST_RETRY * 2.0 ** min(failures - 1, 32), longest) * (1 - chance / 2)
