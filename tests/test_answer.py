"""jwtguard/answer.py: status, headers and body of a refusal, for whatever framework sends them."""

import pytest

from jwtguard.answer import answer_detail, answer_headers
from jwtguard.errors import CredentialsRequired, InsufficientScope, InvalidToken, JWTGuardError, Unavailable


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (CredentialsRequired("credentials_missing"), {"WWW-Authenticate": 'Bearer realm="api"'}),
        (
            InvalidToken("expired"),
            {
                "WWW-Authenticate": 'Bearer realm="api", error="invalid_token", '
                'error_description="The access token has expired."'
            },
        ),
        (Unavailable("issuer_unreachable", retry_after=7), {"Retry-After": "7"}),
    ],
    ids=["no credentials", "bad token", "unavailable"],
)
def test_the_headers_challenge_or_tell_when_to_come_back_and_forbid_storing(
    error: JWTGuardError, headers: dict[str, str]
) -> None:
    assert answer_headers(error, realm="api") == {"Cache-Control": "no-store", **headers}


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (CredentialsRequired("credentials_missing"), {"error_description": "No access token was presented."}),
        (
            InvalidToken("expired", detail="s3cret"),
            {"error": "invalid_token", "error_description": "The access token has expired."},
        ),
        (
            InsufficientScope(scopes=("read",)),
            {
                "error": "insufficient_scope",
                "error_description": "The access token lacks a scope that this resource requires.",
            },
        ),
        (
            Unavailable("issuer_unreachable", retry_after=7),
            {"error_description": "The authorization server's keys cannot be had at present."},
        ),
    ],
    ids=["no credentials", "bad token", "missing scope", "unavailable"],
)
def test_the_body_tells_the_error_code_and_one_sentence(error: JWTGuardError, detail: dict[str, str]) -> None:
    assert answer_detail(error) == detail
