"""What strangers wrote, made harmless: no terminal obeys it, and no token is repeated."""

import json
import re
from typing import Any, Final

# A JSON object in base64url begins with "eyJ" or "eyA"; what else is a token is long and has no breaks.
_TOKEN: Final = re.compile(r"\bey[JA][A-Za-z0-9_-]{8,}[A-Za-z0-9_+/=.-]*|[A-Za-z0-9_+/=-]{80,}")
_SHOWN: Final = 6
LONGEST: Final = 4000
"""Characters of one value that are shown at the most."""


def visible(text: str) -> str:
    """Return the text with every character that is not printable written as an escape.

    Control characters are among these, and those that reorder text or have no width.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def bounded(text: str, *, longest: int = LONGEST) -> str:
    """Return the text, cut where it is longer than anybody reads.

    Args:
        text: any text.
        longest: how many characters to keep.
    """
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def value(member: Any) -> str:
    """Return a JSON value as one visible line."""
    try:
        return bounded(visible(json.dumps(member, ensure_ascii=False)))
    except RecursionError:
        return "(nested too deep to show)"


def without_tokens(text: str) -> str:
    """Return the text with all that may be a token cut to its first characters, and made visible."""
    return bounded(visible(_TOKEN.sub(_cut, text)), longest=1000)


def _cut(found: re.Match[str]) -> str:
    return f"{found[0][:_SHOWN]}…"
