"""What is done with one input of the fuzzer: a crash is any exception that is not one of jwtguard's own.

The first byte says what the rest is taken for: `t` a token, `s` a token's header and claims before they are encoded,
with a NUL between them, `k` a JWK Set, `a` an introspection answer.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from jwtguard import InvalidKeySet, InvalidToken, KeySet, Rules
from jwtguard.claims import check_header
from jwtguard.encoding import encode_base64url
from jwtguard.introspection_answer import UnusableAnswer, check_answer, read_answer, read_signed_answer
from jwtguard.jwk import VerificationKey
from jwtguard.jws import JWS, parse
from jwtguard.verification import check

NOW: Final = 1_800_000_000.0
AUDIENCE: Final = "https://api.example.com"
RULES: Final = (
    Rules(issuer="https://auth.example.com", audience=AUDIENCE),
    Rules(
        issuer="https://auth.example.com",
        audience=AUDIENCE,
        profile="rfc9068",
        claim_values={"token_use": "access"},
        roles_claims=["roles", ("realm_access", "roles")],
    ),
)
# The fuzzer cannot sign, and what lies behind the signature is to be fuzzed as well.
_ANY_SIGNATURE: Final = VerificationKey("key-1", "ES256", b"", lambda _signing_input, _signature: True)


def run(octets: bytes) -> None:
    """Run the core on one input.

    Raises:
        Exception: where there is a defect.
    """
    _BY_FIRST_BYTE.get(octets[:1], _token)(octets[1:])


def _token(text: bytes) -> None:
    with suppress(InvalidToken):
        jws = parse(text, max_bytes=16384)
        written = jws.signing_input + b"." + encode_base64url(jws.signature).encode()
        assert written == text, "a signature was read that its text does not stand for"
        _look_into(jws)


def _segments(octets: bytes) -> None:
    header, _, claims = octets.partition(b"\0")
    _token(f"{encode_base64url(header)}.{encode_base64url(claims)}.AAAA".encode())


def _look_into(jws: JWS) -> None:
    for rules in RULES:
        with suppress(InvalidToken):
            check_header(jws.algorithm, jws.type, rules)
        with suppress(InvalidToken):
            token = check(jws, _ANY_SIGNATURE, rules, now=NOW)
            assert token.issuer == rules.issuer, "another issuer's token was accepted"
            assert rules.audiences.intersection(token.audience), "a token for another audience was accepted"
            assert token.expires_at + rules.leeway > NOW, "an expired token was accepted"
        with suppress(UnusableAnswer):
            read_signed_answer(jws, rules, recipients=rules.audiences, now=NOW)


def _key_set(document: bytes) -> None:
    for symmetric in (False, True):
        with suppress(InvalidKeySet):
            keys = KeySet.from_jwk_set(document, symmetric=symmetric)
            for key in keys.keys:
                assert key.verify(b"signing input", b"signature") is False, "a made-up signature was accepted"
                assert symmetric or not key.algorithm.startswith("HS"), "a published secret was taken"
    with suppress(InvalidKeySet):
        KeySet.from_pem(document)


def _answer(body: bytes) -> None:
    with suppress(UnusableAnswer):
        members = read_answer(body)
        if members is None:
            return
        for rules in RULES:
            with suppress(InvalidToken):
                check_answer(members, rules, now=NOW)


_BY_FIRST_BYTE: Final[dict[bytes, Callable[[bytes], None]]] = {
    b"t": _token,
    b"s": _segments,
    b"k": _key_set,
    b"a": _answer,
}
