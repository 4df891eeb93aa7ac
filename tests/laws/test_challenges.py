"""A challenge reads back to what went into it, by the grammar of RFC 9110 and that of RFC 6750 section 3."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.challenge import challenge, check_realm, check_scopes
from jwtguard.errors import REASONS, CredentialsRequired, InsufficientScope, InvalidRequest, InvalidToken, JWTGuardError
from tests.laws.rfc9110 import Challenge, read_challenge

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
SCOPE_TOKENS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1)
KINDS: list[type[JWTGuardError]] = [CredentialsRequired, InvalidRequest, InvalidToken]

# RFC 6750 section 3: what each value may hold between its quotes.
ERROR = DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


@given(
    kind=st.sampled_from(KINDS), reason=st.sampled_from(sorted(REASONS)), realm=st.none() | PRINTABLE, detail=st.text()
)
def test_a_challenge_reads_back_to_its_realm_its_code_and_its_description(
    kind: type[JWTGuardError], reason: str, realm: str | None, detail: str
) -> None:
    error = kind(reason, detail=detail)
    code = {} if error.error is None else {"error": error.error, "error_description": REASONS[reason]}
    expected = {"realm": realm, **code} if realm is not None else code
    assert read_challenge(challenge(error, realm=realm) or "") == Challenge("Bearer", expected)


@given(scopes=st.lists(SCOPE_TOKENS, min_size=1), realm=st.none() | PRINTABLE)
def test_a_challenge_reads_back_to_the_scopes_that_would_do(scopes: list[str], realm: str | None) -> None:
    check_scopes(tuple(scopes))
    check_realm(realm)
    read = read_challenge(challenge(InsufficientScope(scopes=tuple(scopes)), realm=realm) or "").parameters
    assert SCOPE.fullmatch(read["scope"])
    assert read["scope"].split(" ") == scopes
    assert read.get("realm") == realm
    assert list(read) == [*(["realm"] if realm is not None else []), "error", "error_description", "scope"]


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_description_is_within_the_characters_that_rfc_6750_allows(reason: str) -> None:
    read = read_challenge(challenge(InvalidToken(reason)) or "").parameters
    assert DESCRIPTION.fullmatch(read["error_description"])
    assert ERROR.fullmatch(read["error"])


@pytest.mark.parametrize(
    "field",
    [
        "",
        " Bearer",
        "Bearer ",
        "Bearer,",
        'Bearer realm="a',
        'Bearer realm="a"b',
        'Bearer realm="a" error="b"',
        'Bearer realm="a",',
        'Bearer realm="a\\"',
        'Bearer realm="a", realm="b"',
        'Bearer realm="\n"',
        'Bearer\trealm="a"',
        "Bearer realm",
        "Bearer realm=",
        'Bearer "realm"="a"',
    ],
)
def test_the_reader_itself_takes_nothing_else(field: str) -> None:
    with pytest.raises(ValueError, match=r"scheme|space|parameter|comma|twice"):
        read_challenge(field)
