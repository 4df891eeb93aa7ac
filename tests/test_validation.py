"""What decides on tokens: what it remembers of them, and that only refusals escape."""

import gc
import weakref
from math import inf
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwtguard import Introspection, InvalidToken, Issuer, KeySet, ResourceServer
from jwtguard.events import Event
from jwtguard.key_source import Calm, ConfiguredKeys
from jwtguard.testing import TestIssuer
from tests.resource_servers import KEY, Clock, CountedKeys, reason_of, resource_server
from tests.signing import AUDIENCE, ISSUER, NOW, SigningKey, b64, good_claims, segment, signing_key

pytestmark = pytest.mark.anyio

# --- What it remembers ---


async def test_token_seen_before_is_not_verified_again() -> None:
    counted = CountedKeys()
    server = counted.resource_server(token_cache=10)
    tokens = [await server.validate(KEY.token()) for _ in range(5)]
    assert (counted.checks, len({id(token) for token in tokens})) == (1, 1)


async def test_token_is_verified_each_time_where_none_are_remembered() -> None:
    counted = CountedKeys()
    server = counted.resource_server(token_cache=0)
    for _ in range(5):
        await server.validate(KEY.token())
    assert counted.checks == 5


SEEN_BEFORE = pytest.mark.parametrize("times", [pytest.param(1, id="seen once"), pytest.param(2, id="seen twice")])
"""A token that comes again for the first time is held to more than one that did so before."""


@SEEN_BEFORE
@pytest.mark.parametrize(
    ("claims", "moved", "reason"),
    [
        pytest.param({"exp": NOW + 60}, 60 + 29, None, id="within the leeway"),
        pytest.param({"exp": NOW + 60}, 60 + 30, "expired", id="expired"),
        pytest.param({"iat": NOW}, -30, None, id="clock set back within the leeway of iat"),
        pytest.param({"iat": NOW}, -31, "issued_in_future", id="clock set back before iat"),
        pytest.param({"iat": ..., "nbf": NOW}, -31, "not_yet_valid", id="clock set back before nbf"),
    ],
)
async def test_token_seen_before_is_held_to_the_time_again(
    claims: Any, moved: float, reason: str | None, times: int
) -> None:
    clock = Clock()
    server = CountedKeys().resource_server(clock=clock, token_cache=10)
    token = KEY.token(**claims)
    for _ in range(times):
        await server.validate(token)
    clock.now += moved
    assert await reason_of(server, token) == reason


async def test_expired_token_is_refused_for_good_once_the_clock_is_right_again() -> None:
    clock = Clock()
    counted = CountedKeys()
    server = counted.resource_server(clock=clock, token_cache=10)
    token = KEY.token(exp=NOW + 60)
    reasons = []
    for now in (NOW, NOW, NOW + 3600, NOW):
        clock.now = now
        reasons.append(await reason_of(server, token))
    assert reasons == [None, None, "expired", None]


@SEEN_BEFORE
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"keys": signing_key("Ed25519", "key-2").jwk_set}, "unknown_key", id="the key is gone"),
        pytest.param({"keys": signing_key("Ed25519", number=1).jwk_set}, "signature_mismatch", id="the key is another"),
        pytest.param({"audience": "urn:other"}, "audience_mismatch", id="the audience is another"),
        pytest.param({"required_claims": ["tenant"]}, "claim_missing", id="a claim is required"),
        pytest.param(
            {"keys": KEY.pem, "algorithms": ["EdDSA"]}, "algorithm_not_allowed", id="the algorithm is not allowed"
        ),
        pytest.param(
            {"introspection": Introspection(bearer_token="key", endpoint="http://127.0.0.1:9/", when="always")},
            "introspection_unavailable",
            id="its issuer is to be asked as well",
        ),
        pytest.param(None, "issuer_mismatch", id="the issuer is not trusted"),
        pytest.param({}, None, id="nothing changed"),
    ],
)
async def test_token_seen_before_is_held_to_the_keys_and_rules_of_its_issuer_again(
    changed: dict[str, Any] | None, reason: str | None, times: int
) -> None:
    clock = Clock()
    answers = [Issuer(ISSUER, keys=KEY.jwk_set)]
    if changed is not None:
        answers.append(Issuer(ISSUER, **{"keys": KEY.jwk_set, **changed}))

    async def resolver(url: str) -> Issuer | None:
        return answers.pop(0) if answers else None

    server = ResourceServer(audience=AUDIENCE, resolver=resolver, clock=clock)
    token = KEY.token(exp=NOW + 100_000)
    before = [await reason_of(server, token) for _ in range(times)]
    clock.now += 3601  # the resolver's answer holds for an hour; another token is the first to need the next
    await reason_of(server, KEY.token(exp=NOW + 100_000, jti="another"))
    assert (before, await reason_of(server, token)) == ([None] * times, reason)


async def test_token_that_expires_while_a_resolver_is_asked_for_its_issuer_is_refused() -> None:
    clock = Clock()

    async def resolver(url: str) -> Issuer:
        clock.now += 40  # more than the leeway of 30
        return Issuer(url, keys=KEY.jwk_set)

    server = ResourceServer(audience=AUDIENCE, resolver=resolver, clock=clock)
    assert await reason_of(server, KEY.token(exp=NOW + 5)) == "expired"


@SEEN_BEFORE
async def test_token_seen_before_is_refused_while_another_issuer_stands_in(times: int) -> None:
    server, token = resource_server(), KEY.token()
    for _ in range(times):
        await server.validate(token)
    async with httpx.AsyncClient() as client:
        with server.trusting(Issuer(ISSUER, keys=signing_key("Ed25519", "key-2").jwk_set), http_client=client):
            meanwhile = await reason_of(server, token)
    assert (meanwhile, await reason_of(server, token)) == ("unknown_key", None)


async def test_token_that_came_again_asks_for_the_keys_no_more_until_they_or_their_time_are_others() -> None:
    server, token = resource_server(), KEY.token()
    trusted = server.validation.trusted._configured[ISSUER]
    keys = Counted(ISSUER, KeySet.from_jwk_set(KEY.jwk_set))
    server.validation.trusted._configured[ISSUER] = msgspec.structs.replace(trusted, keys=keys)
    asked = []
    serving, others = keys.calm.keys, KeySet.from_jwk_set(KEY.jwk_set)
    swapped = Calm(others, -inf, inf), Calm(others, -inf, NOW + 1), Calm(serving, -inf, inf)
    for calm in (None, None, None, swapped[0], None, swapped[1], None, swapped[2]):
        if calm is not None:
            keys.calm.over, keys.calm = True, calm
        await server.validate(token)
        asked.append(keys.asked)
    assert asked == [1, 2, 2, 3, 3, 4, 4, 5]


class Counted(ConfiguredKeys):
    """Keys that count how often they are asked for, and may be swapped."""

    asked = 0

    def known(self, now: float) -> KeySet:
        self.asked += 1
        assert self.calm.keys is not None
        return self.calm.keys


@pytest.mark.parametrize(
    "swapped_in",
    [
        pytest.param([signing_key("Ed25519", "key-2")], id="the key is gone"),
        pytest.param([KEY, signing_key("Ed25519", "key-2", 1)], id="another fits as well, and the token names none"),
    ],
)
async def test_token_whose_key_was_swapped_out_while_it_was_verified_is_held_to_the_others(
    swapped_in: list[SigningKey],
) -> None:
    counted = CountedKeys()
    server = counted.resource_server(token_cache=10)
    trusted = server.validation.trusted._configured[ISSUER]
    others = KeySet.from_jwk_set({"keys": [key.jwk for key in swapped_in]})

    class Swapped(ConfiguredKeys):
        """Keys that another event loop's refresh swaps right after the look-up."""

        async def find(self, kid: str | None, algorithm: str) -> Any:
            return counted.keys.find(kid, algorithm)

    server.validation.trusted._configured[ISSUER] = msgspec.structs.replace(trusted, keys=Swapped(ISSUER, others))
    for _ in range(2):
        await server.validate(KEY.token(header={"alg": "Ed25519"}))
    assert counted.checks == 2


FORGERIES = {
    "forged signature": lambda number: signing_key("Ed25519", number=1).token(jti=str(number)),
    "expired": lambda number: KEY.token(jti=str(number), exp=NOW - 3600),
    "another audience": lambda number: KEY.token(jti=str(number), aud="urn:other"),
    "unknown key": lambda number: signing_key("Ed25519", kid="forged").token(jti=str(number)),
    "unknown issuer": lambda number: KEY.token(jti=str(number), iss="https://evil.example"),
    "no token": lambda number: f"opaque-{number}",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_refused_tokens_push_no_good_one_out(forge: Any) -> None:
    counted = CountedKeys()
    server = counted.resource_server(token_cache=2)
    good = [KEY.token(jti="a"), KEY.token(jti="b")]
    for token in good:
        await server.validate(token)
    for number in range(20):
        assert await reason_of(server, forge(number)) is not None
    checks = counted.checks
    for token in good:
        await server.validate(token)
    assert counted.checks == checks


async def test_no_more_tokens_are_remembered_than_configured() -> None:
    counted = CountedKeys()
    server = counted.resource_server(token_cache=2)
    for name in ("a", "b", "c", "b", "c", "a"):
        await server.validate(KEY.token(jti=name))
    assert counted.checks == 4  # each once, and "a" again, which "c" had pushed out


async def test_tokens_that_differ_in_one_character_are_not_taken_for_each_other() -> None:
    server = CountedKeys().resource_server(token_cache=10)
    token = KEY.token()
    await server.validate(token)
    changed = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    assert await reason_of(server, changed) == "signature_mismatch"


async def test_remembered_claims_cannot_be_changed_by_whoever_is_handed_them() -> None:
    server = CountedKeys().resource_server(token_cache=10)
    token = await server.validate(KEY.token(roles=["reader"]))
    with pytest.raises(TypeError):
        token.claims["roles"].append("administrator")
    with pytest.raises(AttributeError):
        token.scopes = frozenset({"everything"})  # type: ignore[misc]


async def test_application_that_takes_its_own_events_is_freed_in_the_end_with_the_tokens_that_came_again() -> None:
    issuer = TestIssuer(algorithm="Ed25519")

    class Application:
        def __init__(self, client: httpx.AsyncClient) -> None:
            self.resource_server = ResourceServer(
                issuer.url, audience=issuer.audience, http_client=client, on_event=self.take
            )

        def take(self, event: Event) -> None: ...

    async with issuer.http_client() as client:
        application = Application(client)
        token = issuer.token()
        for _ in range(2):
            await application.resource_server.validate(token)
        await application.resource_server.aclose()
        ended = weakref.ref(application)
        del application
        gc.collect()
        assert ended() is None


async def test_two_resource_servers_remember_separately() -> None:
    first, second = CountedKeys().resource_server(token_cache=10), CountedKeys().resource_server(audience="urn:other")
    await first.validate(KEY.token())
    assert await reason_of(second, KEY.token()) == "audience_mismatch"


# --- Nothing but a refusal escapes ---

SERVER = resource_server()
TEXT = st.text(st.sampled_from('aZ09.-_=+/{}"\\ \0\n\x7f\xe9\u2028\ud800\U0001f600')) | st.binary().map(
    lambda octets: octets.decode("latin-1")
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXT, values, max_size=3),
    max_leaves=8,
)
CLAIM_NAMES = st.sampled_from(
    ["iss", "aud", "exp", "nbf", "iat", "sub", "jti", "client_id", "azp", "scope", "scp", "cnf"]
)
HEADER_NAMES = st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk", "jku", "x5u", "x5c", "cty"])


@given(TEXT)
async def test_any_text_is_refused_with_one_of_our_errors(text: str) -> None:
    assert await reason_of(SERVER, text) is not None


@given(st.data())
async def test_any_damage_to_a_good_token_is_refused_with_one_of_our_errors(data: st.DataObject) -> None:
    token = KEY.token()
    start = data.draw(st.integers(0, len(token) - 1))
    removed = data.draw(st.integers(0, 3))
    inserted = data.draw(st.text(st.sampled_from("Ae-_=.+/ \n\0é\ud800"), max_size=3))
    damaged = token[:start] + inserted + token[start + removed :]
    assert (await reason_of(SERVER, damaged) is None) is (damaged == token)


@settings(max_examples=300)
@given(st.dictionaries(CLAIM_NAMES, JSON, max_size=4), st.dictionaries(HEADER_NAMES, JSON, max_size=3))
async def test_any_claims_and_header_well_signed_raise_nothing_but_our_errors(claims: Any, header: Any) -> None:
    signed = KEY.token(good_claims() | claims, {"alg": "Ed25519", "kid": "key-1"} | header)
    await reason_of(SERVER, signed)


ODD_CLAIMS = {
    "integer without end": b'{"exp":' + b"9" * 5000 + b"}",
    "number beyond floats": b'{"exp":1e999}',
    "nesting without end": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "nesting of arrays without end": b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "NaN": b'{"exp":NaN}',
    "lone surrogate": b'{"sub":"\\ud800"}',
    "not UTF-8": b'{"sub":"\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "array": b"[]",
    "nothing": b"",
    "trailing bytes": b"{}{}",
}


@pytest.mark.parametrize("document", ODD_CLAIMS.values(), ids=ODD_CLAIMS)
@pytest.mark.parametrize("place", ["claims", "header"])
async def test_odd_json_is_refused_with_one_of_our_errors(document: bytes, place: str) -> None:
    token = KEY.token(**{place: document})
    assert await reason_of(resource_server(max_token_bytes=100_000), token) is not None


async def test_token_of_the_greatest_length_is_accepted_and_one_byte_more_is_not() -> None:
    token = KEY.token()
    reasons = [await reason_of(resource_server(max_token_bytes=len(token) - less), token) for less in (0, 1)]
    assert reasons == [None, "token_too_large"]


async def test_unsigned_token_is_refused() -> None:
    unsigned = f"{segment({'alg': 'none', 'kid': 'key-1'})}.{segment(good_claims())}."
    with pytest.raises(InvalidToken):
        await resource_server().validate(unsigned)


async def test_token_signed_with_the_public_key_as_a_secret_is_refused() -> None:
    confused = SigningKey(KEY.pem.encode(), "HS256").token()
    assert await reason_of(resource_server(), confused) == "algorithm_not_allowed"


async def test_signature_is_not_looked_at_before_the_issuer_is_known() -> None:
    counted = CountedKeys()
    await reason_of(counted.resource_server(), f"{segment({'alg': 'Ed25519'})}.{segment({'iss': 'x'})}.{b64(b'x')}")
    assert counted.checks == 0
