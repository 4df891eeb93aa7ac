"""Local or remote: which tokens the authorization server is asked about, and that none is that was refused locally."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from jwtguard import (
    ConfigurationError,
    Introspection,
    InvalidToken,
    Issuer,
    JWTGuardError,
    ResourceServer,
    Unavailable,
)
from tests.introspection_endpoint import (
    SECRET,
    Behaviour,
    Endpoint,
    active,
    by_token,
    hanging,
    inactive,
    introspection_endpoint,
    replying,
    saying,
)
from tests.refusals import refused
from tests.resource_servers import KEY, Clock
from tests.signing import AUDIENCE, ISSUER, NOW, b64, good_claims, segment, signing_key

pytestmark = pytest.mark.anyio

OTHER_ISSUER = "https://login.example.org"
OPAQUE = "opaque-token-0123456789"
EC_KEY = signing_key("ES256", "key-2")
UNKNOWN_KEY = signing_key("Ed25519", "key-9")
KEYS = {"keys": [KEY.jwk, EC_KEY.jwk]}
JWE = f"{segment({'alg': 'dir', 'enc': 'A128GCM'})}..{b64(b'iv' * 6)}.{b64(b'ciphertext')}.{b64(b't' * 16)}"
DECLINING = saying({"error": "unsupported_token_type"}, 400)
DOWN = replying(503)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Endpoint, Endpoint]]:
    with introspection_endpoint() as one, introspection_endpoint() as another:
        yield one, another


@pytest.fixture
def endpoint(servers: tuple[Endpoint, Endpoint]) -> Endpoint:
    return servers[0].as_new()


@pytest.fixture
def another(servers: tuple[Endpoint, Endpoint]) -> Endpoint:
    """The endpoint of a second issuer."""
    other = servers[1].as_new()
    other.answer = active(iss=OTHER_ISSUER)
    return other


def introspecting(endpoint: Endpoint, url: str = ISSUER, /, **options: Any) -> Issuer:
    """An issuer with configured keys."""
    introspection = Introspection(client_id="api", client_secret=SECRET, endpoint=endpoint.url, **options)
    return Issuer(url, keys=KEYS, introspection=introspection)


def publishing(endpoint: Endpoint, /, **options: Any) -> Issuer:
    """An issuer that publishes its keys."""
    introspection = Introspection(client_id="api", client_secret=SECRET, **options)
    return Issuer(endpoint.origin, introspection=introspection)


@asynccontextmanager
async def trusting(*issuers: Issuer, **options: Any) -> AsyncIterator[ResourceServer]:
    """A resource server, whose connections are closed at the end."""
    server = ResourceServer(issuers, **{"audience": AUDIENCE, "clock": Clock(), **options})
    try:
        yield server
    finally:
        await server.aclose()


async def outcome(server: ResourceServer, token: str) -> str:
    """What a token comes to, in a word."""
    try:
        await server.validate(token)
    except JWTGuardError as refusal:
        return refusal.reason
    return "accepted"


# --- Which tokens are asked about ---

ALL = frozenset({"opaque", "encrypted", "unknown key"})
ASKED = {
    "undecided": ALL,
    "opaque": frozenset({"opaque", "encrypted"}),
    "unknown_key": frozenset({"unknown key"}),
    "always": ALL | {"good"},
}
TOKENS = {
    "opaque": (OPAQUE, "token_opaque"),
    "encrypted": (JWE, "token_encrypted"),
    "unknown key": (UNKNOWN_KEY.token(), "unknown_key"),
    "good": (KEY.token(), "accepted"),
}


@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("when", ASKED)
async def test_when_decides_what_is_asked_about(endpoint: Endpoint, when: Any, kind: str) -> None:
    token, local_outcome = TOKENS[kind]
    asked = kind in ASKED[when]
    endpoint.answer = inactive()
    async with trusting(introspecting(endpoint, when=when)) as server:
        assert await outcome(server, token) == ("inactive" if asked else local_outcome)
    assert endpoint.count == asked


@pytest.mark.parametrize("kind", ["opaque", "encrypted", "unknown key"])
async def test_token_that_cannot_be_decided_on_locally_is_good_where_its_issuer_vouches_for_it(
    endpoint: Endpoint, kind: str
) -> None:
    endpoint.answer = active(sub="user-7", scope="invoices:read")
    async with trusting(introspecting(endpoint)) as server:
        token = await server.validate(TOKENS[kind][0])
        assert (token.subject, token.issuer) == ("user-7", ISSUER)
        assert token.scopes == {"invoices:read"}
        await server.validate(TOKENS[kind][0])
    assert endpoint.count == 1
    assert endpoint.questions[0].form["token"] == TOKENS[kind][0]


@pytest.mark.parametrize("kind", TOKENS)
async def test_nobody_is_asked_where_no_introspection_is_configured(kind: str) -> None:
    token, local_outcome = TOKENS[kind]
    async with trusting(Issuer(ISSUER, keys=KEYS)) as server:
        assert await outcome(server, token) == local_outcome


async def test_thousand_concurrent_requests_with_one_opaque_token_are_one_question(endpoint: Endpoint) -> None:
    async with trusting(introspecting(endpoint)) as server:
        outcomes = await asyncio.gather(*(outcome(server, OPAQUE) for _ in range(1000)))
    assert set(outcomes) == {"accepted"}
    assert endpoint.count == 1


async def test_revoked_opaque_token_is_refused_after_a_minute(endpoint: Endpoint) -> None:
    async with trusting(introspecting(endpoint), clock=(clock := Clock())) as server:
        assert await outcome(server, OPAQUE) == "accepted"
        endpoint.answer = inactive()
        clock.now += 59
        assert await outcome(server, OPAQUE) == "accepted"
        clock.now += 1
        assert await outcome(server, OPAQUE) == "inactive"


async def test_operator_is_told_whose_opaque_token_it_was(endpoint: Endpoint) -> None:
    endpoint.answer = inactive()
    async with trusting(introspecting(endpoint)) as server:
        with refused("inactive") as refusal:
            await server.validate(OPAQUE)
    assert refusal.value.issuer == ISSUER


async def test_events_tell_of_the_exchange_and_hold_no_token(endpoint: Endpoint) -> None:
    events: list[Any] = []
    async with trusting(introspecting(endpoint), on_event=events.append) as server:
        await server.validate(OPAQUE)
        endpoint.answer = inactive()
        await outcome(server, f"another-{OPAQUE}")
    assert sum(getattr(event, "url", "") == endpoint.url for event in events) == 2
    assert OPAQUE not in repr(events)
    assert SECRET not in repr(events)


# --- What is refused locally is never asked about ---

SIGNED = KEY.token()
HEADER, CLAIMS, SIGNATURE = SIGNED.split(".")


def with_header(header: bytes) -> str:
    """A token with that header, whose signature belongs to another one."""
    return f"{segment(header)}.{CLAIMS}.{SIGNATURE}"


LOCALLY_REFUSED = {
    "a bad signature": (f"{HEADER}.{CLAIMS}.{b64(b's' * 64)}", "signature_mismatch"),
    "changed claims": (f"{HEADER}.{segment(good_claims(sub='admin'))}.{SIGNATURE}", "signature_mismatch"),
    "signed by another key": (signing_key("Ed25519", "key-1", 1).token(), "signature_mismatch"),
    "expired": (KEY.token(exp=NOW - 31), "expired"),
    "not valid yet": (KEY.token(nbf=NOW + 31), "not_yet_valid"),
    "another audience": (KEY.token(aud="https://other.example"), "audience_mismatch"),
    "no audience": (KEY.token(aud=...), "claim_missing"),
    "another issuer": (KEY.token(iss="https://evil.example"), "issuer_mismatch"),
    "no issuer": (KEY.token(iss=...), "issuer_mismatch"),
    "a forbidden algorithm": (signing_key("ES384", "key-2").token(), "algorithm_not_allowed"),
    "no algorithm": (KEY.token(header={"alg": "none", "kid": "key-1"}), "algorithm_not_allowed"),
    "unsigned": (f"{segment({'alg': 'none'})}.{CLAIMS}.", "token_malformed"),
    "another type": (KEY.token(header={"alg": "Ed25519", "typ": "dpop+jwt", "kid": "key-1"}), "type_mismatch"),
    "a signed introspection answer": (
        KEY.token(
            {"iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "token_introspection": {"active": True}},
            {"alg": "Ed25519", "typ": "token-introspection+jwt", "kid": "key-1"},
        ),
        "type_mismatch",
    ),
    "crit": (KEY.token(header={"alg": "Ed25519", "kid": "key-1", "crit": ["exp"]}), "critical_header_unsupported"),
    "a key ID that is known for another algorithm": (signing_key("ES256", "key-1").token(), "unknown_key"),
    "an unknown key, and expired": (UNKNOWN_KEY.token(exp=NOW - 31), "unknown_key"),
    "an unknown key, and for another audience": (UNKNOWN_KEY.token(aud="https://other.example"), "unknown_key"),
    "an unknown key, and bound to a proof": (UNKNOWN_KEY.token(cnf={"jkt": "x"}), "unknown_key"),
    "an unknown key, and of another type": (
        UNKNOWN_KEY.token(header={"alg": "Ed25519", "typ": "JWE", "kid": "key-9"}),
        "type_mismatch",
    ),
    "bound to a proof of possession": (KEY.token(cnf={"jkt": "x"}), "confirmation_unsupported"),
    "claims that are no object": (f"{HEADER}.{segment([1])}.{SIGNATURE}", "token_malformed"),
    "no signature": (f"{HEADER}.{CLAIMS}.", "token_malformed"),
    "a header without alg": (with_header(b'{"typ":"JWT"}'), "header_malformed"),
    "a header that is cut off": (f"{HEADER[:-2]}.{CLAIMS}.{SIGNATURE}", "token_opaque"),
    "a header of broken JSON": (with_header(b'{"bad'), "token_opaque"),
    "a header of broken JSON after a space": (with_header(b'{ "bad'), "token_opaque"),
    "a header of broken JSON after a line": (with_header(b'{\n"bad'), "token_opaque"),
    "a header of two objects": (with_header(b"{}{}"), "token_opaque"),
    "a header with padding": (f"{HEADER}=.{CLAIMS}.{SIGNATURE}", "token_opaque"),
    "characters that no bearer token has": ("opaque token", "token_opaque"),
    "an empty token": ("", "token_opaque"),
    "a token that is too large": ("a" * 16385, "token_too_large"),
    "a JWS that is too large": (KEY.token(x="y" * 16384), "token_too_large"),
}


@pytest.mark.parametrize(("token", "reason"), LOCALLY_REFUSED.values(), ids=LOCALLY_REFUSED)
async def test_local_refusal_is_no_question(endpoint: Endpoint, token: str, reason: str) -> None:
    for when in ASKED:
        async with trusting(introspecting(endpoint, when=when)) as server:
            assert await outcome(server, token) == reason
    assert endpoint.count == 0


async def test_good_token_is_no_question(endpoint: Endpoint) -> None:
    async with trusting(publishing(endpoint)) as server:
        for _ in range(2):
            assert await outcome(server, KEY.token(iss=endpoint.origin)) == "accepted"
    assert endpoint.count == 0


# --- Keys that are fetched ---


async def test_key_id_is_looked_for_again_before_the_issuer_is_asked(endpoint: Endpoint) -> None:
    endpoint.answer = active(iss=endpoint.origin)
    async with trusting(publishing(endpoint)) as server:
        assert await outcome(server, KEY.token(iss=endpoint.origin)) == "accepted"
        assert endpoint.key_fetches == 1
        assert await outcome(server, UNKNOWN_KEY.token(iss=endpoint.origin)) == "accepted"
    assert (endpoint.key_fetches, endpoint.count) == (2, 1)


async def test_issuer_that_publishes_no_keys_is_asked_about_all_its_tokens(endpoint: Endpoint) -> None:
    endpoint.metadata = {"jwks_uri": ...}
    endpoint.answer = active(iss=endpoint.origin)
    async with trusting(publishing(endpoint)) as server:
        outcomes = [await outcome(server, token) for token in (OPAQUE, UNKNOWN_KEY.token(iss=endpoint.origin))]
        health = await server.health()
    assert (outcomes, health.ready) == (["accepted", "accepted"], True)
    assert (endpoint.count, endpoint.key_fetches) == (2, 0)


async def test_key_that_appears_in_the_meantime_makes_the_question_unnecessary(endpoint: Endpoint) -> None:
    async with trusting(publishing(endpoint)) as server:
        assert await outcome(server, KEY.token(iss=endpoint.origin)) == "accepted"
        endpoint.keys = [KEY, UNKNOWN_KEY]
        assert await outcome(server, UNKNOWN_KEY.token(iss=endpoint.origin)) == "accepted"
    assert endpoint.count == 0


@pytest.mark.parametrize("when", ["undecided", "unknown_key", "always"])
async def test_issuer_is_asked_where_its_keys_cannot_be_had(endpoint: Endpoint, when: Any) -> None:
    endpoint.keys = []
    endpoint.answer = active(iss=endpoint.origin)
    async with trusting(publishing(endpoint, endpoint=endpoint.url, when=when)) as server:
        assert await outcome(server, KEY.token(iss=endpoint.origin)) == "accepted"
    assert endpoint.count == 1


async def test_unreachable_keys_are_no_question_where_only_opaque_tokens_are(endpoint: Endpoint) -> None:
    endpoint.keys = []
    async with trusting(publishing(endpoint, when="opaque")) as server:
        assert await outcome(server, KEY.token(iss=endpoint.origin)) == "issuer_unreachable"
    assert endpoint.count == 0


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": NOW - 31}, id="expired"),
        pytest.param({"aud": "https://other.example"}, id="for another audience"),
        pytest.param({"scope": 7}, id="malformed"),
    ],
)
async def test_token_that_no_key_could_make_good_is_no_question(endpoint: Endpoint, claims: dict[str, Any]) -> None:
    endpoint.keys = []
    async with trusting(publishing(endpoint, endpoint=endpoint.url)) as server:
        assert await outcome(server, KEY.token(iss=endpoint.origin, **claims)) == "issuer_unreachable"
    assert endpoint.count == 0


async def test_token_without_key_id_among_several_keys_is_no_question(endpoint: Endpoint) -> None:
    keys = {"keys": [KEY.jwk, signing_key("Ed25519", "key-3", 1).jwk]}
    introspection = Introspection(client_id="api", client_secret=SECRET, endpoint=endpoint.url)
    async with trusting(Issuer(ISSUER, keys=keys, introspection=introspection)) as server:
        token = KEY.token(header={"alg": "Ed25519", "typ": "at+jwt"})
        assert await outcome(server, token) == "key_ambiguous"
    assert endpoint.count == 0


async def test_token_without_key_id_that_no_key_fits_is_no_question(endpoint: Endpoint) -> None:
    introspection = Introspection(client_id="api", client_secret=SECRET, endpoint=endpoint.url)
    issuer = Issuer(ISSUER, keys=KEYS, algorithms=["Ed25519", "RS256"], introspection=introspection)
    async with trusting(issuer) as server:
        assert await outcome(server, signing_key("RS256", None).token()) == "unknown_key"
    assert endpoint.count == 0


async def test_questions_that_hang_keep_nobody_from_fetching_keys(endpoint: Endpoint) -> None:
    endpoint.answer = hanging
    async with trusting(publishing(endpoint, endpoint=endpoint.url, concurrency=50)) as server:
        questions = [asyncio.ensure_future(outcome(server, f"{OPAQUE}-{number}")) for number in range(50)]
        await endpoint.until(50)
        assert await outcome(server, KEY.token(iss=endpoint.origin)) == "accepted"
        await server.aclose()
        await asyncio.wait(questions)


# --- When the issuer does not answer ---


@pytest.mark.parametrize("kind", ["opaque", "encrypted", "unknown key"])
async def test_no_answer_is_neither_yes_nor_no(endpoint: Endpoint, kind: str) -> None:
    endpoint.answer = DOWN
    async with trusting(introspecting(endpoint)) as server:
        with refused("introspection_unavailable", Unavailable):
            await server.validate(TOKENS[kind][0])


@pytest.mark.parametrize("kind", ["opaque", "encrypted", "unknown key"])
async def test_local_outcome_stands_where_the_server_does_not_introspect_such_tokens(
    endpoint: Endpoint, kind: str
) -> None:
    endpoint.answer = DECLINING
    token, local_outcome = TOKENS[kind]
    async with trusting(introspecting(endpoint)) as server:
        for _ in range(5):
            assert await outcome(server, token) == local_outcome
    assert endpoint.count == 1


async def test_unreachable_keys_stay_unreachable_where_the_server_does_not_introspect_such_tokens(
    endpoint: Endpoint,
) -> None:
    endpoint.keys = []
    endpoint.answer = DECLINING
    async with trusting(publishing(endpoint, endpoint=endpoint.url)) as server:
        with refused("issuer_unreachable", Unavailable):
            await server.validate(KEY.token(iss=endpoint.origin))
    assert endpoint.count == 1


# --- Tokens that are good locally, and asked about all the same ---


async def test_always_asks_once_a_minute_about_a_good_token(endpoint: Endpoint) -> None:
    async with trusting(introspecting(endpoint, when="always"), clock=(clock := Clock())) as server:
        for moment, asked in ((0, 1), (59, 1), (60, 2)):
            clock.now = NOW + moment
            assert await outcome(server, SIGNED) == "accepted"
            assert endpoint.count == asked


async def test_always_hands_over_what_the_token_says_not_what_the_server_says(endpoint: Endpoint) -> None:
    endpoint.answer = active(sub="somebody-else")
    async with trusting(introspecting(endpoint, when="always")) as server:
        token = await server.validate(SIGNED)
    assert (token.subject, token.header["kid"]) == ("user-1", "key-1")


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        pytest.param(inactive(), "inactive", id="inactive"),
        pytest.param(active(aud="https://other.example"), "audience_mismatch", id="for another audience"),
        pytest.param(DOWN, "introspection_unavailable", id="down"),
        pytest.param(DECLINING, "introspection_unavailable", id="declined"),
    ],
)
async def test_always_refuses_a_good_token_for_which_nobody_vouches(
    endpoint: Endpoint, behaviour: Behaviour, reason: str
) -> None:
    endpoint.answer = behaviour
    async with trusting(introspecting(endpoint, when="always")) as server:
        for _ in range(3):
            assert await outcome(server, SIGNED) == reason
    assert endpoint.count == (3 if behaviour is DOWN else 1)


# --- Several issuers ---


@pytest.mark.parametrize(
    ("first", "second", "expected", "asked"),
    [
        pytest.param(active(), active(iss=OTHER_ISSUER), ISSUER, (1, 0), id="the first knows it"),
        pytest.param(inactive(), active(iss=OTHER_ISSUER), OTHER_ISSUER, (1, 1), id="the second knows it"),
        pytest.param(inactive(), inactive(), "inactive", (1, 1), id="none knows it"),
        pytest.param(
            active(aud="https://other.example"),
            active(iss=OTHER_ISSUER),
            "audience_mismatch",
            (1, 0),
            id="the first knows it, for another audience",
        ),
        pytest.param(DOWN, active(iss=OTHER_ISSUER), OTHER_ISSUER, (1, 1), id="the first is down, the second knows it"),
        pytest.param(DOWN, inactive(), "introspection_unavailable", (1, 1), id="the first is down, the other says no"),
        pytest.param(inactive(), DOWN, "introspection_unavailable", (1, 1), id="the first says no, the other is down"),
        pytest.param(DOWN, DOWN, "introspection_unavailable", (1, 1), id="both are down"),
        pytest.param(DECLINING, active(iss=OTHER_ISSUER), OTHER_ISSUER, (1, 1), id="the first declines"),
        pytest.param(DECLINING, inactive(), "inactive", (1, 1), id="the first declines, the second says no"),
        pytest.param(DECLINING, DOWN, "introspection_unavailable", (1, 1), id="the first declines, the second is down"),
        pytest.param(DOWN, DECLINING, "introspection_unavailable", (1, 1), id="the first is down, the second declines"),
        pytest.param(DECLINING, DECLINING, "token_opaque", (1, 1), id="both decline"),
        pytest.param(inactive(), active(iss=ISSUER), "issuer_mismatch", (1, 1), id="the second names the first"),
    ],
)
async def test_issuers_are_asked_about_an_opaque_token_in_the_order_given(
    endpoint: Endpoint, another: Endpoint, first: Behaviour, second: Behaviour, expected: str, asked: tuple[int, int]
) -> None:
    endpoint.answer, another.answer = first, second
    async with trusting(introspecting(endpoint), introspecting(another, OTHER_ISSUER)) as server:
        try:
            came_to = (await server.validate(OPAQUE)).issuer
        except JWTGuardError as refusal:
            came_to = refusal.reason
    assert came_to == expected
    assert (endpoint.count, another.count) == asked


async def test_issuers_that_cannot_or_shall_not_be_asked_are_passed_over(endpoint: Endpoint, another: Endpoint) -> None:
    issuers = [
        Issuer("https://silent.example", keys=KEYS),
        introspecting(endpoint, when="unknown_key"),
        introspecting(another, OTHER_ISSUER),
    ]
    async with trusting(*issuers) as server:
        assert (await server.validate(OPAQUE)).issuer == OTHER_ISSUER
    assert (endpoint.count, another.count) == (0, 1)


async def test_jws_with_an_unknown_key_is_asked_about_at_its_own_issuer_only(
    endpoint: Endpoint, another: Endpoint
) -> None:
    async with trusting(introspecting(endpoint), introspecting(another, OTHER_ISSUER)) as server:
        assert await outcome(server, UNKNOWN_KEY.token(iss=OTHER_ISSUER)) == "accepted"
    assert (endpoint.count, another.count) == (0, 1)


# --- A route ---


async def test_route_says_who_is_asked(endpoint: Endpoint, another: Endpoint) -> None:
    seen: list[str] = []

    def route(token: str) -> str:
        seen.append(token)
        return OTHER_ISSUER

    issuers = introspecting(endpoint), introspecting(another, OTHER_ISSUER)
    async with trusting(*issuers, route=route) as server:
        assert (await server.validate(OPAQUE)).issuer == OTHER_ISSUER
    assert (endpoint.count, another.count) == (0, 1)
    assert seen == [OPAQUE]


@pytest.mark.parametrize("name", [None, "https://unknown.example", ""], ids=["None", "an unknown issuer", "empty"])
async def test_token_that_is_routed_to_nobody_is_refused(endpoint: Endpoint, name: str | None) -> None:
    async with trusting(introspecting(endpoint), route=lambda token: name) as server:
        assert await outcome(server, OPAQUE) == "token_opaque"
    assert endpoint.count == 0


@pytest.mark.parametrize("answer", [1, b"https://auth.example.com", [ISSUER], Issuer(ISSUER, keys=KEYS)], ids=type)
async def test_route_that_returns_something_else_leaves_the_question_open(
    endpoint: Endpoint, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with trusting(introspecting(endpoint), route=lambda token: answer) as server:
        with refused("introspection_unavailable", Unavailable) as refusal:
            await server.validate(OPAQUE)
    assert type(answer).__name__ in refusal.value.detail
    assert endpoint.count == 0
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_route_that_fails_leaves_the_question_open_and_its_text_unseen(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def route(token: str) -> str:
        return {"known": ISSUER}[token]  # the KeyError's text is the token

    async with trusting(introspecting(endpoint), route=route) as server:
        with refused("introspection_unavailable", Unavailable) as refusal:
            await server.validate(OPAQUE)
    assert "KeyError" in caplog.text
    assert "test_fallback.py" in caplog.text
    assert OPAQUE not in caplog.text
    assert OPAQUE not in str(refusal.value)
    assert endpoint.count == 0


async def test_route_is_not_asked_about_a_jws(endpoint: Endpoint) -> None:
    async with trusting(introspecting(endpoint), route=lambda token: pytest.fail("it was asked")) as server:
        assert await outcome(server, SIGNED) == "accepted"
        assert await outcome(server, UNKNOWN_KEY.token()) == "accepted"


async def no_route(token: str) -> str | None:
    """A route that nobody would await."""
    return None


@pytest.mark.parametrize("route", [no_route, ISSUER, {"a": ISSUER}], ids=["async", "a URL", "a mapping"])
def test_route_must_be_a_plain_function(route: Any) -> None:
    with pytest.raises(ConfigurationError, match="route"):
        ResourceServer(Issuer(ISSUER, keys=KEYS), audience=AUDIENCE, route=route)


# --- Tenants ---


async def test_tenant_s_issuer_is_asked_about_its_tokens(endpoint: Endpoint, another: Endpoint) -> None:
    async def resolver(name: str) -> Issuer | None:
        return introspecting(another, name) if name == OTHER_ISSUER else None

    def route(token: str) -> str:
        return OTHER_ISSUER if token.startswith("t1-") else "https://unknown.example"

    async with trusting(resolver=resolver, route=route) as server:
        assert await outcome(server, UNKNOWN_KEY.token(iss=OTHER_ISSUER)) == "accepted"
        assert await outcome(server, f"t1-{OPAQUE}") == "accepted"
        assert await outcome(server, f"t2-{OPAQUE}") == "token_opaque"
    assert another.count == 2


async def test_tenants_are_not_asked_one_after_the_other_about_an_opaque_token(another: Endpoint) -> None:
    async def resolver(name: str) -> Issuer | None:
        return introspecting(another, name)

    async with trusting(resolver=resolver) as server:
        assert await outcome(server, UNKNOWN_KEY.token(iss=OTHER_ISSUER)) == "accepted"
        assert await outcome(server, OPAQUE) == "token_opaque"
    assert another.count == 1


async def test_route_to_a_tenant_whose_resolver_fails_leaves_the_question_open() -> None:
    async def resolver(name: str) -> Issuer | None:
        raise OSError("the database is down")

    async with trusting(resolver=resolver, route=lambda token: OTHER_ISSUER) as server:
        with refused("issuer_unreachable", Unavailable):
            await server.validate(OPAQUE)


async def test_tokens_of_one_issuer_may_be_known_to_the_introspection_of_that_issuer_only(
    endpoint: Endpoint, another: Endpoint
) -> None:
    token = UNKNOWN_KEY.token()
    endpoint.answer = by_token({token.encode(): active()}, inactive())
    async with trusting(introspecting(endpoint), introspecting(another, OTHER_ISSUER)) as server:
        assert (await server.validate(token)).issuer == ISSUER
        with refused("inactive", InvalidToken):
            await server.validate(UNKNOWN_KEY.token(jti="another"))
    assert another.count == 0
