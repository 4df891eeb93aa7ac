"""jwtguard/jws.py: a compact JWS is taken apart strictly, and what resembles one is told apart from what is none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from jwtguard import jws as jws_module
from jwtguard.errors import InvalidToken
from jwtguard.frozen import MAX_CONTAINERS, MAX_NESTING, FrozenDict
from jwtguard.jws import JWS, parse
from tests.refusals import refused
from tests.signing import b64, segment
from tests.test_encoding import json_values
from tests.test_frozen import arrays

HEADER = {"alg": "ES256", "kid": "key-1", "typ": "at+jwt"}
CLAIMS = {"iss": "https://auth.example.com", "sub": "user-1"}
SIGNATURE = b"not looked at yet"

SHAPES = {
    "token_too_large",
    "token_opaque",
    "token_encrypted",
    "token_malformed",
    "header_malformed",
    "critical_header_unsupported",
}


def compact(header: Any = HEADER, claims: Any = CLAIMS, signature: bytes = SIGNATURE) -> str:
    return f"{segment(header)}.{segment(claims)}.{b64(signature)}"


def parsed(token: str | bytes, *, max_bytes: int = 16384) -> JWS:
    return parse(token.encode() if isinstance(token, str) else token, max_bytes=max_bytes)


def test_a_token_is_taken_apart() -> None:
    token = compact()
    jws = parsed(token)
    assert (jws.algorithm, jws.kid, jws.type) == ("ES256", "key-1", "at+jwt")
    assert jws.header == HEADER
    assert jws.claims == CLAIMS
    assert jws.signature == SIGNATURE
    assert jws.signing_input == token.rpartition(".")[0].encode()


def test_what_was_signed_is_kept_to_the_octet() -> None:
    """White space and order of members are the signer's; nothing is encoded anew (RFC 7515 section 5.2)."""
    token = compact(b'{"typ":"JWT",\r\n "alg":"HS256"}', b'{ "iss" : "joe" }')
    assert parsed(token).signing_input == token.rpartition(".")[0].encode()


def test_header_and_claims_cannot_be_changed() -> None:
    jws = parsed(compact(HEADER | {"x": {"y": [1]}}, CLAIMS | {"x": {"y": [1]}}))
    for members in (jws.header, jws.claims):
        assert type(members) is type(members["x"]) is FrozenDict
        with pytest.raises(TypeError):
            members["x"]["y"].append(2)


@pytest.mark.parametrize("name", JWS.__struct_fields__)
def test_nothing_of_what_was_taken_apart_can_be_exchanged(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(parsed(compact()), name, None)


def test_what_it_prints_is_no_token() -> None:
    assert repr(parsed(compact())) == str(parsed(compact())) == "JWS(algorithm='ES256')"
    assert pretty_repr(parsed(compact())) == "JWS()"


@given(
    header=st.dictionaries(st.text(), json_values, max_size=4),
    claims=st.dictionaries(st.text(), json_values, max_size=4),
    signature=st.binary(min_size=1, max_size=80),
)
def test_parsing_is_the_inverse_of_serializing(
    header: dict[str, Any], claims: dict[str, Any], signature: bytes
) -> None:
    header = {name: value for name, value in header.items() if name not in ("crit", "kid", "typ")} | {"alg": "ES256"}
    jws = parsed(compact(header, claims, signature), max_bytes=10**6)
    assert (jws.header, jws.claims, jws.signature) == (header, claims, signature)
    assert (jws.kid, jws.type) == (None, None)


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | st.text("eyJ.Az09-_=", max_size=40).map(str.encode)
)
def test_whatever_comes_is_a_jws_or_refused_for_its_shape(token: bytes) -> None:
    try:
        parse(token, max_bytes=50)
    except InvalidToken as refusal:
        assert refusal.reason in SHAPES  # noqa: PT017  (either outcome is right)


@given(position=st.integers(0, 10**6), character=st.integers(0, 255))
def test_a_token_with_one_octet_changed_means_something_else_or_is_refused(position: int, character: int) -> None:
    original = compact().encode()
    position %= len(original)
    changed = original[:position] + bytes([character]) + original[position + 1 :]
    try:
        jws = parse(changed, max_bytes=16384)
    except InvalidToken:
        return
    assert (jws == parse(original, max_bytes=16384)) is (changed == original)


# Size


def test_a_token_of_the_greatest_size_is_taken_and_one_octet_more_is_not() -> None:
    token = compact()
    assert parsed(token, max_bytes=len(token))
    with refused("token_too_large") as caught:
        parsed(token, max_bytes=len(token) - 1)
    assert caught.value.detail == f"at most {len(token) - 1} bytes are accepted, {len(token)} came"


def test_size_is_looked_at_first() -> None:
    with refused("token_too_large"):
        parsed("\N{SNOWMAN}" * 6000)


# Segments


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "token_opaque"),
        (".", "token_opaque"),
        ("..", "token_opaque"),
        ("...", "token_opaque"),
        ("....", "token_encrypted"),
        (".....", "token_opaque"),
        ("2YotnFZFEjr1zCsicMWpAA", "token_opaque"),
        ("opaque.with.dots", "token_opaque"),
        (compact().rpartition(".")[0], "token_opaque"),
        (compact() + ".", "token_opaque"),
        (compact() + "." + b64(b"x"), "token_opaque"),
        ("." + compact(), "token_opaque"),
        (compact() + ".." + b64(b"x"), "token_encrypted"),
        (segment({"alg": "RSA-OAEP", "enc": "A256GCM"}) + ".a.b.c.d", "token_encrypted"),
        (json.dumps({"payload": segment(CLAIMS), "protected": segment(HEADER), "signature": "eA"}), "token_opaque"),
        ("Bearer " + compact(), "token_opaque"),
        (" " + compact(), "token_opaque"),
        ('"' + compact() + '"', "token_opaque"),
    ],
    ids=[
        "empty",
        "one dot",
        "two dots",
        "three dots",
        "four dots",
        "five dots",
        "opaque",
        "opaque with two dots",
        "no signature",
        "dot at the end",
        "four segments",
        "dot in front",
        "five segments",
        "JWE",
        "JSON serialization",
        "scheme in front",
        "space in front",
        "quoted",
    ],
)
def test_what_is_no_compact_jws_is_opaque_or_encrypted(token: str, reason: str) -> None:
    with refused(reason):
        parsed(token)


@pytest.mark.parametrize(
    "header",
    [b"", b"x", b"[]", b"null", b'"alg"', b"1", b'{"alg": NaN}', b"{", b"{}{}", b"\xef\xbb\xbf{}", b'{"alg": "\xff"}'],
    ids=repr,
)
def test_a_first_segment_that_is_no_json_object_makes_the_token_opaque(header: bytes) -> None:
    with refused("token_opaque"):
        parsed(compact(header))


SPOILED = {
    "padding": lambda text: text + "=",
    "two of padding": lambda text: text + "==",
    "line feed at the end": lambda text: text + "\n",
    "line feed in front": lambda text: "\n" + text,
    "space inside": lambda text: text[:2] + " " + text[2:],
    "tab at the end": lambda text: text + "\t",
    "NUL at the end": lambda text: text + "\0",
    "plus": lambda text: "+" + text[1:],
    "slash": lambda text: "/" + text[1:],
    "quote": lambda text: text[:-1] + '"',
    "backslash": lambda text: text[:-1] + "\\",
    "escape": lambda text: "\\u0041" + text[1:],
    "outside ASCII": lambda text: "\N{LATIN SMALL LETTER E WITH ACUTE}" + text[1:],
    "full width": lambda text: "\N{FULLWIDTH LATIN SMALL LETTER A}" + text[1:],
    "a character too few": lambda text: text[: len(text) - len(text) % 4 + 1],
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
@pytest.mark.parametrize(("position", "reason"), [(0, "token_opaque"), (1, "token_malformed"), (2, "token_malformed")])
def test_a_segment_that_is_not_canonical_base64url_is_refused(spoil: Any, position: int, reason: str) -> None:
    segments = compact().split(".")
    segments[position] = spoil(segments[position])
    with refused(reason):
        parsed(".".join(segments))


@pytest.mark.parametrize(("filler", "stray"), [(b"", 2), (b" ", 4)], ids=["two stray bits", "four stray bits"])
def test_stray_bits_at_the_end_of_a_segment_are_refused(filler: bytes, stray: int) -> None:
    """RFC 4648 section 3.5: or else several texts would mean one token."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    signature = b64(b"12345678" + filler if stray == 2 else b"1234567")
    assert len(signature) % 4 == {2: 3, 4: 2}[stray]
    canonical = alphabet.index(signature[-1])
    signing_input = compact().rpartition(".")[0]
    accepted = []
    for bits in range(1 << stray):
        try:
            parsed(f"{signing_input}.{signature[:-1]}{alphabet[canonical + bits]}")
        except InvalidToken as refusal:
            assert refusal.reason == "token_malformed"  # noqa: PT017  (all but one are refused)
        else:
            accepted.append(bits)
    assert accepted == [0]


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        (compact(signature=b""), "the signature is empty"),
        (compact({"alg": "none"}, signature=b""), "the signature is empty"),
        (compact(claims=b""), "the claims are not a JSON object"),
        (compact(claims=b"[]"), "the claims are not a JSON object"),
        (compact(claims=b"null"), "the claims are not a JSON object"),
        (compact(claims=b'"text"'), "the claims are not a JSON object"),
        (compact(claims=b'{"exp": NaN}'), "the claims are not a JSON object"),
        (compact(claims=b'{"exp": 1e999}'), "the claims are not a JSON object"),
        (compact(claims=b'{"sub": "\xff"}'), "the claims are not a JSON object"),
        (compact(claims=b'{"sub": "\\ud800"}'), "the claims are not a JSON object"),
        (compact(claims=b'{"sub": "user-1"}\0'), "the claims are not a JSON object"),
        (compact(claims=b'{"a":' + b"[" * 4000 + b"]" * 4000 + b"}"), "the claims are not a JSON object"),
        (compact(claims=arrays(MAX_NESTING + 1)), "the claims are nested deeper than 32 levels"),
        (compact(claims={"a": [[]] * MAX_CONTAINERS}), "the claims are made of more than 1000 objects and arrays"),
    ],
    ids=[
        "no signature",
        "alg none",
        "no claims",
        "array",
        "null",
        "text",
        "NaN",
        "number without end",
        "not UTF-8",
        "lone surrogate",
        "trailing octet",
        "nested without end",
        "nested too deep",
        "more to freeze than a token may cost",
    ],
)
def test_a_jws_without_signature_or_whose_claims_are_no_json_object_is_malformed(token: str, detail: str) -> None:
    with refused("token_malformed") as caught:
        parsed(token)
    assert detail in caught.value.detail


def test_claims_may_hold_as_many_arrays_as_are_allowed() -> None:
    assert len(parsed(compact(claims={"a": [[]] * (MAX_CONTAINERS - 2)})).claims["a"]) == MAX_CONTAINERS - 2


def test_claims_may_be_nested_as_deep_as_is_allowed() -> None:
    assert parsed(compact(claims=arrays(MAX_NESTING))).claims == arrays(MAX_NESTING)


# Header


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        ({}, "'alg' is missing or not a string"),
        ({"alg": None}, "'alg' is missing or not a string"),
        ({"alg": 256}, "'alg' is missing or not a string"),
        ({"alg": ["ES256"]}, "'alg' is missing or not a string"),
        ({"Alg": "ES256"}, "'alg' is missing or not a string"),
        (HEADER | {"kid": None}, "'kid' is not a string"),
        (HEADER | {"kid": 1}, "'kid' is not a string"),
        (HEADER | {"kid": ["key-1"]}, "'kid' is not a string"),
        (HEADER | {"kid": {"key": 1}}, "'kid' is not a string"),
        (HEADER | {"typ": None}, "'typ' is not a string"),
        (HEADER | {"typ": True}, "'typ' is not a string"),
        (HEADER | {"typ": ["at+jwt"]}, "'typ' is not a string"),
        (HEADER | {"b64": False}, "the header has 'b64' without 'crit' (RFC 7797 section 6)"),
        (HEADER | {"b64": True}, "the header has 'b64' without 'crit' (RFC 7797 section 6)"),
        (HEADER | arrays(MAX_NESTING + 1), "the header is nested deeper than 32 levels"),
    ],
    ids=lambda value: repr(value)[:60] if isinstance(value, dict) else "",
)
def test_a_header_whose_parameters_are_not_what_they_must_be_is_malformed(header: Any, detail: str) -> None:
    for padding in ("", "x" * 1000):  # short headers are remembered, long ones are not
        with refused("header_malformed") as caught:
            parsed(compact(header | {"padding": padding}))
        assert caught.value.detail == detail


@pytest.mark.parametrize(
    "crit", [["b64"], ["exp"], ["http://example.com/UNDEFINED"], [], None, "b64", {}, False], ids=repr
)
def test_crit_is_refused_whatever_it_lists(crit: Any) -> None:
    """RFC 7515 section 4.1.11: an empty list, and a list of what is not in the header, are forbidden as well."""
    with refused("critical_header_unsupported"):
        parsed(compact(HEADER | {"crit": crit, "b64": False}))


def test_crit_is_looked_at_before_the_other_parameters() -> None:
    with refused("critical_header_unsupported"):
        parsed(compact({"alg": 1, "crit": ["b64"]}))


@pytest.mark.parametrize(
    "parameter",
    [
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jku": "https://attacker.example/keys"},
        {"x5u": "https://attacker.example/certificate"},
        {"x5c": ["MIIB"]},
        {"x5t#S256": 1},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"kid": "../../../../dev/null"},
        {"kid": "' OR 1=1 --"},
        {"kid": ""},
    ],
    ids=lambda parameter: repr(parameter)[:50],
)
def test_other_parameters_are_handed_on_and_used_for_nothing(parameter: dict[str, Any]) -> None:
    jws = parsed(compact(HEADER | parameter))
    assert jws.header == HEADER | parameter
    assert jws.algorithm == "ES256"


def test_of_parameters_and_claims_with_one_name_the_last_counts() -> None:
    """RFC 7515 section 4: refuse, or take the lexically last. What is shown to the handler is what was checked."""
    jws = parsed(compact(b'{"alg": "none", "alg": "ES256"}', b'{"sub": "admin", "\\u0073ub": "user-1"}'))
    assert jws.algorithm == jws.header["alg"] == "ES256"
    assert jws.claims == {"sub": "user-1"}


def test_a_duplicate_crit_cannot_hide() -> None:
    with refused("critical_header_unsupported"):
        parsed(compact(b'{"alg": "ES256", "crit": ["b64"], "crit": null}'))


@pytest.mark.parametrize("size", [10, 1000], ids=["short", "long"])
def test_headers_that_came_before_do_not_colour_those_that_come_now(size: int) -> None:
    """Headers are remembered by their text."""
    for kid in ("a" * size, "b" * size, "a" * size):
        assert parsed(compact(HEADER | {"kid": kid})).kid == kid
    for _ in range(2):
        with refused("header_malformed"):
            parsed(compact({"kid": "a" * size}))


# What a refusal tells


@pytest.mark.parametrize(
    "token",
    [
        compact(b"s3cret"),
        compact(claims=b"s3cret"),
        compact(claims=b'{"s3cret": NaN}'),
        compact(HEADER | {"kid": 1, "s3cret": 1}),
        compact(HEADER | {"crit": ["s3cret"]}),
        compact({"alg": ["s3cret"]}),
        "s3cret",
        "s3cret.s3cret.s3cret",
        "s3cret.s3cret.s3cret.s3cret.s3cret",
        "s3cret\xff",
    ],
    ids=lambda token: token[:16],
)
def test_a_refusal_tells_nothing_of_the_token(token: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        parsed(token)
    told = f"{caught.value} {caught.value.detail} {caught.value.description} {vars(caught.value)}"
    assert "s3cret" not in told
    assert not any(part and len(part) > 5 and part in told for part in token.split("."))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        ("a.b", "a compact JWS has 2 dots, the token has 1"),
        ("a.b.c.d.e", "a JWE in compact serialization came"),
        (compact(b"[]"), "its first segment is not a JSON object in base64url"),
        (compact() + "=", "a segment is not canonical base64url without padding"),
        (compact(claims=b"[]"), "the claims are not a JSON object in UTF-8"),
        (compact(signature=b""), "the signature is empty"),
        (compact(HEADER | {"crit": []}), "the header has 'crit', and no extension is understood"),
    ],
    ids=["opaque", "encrypted", "header", "encoding", "claims", "no signature", "crit"],
)
def test_the_operator_is_told_what_is_wrong_with_the_shape(token: str, detail: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        parsed(token)
    assert caught.value.detail == detail


@pytest.mark.parametrize(("characters", "remembered"), [(512, 1), (514, 0)])
def test_headers_are_remembered_up_to_512_characters(characters: int, remembered: int) -> None:
    octets = b'{"alg":"ES256","padding":"' + b"x" * (characters * 3 // 4 - 28) + b'"}'
    assert len(segment(octets)) == characters
    jws_module._seen_header.cache_clear()
    for _ in range(2):
        parsed(compact(octets))
    assert jws_module._seen_header.cache_info()[:2] == (remembered, remembered)
