"""How much of an answer is believed: `active` to the letter, and the rest by the rules that hold for a JWT."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard import AccessToken, InvalidToken, Rules
from jwtguard.encoding import decode_object
from jwtguard.introspection_answer import UnusableAnswer, check_answer, read_answer, read_signed_answer
from jwtguard.jws import parse
from tests.refusals import refused
from tests.signing import AUDIENCE, ISSUER, NOW, good_claims, signing_key

RULES = Rules(issuer=ISSUER, audience=AUDIENCE)
KEY = signing_key("Ed25519")


def answer(**members: Any) -> dict[str, Any]:
    """What a server says of a good token; a value of `...` leaves the member out."""
    said = {"active": True, **good_claims(), **members}
    return {name: value for name, value in said.items() if value is not ...}


def check(rules: Rules = RULES, **members: Any) -> AccessToken:
    """Check what a server says, as it comes off the wire."""
    read = read_answer(json.dumps(answer(**members)).encode())
    assert read is not None
    return check_answer(read, rules, now=NOW)


# --- active ---


def test_active_token_comes_with_all_that_was_said_of_it() -> None:
    assert read_answer(json.dumps(answer(extra=[1])).encode()) == answer(extra=[1])


def test_inactive_token_is_not_an_unusable_answer() -> None:
    assert read_answer(b'{"active": false, "scope": "invoices:read"}') is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"active": "true"}', id="the string true"),
        pytest.param(b'{"active": "false"}', id="the string false"),
        pytest.param(b'{"active": 1}', id="1"),
        pytest.param(b'{"active": 0}', id="0"),
        pytest.param(b'{"active": 1.0}', id="1.0"),
        pytest.param(b'{"active": null}', id="null"),
        pytest.param(b'{"active": []}', id="an array"),
        pytest.param(b'{"active": {"active": true}}', id="an object"),
        pytest.param(b'{"Active": true}', id="capital letter"),
        pytest.param(b"{}", id="missing"),
        pytest.param(b'[{"active": true}]', id="an array of answers"),
        pytest.param(b"true", id="a bare true"),
        pytest.param(b"null", id="null alone"),
        pytest.param(b'{"active": true, "exp": NaN}', id="NaN"),
        pytest.param(b'{"active": true, "exp": Infinity}', id="Infinity"),
        pytest.param(b'{"active": true} trailing', id="trailing bytes"),
        pytest.param(b'{"active": true', id="cut off"),
        pytest.param(b'{"active": true, "sub": "\\ud800"}', id="a lone surrogate"),
        pytest.param(b'{"active": true, "sub": "\xff"}', id="not UTF-8"),
        pytest.param(b'{"active": true, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="nested without end"),
        pytest.param(b"<html>active: true</html>", id="HTML"),
        pytest.param(b"active=true", id="a form"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_answer_that_says_neither_yes_nor_no_is_unusable(body: bytes) -> None:
    with pytest.raises(UnusableAnswer):
        read_answer(body)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.dictionaries(st.sampled_from(["active", "x"]), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_nothing_but_the_boolean_true_is_active(body: bytes) -> None:
    try:
        members = read_answer(body)
    except UnusableAnswer:
        return
    said = decode_object(body)["active"]
    assert said is (members is not None)


# --- The claim rules ---


def test_good_answer_becomes_an_access_token() -> None:
    token = check(username="jo")
    assert (token.subject, token.client_id, token.issuer, token.audience) == ("user-1", "client-1", ISSUER, (AUDIENCE,))
    assert token.scopes == {"invoices:read", "invoices:write"}
    assert (token.expires_at, token.issued_at, token.token_id) == (NOW + 3600, NOW - 10, "token-1")
    assert token.claims["username"] == "jo"
    assert token.header == {}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param({"iss": "https://evil.example"}, "issuer_mismatch", id="another issuer"),
        pytest.param({"iss": ISSUER + "/"}, "issuer_mismatch", id="issuer with a slash too many"),
        pytest.param({"iss": None}, "claim_malformed", id="issuer null"),
        pytest.param({"iss": [ISSUER]}, "claim_malformed", id="issuer in an array"),
        pytest.param({"aud": "https://other.example"}, "audience_mismatch", id="another audience"),
        pytest.param({"aud": []}, "audience_mismatch", id="no audience in an array"),
        pytest.param({"aud": ...}, "claim_missing", id="no audience"),
        pytest.param({"aud": None}, "claim_malformed", id="audience null"),
        pytest.param({"aud": [AUDIENCE, 1]}, "claim_malformed", id="a number among the audiences"),
        pytest.param({"exp": NOW - 31}, "expired", id="expired"),
        pytest.param({"exp": ...}, "claim_missing", id="no expiry"),
        pytest.param({"exp": None}, "claim_malformed", id="expiry null"),
        pytest.param({"exp": str(NOW + 60)}, "claim_malformed", id="expiry in a string"),
        pytest.param({"exp": True}, "claim_malformed", id="expiry true"),
        pytest.param({"exp": (NOW + 60) * 1000}, "claim_malformed", id="expiry in milliseconds"),
        pytest.param({"nbf": NOW + 31}, "not_yet_valid", id="not valid yet"),
        pytest.param({"nbf": None}, "claim_malformed", id="not before null"),
        pytest.param({"iat": NOW + 31}, "issued_in_future", id="issued in the future"),
        pytest.param({"iat": "yesterday"}, "claim_malformed", id="issued at a string"),
        pytest.param({"scope": ["invoices:read"]}, "claim_malformed", id="scope in an array"),
        pytest.param({"scope": None}, "claim_malformed", id="scope null"),
        pytest.param({"sub": 7}, "claim_malformed", id="subject a number"),
        pytest.param({"client_id": None}, "claim_malformed", id="client null"),
        pytest.param({"jti": {}}, "claim_malformed", id="token ID an object"),
        pytest.param({"cnf": {"jkt": "abc"}}, "confirmation_unsupported", id="bound to a key"),
        pytest.param({"cnf": {"x5t#S256": "abc"}}, "confirmation_unsupported", id="bound to a certificate"),
        pytest.param({"token_type": "DPoP"}, "type_mismatch", id="a DPoP token"),
        pytest.param({"token_type": "refresh_token"}, "type_mismatch", id="a refresh token"),
        pytest.param({"token_type": "N_A"}, "type_mismatch", id="no access token (RFC 8693)"),
        pytest.param({"token_type": None}, "type_mismatch", id="token type null"),
        pytest.param({"token_type": ["Bearer"]}, "type_mismatch", id="token type an array"),
        pytest.param({"token_use": "refresh_token"}, "type_mismatch", id="Hydra's refresh token"),
        pytest.param({"token_use": "id"}, "type_mismatch", id="Cognito's ID token"),
        pytest.param({"typ": "Refresh"}, "type_mismatch", id="Keycloak's refresh token"),
        pytest.param({"typ": "Offline"}, "type_mismatch", id="Keycloak's offline token"),
        pytest.param({"typ": "ID"}, "type_mismatch", id="Keycloak's ID token"),
        pytest.param({"typ": "Bearer", "token_type": "DPoP"}, "type_mismatch", id="one kind good, the other not"),
    ],
)
def test_active_token_is_refused_all_the_same(members: dict[str, Any], reason: str) -> None:
    with refused(reason):
        check(**members)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"iss": ...}, id="no issuer: the one that was asked"),
        pytest.param({"aud": ["https://other.example", AUDIENCE]}, id="our audience among others"),
        pytest.param({"exp": NOW - 29}, id="expired within the leeway"),
        pytest.param({"exp": NOW + 0.5}, id="expiry with a fraction"),
        pytest.param({"scope": ...}, id="no scope"),
        pytest.param({"sub": ..., "client_id": ..., "iat": ..., "jti": ...}, id="no more than is required"),
        pytest.param({"token_type": "Bearer"}, id="Bearer"),
        pytest.param({"token_type": "bearer"}, id="bearer"),
        pytest.param({"token_type": "access_token", "token_use": "access_token"}, id="Hydra's access token"),
        pytest.param({"token_use": "access"}, id="Cognito's access token"),
        pytest.param({"typ": "Bearer", "token_type": "Bearer", "azp": "client-1"}, id="Keycloak's access token"),
        pytest.param({"typ": "at+jwt"}, id="at+jwt"),
        pytest.param({"typ": "JWT"}, id="JWT"),
    ],
)
def test_active_token_is_accepted(members: dict[str, Any]) -> None:
    assert check(**members).issuer == ISSUER


def test_answer_without_audience_is_accepted_where_the_rules_say_that_there_is_none() -> None:
    assert check(replace(RULES, require_audience=False), aud=..., token_type="Bearer").audience == ()


def test_answer_with_neither_audience_nor_type_is_refused_even_then() -> None:
    with refused("type_mismatch"):
        check(replace(RULES, require_audience=False), aud=...)


def test_answer_with_neither_is_accepted_where_a_claim_tells_access_tokens_apart() -> None:
    told_apart = replace(RULES, require_audience=False, claim_values={"client_id": "client-1"})
    assert check(told_apart, aud=...).audience == ()


def test_answer_with_another_audience_is_refused_even_then() -> None:
    with refused("audience_mismatch"):
        check(replace(RULES, require_audience=False), aud="https://other.example")


@pytest.mark.parametrize("missing", ["sub", "client_id", "iat", "jti"])
def test_profile_of_rfc9068_holds_for_answers_too(missing: str) -> None:
    with refused("claim_missing") as refusal:
        check(replace(RULES, profile="rfc9068"), **{missing: ...})
    assert refusal.value.claim == missing


def test_required_claims_are_required_of_answers_too() -> None:
    rules = replace(RULES, required_claims=["tenant"])
    assert check(rules, tenant="t1").claims["tenant"] == "t1"
    with refused("claim_missing"):
        check(rules)


@given(
    st.dictionaries(
        st.sampled_from([*good_claims(), "active", "nbf", "cnf", "scp", "typ", "token_type", "token_use"]),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.text()),
    )
)
def test_no_answer_brings_anything_but_a_token_or_a_refusal(members: dict[str, Any]) -> None:
    try:
        token = check_answer({**good_claims(), **members}, RULES, now=NOW)
    except InvalidToken:
        return
    assert token.issuer == ISSUER
    assert AUDIENCE in token.audience


# --- Signed answers (RFC 9701 section 5) ---


def signed(members: Any = ..., header: Any = None, **claims: Any) -> Any:
    """A signed answer, taken apart; a value of `...` leaves the claim out."""
    said = {"iss": ISSUER, "aud": "api", "iat": NOW, "token_introspection": answer() if members is ... else members}
    header = {"alg": "Ed25519", "typ": "token-introspection+jwt", "kid": "key-1", **(header or {})}
    header = {name: value for name, value in header.items() if value is not ...}
    return parse(KEY.token({}, header, **{**said, **claims}).encode(), max_bytes=100_000)


def read(jws: Any) -> dict[str, Any] | None:
    return read_signed_answer(jws, RULES, recipients=frozenset({"api", AUDIENCE}), now=NOW)


@pytest.mark.parametrize(
    "jws",
    [
        pytest.param(signed(), id="as it should be"),
        pytest.param(signed(header={"typ": "application/token-introspection+jwt"}), id="typ in full"),
        pytest.param(signed(header={"typ": "Token-Introspection+JWT"}), id="typ in capitals"),
        pytest.param(signed(aud=AUDIENCE), id="for our audience"),
        pytest.param(signed(aud=["another", "api"]), id="for us among others"),
        pytest.param(signed(iat=NOW - 90), id="a moment ago"),
        pytest.param(signed(iat=NOW + 90), id="the server's clock is ahead"),
    ],
)
def test_signed_answer_is_read(jws: Any) -> None:
    assert read(jws) == answer()


def test_signed_answer_about_an_inactive_token_is_read() -> None:
    assert read(signed({"active": False})) is None


@pytest.mark.parametrize(
    "jws",
    [
        pytest.param(signed(header={"typ": "at+jwt"}), id="an access token"),
        pytest.param(signed(header={"typ": "JWT"}), id="typ JWT"),
        pytest.param(signed(header={"typ": ...}), id="no typ"),
        pytest.param(signed(iss="https://evil.example"), id="another issuer"),
        pytest.param(signed(iss=...), id="no issuer"),
        pytest.param(signed(iss=[ISSUER]), id="issuer in an array"),
        pytest.param(signed(aud="another-api"), id="for another resource server"),
        pytest.param(signed(aud=...), id="for nobody"),
        pytest.param(signed(aud=None), id="audience null"),
        pytest.param(signed(aud={"api": 1}), id="audience an object"),
        pytest.param(signed(aud=[["api"]]), id="audience in an array in an array"),
        pytest.param(signed(iat=NOW - 91), id="an old one"),
        pytest.param(signed(iat=NOW + 91), id="one of the future"),
        pytest.param(signed(iat=...), id="of no time"),
        pytest.param(signed(iat=str(NOW)), id="time in a string"),
        pytest.param(signed(iat=True), id="time true"),
        pytest.param(signed(iat=10**400), id="later than any float"),
        pytest.param(signed(token_introspection=...), id="no answer in it"),
        pytest.param(signed("active"), id="a string in it"),
        pytest.param(signed([answer()]), id="an array in it"),
        pytest.param(signed({"active": "true"}), id="active a string"),
        pytest.param(signed({}, active=True), id="active beside it"),
    ],
)
def test_signed_answer_is_unusable(jws: Any) -> None:
    with pytest.raises(UnusableAnswer):
        read(jws)


# --- What the operator is told ---


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[]", "the answer is not a JSON object"),
        (b"{}", "'active' is missing or not a boolean"),
    ],
    ids=["no object", "no active"],
)
def test_operator_is_told_why_an_answer_is_unusable(body: bytes, why: str) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        read_answer(body)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("jws", "why"),
    [
        (signed(header={"typ": "JWT"}), "the signed answer's 'typ' is not 'token-introspection+jwt'"),
        (signed(iss="https://evil.example"), "the signed answer's 'iss' is not the issuer"),
        (signed(aud="another-api"), "the signed answer's 'aud' is not this resource server"),
        (signed(iat=0), "the signed answer's 'iat' is not a moment ago"),
    ],
    ids=["type", "issuer", "audience", "age"],
)
def test_operator_is_told_why_a_signed_answer_is_unusable(jws: Any, why: str) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        read(jws)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("members", "detail"),
    [
        ({"token_use": "id"}, "the introspection answer's 'token_use' is not an access token's"),
        ({"aud": ...}, "the introspection answer says neither for whom the token is nor of what type"),
    ],
    ids=["kind", "silent"],
)
def test_operator_is_told_why_an_active_token_is_refused(members: dict[str, Any], detail: str) -> None:
    with refused("type_mismatch") as caught:
        check(replace(RULES, require_audience=False), **members)
    assert caught.value.detail == detail
