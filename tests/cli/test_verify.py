"""Every check in the real order: what passed, what failed and why, what was not reached."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from jwtguard.cli.checks import CHECKS, failed_check
from jwtguard.cli.verify import Verdict, verify
from jwtguard.errors import REASONS, InvalidToken, Unavailable
from jwtguard.issuer import Issuer
from jwtguard.key_set import KeySet
from tests.cli.conftest import Command, Outcome
from tests.cli.publisher import KEY_SET, OPENID_METADATA, Publisher
from tests.serving import free_port
from tests.signing import AUDIENCE, ISSUER, NOW, b64, good_claims, segment, signing_key

pytestmark = pytest.mark.anyio

KEY = signing_key()
KEYS = KeySet.from_jwk_set(KEY.jwk_set)
DEEP = json.loads("[" * 40 + "]" * 40)
NAMES = [check.name for check in CHECKS]

# Reasons that no single token leads to without a route, an introspection endpoint or a request around it.
ELSEWHERE = {
    "credentials_missing",
    "scheme_unsupported",
    "credentials_repeated",
    "credentials_malformed",
    "inactive",
    "insufficient_scope",
    "insufficient_roles",
    "insufficient_permissions",
    "insufficient_claims",
    "claims_unfit",
    "introspection_unavailable",
}


@dataclass
class Draft:
    """A good token and its verification, about to be spoiled."""

    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "typ": "at+jwt", "kid": "key-1"})
    claims: dict[str, Any] = field(default_factory=good_claims)
    options: dict[str, Any] = field(default_factory=dict)
    signed: Callable[[bytes], bytes] = lambda text: text
    mangled: list[Callable[[str], str]] = field(default_factory=list)

    async def verdict(self) -> Verdict:
        signing_input = f"{segment(self.header)}.{segment(self.claims)}"
        text = f"{signing_input}.{b64(KEY.signature(self.signed(signing_input.encode())))}"
        for mangle in self.mangled:
            text = mangle(text)
        options: dict[str, Any] = {
            "audience": [AUDIENCE],
            "profile": "default",
            "leeway": 30,
            "required_claims": [],
            "max_token_bytes": 16384,
            **self.options,
        }
        return await verify(text, Issuer(ISSUER, keys=KEYS), clock=lambda: NOW, **options)


# Each spoils what one check looks at, and leaves the rest alone.
FAULTS: dict[str, Callable[[Draft], Any]] = {
    "characters": lambda draft: draft.mangled.append(lambda text: f"{text}\u2026"),
    "size": lambda draft: draft.options.update(max_token_bytes=100),
    "shape": lambda draft: draft.mangled.append(lambda text: f"{text}.e30"),
    "crit": lambda draft: draft.header.update(crit=["b64"]),
    "header": lambda draft: draft.header.update(deep=DEEP),
    "encoding": lambda draft: draft.mangled.append(lambda text: f"{text}="),
    "iss": lambda draft: draft.claims.update(iss="https://other.example.com"),
    "typ": lambda draft: draft.header.update(typ="dpop+jwt"),
    "alg": lambda draft: draft.header.update(alg="none"),
    "key": lambda draft: draft.header.update(kid="another"),
    "signature": lambda draft: setattr(draft, "signed", lambda text: text + b"x"),
    "aud": lambda draft: draft.claims.update(aud="https://other.example.com"),
    "exp": lambda draft: draft.claims.update(exp=NOW - 3600),
    "nbf": lambda draft: draft.claims.update(nbf=NOW + 3600),
    "iat": lambda draft: draft.claims.update(iat=NOW + 3600),
    "required": lambda draft: draft.options.update(required_claims=["tenant"]),
    "claims": lambda draft: draft.claims.update(scope=["a"]),
    "cnf": lambda draft: draft.claims.update(cnf={"jkt": "x"}),
}


def results(verdict: Verdict) -> dict[str, str]:
    return {step.check.name: step.result for step in verdict.steps}


def test_there_is_a_fault_for_every_check() -> None:
    assert list(FAULTS) == NAMES


async def test_good_token_passes_every_check() -> None:
    verdict = await Draft().verdict()
    assert set(results(verdict).values()) == {"pass"}
    assert verdict.token is not None
    assert verdict.error is None


@pytest.mark.parametrize("name", NAMES)
async def test_failed_check_is_told_with_what_came_before_and_after(name: str) -> None:
    draft = Draft()
    FAULTS[name](draft)
    verdict = await draft.verdict()
    position = NAMES.index(name)
    assert list(results(verdict).values()) == (
        ["pass"] * position + ["fail"] + ["not reached"] * (len(NAMES) - position - 1)
    )
    assert verdict.error is not None
    assert verdict.steps[position].why == verdict.error.detail


@pytest.mark.parametrize(
    ("first", "second"), [pytest.param(*pair, id="-".join(pair)) for pair in combinations(NAMES, 2)]
)
async def test_of_two_faults_the_one_listed_first_is_found(first: str, second: str) -> None:
    draft = Draft()
    FAULTS[second](draft)
    FAULTS[first](draft)
    assert results(await draft.verdict())[first] == "fail"


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        pytest.param({"iss": ...}, "iss", id="no iss"),
        pytest.param({"iss": 7}, "iss", id="iss a number"),
        pytest.param({"aud": ...}, "aud", id="no aud"),
        pytest.param({"aud": {}}, "aud", id="aud an object"),
        pytest.param({"exp": ...}, "exp", id="no exp"),
        pytest.param({"exp": "soon"}, "exp", id="exp a string"),
        pytest.param({"nbf": None}, "nbf", id="nbf null"),
        pytest.param({"iat": True}, "iat", id="iat a boolean"),
        pytest.param({"sub": 7}, "claims", id="sub a number"),
        pytest.param({"jti": 7}, "claims", id="jti a number"),
        pytest.param({"deep": DEEP}, "encoding", id="nested too deep"),
    ],
)
async def test_claim_at_fault_is_told_by_its_own_check(changes: dict[str, Any], check: str) -> None:
    draft = Draft()
    draft.claims = {name: claim for name, claim in {**draft.claims, **changes}.items() if claim is not ...}
    assert results(await draft.verdict())[check] == "fail"


@pytest.mark.parametrize(("missing", "check"), [("iat", "required"), ("sub", "required"), ("exp", "exp")])
async def test_claim_that_the_profile_requires_is_told_by_the_right_check(missing: str, check: str) -> None:
    draft = Draft(options={"profile": "rfc9068"})
    del draft.claims[missing]
    assert results(await draft.verdict())[check] == "fail"


@pytest.mark.parametrize("reason", sorted(REASONS.keys() - ELSEWHERE))
def test_every_reason_that_a_token_can_be_refused_for_belongs_to_a_check(reason: str) -> None:
    assert failed_check(InvalidToken(reason), ascii_only=True) in NAMES


def test_reason_of_no_check_leaves_every_check_undecided() -> None:
    assert failed_check(Unavailable("introspection_unavailable", retry_after=1), ascii_only=True) is None


def failing(outcome: Outcome) -> str:
    names = [step["check"] for step in outcome.document["checks"] if step["result"] == "fail"]
    assert len(names) == 1
    return str(names[0])


def at(issuer: str, *more: str) -> tuple[str, ...]:
    return "verify", "--json", "--issuer", issuer, "--audience", AUDIENCE, *more


def test_keys_are_discovered_over_the_network(command: Command, publisher: Publisher) -> None:
    outcome = command(*at(publisher.url), stdin=KEY.token(iss=publisher.url).encode())
    assert outcome.document["accepted"] is True
    assert outcome.code == 0
    assert publisher.asked[-2:] == [OPENID_METADATA, KEY_SET]


def test_keys_are_fetched_from_a_url_without_any_metadata(command: Command, publisher: Publisher) -> None:
    outcome = command(*at(ISSUER, "--jwks", f"{publisher.url}{KEY_SET}"), stdin=KEY.token().encode())
    assert outcome.document["accepted"] is True
    assert publisher.asked == [KEY_SET]


@pytest.mark.parametrize(
    ("content", "token"),
    [
        pytest.param(json.dumps(KEY.jwk_set), KEY.token(), id="JWK Set"),
        pytest.param(KEY.pem, KEY.token(), id="PEM"),
        pytest.param(json.dumps(signing_key("HS256").jwk_set), signing_key("HS256").token(), id="shared secret"),
    ],
)
def test_keys_are_read_from_a_file(command: Command, tmp_path: Path, content: str, token: str) -> None:
    file = tmp_path / "keys"
    file.write_text(content)
    assert command(*at(ISSUER, "--jwks", str(file)), stdin=token.encode()).document["accepted"] is True


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """A file with the key set."""
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(KEY.jwk_set))
    return str(file)


@pytest.mark.parametrize(
    ("options", "changes", "check"),
    [
        pytest.param(("--leeway", "0"), {"exp": NOW}, "exp", id="leeway"),
        pytest.param(("--algorithms", "RS512, RS256"), {}, None, id="algorithms"),
        pytest.param(("--required-claim", "sub", "--required-claim", "tenant"), {}, "required", id="required claims"),
        pytest.param(("--profile", "rfc9068"), {"jti": ...}, "required", id="profile"),
        pytest.param(("--audience", "b"), {"aud": "b"}, None, id="several audiences"),
        pytest.param(("--max-token-bytes", "50"), {}, "size", id="size"),
    ],
)
def test_option_takes_effect(
    command: Command, key_file: str, options: tuple[str, ...], changes: dict[str, Any], check: str | None
) -> None:
    outcome = command(*at(ISSUER, "--jwks", key_file, *options), stdin=KEY.token(**changes).encode())
    if check is None:
        assert outcome.document["accepted"] is True
    else:
        assert failing(outcome) == check
        assert outcome.code == 1


def test_algorithm_that_is_not_allowed_is_refused(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [KEY.jwk, signing_key("ES256", "key-2").jwk]}))
    outcome = command(*at(ISSUER, "--jwks", str(file), "--algorithms", "ES256"), stdin=KEY.token().encode())
    assert failing(outcome) == "alg"


def test_unreachable_issuer_fails_the_key_check_as_503(command: Command) -> None:
    issuer = f"http://127.0.0.1:{free_port()}"
    outcome = command(*at(issuer), stdin=KEY.token(iss=issuer).encode())
    assert failing(outcome) == "key"
    assert (outcome.document["status"], outcome.document["reason"]) == (503, "issuer_unreachable")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("verify", "--audience", AUDIENCE), id="no issuer"),
        pytest.param(("verify", "--issuer", ISSUER), id="no audience"),
        pytest.param(at("http://auth.example.com"), id="plain http"),
        pytest.param(at(ISSUER, "--jwks", "/nowhere/keys.json"), id="no such file"),
        pytest.param(at(ISSUER, "--algorithms", "none"), id="no such algorithm"),
        pytest.param(at(ISSUER, "--leeway", "-1"), id="negative leeway"),
        pytest.param(at(ISSUER, "--leeway", "nan"), id="leeway that is no number"),
        pytest.param(at(ISSUER, "--profile", "lax"), id="no such profile"),
    ],
)
def test_misuse_is_an_exit_code_of_2_and_one_message(command: Command, arguments: tuple[str, ...]) -> None:
    outcome = command(*arguments, stdin=KEY.token().encode())
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.strip().splitlines()[-1].startswith("jwtguard")


def test_printed_verdict_names_the_check_and_what_an_api_answers(command: Command, key_file: str) -> None:
    outcome = command("verify", "--issuer", ISSUER, "--audience", "b", "--jwks", key_file, stdin=KEY.token().encode())
    assert outcome.code == 1
    assert "Refused: audience_mismatch." in outcome.out
    assert "401 invalid_token" in outcome.out
    assert "not reached" in outcome.out


@pytest.mark.parametrize(
    ("token", "hint"),
    [
        pytest.param(f"{KEY.token()}=", "`jwtguard inspect` tells exactly", id="malformed"),
        pytest.param("opaque", "If it is meant to be opaque", id="opaque"),
        pytest.param("a.b.c.d.e", "Its claims are not for us to read", id="encrypted"),
        pytest.param(signing_key("RS256", "b").token(), "`jwtguard keys` lists", id="unknown key"),
    ],
)
def test_printed_refusal_says_how_to_find_out_more(command: Command, key_file: str, token: str, hint: str) -> None:
    arguments = ("verify", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", key_file)
    assert hint in command(*arguments, stdin=token.encode()).out


def test_printed_verdict_of_a_good_token_tells_whose_it_is(command: Command, key_file: str) -> None:
    arguments = ("verify", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", key_file)
    outcome = command(*arguments, stdin=KEY.token().encode())
    assert "subject user-1, client client-1, scopes invoices:read invoices:write" in outcome.out
    assert "fail" not in outcome.out
