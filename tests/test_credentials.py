"""jwtguard/credentials.py: exactly one bearer token, where RFC 6750 says it stands, and nowhere else."""

from collections.abc import Callable
from string import ascii_letters, digits
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard import ConfigurationError
from jwtguard.credentials import authorization, bearer_token, check_token68, checked_protocol, websocket_token
from jwtguard.errors import CredentialsRequired, InvalidRequest
from tests.refusals import refused

Headers = list[tuple[bytes, bytes]]


def sent(*values: bytes) -> Headers:
    return [(b"host", b"api.example.com"), *((b"authorization", value) for value in values), (b"accept", b"*/*")]


@pytest.mark.parametrize(
    ("value", "token"),
    [
        (b"Bearer abc.def-_~+/==", b"abc.def-_~+/=="),
        (b"bearer abc", b"abc"),
        (b"BEARER abc", b"abc"),
        (b"bEaReR abc", b"abc"),
        (b"Bearer   abc", b"abc"),
        (b"Bearer Bearer", b"Bearer"),
    ],
    ids=["token68", "small letters", "capital letters", "mixed", "several spaces", "a token called Bearer"],
)
def test_what_stands_behind_bearer_is_the_token(value: bytes, token: bytes) -> None:
    """RFC 9110 section 11.1: the scheme in any case, then spaces."""
    assert bearer_token(authorization(sent(value))) == token
    check_token68(token)


def test_headers_may_come_as_any_iterable() -> None:
    assert bearer_token(authorization(iter(sent(b"Bearer abc")))) == b"abc"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        sent(),
        [(b"Authorization", b"Bearer abc")],
        [(b"proxy-authorization", b"Bearer abc")],
        [(b"x-authorization", b"Bearer abc")],
        [(b"authorization ", b"Bearer abc")],
        [(b"cookie", b"access_token=abc; authorization=Bearer abc")],
    ],
    ids=["nothing", "other headers", "not as ASGI has it", "proxy", "prefixed", "trailing space", "cookie"],
)
def test_without_an_authorization_header_credentials_are_missing(headers: Headers) -> None:
    with refused("credentials_missing", CredentialsRequired):
        bearer_token(authorization(headers))


@pytest.mark.parametrize(
    "value",
    [
        b"Basic dXNlcjpwYXNzd29yZA==",
        b"DPoP abc",
        b"Digest username=x",
        b"abc.def.ghi",
        b"Bearerabc",
        b"Bearer_ abc",
        b"Bearer=abc",
        b"Bearer, Basic abc",
        b"Token Bearer abc",
        b"\xc2\xa0Bearer abc",
        b"B\xc4\x93arer abc",
        b" Bearer abc",
        b"\x00",
    ],
    ids=repr,
)
def test_another_scheme_is_not_supported(value: bytes) -> None:
    with refused("scheme_unsupported", CredentialsRequired):
        bearer_token(authorization(sent(value)))


@pytest.mark.parametrize("value", [b"", b" ", b"\t", b"Bearer", b"Bearer\t", b"Bearer\tabc", b" Bearer"], ids=repr)
def test_a_scheme_without_a_token_is_malformed(value: bytes) -> None:
    with refused("credentials_malformed", InvalidRequest):
        bearer_token(authorization(sent(value)))


@pytest.mark.parametrize(
    "values",
    [
        [b"Bearer abc", b"Bearer def"],
        [b"Bearer abc", b"Bearer abc"],
        [b"Basic abc", b"Bearer abc"],
        [b"Bearer abc", b""],
        [b"", b""],
        [b"Bearer abc"] * 3,
    ],
    ids=["two tokens", "one token twice", "two schemes", "an empty one beside", "both empty", "three"],
)
def test_more_than_one_authorization_header_is_refused(values: list[bytes]) -> None:
    """RFC 6750 section 2: or else a proxy and this resource server might each look at another one."""
    with refused("credentials_repeated", InvalidRequest):
        bearer_token(authorization(sent(*values)))


@pytest.mark.parametrize(
    "token", [b"a", b"A-Z._~+/9", b"a=", b"a==", b"a" * 10_000, b"-", b"a.b.c"], ids=lambda t: t[:9]
)
def test_token68_is_taken(token: bytes) -> None:
    check_token68(token)


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"=",
        b"==",
        b"a=b",
        b"a b",
        b"a ",
        b" a",
        b"a\t",
        b"a\n",
        b"a\r\nX: y",
        b"a\x00",
        b"a,b",
        b"abc, Bearer def",
        b'"abc"',
        b"a;b",
        b"a%20b",
        b"a!b",
        b"a:b",
        b"a@b",
        b"a\\b",
        b"\xff",
        b"caf\xc3\xa9",
        b"a" * 10_000 + b"!",
        b"a" + b"=" * 10_000 + b"a",
    ],
    ids=lambda token: repr(token[:20]),
)
def test_anything_but_token68_is_malformed(token: bytes) -> None:
    """RFC 6750 section 2.1, `b64token`."""
    with refused("credentials_malformed", InvalidRequest) as caught:
        check_token68(token)
    assert caught.value.detail == "what follows the scheme is not one token"


def allowed(check: Callable[[str], object]) -> str:
    """Which of all characters of one octet may stand in the middle of what is checked."""

    def is_allowed(character: str) -> bool:
        try:
            check(f"a{character}a")
        except (ConfigurationError, InvalidRequest):
            return False
        return True

    return "".join(filter(is_allowed, map(chr, range(256))))


def test_the_characters_of_token68_are_those_of_the_grammar() -> None:
    """RFC 6750 section 2.1; `=` at the end only."""
    assert set(allowed(lambda token: check_token68(token.encode("latin-1")))) == {*ascii_letters, *digits, *"-._~+/"}


@given(st.lists(st.tuples(st.sampled_from([b"authorization", b"cookie"]), st.binary(max_size=30)), max_size=3))
def test_whatever_comes_is_taken_or_refused(headers: Headers) -> None:
    try:
        token = bearer_token(authorization(headers))
        check_token68(token)
    except (CredentialsRequired, InvalidRequest):
        return
    [value] = [value for name, value in headers if name == b"authorization"]
    assert value.lower().startswith(b"bearer ")
    assert value.endswith(b" " + token)


# A browser's WebSocket, which cannot send the header


def offering(*protocols: bytes, header: bytes | None = None) -> Headers:
    return [
        *((b"sec-websocket-protocol", names) for names in protocols),
        *([] if header is None else [(b"authorization", header)]),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        offering(b"bearer, abc"),
        offering(b"bearer,abc"),
        offering(b" bearer ,\tabc "),
        offering(b"chat, bearer, abc"),
        offering(b"bearer", b"abc"),
        offering(b"chat", b"bearer, abc"),
        offering(b"chat", header=b"Bearer abc"),
        offering(b"Bearer, def", header=b"Bearer abc"),
        offering(header=b"Bearer abc"),
    ],
    ids=[
        "after the protocol",
        "without space",
        "with spaces",
        "other protocols first",
        "in two headers",
        "other header first",
        "in the header beside another protocol",
        "protocols have a case",
        "in the header alone",
    ],
)
def test_a_handshake_carries_a_token_as_protocol_or_in_the_header(headers: Headers) -> None:
    assert websocket_token(headers, "bearer") == b"abc"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (offering(b"bearer, abc", header=b"Bearer abc"), "credentials_repeated"),
        (offering(b"bearer", header=b""), "credentials_repeated"),
        (offering(b"bearer"), "credentials_malformed"),
        (offering(b"abc, bearer"), "credentials_malformed"),
        (offering(b"bearer, abc, chat"), "credentials_malformed"),
        (offering(b"bearer, abc, bearer, def"), "credentials_malformed"),
        (offering(b"chat", header=b"Bearer"), "credentials_malformed"),
    ],
    ids=[
        "in both places",
        "in both places, one empty",
        "nothing follows",
        "nothing follows another",
        "more follows",
        "twice",
        "nothing in the header",
    ],
)
def test_a_handshake_with_none_or_several_in_its_place_is_refused(headers: Headers, reason: str) -> None:
    with refused(reason, InvalidRequest):
        websocket_token(headers, "bearer")


def test_a_handshake_without_token_lacks_credentials() -> None:
    with refused("credentials_missing", CredentialsRequired):
        websocket_token(offering(b"chat"), "bearer")


@pytest.mark.parametrize("protocol", [None, "bearer", "v1.access_token", "!#$%&'*+-.^_`|~"])
def test_a_name_that_can_be_a_subprotocol_is_taken(protocol: str | None) -> None:
    assert checked_protocol(protocol) == protocol


def test_the_characters_of_a_subprotocol_are_those_of_the_grammar() -> None:
    """RFC 6455 section 4.1, which takes RFC 9110 section 5.6.2's `token`."""
    assert set(allowed(checked_protocol)) == {*ascii_letters, *digits, *"!#$%&'*+-.^_`|~"}


@pytest.mark.parametrize(
    "protocol",
    ["", "a b", "a,b", "a\n", "a/b", "caf\xe9", b"bearer", 1, True, ["bearer"]],
)
def test_a_name_that_cannot_be_a_subprotocol_is_refused(protocol: Any) -> None:
    with pytest.raises(ConfigurationError, match="websocket_protocol is a name such as 'bearer'"):
        checked_protocol(protocol)


@pytest.mark.parametrize(
    ("value", "token"),
    [
        (b"Bearer abcX", b"abcX"),
        (b"Bearer Xabc", b"Xabc"),
        (b"Bearer abc \t", b"abc"),
        (b"Bearer abc\x0b", b"abc\x0b"),
        (b"Bearer \x0babc", b"\x0babc"),
        (b"Bearer abc\n", b"abc\n"),
    ],
    ids=["last letter", "first letter", "white space", "vertical tab behind", "vertical tab in front", "line feed"],
)
def test_spaces_and_tabs_around_the_token_are_not_of_it_and_nothing_else(value: bytes, token: bytes) -> None:
    """RFC 9110 section 5.5."""
    assert bearer_token(authorization(sent(value))) == token


@pytest.mark.parametrize("value", [b"\x0b", b"\x0bBearer", b"XBearerX", b"Bearer\x0b"], ids=repr)
def test_other_white_space_and_letters_make_it_another_scheme(value: bytes) -> None:
    with refused("scheme_unsupported", CredentialsRequired):
        bearer_token(authorization(sent(value)))


@pytest.mark.parametrize("offered", [b"jwt, X", b"jwt,X", b"jwt,\tX "], ids=repr)
def test_a_subprotocol_is_what_stands_between_the_commas_without_white_space(offered: bytes) -> None:
    assert websocket_token([(b"sec-websocket-protocol", offered)], "jwt") == b"X"


def test_a_vertical_tab_is_part_of_a_subprotocol() -> None:
    assert websocket_token([(b"sec-websocket-protocol", b"jwt, a\x0b")], "jwt") == b"a\x0b"


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        (sent(b""), "the Authorization header is empty"),
        (sent(b"Bearer"), "no token follows the scheme"),
        (
            [*sent(b"Bearer abc"), (b"sec-websocket-protocol", b"jwt, abc")],
            "a token came in the header and as a subprotocol",
        ),
        ([(b"sec-websocket-protocol", b"jwt")], "one token follows the subprotocol 'jwt', and no more"),
    ],
    ids=["empty", "scheme alone", "in two places", "no token"],
)
def test_the_operator_is_told_what_is_wrong_with_the_request(headers: Headers, detail: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        websocket_token(headers, "jwt")
    assert caught.value.detail == detail
