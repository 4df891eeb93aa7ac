"""Whatever comes, the core answers with a result or with one of its own errors."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard import ConfigurationError, InvalidKeySet, InvalidToken, KeySet, Rules, verify
from jwtguard.challenge import challenge
from jwtguard.claims import check_claims
from jwtguard.credentials import authorization, bearer_token, check_token68, websocket_token
from jwtguard.errors import REASONS, CredentialsRequired, InsufficientScope, InvalidRequest
from jwtguard.freshness import LONGEST_LIFETIME, SHORTEST_LIFETIME, http_date, lifetime
from jwtguard.frozen import FrozenDict
from jwtguard.introspection_answer import UnusableAnswer, check_answer, read_answer, read_signed_answer
from jwtguard.jws import parse
from jwtguard.public_paths import PublicPaths
from tests.laws import json_values, key_sets, tokens
from tests.signing import AUDIENCE, ISSUER, NOW, b64, good_claims

ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Lone surrogates included."""
OCTETS = st.binary(max_size=200) | json_values.documents() | tokens.texts.map(lambda text: text.encode("latin-1"))
RULES = st.sampled_from(
    [
        tokens.RULES,
        Rules(issuer=ISSUER, audience=AUDIENCE, profile="rfc9068", leeway=0, required_claims=["scope"]),
        Rules(issuer=ISSUER, audience=AUDIENCE, require_audience=False, claim_values={"token_use": "access"}),
        Rules(issuer=ISSUER, audience=AUDIENCE, roles_claims=[("realm", "roles"), "roles"], permissions_claims="scp"),
    ]
)


@given(token=OCTETS | st.lists(OCTETS.map(lambda octets: b64(octets).encode()), max_size=5).map(b".".join))
def test_any_bytes_are_a_token_or_refused(token: bytes) -> None:
    with suppress(InvalidToken):
        assert isinstance(parse(token, max_bytes=16384).claims, FrozenDict)


@given(token=tokens.texts | ANY_TEXT)
def test_any_text_is_a_good_token_or_refused(token: str) -> None:
    with suppress(InvalidToken):
        verify(token, tokens.key_set(), tokens.RULES, now=NOW)


@given(
    header=json_values.documents(tokens.questionable.map(lambda draft: draft.header)),
    claims=json_values.documents(tokens.questionable.map(lambda draft: draft.claims)),
    rules=RULES,
    now=st.floats() | st.integers(0, 2**40),
)
def test_whatever_an_issuer_signs_is_a_good_token_or_refused(
    header: bytes, claims: bytes, rules: Rules, now: float
) -> None:
    with suppress(InvalidToken):
        verify(tokens.keys()["Ed25519"].token(claims, header), tokens.key_set(), rules, now=now)


@given(claims=json_values.objects | tokens.odd_claims, good=st.booleans(), rules=RULES)
def test_any_claims_are_accepted_or_refused(claims: dict[str, Any], good: bool, rules: Rules) -> None:
    with suppress(InvalidToken):
        check_claims(good_claims() | claims if good else claims, FrozenDict(), rules, now=NOW)


HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"authorization", b"sec-websocket-protocol", b"x"]),
        st.builds(
            b"".join,
            st.lists(
                st.sampled_from([b"Bearer", b"bearer", b"jwt", b" ", b"\t", b",", b"a.b.c"]) | st.binary(max_size=5)
            ),
        ),
    ),
    max_size=3,
)


@given(headers=HEADERS)
def test_any_headers_hold_one_token_or_are_refused(headers: list[tuple[bytes, bytes]]) -> None:
    for protocol in (None, "jwt"):
        with suppress(CredentialsRequired, InvalidRequest):
            token = bearer_token(authorization(headers)) if protocol is None else websocket_token(headers, protocol)
            assert isinstance(token, bytes)
            check_token68(token)
            assert token.isascii()
            assert token


@given(document=key_sets.documents | json_values.documents(key_sets.documents) | OCTETS, symmetric=st.booleans())
def test_any_document_is_a_key_set_or_refused(document: dict[str, Any] | bytes, symmetric: bool) -> None:
    with suppress(InvalidKeySet):
        keys = KeySet.from_jwk_set(document, symmetric=symmetric)
        for key in keys.keys:
            assert key.verify(b"signing input", b"signature") is False
            with suppress(InvalidToken):
                assert keys.find(key.kid, key.algorithm).algorithm == key.algorithm


@given(document=key_sets.documents, symmetric=st.booleans())
def test_a_key_set_means_the_same_as_a_mapping_and_as_text(document: dict[str, Any], symmetric: bool) -> None:
    def read(form: Any) -> Any:
        try:
            keys = KeySet.from_jwk_set(form, symmetric=symmetric)
        except InvalidKeySet:
            return None
        return keys.keys, keys.skipped

    assert read(document) == read(json.dumps(document)) == read(json.dumps(document).encode())


@st.composite
def near_pem(draw: st.DrawFn) -> bytes:
    """Return PEM text with something about it changed."""
    algorithm = draw(st.sampled_from(["RS256", "ES256", "Ed25519", "ML-DSA-44"]))
    return json_values.mutilated(draw, tokens.keys()[algorithm].pem.encode())


@given(keys=near_pem() | OCTETS | ANY_TEXT | json_values.values)
def test_keys_in_any_form_are_keys_or_refused(keys: Any) -> None:
    with suppress(InvalidKeySet):
        KeySet.of(keys)


@given(body=OCTETS | json_values.documents(json_values.objects.map(lambda members: {"active": True, **members})))
def test_any_body_is_an_introspection_answer_or_unusable(body: bytes) -> None:
    with suppress(UnusableAnswer):
        assert read_answer(body) is None or isinstance(read_answer(body), dict)


@given(claims=tokens.odd_claims, more=json_values.objects, rules=RULES)
def test_any_introspection_answer_is_accepted_or_refused(
    claims: dict[str, Any], more: dict[str, Any], rules: Rules
) -> None:
    with suppress(InvalidToken):
        check_answer({"active": True, **good_claims(), **claims, **more}, rules, now=NOW)


SIGNED_ANSWER = {"iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "token_introspection": {"active": True}}


@given(
    claims=st.dictionaries(st.sampled_from(sorted(SIGNED_ANSWER)), json_values.values, max_size=2),
    type_=st.sampled_from(["token-introspection+jwt"] * 3 + ["at+jwt", ""]),
)
def test_any_signed_introspection_answer_is_usable_or_not(claims: dict[str, Any], type_: str) -> None:
    text = tokens.keys()["Ed25519"].token(SIGNED_ANSWER | claims, {"alg": "Ed25519", "typ": type_})
    with suppress(UnusableAnswer, InvalidToken):
        jws = parse(text.encode(), max_bytes=16384)
        read_signed_answer(jws, tokens.RULES, recipients=frozenset({AUDIENCE}), now=float(NOW))


@given(reason=st.sampled_from(sorted(REASONS)), scopes=st.lists(ANY_TEXT), realm=st.none() | ANY_TEXT)
def test_any_refusal_has_a_challenge_that_can_stand_in_a_header(
    reason: str, scopes: list[str], realm: str | None
) -> None:
    with suppress(ConfigurationError):
        value = challenge(InsufficientScope(reason, scopes=tuple(scopes)), realm=realm)
        assert value is not None
        assert value.isascii()
        assert value.isprintable()


PATHS = st.text(st.sampled_from("/.*%2e\\;?#{}a\0\r ") | st.characters(exclude_categories=()), max_size=8)


@given(rules=st.lists(PATHS.map("/".__add__) | PATHS, max_size=3), path=PATHS, root_path=PATHS)
def test_any_path_is_public_or_not(rules: list[str], path: str, root_path: str) -> None:
    with suppress(ConfigurationError):
        holds = PublicPaths(rules).holds({"path": path, "root_path": root_path})
        assert holds in (True, False)


DATES = st.sampled_from(
    ["Wed, 21 Oct 2026 07:28:00 GMT", "0", "-1", "Wed, 21 Oct 0000 07:28:00 GMT", "Wed, 99 Oct 2026 07:28:00 +9999"]
)


@given(
    headers=st.dictionaries(
        st.sampled_from(["cache-control", "age", "expires", "date"]),
        ANY_TEXT | DATES | st.integers().map(str) | st.integers().map("max-age={}".format) | st.just("no-store"),
    )
)
def test_any_caching_headers_give_a_lifetime_within_bounds(headers: dict[str, str]) -> None:
    assert SHORTEST_LIFETIME <= lifetime(headers, now=NOW) <= LONGEST_LIFETIME
    date = http_date(headers.get("date", ""))
    assert date is None or isinstance(date, float)


OPTIONS = [
    *("issuer", "audience", "algorithms", "leeway", "profile", "required_claims", "claim_values"),
    *("client_id_claims", "roles_claims", "permissions_claims", "max_token_bytes"),
]


@pytest.mark.parametrize("option", OPTIONS)
@given(value=json_values.values | st.binary() | st.floats())
def test_any_value_of_an_option_is_taken_or_a_configuration_error(option: str, value: Any) -> None:
    with suppress(ConfigurationError):
        Rules(**{"issuer": ISSUER, "audience": AUDIENCE, option: value})
