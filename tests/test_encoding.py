"""jwtguard/encoding.py: base64url and JSON as JOSE has them, and nothing that only resembles them."""

import base64
import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.encoding import (
    TO_STANDARD_ALPHABET,
    decode_base64url,
    decode_object,
    decode_translated,
    encode_base64url,
    encode_segment,
)
from tests.signing import b64

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", b""),
        ("Zg", b"f"),
        ("Zm8", b"fo"),
        ("Zm9v", b"foo"),
        ("Zm9vYg", b"foob"),
        ("Zm9vYmE", b"fooba"),
        ("Zm9vYmFy", b"foobar"),
        ("A-z_4ME", bytes([3, 236, 255, 224, 193])),
        ("AAAX", bytes([0, 0, 23])),
    ],
    ids=["empty", "f", "fo", "foo", "foob", "fooba", "foobar", "RFC 7515 appendix C", "a letter at the end"],
)
def test_published_examples_decode_and_encode(text: str, octets: bytes) -> None:
    assert decode_base64url(text) == octets
    assert encode_base64url(octets) == text


@given(st.binary(max_size=200))
def test_decoding_is_the_inverse_of_encoding(octets: bytes) -> None:
    assert decode_base64url(b64(octets)) == octets


@given(st.text(ALPHABET + "+/=. \t\r\n\x00!é", max_size=12))
def test_nothing_decodes_but_the_one_canonical_encoding(text: str) -> None:
    try:
        octets = decode_base64url(text)
    except ValueError:
        return
    assert b64(octets) == text


def test_of_all_texts_of_two_characters_one_per_octet_decodes() -> None:
    decoded = [octets for first in ALPHABET for second in ALPHABET if (octets := decoded_or_none(first + second))]
    assert sorted(decoded) == [bytes([octet]) for octet in range(256)]


def test_of_all_last_characters_of_three_only_those_without_stray_bits_decode() -> None:
    assert [last for last in ALPHABET if decoded_or_none("AA" + last)] == list("AEIMQUYcgkosw048")


@pytest.mark.parametrize("length", [4, 6, 7])
def test_no_octet_outside_the_alphabet_decodes_wherever_it_stands(length: int) -> None:
    decoded = {
        (octet, position)
        for octet in range(256)
        for position in range(length)
        if _decodes(b"A" * position + bytes([octet]) + b"A" * (length - position - 1))
    }
    assert {octet for octet, _ in decoded} == set(ALPHABET.encode())
    assert {position for octet, position in decoded if octet == ord("-")} == set(
        range(4 if length == 4 else length - 1)
    )


@pytest.mark.parametrize("text", [r"\u0041" * 4, r"\/" * 4, 'AAAA","AAAA"', 'AAAA"', '"AAAA"', r"AAAA\n\t"])
def test_text_that_json_would_read_in_another_way_does_not_decode(text: str) -> None:
    assert decoded_or_none(text) is None


def _decodes(text: bytes) -> bool:
    try:
        decode_translated(text.translate(TO_STANDARD_ALPHABET))
    except ValueError:
        return False
    return True


def decoded_or_none(text: str) -> bytes | None:
    try:
        return decode_base64url(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AAAAA",
        "Zg==",
        "Zg=",
        "Zm8=",
        "Zm9v====",
        "Zh",
        "Zm9",
        "Zm+v",
        "Zm/v",
        "Zm9v\n",
        "\nZm9v",
        "Zm\n9v",
        " Zm9v",
        "Zm9v ",
        "Zm9v\r\n",
        "Zm 9v",
        "Zm9v\x00",
        "Zm.9",
        "Zm9!",
        "Zm9é",
        "Zm9\ud800",
        "Zm9\N{FULLWIDTH LATIN SMALL LETTER V}",
    ],
    ids=repr,
)
def test_anything_but_canonical_base64url_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the text is for nobody; callers name the segment or the member)
        decode_base64url(text)


@given(st.binary(max_size=200))
def test_encoding_agrees_with_the_standard_library(octets: bytes) -> None:
    assert encode_base64url(octets) == base64.urlsafe_b64encode(octets).decode().rstrip("=")


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_a_segment_decodes_to_the_members_it_was_made_of(members: dict[str, Any]) -> None:
    assert decode_object(decode_base64url(encode_segment(members))) == members


@given(st.dictionaries(st.text(), json_values, max_size=5), st.booleans())
def test_every_json_object_decodes(members: dict[str, Any], ascii_only: bool) -> None:
    assert decode_object(json.dumps(members, ensure_ascii=ascii_only).encode()) == members


@pytest.mark.parametrize(
    ("document", "members"),
    [
        (b"{}", {}),
        (b' \t\r\n{ "a" : 1 } \n', {"a": 1}),
        ('{"a": "é"}', {"a": "é"}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\N{GRINNING FACE}"}),
        (b'{"a": "\\u0000"}', {"a": "\x00"}),
        (b'{"a": 18446744073709551617}', {"a": 2**64 + 1}),
        (b'{"a": 1e3}', {"a": 1000.0}),
        (b'{"": null}', {"": None}),
        (b'{"__proto__": 1, "__class__": 2}', {"__proto__": 1, "__class__": 2}),
    ],
    ids=["empty", "white space", "text", "surrogate pair", "escaped NUL", "large", "exponent", "no name", "odd names"],
)
def test_a_json_object_decodes(document: bytes | str, members: dict[str, Any]) -> None:
    assert decode_object(document) == members


@pytest.mark.parametrize(
    "document",
    [b'{"a": 1, "a": 2}', b'{"a": 1, "\\u0061": 2}', b'{"\\u0061": 1, "a": 2}'],
    ids=["as they stand", "second escaped", "first escaped"],
)
def test_of_members_with_one_name_the_last_counts(document: bytes) -> None:
    """RFC 7515 section 4 and RFC 7519 section 4: refuse, or take the lexically last."""
    assert decode_object(document) == {"a": 2}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b" ",
        b"[]",
        b"null",
        b"1",
        b'"{}"',
        b"{}x",
        b"{}{}",
        b"{},",
        b"{}\x00",
        b"\x00{}",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"{'a': 1}",
        b"{a: 1}",
        b'{"a": 1,}',
        b'{"a"}',
        b'{"a": }',
        b'{"a": 1',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": 01}',
        b'{"a": +1}',
        b'{"a": .5}',
        b'{"a": 5.}',
        b'{"a": 0x10}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": True}',
        b'{"a": "\\x41"}',
        b'{"a": "\x01"}',
        b'{"a": "\n"}',
        b'{"a": "\xff"}',
        b'{"a": "\xc0\xaf"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\udc00\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"a": 1} // b',
        b'{/* b */"a": 1}',
        b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a": ' * 5000 + b"1" + b"}" * 5000,
        b'{"a": ' + b"[" * 5000,
        '{"a": "\ud800"}',
    ],
    ids=lambda document: repr(document[:24]),
)
def test_what_is_not_one_json_object_in_utf_8_is_refused(document: bytes | str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (as above)
        decode_object(document)
