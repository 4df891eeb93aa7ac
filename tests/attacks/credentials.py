"""Attacks on how the token is presented: several headers, other schemes, other places, bytes that are no text."""

from collections.abc import Iterator

from tests.attacks.case import ACCEPTED, CLIENT_ERROR, Case, Request, header, signed, table
from tests.signing import NOW

TOKEN = signed()
GOOD = b"Authorization: Bearer " + TOKEN.encode()
MISSING = ("RFC 6750 section 3 (a)", "RFC 6750 section 3.1 (e)")


def headers(*lines: bytes) -> Request:
    """A request with these header lines."""
    return Request(headers=lines)


def authorization(value: bytes) -> Request:
    """A request with this value of the one `Authorization` header."""
    return headers(b"Authorization: " + value)


def bearer(text: bytes) -> Request:
    """A request with this behind the scheme."""
    return authorization(b"Bearer " + text)


def by_the_header() -> Iterator[Case]:
    token = TOKEN.encode()
    yield from table(
        ("RFC 6750 section 2.1 (b)", "RFC 9110 section 11.1"),
        ACCEPTED,
        {
            "the scheme as it is written": bearer(token),
            "the scheme in lower case": authorization(b"bearer " + token),
            "the scheme in upper case": authorization(b"BEARER " + token),
            "several spaces behind the scheme": authorization(b"Bearer    " + token),
            "spaces and tabs around it all": authorization(b" \t Bearer " + token + b" \t "),
            "the header's name in upper case": headers(b"AUTHORIZATION: Bearer " + token),
        },
    )
    yield from table(
        ("RFC 6750 section 2.1 (a)", "RFC 6750 section 3.1 (a)"),
        "credentials_malformed",
        {
            "nothing in the header": authorization(b""),
            "the scheme alone": authorization(b"Bearer"),
            "the scheme and spaces": authorization(b"Bearer    "),
            "a tab behind the scheme": authorization(b"Bearer\t" + token),
            "a space and a tab behind the scheme": authorization(b"Bearer \t" + token),
            "two words": bearer(token + b" " + token),
            "two words with a comma": bearer(token + b", " + token),
            "two challenges in one": bearer(token + b", Bearer " + token),
            "the scheme twice": bearer(b"Bearer " + token),
            "parameters": bearer(b'token="' + token + b'"'),
            "quotes": bearer(b'"' + token + b'"'),
            "angle brackets": bearer(b"<" + token + b">"),
            "a comma at the end": bearer(token + b","),
            "equals signs in front": bearer(b"==" + token),
            "nothing but equals signs": bearer(b"="),
            "a byte that is not ASCII": bearer(token + b"\xff"),
            "UTF-8": bearer("tökén".encode()),
            "Latin-1": bearer("tökén".encode("latin-1")),
            "a non-breaking space at the end": bearer(token + b"\xa0"),
            "a non-breaking space in front": bearer(b"\xa0" + token),
            "a percent sign": bearer(token + b"%00"),
        },
    )
    yield from table(
        ("RFC 6750 section 3 (b)", *MISSING),
        "scheme_unsupported",
        {
            "Basic": authorization(b"Basic dXNlcjpwYXNzd29yZA=="),
            "Basic with a token": authorization(b"Basic " + token),
            "DPoP": authorization(b"DPoP " + token),
            "Digest": authorization(b'Digest username="user"'),
            "Negotiate": authorization(b"Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa"),
            "JWT": authorization(b"JWT " + token),
            "Token": authorization(b"Token " + token),
            "the token without a scheme": authorization(token),
            "a longer scheme": authorization(b"BearerX " + token),
            "a shorter scheme": authorization(b"Beare " + token),
            "a colon behind the scheme": authorization(b"Bearer:" + token),
            "an equals sign behind the scheme": authorization(b"Bearer=" + token),
            "no space behind the scheme": authorization(b"Bearer" + token),
            "a non-breaking space behind the scheme": authorization(b"Bearer\xa0" + token),
            "a scheme that is not ASCII": authorization(b"Be\xe4rer " + token),
            "a scheme with a Kelvin sign's bytes": authorization("Bea\u212aer ".encode() + token),
            "a comma in front": authorization(b", Bearer " + token),
            "another scheme first": authorization(b"Basic abc, Bearer " + token),
        },
    )
    yield from table(
        ("RFC 6750 section 2 (a)", "RFC 6750 section 3.1 (a)"),
        "credentials_repeated",
        {
            "the same header twice": headers(GOOD, GOOD),
            "a good one and then a bad one": headers(GOOD, b"Authorization: Bearer x"),
            "a bad one and then a good one": headers(b"Authorization: Bearer x", GOOD),
            "a good one and an empty one": headers(GOOD, b"Authorization:"),
            "a good one and Basic": headers(GOOD, b"authorization: Basic abc"),
            "Basic and a good one": headers(b"Authorization: Basic abc", GOOD),
            "a hundred of them": headers(*[b"Authorization: Bearer x"] * 100),
        },
    )
    yield from table(
        "RFC 9112 section 5",
        CLIENT_ERROR,
        {
            "a NUL in the header": bearer(token + b"\x00"),
            "a line break in the header": bearer(token[:20] + b"\r" + token[20:]),
            "a space before the colon": headers(b"Authorization : Bearer " + token),
            "a control character in the header's name": headers(b"Author\x01ization: Bearer " + token),
        },
    )


def in_other_places() -> Iterator[Case]:
    token = TOKEN.encode()
    form = b"access_token=" + token
    yield from table(
        ("RFC 6750 section 2.2 (a)", *MISSING),
        "credentials_missing",
        {
            "in a form": Request("POST", headers=(b"Content-Type: application/x-www-form-urlencoded",), body=form),
            "in JSON": Request("POST", headers=(b"Content-Type: application/json",), body=b'{"access_token": "x"}'),
        },
    )
    yield from table(
        ("RFC 6750 section 2.3 (a)", "RFC 6750 section 5.3 (g)", "RFC 9700 section 4.3.2", *MISSING),
        "credentials_missing",
        {
            "in the query": Request(target=b"/invoices?" + form),
            "in the query, under other names": Request(
                target=b"/invoices?token=x&jwt=x&authorization=Bearer%20" + token
            ),
        },
    )
    yield from table(
        ("RFC 6750 section 5.2 (i)", "RFC 6750 section 5.3 (d)", *MISSING),
        "credentials_missing",
        {
            "in a cookie": headers(b"Cookie: access_token=" + token),
            "in a cookie named like the header": headers(b"Cookie: Authorization=Bearer%20" + token),
        },
    )
    yield from table(
        MISSING,
        "credentials_missing",
        {
            "nowhere": headers(),
            "in the header for proxies": headers(b"Proxy-Authorization: Bearer " + token),
            "in the header with an underscore": headers(b"X_Authorization: Bearer " + token),
            "in a forwarded header": headers(b"X-Forwarded-Authorization: Bearer " + token),
            "in the header that a proxy sets": headers(b"X-Access-Token: " + token),
            "in the header with a prefix": headers(b"X-Authorization: Bearer " + token),
        },
    )
    yield from table(
        ("RFC 9110 section 4.2.4", *MISSING),
        "credentials_missing",
        {"as a user in the target": Request(target=b"http://user:" + token[:20] + b"@api.example.com/invoices")},
        faces=("middleware",),
    )
    yield from table(
        "RFC 6750 section 2 (a)",
        ACCEPTED,
        {
            "in the header, and something called so in the query": Request(target=b"/?access_token=x", headers=(GOOD,)),
            "in the header, and something called so in a form": Request(
                "POST", headers=(GOOD, b"Content-Type: application/x-www-form-urlencoded"), body=b"access_token=x"
            ),
        },
    )
    yield from table(
        "RFC 6750 section 2 (a)",
        "expired",
        {
            "a bad one in the header, and a good one in the query": Request(
                target=b"/invoices?" + form, headers=(b"Authorization: Bearer " + signed(exp=NOW - 60).encode(),)
            ),
        },
    )


def recognised_again() -> Iterator[Case]:
    """RFC 6750 section 5.1: a token that was seen before is recognised to the letter, or not at all."""
    yield from table(
        ("RFC 6750 section 5.1 (d)", "RFC 7515 section 5.2"),
        "token_malformed",
        {
            "a token that was seen before, with padding": bearer(TOKEN.encode() + b"=="),
        },
    )
    yield from table(
        "RFC 6750 section 5.1 (d)",
        "signature_mismatch",
        {"a token that was seen before, and a byte more": bearer(TOKEN.encode() + b"A")},
    )
    yield from table(
        "RFC 6750 section 5.1 (d)",
        "token_opaque",
        {"a token that was seen before, and a dot more": bearer(TOKEN.encode() + b".")},
    )
    yield from table(
        "RFC 6750 section 5.1 (d)",
        "unknown_key",
        {"a token that was seen before, under another kid": signed(None, header(kid="key-9"))},
    )


def cases() -> list[Case]:
    return [*by_the_header(), *in_other_places(), *recognised_again()]
