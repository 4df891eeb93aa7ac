"""No terminal obeys what strangers wrote, and no token is repeated in a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.cli.untrusted import bounded, value, visible, without_tokens
from tests.signing import signing_key

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text())
def test_visible_text_is_printable_whatever_the_text(text: str) -> None:
    assert visible(text).isprintable()


@given(JSON)
def test_shown_value_is_one_printable_line_whatever_the_value(member: object) -> None:
    assert value(member).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[2J", "\\x1b[2J", id="escape sequence"),
        pytest.param("\x9b2J", "\\x9b2J", id="one-byte control sequence introducer"),
        pytest.param("a\rb\nc", "a\\rb\\nc", id="carriage return and line feed"),
        pytest.param("\u202egnp.exe", "\\u202egnp.exe", id="right-to-left override"),
        pytest.param("admin\u200b", "admin\\u200b", id="zero-width space"),
        pytest.param("\U000e0041", "\\U000e0041", id="invisible tag"),
        pytest.param("\ud800", "\\ud800", id="lone surrogate"),
        pytest.param("Zoë 中 [red]", "Zoë 中 [red]", id="printable text stays"),
    ],
)
def test_what_does_not_print_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_value_nested_too_deep_is_not_shown() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert value(nested) == "(nested too deep to show)"


def test_long_text_is_cut_and_its_length_told() -> None:
    assert bounded("x" * 50, longest=10) == "xxxxxxxxxx… (50 characters)"
    assert bounded("x" * 10, longest=10) == "x" * 10


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signing_key().token(), id="JWS"),
        pytest.param(".".join(["eyJhbGciOiJkaXIifQ", "", "aXZpdml2", "Y2lwaGVy", "dGFndGFn"]), id="JWE"),
        pytest.param("x" * 200, id="long opaque token"),
        pytest.param(f"{signing_key().token()}==.+/", id="malformed"),
    ],
)
def test_token_in_a_message_is_cut_to_its_beginning(token: str) -> None:
    message = without_tokens(f"unrecognized: {token}, and more")
    assert message == f"unrecognized: {token[:6]}…, and more"


@pytest.mark.parametrize("host", ["auth.example.com", "a-tenant-of-ours.eu.auth0.com", "eyewear-shop.example.com"])
def test_message_about_an_issuer_stays_as_it_is(host: str) -> None:
    message = f"https://{host}/.well-known/openid-configuration answered 404"
    assert without_tokens(message) == message
