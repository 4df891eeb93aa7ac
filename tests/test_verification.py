"""jwtguard/verification.py: the whole decision, in its fixed order, with real keys."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard import AccessToken, InvalidToken, KeySet, Rules, verify
from jwtguard.algorithms import ALGORITHMS
from jwtguard.frozen import MAX_NESTING
from jwtguard.verification import token_bytes
from tests.refusals import refused
from tests.signing import AUDIENCE, ISSUER, NOW, SigningKey, b64, good_claims, segment, signing_key
from tests.test_frozen import arrays

KEY = signing_key("ES256")
OTHER = signing_key("ES256", number=1)
HEADER = {"alg": "ES256", "kid": "key-1", "typ": "at+jwt"}


def rules(**more: Any) -> Rules:
    return Rules(**{"issuer": ISSUER, "audience": AUDIENCE, "algorithms": list(ALGORITHMS), **more})


def keys(*several: SigningKey) -> KeySet:
    return KeySet.from_jwk_set({"keys": [key.jwk for key in several or (KEY,)]}, symmetric=True)


def decide(token: str, key_set: KeySet | None = None, under: Rules | None = None, *, now: float = NOW) -> AccessToken:
    return verify(token, key_set or keys(), under or rules(), now=now)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("profile", ["default", "rfc9068"])
def test_a_good_token_of_each_algorithm_is_accepted(algorithm: str, profile: str) -> None:
    key = signing_key(algorithm)
    token = decide(key.token(), keys(key), rules(profile=profile))
    assert token.claims == good_claims()
    assert token.header == {"alg": algorithm, "kid": "key-1", "typ": "at+jwt"}
    assert token.scopes == {"invoices:read", "invoices:write"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_each_algorithm_signed_with_another_key_is_refused(algorithm: str) -> None:
    with refused("signature_mismatch") as caught:
        decide(signing_key(algorithm, number=1).token(), keys(signing_key(algorithm)))
    assert caught.value.detail == f"the {algorithm} signature does not match the issuer's key"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_algorithm_outside_the_allow_list_is_refused_though_its_key_is_there(algorithm: str) -> None:
    allowed = [name for name in ALGORITHMS if name != algorithm]
    with refused("algorithm_not_allowed"):
        decide(signing_key(algorithm).token(), keys(signing_key(algorithm)), rules(algorithms=allowed))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_that_claims_another_algorithm_than_its_key_serves_finds_no_key(algorithm: str) -> None:
    key = signing_key(algorithm)
    for other in ALGORITHMS.keys() - {algorithm}:
        with refused("unknown_key"):
            decide(key.token(header={"alg": other, "kid": "key-1"}), keys(key))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "RS256", "ES256K", ""])
def test_a_signature_is_never_left_out(algorithm: str) -> None:
    unsigned = f"{segment({**HEADER, 'alg': algorithm})}.{segment(good_claims())}."
    with refused("token_malformed"):
        decide(unsigned)
    with refused("algorithm_not_allowed"):
        decide(unsigned + b64(b"x"), under=rules(algorithms="ES256"))


ORIGINAL = KEY.token()


@given(position=st.integers(0, len(ORIGINAL) - 1), character=st.characters(max_codepoint=0x17F))
def test_a_token_with_one_character_changed_is_refused(position: int, character: str) -> None:
    changed = ORIGINAL[:position] + character + ORIGINAL[position + 1 :]
    if changed == ORIGINAL:
        assert decide(changed)
        return
    with pytest.raises(InvalidToken):
        decide(changed)


@given(start=st.integers(0, len(ORIGINAL)), length=st.integers(1, 40), inserted=st.text("eyJ.A0-_", max_size=8))
def test_a_token_with_a_piece_cut_out_or_put_in_is_refused(start: int, length: int, inserted: str) -> None:
    changed = ORIGINAL[:start] + inserted + ORIGINAL[start + length :]
    if changed != ORIGINAL:
        with pytest.raises(InvalidToken):
            decide(changed)


@pytest.mark.parametrize("which", ["header", "claims", "signature"])
def test_segments_of_two_good_tokens_do_not_make_a_third(which: str) -> None:
    one, other = KEY.token().split("."), KEY.token(header={**HEADER, "typ": "JWT"}, sub="user-2").split(".")
    position = ["header", "claims", "signature"].index(which)
    mixed = [*one[:position], other[position], *one[position + 1 :]]
    with refused("signature_mismatch"):
        decide(".".join(mixed))


# The order of the checks


def faulty(**mended: Any) -> tuple[str, KeySet, Rules]:
    """Make a token with all faults at once, but for those that are mended, and what it is decided by."""
    header = {"crit": ["b64"], "typ": "dpop+jwt", "alg": "none", "kid": "key-2", **mended.get("header", {})}
    header = {name: value for name, value in header.items() if value is not ...}
    claims = mended.get("claims", {"iss": "https://attacker.example", "exp": 1, "cnf": {}})
    signer = mended.get("signer", OTHER)
    token = signer.token(header=header, claims=claims) + mended.get("after", "\N{SNOWMAN}." + "x" * 300)
    return token, keys(), rules(max_token_bytes=mended.get("size", 300), algorithms="ES256")


IN_ORDER: list[tuple[str, dict[str, Any]]] = [
    ("token_malformed", {}),
    ("token_too_large", {"after": ".x" * 100}),
    ("token_opaque", {"size": 16384}),
    ("critical_header_unsupported", {"after": ""}),
    ("token_malformed", {"header": {"crit": ...}, "claims": b"[]"}),
    ("type_mismatch", {"claims": {"iss": "https://attacker.example", "exp": 1, "cnf": {}}}),
    ("algorithm_not_allowed", {"header": {"crit": ..., "typ": "at+jwt"}}),
    ("unknown_key", {"header": {**HEADER, "crit": ..., "kid": "key-2"}}),
    ("signature_mismatch", {"header": {**HEADER, "crit": ...}}),
    ("issuer_mismatch", {"signer": KEY}),
    ("claim_missing", {"claims": {"iss": ISSUER, "exp": 1, "cnf": {}}}),
    ("expired", {"claims": {"iss": ISSUER, "aud": AUDIENCE, "exp": 1, "cnf": {}}}),
    ("confirmation_unsupported", {"claims": {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 1, "cnf": {}}}),
]


@pytest.mark.parametrize("step", range(len(IN_ORDER)), ids=[f"{n} {reason}" for n, (reason, _) in enumerate(IN_ORDER)])
def test_of_several_faults_the_first_in_the_documented_order_is_told(step: int) -> None:
    """Characters, size, segments, `crit`, shape, `typ`, `alg`, key, signature, claims; each step mends one fault."""
    mended: dict[str, Any] = {}
    for _, repair in IN_ORDER[: step + 1]:
        mended |= repair
    token, key_set, under = faulty(**mended)
    with refused(IN_ORDER[step][0]):
        decide(token, key_set, under)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://s3cret.example"},
        {"iss": ISSUER, "aud": ["s3cret"]},
        {"iss": ISSUER, "aud": AUDIENCE, "exp": 1, "sub": "s3cret"},
        {"s3cret": 1},
    ],
    ids=["issuer", "audience", "expired", "nothing required"],
)
def test_claims_that_nobody_verified_are_described_to_no_one(claims: dict[str, Any]) -> None:
    with refused("signature_mismatch") as caught:
        decide(OTHER.token(claims=claims))
    assert "s3cret" not in f"{caught.value} {vars(caught.value)}"
    assert caught.value.client_id is None


def test_a_refusal_after_the_signature_names_the_client() -> None:
    with refused("expired") as caught:
        decide(KEY.token(exp=1))
    assert caught.value.client_id == "client-1"


@pytest.mark.parametrize(
    ("claims", "client_id"),
    [
        ({"client_id": ..., "azp": "client-2"}, "client-2"),
        ({"client_id": ["client-1"]}, None),
        ({"client_id": ...}, None),
    ],
    ids=["azp", "no string", "none"],
)
def test_the_client_that_a_refusal_names_is_the_one_that_the_rules_would_take(
    claims: dict[str, Any], client_id: str | None
) -> None:
    with refused("expired") as caught:
        decide(KEY.token(exp=1, **claims))
    assert caught.value.client_id == client_id


# What came with the token


@pytest.mark.parametrize(
    "brought",
    [
        {"jwk": OTHER.jwk},
        {"jku": "https://attacker.example/keys", "kid": "key-1"},
        {"x5u": "https://attacker.example/certificate"},
        {"x5c": [b64(b"certificate")]},
    ],
    ids=["jwk", "jku", "x5u", "x5c"],
)
def test_a_key_that_a_token_brings_along_is_not_used(brought: dict[str, Any]) -> None:
    with refused("signature_mismatch"):
        decide(OTHER.token(header={**HEADER, **brought}))
    assert decide(KEY.token(header={**HEADER, **brought})).header == {**HEADER, **brought}


def test_a_secret_that_is_the_public_key_does_not_sign() -> None:
    """RFC 8725 section 2.1."""
    rsa = signing_key("RS256")
    for secret in (rsa.pem.encode(), rsa.pem.strip().encode(), b64(b"x").encode()):
        with refused("unknown_key"):
            decide(SigningKey(secret, "HS256").token(), keys(rsa))


@pytest.mark.parametrize(
    ("kid", "reason"),
    [("key-2", "unknown_key"), ("", "unknown_key"), ("key-1\0", "unknown_key"), ("../key-1", "unknown_key")],
    ids=repr,
)
def test_a_token_whose_kid_names_no_key_is_refused_though_a_key_would_fit(kid: str, reason: str) -> None:
    with refused(reason):
        decide(KEY.token(header={**HEADER, "kid": kid}))


def test_a_token_without_kid_is_accepted_where_one_key_fits_and_refused_where_several_do() -> None:
    token = KEY.token(header={"alg": "ES256"})
    assert decide(token, keys(KEY, signing_key("Ed25519", kid="key-2")))
    with refused("key_ambiguous"):
        decide(token, keys(KEY, signing_key("ES256", kid="key-2", number=1)))


@pytest.mark.parametrize("type_", [None, "JWT", "at+jwt", "application/at+jwt"])
def test_the_type_decides_by_profile(type_: str | None) -> None:
    token = KEY.token(header={"alg": "ES256"} | ({} if type_ is None else {"typ": type_}))
    assert decide(token)
    if type_ is not None and "at+jwt" in type_:
        assert decide(token, under=rules(profile="rfc9068"))
    else:
        with refused("type_mismatch"):
            decide(token, under=rules(profile="rfc9068"))


@pytest.mark.parametrize("which", ["header", "claims"])
def test_a_signed_token_that_is_nested_too_deep_is_refused(which: str) -> None:
    def token(levels: int) -> str:
        if which == "header":
            return KEY.token(header={**HEADER, **arrays(levels)})
        return KEY.token(**arrays(levels))

    assert decide(token(MAX_NESTING))
    with refused("header_malformed" if which == "header" else "token_malformed"):
        decide(token(MAX_NESTING + 1))


@pytest.mark.parametrize(
    "text",
    ["\N{SNOWMAN}", ORIGINAL + "\xa0", ORIGINAL[:-1] + "\N{FULLWIDTH LATIN SMALL LETTER A}", "\ud800", "\x80"],
    ids=["snowman", "no-break space", "full width", "surrogate", "C1"],
)
def test_text_outside_ascii_is_malformed(text: str) -> None:
    with refused("token_malformed") as caught:
        decide(text)
    assert caught.value.detail == "the token has characters outside ASCII"


def test_ascii_text_is_taken_octet_for_octet() -> None:
    assert token_bytes(ORIGINAL) == ORIGINAL.encode()


@given(st.text(max_size=200))
def test_whatever_text_comes_is_refused_as_a_token(text: str) -> None:
    with pytest.raises(InvalidToken):
        decide(text)
