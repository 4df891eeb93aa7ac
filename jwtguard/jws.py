"""A compact JWS taken apart, strictly (RFC 7515 sections 5.2 and 7.1). Nothing here is verified yet."""

from functools import lru_cache
from typing import Any, Final

import msgspec

from jwtguard.encoding import TO_STANDARD_ALPHABET, decode_object, decode_translated
from jwtguard.errors import InvalidToken
from jwtguard.frozen import FrozenDict, freeze_decoded

_JWE_SEPARATORS: Final = 4  # RFC 7516 section 7.1
_REMEMBERED_HEADERS: Final = 128
_LONGEST_REMEMBERED_HEADER: Final = 512  # base64url characters


class JWS(msgspec.Struct, frozen=True, gc=False):
    """A compact JWS whose signature nobody has checked.

    Attributes:
        algorithm: the `alg` header parameter.
        kid: the `kid` header parameter, or None.
        type: the `typ` header parameter, or None.
        header: the whole JOSE header.
        claims: the claims, not to be believed.
        signing_input: what was signed.
        signature: the signature's bytes.
    """

    algorithm: str
    kid: str | None
    type: str | None
    header: FrozenDict
    claims: FrozenDict
    signing_input: bytes
    signature: bytes

    def __repr__(self) -> str:
        return f"JWS(algorithm={self.algorithm!r})"  # the rest is the token, which no log may hold

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []  # msgspec's would have rich show all of it


def parse(token: bytes, *, max_bytes: int) -> JWS:
    """Take a token apart.

    Args:
        token: the compact serialization.
        max_bytes: how long it may be.

    Raises:
        InvalidToken: `token_too_large`; `token_opaque` or `token_encrypted` where it is no JWS at all;
            `token_malformed`, `header_malformed`, `critical_header_unsupported` where it is a bad one.
    """
    if len(token) > max_bytes:
        raise InvalidToken("token_too_large", detail=f"at most {max_bytes} bytes are accepted, {len(token)} came")
    signing_input, _, signature_text = token.rpartition(b".")
    header_text, separator, claims_text = signing_input.partition(b".")
    if not separator or claims_text.find(b".") >= 0:
        raise _not_three_segments(token)
    read_header = _seen_header if len(header_text) <= _LONGEST_REMEMBERED_HEADER else _header
    algorithm, kid, type_, header = read_header(header_text)
    try:
        claims_document = decode_translated(claims_text.translate(TO_STANDARD_ALPHABET))
        signature = decode_translated(signature_text.translate(TO_STANDARD_ALPHABET))
    except ValueError:
        raise InvalidToken("token_malformed", detail="a segment is not canonical base64url without padding") from None
    if not signature:
        raise InvalidToken("token_malformed", detail="the signature is empty")
    try:
        claims = decode_object(claims_document)
    except ValueError:
        raise InvalidToken("token_malformed", detail="the claims are not a JSON object in UTF-8") from None
    try:
        frozen = freeze_decoded(claims, claims_document)
    except ValueError as error:
        raise InvalidToken("token_malformed", detail=f"the claims are {error}") from None
    return JWS(algorithm, kid, type_, header, frozen, signing_input, signature)


def _not_three_segments(token: bytes) -> InvalidToken:
    separators = token.count(b".")
    if separators == _JWE_SEPARATORS:
        return InvalidToken("token_encrypted", detail="a JWE in compact serialization came")
    return InvalidToken("token_opaque", detail=f"a compact JWS has 2 dots, the token has {separators}")


def _header(text: bytes) -> tuple[str, str | None, str | None, FrozenDict]:
    try:
        document = decode_translated(text.translate(TO_STANDARD_ALPHABET))
        header = decode_object(document)
    except ValueError:
        raise InvalidToken("token_opaque", detail="its first segment is not a JSON object in base64url") from None
    known = _known_parameters(header)
    try:
        return *known, freeze_decoded(header, document)
    except ValueError as error:
        raise InvalidToken("header_malformed", detail=f"the header is {error}") from None


# All tokens of one key have the same header, to the octet, and the same text always means the same.
_seen_header: Final = lru_cache(_REMEMBERED_HEADERS)(_header)


def _known_parameters(header: dict[str, Any]) -> tuple[str, str | None, str | None]:
    if "crit" in header:
        # No extension is understood, so whatever it lists (`b64` of RFC 7797 included) must be refused: section 4.1.11.
        raise InvalidToken(
            "critical_header_unsupported", detail="the header has 'crit', and no extension is understood"
        )
    if "b64" in header:
        # Without "crit" it must not be there, and the claims of a JWT are never left unencoded: sections 6 and 7.
        raise InvalidToken("header_malformed", detail="the header has 'b64' without 'crit' (RFC 7797 section 6)")
    algorithm, kid, type_ = header.get("alg"), header.get("kid"), header.get("typ")
    if algorithm.__class__ is not str:
        raise InvalidToken("header_malformed", detail="'alg' is missing or not a string")
    if kid.__class__ is not str and "kid" in header:
        raise InvalidToken("header_malformed", detail="'kid' is not a string")
    if type_.__class__ is not str and "typ" in header:
        raise InvalidToken("header_malformed", detail="'typ' is not a string")
    return algorithm, kid, type_
