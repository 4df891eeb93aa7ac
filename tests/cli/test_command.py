"""Where the token comes from, what misuse leads to, and that no terminal obeys what strangers wrote."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jwtguard.cli.token_input import MAX_INPUT
from tests.cli.conftest import Command
from tests.cli.publisher import KEY_SET, OPENID_METADATA, Publisher, Reply
from tests.signing import AUDIENCE, ISSUER, segment, signing_key

KEY = signing_key()
TOKEN = KEY.token()
VERIFY = ("verify", "x", "--issuer", ISSUER, "--audience", "x")

# An escape sequence that clears the screen, one that sets the clipboard, the one-byte introducer, a bell, a return,
# a right-to-left override, and markup that would end or colour, or be a link.
HOSTILE = "\x1b[2J\x1b]52;c;aGk=\x07\x9b31m\rfake\n[/bold][red]red[/red][link=https://evil]\u202e:smile:"


def assert_harmless(text: str) -> None:
    """No control character but line feeds, nothing that reorders, and the markup as it was written."""
    assert all(char.isprintable() or char == "\n" for char in text), repr(text)
    assert "\U0001f604" not in text
    assert "[red]red[/red]" in "".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        pytest.param((TOKEN,), b"", id="argument"),
        pytest.param((), TOKEN.encode(), id="standard input"),
        pytest.param(("-",), f"\n  {TOKEN}\r\n".encode(), id="dash, and white space around"),
        pytest.param((), f"Bearer {TOKEN}".encode(), id="with its scheme"),
        pytest.param((), f"bEARER   {TOKEN}".encode(), id="with its scheme in other letters"),
    ],
)
def test_token_is_read_from_wherever_it_is(command: Command, arguments: tuple[str, ...], stdin: bytes) -> None:
    outcome = command("inspect", "--json", *arguments, stdin=stdin)
    assert outcome.code == 0
    assert outcome.document["bytes"] == len(TOKEN)


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        pytest.param(b"", "no token came", id="nothing"),
        pytest.param(b" \n", "no token came", id="white space"),
        pytest.param(b"Bearer  \n", "no token came", id="scheme alone"),
        pytest.param(b"x" * (MAX_INPUT + 1), "more than 1048576 bytes", id="too much"),
    ],
)
def test_no_token_is_misuse(command: Command, stdin: bytes, message: str) -> None:
    outcome = command("inspect", stdin=stdin)
    assert outcome.code == 2
    assert message in outcome.err


def test_as_much_as_may_be_read_is_read(command: Command) -> None:
    outcome = command("inspect", "--json", stdin=b"x" * MAX_INPUT)
    assert outcome.document["bytes"] == MAX_INPUT


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.binary(max_size=60) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_input_ends_in_an_exit_code_and_printable_text(command: Command, stdin: bytes) -> None:
    outcome = command("inspect", stdin=stdin)
    assert outcome.code in (0, 1, 2)
    assert all(char.isprintable() or char == "\n" for char in outcome.out + outcome.err)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((TOKEN,), id="instead of a command"),
        pytest.param(("inspect", "x", TOKEN), id="one argument too many"),
        pytest.param(("inspect", f"--tokn={TOKEN}"), id="unknown option"),
        pytest.param(("doctor", TOKEN), id="instead of an issuer"),
        pytest.param(("keys", TOKEN), id="instead of an issuer of keys"),
        pytest.param(("verify", TOKEN, "--issuer", TOKEN, "--audience", "x"), id="for an issuer"),
        pytest.param((*VERIFY, "--jwks", TOKEN), id="for a file"),
        pytest.param((*VERIFY, "--algorithms", TOKEN), id="for algorithms"),
        pytest.param((*VERIFY, "--leeway", TOKEN), id="for a number"),
    ],
)
def test_message_about_misuse_does_not_repeat_a_token(command: Command, arguments: tuple[str, ...]) -> None:
    outcome = command(*arguments)
    assert outcome.code in (1, 2)
    for part in TOKEN.split("."):
        assert part[:30] not in outcome.out + outcome.err


@pytest.mark.parametrize("arguments", [(), ("inspekt",), ("inspect", "--lax")])
def test_misuse_is_an_exit_code_of_2(command: Command, arguments: tuple[str, ...]) -> None:
    assert command(*arguments).code == 2


@pytest.mark.parametrize("arguments", [("--help",), ("inspect", "--help"), ("verify", "--help"), ("--version",)])
def test_help_is_an_exit_code_of_0(command: Command, arguments: tuple[str, ...]) -> None:
    assert command(*arguments).code == 0


def test_hostile_token_is_inspected_harmlessly(command: Command) -> None:
    token = KEY.token(
        {HOSTILE: HOSTILE, "iss": HOSTILE, "deep": [{HOSTILE: HOSTILE}]}, {"alg": HOSTILE, "kid": HOSTILE}
    )
    assert_harmless(command("inspect", token).out)


def test_hostile_text_in_place_of_a_token_is_inspected_harmlessly(command: Command) -> None:
    outcome = command("inspect", f"{segment({'alg': 'RS256', 'x': HOSTILE})}.{HOSTILE}.{HOSTILE}")
    assert_harmless(outcome.out)


def test_hostile_token_is_verified_harmlessly(command: Command, publisher: Publisher) -> None:
    arguments = ("verify", "--issuer", publisher.url, "--audience", AUDIENCE)
    for token in (
        KEY.token(iss=publisher.url, aud=HOSTILE),
        KEY.token(iss=publisher.url, aud=[HOSTILE]),
        KEY.token(iss=publisher.url, sub=HOSTILE),
        KEY.token(iss=HOSTILE),
        KEY.token(header={"alg": "RS256", "kid": HOSTILE, "typ": "at+jwt"}, iss=publisher.url),
    ):
        text = command(*arguments, stdin=token.encode()).out
        assert all(char.isprintable() or char == "\n" for char in text), repr(text)


@pytest.mark.parametrize("name", ["doctor", "keys"])
def test_hostile_issuer_is_looked_at_harmlessly(command: Command, publisher: Publisher, name: str) -> None:
    odd = dict.fromkeys(("kty", "alg", "use", "crv"), HOSTILE)
    publisher.replies[KEY_SET] = Reply({"keys": [{**KEY.jwk, "kid": HOSTILE}, {**odd, "kid": "x"}]})
    publisher.replies[OPENID_METADATA] = Reply(
        publisher.metadata(
            introspection_endpoint="https://auth.example.com/",
            introspection_endpoint_auth_methods_supported=[HOSTILE],
            id_token_signing_alg_values_supported=[HOSTILE],
        )
    )
    assert_harmless(command(name, publisher.url, now=time.time()).out)


def test_hostile_metadata_is_refused_harmlessly(command: Command, publisher: Publisher) -> None:
    publisher.replies[OPENID_METADATA] = Reply(publisher.metadata(issuer=HOSTILE))
    outcome = command("doctor", publisher.url, now=time.time())
    assert_harmless(outcome.out)


def test_hostile_json_is_ascii(command: Command) -> None:
    outcome = command("inspect", "--json", KEY.token({HOSTILE: HOSTILE}))
    assert outcome.out.isascii()
    assert all(char.isprintable() or char == "\n" for char in outcome.out)
    assert outcome.document["claims"] == {HOSTILE: HOSTILE}


def test_printable_text_of_any_script_stays(command: Command) -> None:
    claims: dict[str, Any] = {"name": "Zoë"}
    assert "Zoë" in command("inspect", KEY.token(claims)).out
    assert json.loads(command("inspect", "--json", KEY.token(claims)).out)["claims"] == claims


@pytest.mark.parametrize("columns", [40, 120])
def test_output_is_as_wide_as_told_without_blanks_at_the_end_of_lines(
    command: Command, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = command(*VERIFY, "--jwks", "http://127.0.0.1:1/").out.splitlines()
    assert columns * 0.8 < max(map(len, lines)) <= columns
    assert all(line == line.rstrip() for line in lines)


def test_values_are_shown_whole_even_on_a_narrow_terminal(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    long = "x" * 300
    assert long in "".join(command("inspect", KEY.token(sub=long)).out.split())
