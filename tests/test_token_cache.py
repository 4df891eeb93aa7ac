"""Tokens seen before: what makes a remembered token hold, and how little the memory keeps."""

import sys
from concurrent.futures import ThreadPoolExecutor
from math import inf, nan
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jwtguard import ConfigurationError, InvalidToken, KeySet, Rules
from jwtguard.claims import check_claims
from jwtguard.frozen import FrozenDict
from jwtguard.jwk import VerificationKey
from jwtguard.key_source import Calm
from jwtguard.token_cache import Remembered, TokenCache
from tests.signing import AUDIENCE, ISSUER, NOW, good_claims, signing_key

KEYS = KeySet.from_jwk_set(signing_key("Ed25519").jwk_set)
KEY = KEYS.find("key-1", "Ed25519")
HEADER = FrozenDict(alg="Ed25519")


def rules(leeway: float = 30) -> Rules:
    return Rules(issuer=ISSUER, audience=AUDIENCE, leeway=leeway)


def remembered() -> Remembered:
    return Remembered(check_claims(good_claims(), HEADER, rules(), now=NOW), rules(), KEY, KEYS)


def is_valid(claims: dict[str, Any], under: Rules, now: float) -> bool:
    try:
        check_claims(claims, HEADER, under, now=now)
    except InvalidToken:
        return False
    return True


DATES = st.one_of(st.integers(NOW - 50, NOW + 50), st.floats(NOW - 50, NOW + 50))


@given(
    exp=DATES,
    more=st.fixed_dictionaries({}, optional={"nbf": DATES, "iat": DATES}),
    leeway=st.one_of(st.integers(0, 40), st.floats(0, 40)),
    boundary=st.sampled_from(["first second", "last second"]),
    offset=st.one_of(st.just(0), st.floats(-100, 100)),
)
def test_remembered_token_holds_at_exactly_the_times_at_which_it_would_be_validated_anew(
    exp: float, more: dict[str, float], leeway: float, boundary: str, offset: float
) -> None:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": exp, **more}
    under = rules(leeway)
    start = max(more.values(), default=NOW - 50) - leeway
    assume(is_valid(claims, under, start))
    token = check_claims(claims, HEADER, under, now=start)
    now = (start if boundary == "first second" else exp + leeway) + offset
    assert Remembered(token, under, KEY, KEYS).holds(KEYS, now) is is_valid(claims, under, now)


@pytest.mark.parametrize(
    ("keys", "holds"),
    [
        pytest.param(KeySet.from_jwk_set(signing_key("Ed25519").jwk_set), True, id="equal key in another set"),
        pytest.param(
            KeySet.from_jwk_set({"keys": [signing_key("RS256", "key-2").jwk, signing_key("Ed25519").jwk]}),
            True,
            id="key among others",
        ),
        pytest.param(
            KeySet.from_jwk_set(signing_key("Ed25519", number=1).jwk_set), False, id="other key of the same ID"
        ),
        pytest.param(KeySet.from_jwk_set(signing_key("Ed25519", "key-2").jwk_set), False, id="same key by another ID"),
        pytest.param(KeySet([]), False, id="no keys"),
        pytest.param(
            KeySet.from_jwk_set({"keys": [signing_key("Ed25519").jwk, signing_key("Ed25519", "key-2", 1).jwk]}),
            False,
            id="key and another that may have signed it",
        ),
        pytest.param(None, False, id="no keys to trust at present"),
    ],
)
def test_remembered_token_holds_while_the_key_that_verified_it_is_trusted(keys: KeySet | None, holds: bool) -> None:
    assert remembered().holds(keys, NOW) is holds


def test_remembered_token_that_names_its_key_holds_whatever_other_keys_there_are() -> None:
    token = check_claims(good_claims(), FrozenDict(alg="Ed25519", kid="key-1"), rules(), now=NOW)
    keys = KeySet.from_jwk_set({"keys": [signing_key("Ed25519", "key-2", 1).jwk, signing_key("Ed25519").jwk]})
    assert Remembered(token, rules(), KEY, KEYS).holds(keys, NOW)


def test_key_set_is_searched_once_however_often_the_token_comes() -> None:
    class CountedSet(KeySet):
        searches = 0

        def find(self, kid: str | None, algorithm: str) -> VerificationKey:
            CountedSet.searches += 1
            return super().find(kid, algorithm)

    swapped_in = CountedSet(KEYS.keys)
    token = remembered()
    assert [token.holds(swapped_in, NOW) for _ in range(3)] == [True, True, True]
    assert CountedSet.searches == 1


def test_token_whose_key_is_trusted_again_holds_again() -> None:
    token = remembered()
    assert [token.holds(KEYS, NOW), token.holds(KeySet([]), NOW), token.holds(KEYS, NOW)] == [True, False, True]


def test_settled_token_holds_while_it_is_valid_and_nothing_changes_about_the_keys() -> None:
    """`since` and `until` are the narrower of the token's own and the keys', the former inclusive, the latter not."""
    token = check_claims(good_claims(nbf=NOW - 50, iat=NOW - 60, exp=NOW + 60), HEADER, rules(), now=NOW)
    windows = []
    for since, until in ((-inf, inf), (NOW - 10, NOW + 10)):
        calm = Calm(KEYS, since, until)
        held = Remembered(token, rules(), KEY, KEYS)
        held.settle(calm)
        windows.append(held.settled[:2])
        assert held.settled[2] is calm
    assert windows == [(NOW - 80, NOW + 90), (NOW - 10, NOW + 10)]


def test_token_that_was_not_last_seen_to_hold_under_these_keys_is_not_settled() -> None:
    token, before = remembered(), remembered().settled
    token.settle(Calm(KeySet.from_jwk_set(signing_key("Ed25519").jwk_set), -inf, inf))
    assert (before[:2], token.settled) == ((inf, -inf), before)


def test_token_is_not_settled_for_any_time_where_nobody_knows_until_when_the_keys_serve() -> None:
    token = remembered()
    for window in ((nan, nan), (nan, inf), (-inf, nan)):  # a clock has failed
        token.settle(Calm(KEYS, *window))
        since, until, *_ = token.settled
        assert not since <= NOW < until


def test_token_longest_unused_is_forgotten_first() -> None:
    cache, token = TokenCache(2), remembered()
    cache.put(b"1", token)
    cache.put(b"2", token)
    cache.get(b"1")
    cache.put(b"3", token)
    assert [cache.get(digest) is token for digest in (b"1", b"2", b"3")] == [True, False, True]


def test_cache_never_holds_more_than_its_size() -> None:
    cache, token = TokenCache(10), remembered()
    for number in range(1000):
        cache.put(number.to_bytes(2), token)
    assert len(cache) == 10


def test_cache_of_size_0_is_not_enabled() -> None:
    assert [TokenCache(0).enabled, TokenCache(1).enabled] == [False, True]


@pytest.mark.parametrize("size", [-1, 1.5, True, "many", None])
def test_size_that_is_not_a_number_of_tokens_is_refused(size: Any) -> None:
    with pytest.raises(ConfigurationError, match="token_cache is a number of tokens from 0"):
        TokenCache(size)


def test_event_loops_in_several_threads_may_share_a_cache() -> None:
    cache, token = TokenCache(4), remembered()

    def use(number: int) -> None:
        for step in range(3000):
            digest = ((number + step) % 9).to_bytes()
            cache.put(digest, token)
            cache.get(digest)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(use, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert len(cache) <= 4


def test_remembered_token_holds_from_the_later_of_its_two_beginnings() -> None:
    for earlier, later in (("iat", "nbf"), ("nbf", "iat")):
        token = check_claims({**good_claims(), earlier: NOW - 100, later: NOW - 50}, HEADER, rules(), now=NOW)
        held = Remembered(token, rules(), KEY, KEYS)
        assert [held.holds(KEYS, now) for now in (NOW - 81, NOW - 80)] == [False, True]


def test_remembered_token_keeps_the_rules_that_it_satisfied() -> None:
    under = rules()
    assert Remembered(check_claims(good_claims(), HEADER, under, now=NOW), under, KEY, KEYS).rules is under
