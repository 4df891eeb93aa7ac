"""Reads the answers of a protected application as a client gets them."""

from typing import Any, Final

import httpx

from jwtguard.errors import REASONS

_REASON_OF: Final = {description: reason for reason, description in REASONS.items()}


def reason_of(answer: httpx.Response) -> str:
    """Return the reason of a refusal, which the client is told as a sentence of its own."""
    detail: dict[str, Any] = answer.json()["detail"]
    return _REASON_OF[detail["error_description"]]
