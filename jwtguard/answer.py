"""The HTTP answer that a refusal prescribes: status, headers and body, for whatever framework sends it."""

from typing import Any

from jwtguard.challenge import challenge
from jwtguard.errors import JWTGuardError, Unavailable


def answer_headers(error: JWTGuardError, *, realm: str | None = None) -> dict[str, str]:
    """Return the headers of the answer: the challenge, `Retry-After`, and a ban on storing it.

    Args:
        error: the refusal.
        realm: the protection space that the challenge names.
    """
    headers = {"Cache-Control": "no-store"}
    value = challenge(error, realm=realm)
    if value is not None:
        headers["WWW-Authenticate"] = value
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    return headers


def answer_detail(error: JWTGuardError) -> dict[str, Any]:
    """Return what stands under `detail` in the JSON body: the RFC 6750 error code, if any, and one sentence."""
    description = {"error_description": error.description}
    return description if error.error is None else {"error": error.error, **description}
