"""The answers that an authorization server gives a client, good and bad ones (RFC 6749 sections 5.1 and 5.2)."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""What every answer with a token, a code or a secret in it carries."""


class OAuthError(Exception):
    """A request is refused.

    Attributes:
        error: the error code, as RFC 6749 section 5.2 or an extension of it registers it.
        description: one sentence for the client's developer, with nothing in it that came with the request.
        status: the HTTP status.
        headers: what the answer carries besides the ban on storing it.
    """

    def __init__(self, error: str, description: str, *, status: int = 400, challenge: str | None = None) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status
        self.headers = {} if challenge is None else {"WWW-Authenticate": challenge}


def json_answer(document: Mapping[str, Any]) -> JSONResponse:
    """Answer with a document that nobody may store."""
    return JSONResponse(document, headers=NO_STORE)


async def error_answer(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001  (Starlette's signature)
    """Answer with an error: Starlette's exception handler for `OAuthError`."""
    assert isinstance(error, OAuthError)
    document = {"error": error.error, "error_description": error.description}
    return JSONResponse(document, status_code=error.status, headers=NO_STORE | error.headers)
