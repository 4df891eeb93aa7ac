"""jwtguard/challenge.py: the challenge that RFC 6750 prescribes, which nothing in a request can bend."""

from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard import ConfigurationError
from jwtguard.challenge import challenge, check_realm, check_scopes
from jwtguard.errors import (
    REASONS,
    CredentialsRequired,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    JWTGuardError,
    Unavailable,
)

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
SCOPE_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\')


def parameters(value: str) -> dict[str, str]:
    """Read a challenge back with the standard library's parser of HTTP lists."""
    scheme, _, rest = value.partition(" ")
    assert scheme == "Bearer"
    return parse_keqv_list(parse_http_list(rest))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CredentialsRequired("credentials_missing"), "Bearer"),
        (CredentialsRequired("scheme_unsupported"), "Bearer"),
        (
            InvalidRequest("credentials_repeated"),
            'Bearer error="invalid_request", error_description="More than one Authorization header was presented."',
        ),
        (
            InvalidToken("expired", detail="it expired at 1"),
            'Bearer error="invalid_token", error_description="The access token has expired."',
        ),
        (
            InsufficientScope(scopes=("invoices:read", "invoices:write")),
            'Bearer error="insufficient_scope", error_description="The access token lacks a scope that this resource '
            'requires.", scope="invoices:read invoices:write"',
        ),
        (
            InsufficientScope("insufficient_claims"),
            'Bearer error="insufficient_scope", error_description="The access token lacks a privilege that this '
            'resource requires."',
        ),
        (Unavailable("issuer_unreachable", retry_after=5), None),
    ],
    ids=lambda value: getattr(value, "reason", ""),
)
def test_each_refusal_has_the_challenge_of_its_kind(error: JWTGuardError, expected: str | None) -> None:
    """RFC 6750 section 3: where no credentials came there is no error code, either."""
    assert challenge(error) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CredentialsRequired("credentials_missing"), 'Bearer realm="api"'),
        (
            InvalidToken("expired"),
            'Bearer realm="api", error="invalid_token", error_description="The access token has expired."',
        ),
        (Unavailable("issuer_unreachable", retry_after=5), None),
    ],
    ids=lambda value: getattr(value, "reason", ""),
)
def test_the_realm_comes_first(error: JWTGuardError, expected: str | None) -> None:
    assert challenge(error, realm="api") == expected


def test_an_empty_realm_is_a_realm() -> None:
    assert challenge(CredentialsRequired("credentials_missing"), realm="") == 'Bearer realm=""'


@given(realm=PRINTABLE, scopes=st.lists(st.text(SCOPE_CHARACTERS, min_size=1), min_size=1))
def test_a_challenge_reads_back_as_it_was_meant(realm: str, scopes: list[str]) -> None:
    value = challenge(InsufficientScope(scopes=tuple(scopes)), realm=realm)
    assert value is not None
    assert parameters(value) == {
        "realm": realm,
        "error": "insufficient_scope",
        "error_description": REASONS["insufficient_scope"],
        "scope": " ".join(scopes),
    }


@given(st.text(), st.lists(st.text()))
def test_no_text_writes_another_header_or_parameter(realm: str, scopes: list[str]) -> None:
    try:
        value = challenge(InsufficientScope(scopes=tuple(scopes)), realm=realm)
    except ConfigurationError:
        return
    assert value is not None
    assert value.isascii()
    assert value.isprintable()
    assert set(parameters(value)) <= {"realm", "error", "error_description", "scope"}


@pytest.mark.parametrize(
    "scope",
    ['x", error="invalid_token', "x\r\nSet-Cookie: a=b", "x y", "", "\N{LATIN SMALL LETTER E WITH ACUTE}", "\\"],
)
def test_a_scope_that_is_no_scope_token_is_not_named(scope: str) -> None:
    value = challenge(InsufficientScope(scopes=(scope, "read")))
    assert value is not None
    assert parameters(value)["scope"] == "read"
    assert "scope" not in parameters(challenge(InsufficientScope(scopes=(scope,))) or "")


def test_a_detail_never_shows() -> None:
    value = challenge(InvalidToken("expired", detail="s3cret"), realm="api")
    assert value is not None
    assert "s3cret" not in value


BAD_REALMS = [
    "a\r\nb",
    "a\nb",
    "a\tb",
    "a\0",
    "\x7f",
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    "\u2028",
    1,
    b"api",
    ["api"],
]


@pytest.mark.parametrize("realm", BAD_REALMS, ids=ascii)
def test_a_realm_that_cannot_stand_in_a_header_is_refused(realm: Any) -> None:
    with pytest.raises(ConfigurationError, match="realm holds printable ASCII characters only"):
        check_realm(realm)
    with pytest.raises(ConfigurationError, match="realm holds printable ASCII characters only"):
        challenge(CredentialsRequired("credentials_missing"), realm=realm)


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0x100)], ids=hex)
def test_no_control_character_and_none_beyond_ascii_stands_in_a_realm(code: int) -> None:
    with pytest.raises(ConfigurationError):
        check_realm(f"a{chr(code)}b")


@pytest.mark.parametrize("realm", [None, "", "api", 'the "API"', "back\\slash", "a, b=c"], ids=repr)
def test_a_realm_of_printable_ascii_is_taken(realm: str | None) -> None:
    check_realm(realm)


@pytest.mark.parametrize(
    "scope",
    ["", "a b", " a", 'a"', "a\\b", "a\tb", "a\n", "\x7f", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", None, 1, b"a"],
    ids=ascii,
)
def test_what_is_no_scope_token_is_refused_when_it_is_configured(scope: Any) -> None:
    """RFC 6749 section 3.3."""
    with pytest.raises(ConfigurationError, match="a scope is printable ASCII without space"):
        check_scopes(("read", scope))


def test_scope_tokens_are_taken() -> None:
    check_scopes(())
    check_scopes(("read", "https://api.example.com/invoices.read", "a:b:c", SCOPE_CHARACTERS))


def test_quotes_and_backslashes_are_escaped() -> None:
    """RFC 9110 section 5.6.4."""
    value = challenge(CredentialsRequired("credentials_missing"), realm='a "b" \\')
    assert value == r'Bearer realm="a \"b\" \\"'
