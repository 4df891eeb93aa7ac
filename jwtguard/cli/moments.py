"""Times in words."""

from datetime import UTC, datetime
from typing import Any, Final

from jwtguard.claims import LATEST_DATE

_UNITS: Final = (("year", 365.25 * 86400), ("day", 86400.0), ("hour", 3600.0), ("minute", 60.0), ("second", 1.0))
_LEAST_MILLISECONDS: Final = 1e12
_MOST_MILLISECONDS: Final = 1e14


def duration(seconds: float) -> str:
    """Say how long that is, in the two largest units: "1 hour 5 minutes".

    Args:
        seconds: from 0.
    """
    whole = int(seconds)
    for position, (unit, size) in enumerate(_UNITS):
        if whole < size:
            continue
        more = _UNITS[position + 1 : position + 2]
        rest = whole % size
        return " ".join(
            [count(whole // size, unit), *(count(rest // least, name) for name, least in more if rest >= least)]
        )
    return "less than a second"


def count(number: float, unit: str) -> str:
    """Say how many there are: "1 hour", "2 hours"."""
    return f"{int(number)} {unit}" if int(number) == 1 else f"{int(number)} {unit}s"


def relative(date: float, *, now: float) -> str:
    """Say how far a date is from now: "in 5 minutes", "3 hours ago".

    Args:
        date: seconds since the epoch.
        now: seconds since the epoch.
    """
    difference = date - now
    if abs(difference) < 1:
        return "now"
    return f"in {duration(difference)}" if difference > 0 else f"{duration(-difference)} ago"


def moment(claim: Any, *, now: float) -> str:
    """Say which date a NumericDate is (RFC 7519 section 2), and how far it is from now.

    Args:
        claim: the claim's value, whatever it is.
        now: seconds since the epoch.
    """
    if isinstance(claim, bool) or not isinstance(claim, (int, float)):
        return "not a number, so no date"
    if not 0 <= claim <= LATEST_DATE:
        if _LEAST_MILLISECONDS <= claim <= _MOST_MILLISECONDS:
            return f"not a date in seconds; in milliseconds it would be {_date(claim / 1000)}"
        return "not within the years 1970 to 9999"
    return f"{_date(claim)}, {relative(claim, now=now)}"


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
