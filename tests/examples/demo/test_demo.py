"""The demo as a program of its own: it ends well when everything is as it should be, and only then."""

import re
from subprocess import CompletedProcess

import pytest

from tests.examples.programs import run


@pytest.fixture(scope="module")
def demo() -> CompletedProcess[str]:
    """One run of it."""
    return run("-m", "examples.demo")


def test_demo_ends_well(demo: CompletedProcess[str]) -> None:
    assert (demo.returncode, demo.stderr) == (0, "")
    assert re.search(r"^All \d+ expectations were met\.$", demo.stdout, re.MULTILINE)
    assert "✗" not in demo.stdout


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        ("No token", "401  credentials_missing"),
        ("Tampered claims", "401  signature_mismatch"),
        ("Tampered signature", "401  signature_mismatch"),
        ("Expired", "401  expired"),
        ("For another audience", "401  audience_mismatch"),
        ("By another issuer", "401  issuer_mismatch"),
        ("Without the scope of POST /payouts", "403  insufficient_scope"),
        ("alg: none, no signature", "401  token_malformed"),
        ("alg: none, the old signature kept", "401  algorithm_not_allowed"),
        ("HS256, signed with the public key", "401  algorithm_not_allowed"),
        ("A thief has the code, not the verifier", "400  invalid_grant"),
        ("A code and its verifier: GET /invoices", "200"),
        ("The same refresh token again", "400  invalid_grant"),
        ("The new token, at once: GET /invoices", "200"),
        ("Times it asked about these tokens", "0"),
        ("An opaque token: GET /invoices", "200"),
        ("Times the API asked about it", "1"),
        ("One that nobody issued", "401  inactive"),
        ("Times the API asked about it, for fresh=True", "1"),
        ("The opaque one within 2 s: GET /invoices", "200"),
        ("The JWT, at once: POST /payouts", "401  inactive"),
        ("The JWT until it expires: GET /invoices", "200"),
        ("The opaque one after 2 s: GET /invoices", "401  inactive"),
        ("Requests that were answered with 200", "160"),
        ("Requests to the issuer, every token forwarded", "40"),
        ("Requests to the issuer, validated here", "0"),
        ("What the issuer answers now", "connection refused"),
        ("One never seen before: GET /invoices", "200"),
        ("A JWT of a key that cannot be had", "503  introspection_unavailable"),
        ("An opaque token", "503  introspection_unavailable"),
        ("A good JWT: POST /payouts (fresh=True)", "503  introspection_unavailable"),
        ("Times it told that it cannot ask", "1"),
    ],
)
def test_demo_shows(demo: CompletedProcess[str], what: str, outcome: str) -> None:
    assert re.search(f"^✓  {re.escape(what)} +{re.escape(outcome)}$", demo.stdout, re.MULTILINE)


def test_every_refusal_comes_with_its_challenge_and_its_log(demo: CompletedProcess[str]) -> None:
    refused = re.findall(r"^✓ .*  40[13]  \w+\n   (\w+) .*\n(?: {14}.*\n)*   (\w+) ", demo.stdout, re.MULTILINE)
    assert len(refused) == 15
    assert set(refused) == {("challenge", "log")}


def test_what_cannot_be_decided_comes_with_a_time_to_come_back(demo: CompletedProcess[str]) -> None:
    undecided = re.findall(
        r"^✓ .*  503  introspection_unavailable\n   Retry-After +[1-9]\d*$", demo.stdout, re.MULTILINE
    )
    assert len(undecided) == 3


@pytest.mark.parametrize(
    ("way", "requests"),
    [
        ("every token forwarded", 40),
        ("validated here, never seen before", 0),
        ("validated here, seen before", 0),
        ("no token taken: GET /health", 0),
    ],
)
def test_comparison_is_a_table_of_medians_and_requests(demo: CompletedProcess[str], way: str, requests: int) -> None:
    row = rf"^   {way} +\d+\.\d\d ms +{requests} requests to the authorization server$"
    assert re.search(row, demo.stdout, re.MULTILINE)


def test_output_is_plain_text_of_at_most_100_columns(demo: CompletedProcess[str]) -> None:
    lines = demo.stdout.splitlines()
    assert max(map(len, lines)) == 100
    assert "\x1b" not in demo.stdout
    assert [line for line in lines if line != line.rstrip()] == []


def test_no_token_is_shown(demo: CompletedProcess[str]) -> None:
    assert "eyJ" not in demo.stdout


_WITH = "import sys; from examples.demo.__main__ import main; sys.exit(main(api={!r}))"


def test_api_that_lets_everybody_in_is_noticed() -> None:
    program = run("-c", _WITH.format("tests.examples.demo.open_api"))
    assert program.returncode == 1
    failed = program.stdout.rpartition("expectations failed:")[2]
    assert "Expired: expected status 401, came 200" in failed
    assert "No token: expected status 401, came 200" in failed
    assert "The JWT, at once: POST /payouts: expected status 401, came 200" in failed
    assert "Requests to the issuer, every token forwarded: expected 40, came 0" in failed
    assert "An opaque token: expected status 503, came 200" in failed
    assert "A JWT: POST /payouts" not in failed


def test_api_that_does_not_start_is_noticed() -> None:
    program = run("-c", _WITH.format("tests.examples.demo.nothing_here"))
    assert program.returncode == 1
    assert "tests.examples.demo.nothing_here did not start" in program.stderr
