"""Attacks on the encoding: base64url that is not quite, JSON that is not quite, text that is not UTF-8."""

import json
from collections.abc import Iterator

from tests.attacks.case import ACCEPTED, Case, claims_text, header, signed, table
from tests.signing import ISSUER, NOW, b64, good_claims, segment

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

TOKEN = signed()
HEADER, CLAIMS, SIGNATURE = TOKEN.split(".")
HEADER_JSON = json.dumps(header()).encode()
CLAIMS_JSON = json.dumps(good_claims()).encode()


def with_trailing_bits(text: str) -> str:
    """The same octets in another encoding: a bit is set that carries nothing (RFC 4648 section 3.5)."""
    assert len(text) % 4, "a whole number of groups has no such bits"
    return text[:-1] + ALPHABET[ALPHABET.index(text[-1]) | 1]


def of_length(text: bytes, remainder: int) -> bytes:
    """JSON text, lengthened by spaces until its length divided by 3 leaves that remainder."""
    return text + b" " * ((remainder - len(text)) % 3)


def base64url() -> Iterator[Case]:
    one_more = signed(of_length(CLAIMS_JSON, 1), of_length(HEADER_JSON, 1))
    head, claims, _ = one_more.split(".")
    yield from table(
        ("RFC 7515 section 2", "RFC 7515 section 5.2", "RFC 6750 section 3.1 (b)"),
        "token_malformed",
        {
            "a bit that carries nothing, in the claims": one_more.replace(claims, with_trailing_bits(claims)),
            "a bit that carries nothing, in the signature": f"{HEADER}.{CLAIMS}.{with_trailing_bits(SIGNATURE)}",
            "padding of the signature": f"{TOKEN}==",
            "the signature in plain base64": f"{HEADER}.{CLAIMS}.{'+' + SIGNATURE[1:]}",
            "a slash in the claims": f"{HEADER}.{'/' + CLAIMS[1:]}.{SIGNATURE}",
            "claims of an impossible length": f"{HEADER}.{'A' * 401}.{SIGNATURE}",
            "a signature of an impossible length": f"{HEADER}.{CLAIMS}.{SIGNATURE}AAA",
            "no claims": f"{HEADER}..{SIGNATURE}",
            "no claims and no signature": f"{HEADER}..",
            "a tilde and a disclosure behind it (SD-JWT)": f"{TOKEN}~WyJzIiwibiIsInYiXQ~",
        },
    )
    yield from table(
        ("RFC 7515 section 2", "RFC 7515 section 5.2"),
        "token_opaque",
        {
            "a bit that carries nothing, in the header": one_more.replace(head, with_trailing_bits(head)),
            "the header in plain base64": f"{'+' + HEADER[1:]}.{CLAIMS}.{SIGNATURE}",
            "no header": f".{CLAIMS}.{SIGNATURE}",
            "dots only": "..",
            "one dot too few": f"{HEADER}.{CLAIMS}",
            "one dot too many": f"{TOKEN}.",
            "six parts": f"{TOKEN}.{TOKEN}",
            "dots in front": f".{HEADER}.{CLAIMS}",
            "one word": "opaque",
            "a PASETO": "v4.public.eyJzdWIiOiJ1c2VyLTEifQ",
            "base64 of the whole token": b64(TOKEN.encode()),
        },
    )
    # What the syntax of a bearer token excludes never reaches the parser of tokens, except by `validate` itself.
    for reason, texts in {
        "token_malformed": {
            "padding of the claims": f"{HEADER}.{CLAIMS}==.{SIGNATURE}",
            "a space within the claims": f"{HEADER}.{CLAIMS[:9]} {CLAIMS[9:]}.{SIGNATURE}",
            "a percent-encoded character": f"{HEADER}.{CLAIMS}.%41{SIGNATURE}",
            "letters beyond ASCII": f"{HEADER}.{CLAIMS}.{SIGNATURE}é",
            "fullwidth letters": f"{HEADER}.{CLAIMS}.\uff21{SIGNATURE[1:]}",
            "a non-breaking space": f"{TOKEN}\u00a0",
        },
        "token_opaque": {
            "padding of the header": f"{HEADER}=.{CLAIMS}.{SIGNATURE}",
            "a percent-encoded dot": f"{HEADER}%2E{CLAIMS}.{SIGNATURE}",
            "JWS in JSON serialization": json.dumps({"protected": HEADER, "payload": CLAIMS, "signature": SIGNATURE}),
            "quotes around it": f'"{TOKEN}"',
        },
    }.items():
        yield from table(
            ("RFC 6750 section 2.1 (a)", "RFC 7515 section 2"), "credentials_malformed", texts, pure_reason=reason
        )
    for reason, texts in {
        "token_malformed": {
            "a line break within the signature": f"{HEADER}.{CLAIMS}.{SIGNATURE[:9]}\n{SIGNATURE[9:]}",
            "a line break at the end": f"{TOKEN}\n",
            "a NUL at the end": f"{TOKEN}\u0000",
            "a NUL within the claims": f"{HEADER}.{CLAIMS[:9]}\u0000{CLAIMS[9:]}.{SIGNATURE}",
            "a byte order mark in front": f"\ufeff{TOKEN}",
        },
        "token_opaque": {"nothing": "", "a space in front": f" {TOKEN}"},
    }.items():
        yield from table("RFC 7515 section 2", reason, texts, faces=())


def unusual_json() -> dict[str, bytes]:
    """Texts that are not a JSON object in UTF-8, none of them about what they contain."""
    good = '{"a": 1}'
    deep = 6000
    return {
        "an array": b"[]",
        "a string": b'"text"',
        "a number": b"1",
        "null": b"null",
        "true": b"true",
        "nothing": b" ",
        "bytes behind it": b"{} {}",
        "a NUL behind it": b"{}\x00",
        "a comma too many": b'{"a": 1,}',
        "a comment": b'{"a": 1 /* one */}',
        "single quotes": b"{'a': 1}",
        "no quotes": b"{a: 1}",
        "no end": b'{"a": 1',
        "NaN": b'{"a": NaN}',
        "Infinity": b'{"a": Infinity}',
        "-Infinity": b'{"a": -Infinity}',
        "a leading zero": b'{"a": 01}',
        "a plus sign": b'{"a": +1}',
        "a hexadecimal number": b'{"a": 0x1}',
        "a bare point": b'{"a": 1.}',
        "a line break in a string": b'{"a": "\n"}',
        "a NUL in a string": b'{"a": "\x00"}',
        "half a surrogate pair": b'{"a": "\\ud800"}',
        "surrogates the wrong way round": b'{"a": "\\udc00\\ud800"}',
        "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
        "an overlong slash": b'{"a": "\xc0\xaf"}',
        "a byte that is not UTF-8": b'{"a": "\xff"}',
        "Latin-1": '{"a": "é"}'.encode("latin-1"),
        "UTF-16": good.encode("utf-16-le"),
        "UTF-16 with a byte order mark": good.encode("utf-16"),
        "UTF-32": good.encode("utf-32-be"),
        "UTF-7": b"+AHsAIgBhACIAOgAxAH0-",
        "a byte order mark": b"\xef\xbb\xbf{}",
        "a byte order mark in UTF-16": "\ufeff{}".encode("utf-16-be"),
        "arrays without end": b'{"a": ' + b"[" * deep,
        "objects without end": b'{"a":' * 1500,
    }


def not_json() -> Iterator[Case]:
    utf8 = ("RFC 8725 section 3.7", "RFC 7515 section 5.2")
    yield from table(utf8, "token_opaque", {f"the header is {n}": signed(None, t) for n, t in unusual_json().items()})
    yield from table(utf8, "token_malformed", {f"the claims are {n}": signed(t) for n, t in unusual_json().items()})
    yield from table(
        ("RFC 8725 section 3.3 (b)", "RFC 7519 section 5.2"),
        "token_malformed",
        {"a token within the token": signed(TOKEN.encode(), header(cty="JWT"))},
    )


def unusual_but_json() -> Iterator[Case]:
    yield from table(
        "RFC 7519 section 4",
        ACCEPTED,
        {
            "spaces and line breaks": signed(
                json.dumps(good_claims(), indent="\t ").encode(), of_length(HEADER_JSON, 2)
            ),
            "an escaped name": signed(CLAIMS_JSON.replace(b'"aud"', b'"\\u0061ud"')),
            "an escaped value": signed(CLAIMS_JSON.replace(b"https://api", b"https:\\/\\/api")),
            "a claim with letters of all kinds": signed(name="Zoë 🦊 \u202e", more={"é": "\u0000"}),
            "numbers with exponents": signed(claims_text(exp=f"{(NOW + 100) / 1e9}e9")),
            "a huge number nobody asks for": signed(claims_text(number="9" * 4000)),
            "a number beyond all floats nobody asks for": signed(claims_text(number="1" * 400)),
            "claims nested 30 deep": signed(claims_text(within="[" * 30 + "]" * 30)),
        },
    )
    yield from table(
        "RFC 8259 section 9",
        "token_malformed",
        {
            "claims nested 33 deep": signed(claims_text(within="[" * 33 + "]" * 33)),
            "claims nested 900 deep": signed(claims_text(within='{"a":' * 900 + "1" + "}" * 900)),
        },
    )
    yield from table(
        "RFC 8259 section 9",
        "header_malformed",
        {"a header nested 900 deep": signed(None, HEADER_JSON[:-1] + b', "a": ' + b"[" * 900 + b"]" * 900 + b"}")},
    )
    yield from table(
        "RFC 8259 section 6",
        "token_malformed",
        {"an exponent beyond all floats": signed(claims_text(number="1e400"))},
    )


def repeated_members() -> Iterator[Case]:
    """Of members with one name the last counts, so that nobody who reads the token as we do is told otherwise."""

    def twice(name: str, first: str, last: str) -> str:
        return signed(claims_text().removesuffix(b"}") + f', "{name}": {first}, "{name}": {last}}}'.encode())

    def header_twice(name: str, last: str) -> str:
        return signed(None, HEADER_JSON.removesuffix(b"}") + f', "{name}": {last}}}'.encode())

    good = {name: json.dumps(value) for name, value in good_claims().items()}
    yield from table(
        ("RFC 7519 section 4", "RFC 7515 section 4"),
        ACCEPTED,
        {
            "aud twice, the last is ours": twice("aud", '"https://evil.example"', good["aud"]),
            "exp twice, the last is to come": twice("exp", "1", good["exp"]),
            "alg twice, the last is the key's": header_twice("alg", '"ES256"'),
        },
    )
    for name, first, last, reason in [
        ("aud", good["aud"], '"https://evil.example"', "audience_mismatch"),
        ("exp", good["exp"], "1", "expired"),
        ("exp", good["exp"], "null", "claim_malformed"),
        ("scope", good["scope"], "[]", "claim_malformed"),
    ]:
        yield from table("RFC 7519 section 4", reason, {f"{name} twice, the last is {last}": twice(name, first, last)})
    yield from table(
        "RFC 7519 section 4",
        "issuer_mismatch",
        {"iss twice, the last is another": twice("iss", json.dumps(ISSUER), '"https://evil.example"')},
    )
    for name, last, reason in [
        ("alg", '"none"', "algorithm_not_allowed"),
        ("alg", '"HS256"', "algorithm_not_allowed"),
        ("kid", '"key-2"', "unknown_key"),
        ("typ", '"dpop+jwt"', "type_mismatch"),
        ("\\u0061lg", '"none"', "algorithm_not_allowed"),
    ]:
        yield from table("RFC 7515 section 4", reason, {f"{name} twice, the last is {last}": header_twice(name, last)})


def encrypted() -> Iterator[Case]:
    def jwe(**members: str) -> str:
        return ".".join([segment({"enc": "A128GCM", **members}), "AAAA", "AAAA", "AAAA", "AAAA"])

    yield from table(
        ("RFC 9068 section 4 (e)", "RFC 8725 section 3.2 (e)", "RFC 8725 section 3.3 (b)"),
        "token_encrypted",
        {
            "a JWE by RSAES-PKCS1-v1_5": jwe(alg="RSA1_5"),
            "a JWE with a shared key": jwe(alg="dir"),
            "a JWE by a password, of a million rounds": jwe(alg="PBES2-HS256+A128KW", p2c="1000000"),
            "a compressed JWE": jwe(alg="RSA-OAEP", zip="DEF"),
            "four dots and nothing else": "....",
        },
    )


def sizes() -> Iterator[Case]:
    def of_size(size: int) -> str:
        """A good token of exactly that many bytes."""
        filler = size
        while True:
            token = signed(claims_text(filler=json.dumps("x" * filler)), of_length(HEADER_JSON, size % 3))
            if len(token) <= size:
                break
            filler -= max(1, (len(token) - size) * 3 // 4)
        assert len(token) == size, (len(token), size)
        return token

    yield from table("RFC 8725 section 2.4", ACCEPTED, {"a token as large as may be": of_size(16384)})
    yield from table(
        "RFC 8725 section 2.4",
        "token_too_large",
        {"a token one byte too large": of_size(16385), "a token far too large": "a" * 50_000, "dots": "." * 20_000},
    )


def cases() -> list[Case]:
    return [
        *base64url(),
        *not_json(),
        *unusual_but_json(),
        *repeated_members(),
        *encrypted(),
        *sizes(),
    ]
