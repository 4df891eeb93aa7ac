"""Strict base64url and strict JSON, as JOSE has them."""

from base64 import urlsafe_b64encode
from typing import Any, Final

import msgspec

_URL_SAFE: Final = b"-_"
_STANDARD: Final = b"+/"
_JSON: Final = b'"\\'
_OUTSIDE: Final = b"!"  # outside both alphabets, so that the strict decoder refuses it

TO_STANDARD_ALPHABET: Final = bytes.maketrans(_STANDARD + b"=" + _JSON + _URL_SAFE, _OUTSIDE * 5 + _STANDARD)
"""Turns base64url text into base64 text; what only base64 has ("+", "/", "="), and what would end or escape a JSON
string, becomes undecodable."""

# What makes a JSON string of base64 text, padded. Indexed by length modulo 4, as are the canonical ends.
_CLOSING: Final = (b'"', b'==="', b'=="', b'="')
# RFC 4648 section 3.5: the bits of the last character that carry nothing must be zero.
_CANONICAL_ENDS: Final = (
    frozenset(range(256)),
    frozenset[int](),
    frozenset(b"AQgw"),
    frozenset(b"AEIMQUYcgkosw048"),
)

# JSON has no bytes, so msgspec reads them from base64 strings: strictly, and more than twice as fast as binascii does.
_decode_string_of_base64: Final = msgspec.json.Decoder(bytes).decode
_decode_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


def decode_translated(text: bytes) -> bytes:
    """Decode base64url text that has been through `TO_STANDARD_ALPHABET`.

    Raises:
        ValueError: for anything but the one canonical, unpadded encoding (RFC 7515 section 2, RFC 4648 section 3.5).
    """
    remainder = len(text) & 3
    if remainder and text[-1] not in _CANONICAL_ENDS[remainder]:
        raise ValueError("not canonical base64url")
    return _decode_string_of_base64(b'"' + text + _CLOSING[remainder])


def decode_base64url(text: str) -> bytes:
    """Decode base64url text without padding.

    Raises:
        ValueError: for anything but the one canonical, unpadded encoding (RFC 7515 section 2).
    """
    return decode_translated(text.encode("ascii").translate(TO_STANDARD_ALPHABET))


def decode_object(document: bytes | str) -> dict[str, Any]:
    """Decode a JSON object (RFC 8259) in UTF-8; of members with one name the last counts (RFC 7519 section 4).

    Raises:
        ValueError: for anything else: other JSON values, NaN, lone surrogates, trailing bytes, nesting without end.
    """
    try:
        return _decode_object(document)
    except RecursionError:
        raise ValueError("nested too deep") from None


def encode_base64url(octets: bytes) -> str:
    """Encode as JOSE does: base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def encode_segment(members: dict[str, Any]) -> str:
    """Encode a header or claims as a segment of a compact JWS (RFC 7515 section 7.1)."""
    return encode_base64url(msgspec.json.encode(members))
