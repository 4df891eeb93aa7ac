"""What is told of a token without any key, and what exactly is malformed about a bad one."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.cli.documents import text
from jwtguard.cli.inspect import Inspection, inspect
from jwtguard.errors import InvalidToken
from jwtguard.jws import parse
from jwtguard.verification import token_bytes
from tests.cli.conftest import Command
from tests.signing import NOW, b64, good_claims, segment, signing_key

KEY = signing_key()
HEADER, CLAIMS, SIGNATURE = KEY.token().split(".")


def look_at(token: str) -> Inspection:
    return inspect(token, now=NOW)


def test_header_claims_and_dates_of_a_good_token_are_told() -> None:
    seen = look_at(KEY.token(nbf=NOW - 60))
    assert seen.serialization == "JWS"
    assert seen.malformed == ()
    assert seen.header == {"alg": "RS256", "typ": "at+jwt", "kid": "key-1"}
    assert seen.claims == good_claims(nbf=NOW - 60)
    assert seen.signature_bytes == 256
    assert seen.moments == {
        "iat": "2027-01-15 07:59:50 UTC, 10 seconds ago",
        "nbf": "2027-01-15 07:59:00 UTC, 1 minute ago",
        "exp": "2027-01-15 09:00:00 UTC, in 1 hour",
    }


def test_nothing_speaks_against_a_good_token_under_either_profile() -> None:
    assert look_at(KEY.token()).refusals == {"default": None, "rfc9068": None}


@pytest.mark.parametrize(
    ("changes", "default", "rfc9068"),
    [
        pytest.param({"exp": NOW - 3600}, "expired", "expired", id="expired"),
        pytest.param({"exp": ...}, "claim_missing", "claim_missing", id="no exp"),
        pytest.param({"client_id": ...}, None, "claim_missing", id="only the profile asks for it"),
        pytest.param({"iss": ...}, "claim_missing", "claim_missing", id="no issuer"),
        pytest.param({"aud": []}, "audience_mismatch", "audience_mismatch", id="no audience at all"),
        pytest.param({"aud": ["", "x"]}, None, None, id="an empty audience beside another"),
        pytest.param({"cnf": {}}, "confirmation_unsupported", "confirmation_unsupported", id="bound to a key"),
    ],
)
def test_refusal_that_needs_no_key_is_told(changes: dict[str, Any], default: str | None, rfc9068: str | None) -> None:
    refusals = look_at(KEY.token(**changes)).refusals
    reasons = {profile: why and why.partition(":")[0] for profile, why in refusals.items()}
    assert reasons == {"default": default, "rfc9068": rfc9068}


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        pytest.param(
            f"{HEADER}=.{CLAIMS}.{SIGNATURE}", f"the header: character {len(HEADER) + 1} is '='", id="padding"
        ),
        pytest.param(f"{HEADER}.+{CLAIMS}.{SIGNATURE}", "the claims: character 1 is '+', which is base64", id="base64"),
        pytest.param(f"{HEADER}.{CLAIMS}.AB CD", "the signature: character 3 is white space (' ')", id="wrapped"),
        pytest.param(f"{HEADER}.{CLAIMS}.AB~D", "the signature: character 3 ('~') is not of base64url", id="alphabet"),
        pytest.param(f"{HEADER}.{CLAIMS}.ABCDE", "the signature: no base64url text has 5 characters", id="length"),
        pytest.param(f"{HEADER}.{CLAIMS}.AB", "the signature: its last character carries bits", id="stray bits"),
        pytest.param(f"{HEADER}.{CLAIMS}.", "the signature: empty", id="no signature"),
        pytest.param(f".{CLAIMS}.{SIGNATURE}", "the header: empty", id="no header"),
        pytest.param(f"{HEADER}.{segment(b'{')}.{SIGNATURE}", "the claims: not a JSON object in UTF-8", id="JSON"),
        pytest.param(f"{HEADER}.{segment([])}.{SIGNATURE}", "the claims: not a JSON object in UTF-8", id="array"),
        pytest.param(f"{HEADER}.{segment(bytes([255]))}.{SIGNATURE}", "the claims: not a JSON object", id="UTF-8"),
        pytest.param(f"{segment([])}.{CLAIMS}.{SIGNATURE}", "the header: not a JSON object", id="header an array"),
        pytest.param(f"{segment({'alg': 1})}.{CLAIMS}.{SIGNATURE}", "'alg' is missing or not a string", id="alg"),
        pytest.param(
            f"{segment({'alg': 'RS256', 'crit': []})}.{CLAIMS}.{SIGNATURE}", "the header has 'crit'", id="crit"
        ),
        pytest.param(f"{HEADER}.{CLAIMS}", "a compact JWS has 2 dots and a JWE has 4, this token has 1", id="cut off"),
        pytest.param(
            f"{KEY.token()}.{KEY.token()}", "a compact JWS has 2 dots and a JWE has 4, this token has 5", id="run on"
        ),
        pytest.param(
            f"{HEADER}.{CLAIMS}.{SIGNATURE[:40]}\u2026",
            f"character {len(HEADER + CLAIMS) + 43} ('\\u2026') is not ASCII",
            id="ellipsis",
        ),
    ],
)
def test_what_is_malformed_is_told_exactly(token: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in look_at(token).malformed), look_at(token).malformed


def test_every_malformed_part_is_told_at_once() -> None:
    assert len(look_at("=.=.=").malformed) == 3


def test_opaque_token_is_not_malformed() -> None:
    seen = look_at("2YotnFZFEjr1zCsicMWpAA")
    assert (seen.serialization, seen.kind, seen.malformed) == ("opaque", "an opaque token", ())


def test_encrypted_token_is_told_apart_and_its_header_shown() -> None:
    header = {"alg": "RSA-OAEP", "enc": "A256GCM"}
    seen = look_at(f"{segment(header)}.a2V5.aXY.Y2lwaGVydGV4dA.dGFn")
    assert (seen.serialization, seen.header, seen.malformed) == ("JWE", header, ())


def test_encrypted_token_with_a_bad_header_is_malformed() -> None:
    assert look_at("e30=.a.b.c.d").malformed == ("the header: character 4 is '=': base64url in a token has no padding",)


@pytest.mark.parametrize(
    ("token", "note"),
    [
        pytest.param(KEY.token(x="y" * 20_000), "longer than the 16384 bytes", id="too long"),
        pytest.param(signing_key("HS256").token(), "takes a secret that is shared", id="shared secret"),
        pytest.param(signing_key("ES256", None).token(), "names no key", id="no kid"),
        pytest.param(
            f"{segment({'alg': 'ES256', 'kid': 'x'})}.{CLAIMS}.{b64(bytes(70))}",
            "A signature with ES256 has 64 bytes, this one has 70.",
            id="DER signature",
        ),
        pytest.param(
            KEY.token(header={"alg": "RS256", "kid": "x", "jku": "https://evil", "jwk": {}}),
            "brings a key along (jwk, jku)",
            id="key in the header",
        ),
    ],
)
def test_what_else_is_worth_knowing_is_noted(token: str, note: str) -> None:
    assert any(note in found for found in look_at(token).notes)


def test_good_token_needs_no_note() -> None:
    assert look_at(signing_key("ES256").token()).notes == ()


SEGMENTS = st.sampled_from([HEADER, CLAIMS, SIGNATURE, "e30", "", "=", "A", "AB"]) | st.text(max_size=8)


@given(st.lists(SEGMENTS, min_size=1, max_size=6).map(".".join) | st.text())
def test_a_token_of_two_dots_is_malformed_exactly_where_it_cannot_be_parsed(token: str) -> None:
    seen = look_at(token)
    if token.count(".") != 2:
        return
    try:
        parse(token_bytes(token), max_bytes=10**6)
    except InvalidToken:
        assert seen.malformed
    else:
        assert not seen.malformed


def test_printed_token_shows_header_claims_and_words(command: Command) -> None:
    outcome = command("inspect", KEY.token())
    assert outcome.code == 0
    for shown in ('"RS256"', '"user-1"', "An access token (RFC 9068)", "in 1 hour", "key, signature"):
        assert shown in outcome.out


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["words", "JSON"])
def test_signature_is_never_printed(command: Command, options: tuple[str, ...]) -> None:
    for token in (KEY.token(), f"{KEY.token()}=", f"{KEY.token()}.x", KEY.token()[1:]):
        outcome = command("inspect", *options, stdin=token.encode())
        assert token.split(".")[2][:20] not in outcome.out + outcome.err


def test_malformed_token_is_an_exit_code_of_1(command: Command) -> None:
    assert command("inspect", f"{HEADER}.{CLAIMS}").code == 1


def test_json_holds_what_is_seen(command: Command) -> None:
    document = command("inspect", "--json", KEY.token()).document
    assert document["claims"] == good_claims()
    assert document["signature_bytes"] == 256
    assert document["moments"]["exp"] == "2027-01-15 09:00:00 UTC, in 1 hour"


def test_claims_nested_to_any_depth_end_in_no_traceback(command: Command) -> None:
    """Somewhere among these depths they can just be read, but not printed any more."""
    outcomes = [command("inspect", KEY.token(b'{"deep":' + b"[" * n + b"]" * n + b"}")) for n in range(850, 1001)]
    assert {outcome.code for outcome in outcomes} == {1}
    assert any("nested too deep to show" in outcome.out for outcome in outcomes)


def test_document_nested_too_deep_is_told_to_be() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    assert json.loads(text({"claims": nested})) == {"error": "nested too deep to print"}


def test_times_are_told_relative_to_the_clock(command: Command) -> None:
    token = KEY.token(good_claims(now=time.time()))
    assert "in 59 minutes" in json.dumps(command("inspect", "--json", token, now=time.time() + 1).document["moments"])
