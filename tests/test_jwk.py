"""jwtguard/jwk.py: which keys may verify a token, and which key a token names."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from jwtguard import KeySet
from jwtguard.algorithms import ALGORITHMS
from jwtguard.key_set import sort_members
from tests.key_members import RSA_ALGORITHMS, SERVES, jwk, read, serves
from tests.refusals import refused
from tests.signing import b64, b64_uint, signing_key


def why_skipped(member: Any, *, symmetric: bool = False) -> str:
    """Tell why a member is skipped, standing beside a key that serves."""
    key_set = read(member, jwk("ES512", kid="good"), symmetric=symmetric)
    assert [key.kid for key in key_set.keys] == ["good"]
    assert [skipped.position for skipped in key_set.skipped] == [0]
    return key_set.skipped[0].why


# Which key serves which algorithm (RFC 8725 section 3.1)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_with_alg_serves_that_algorithm_alone(algorithm: str) -> None:
    key = signing_key(algorithm)
    key_set = read(key.jwk, symmetric=True)
    assert key_set.algorithms == {algorithm}
    assert serves(key_set, algorithm, key.private)
    for other in ALGORITHMS.keys() - {algorithm}:
        with refused("unknown_key"):
            key_set.find("key-1", other)


@pytest.mark.parametrize("made_for", ["RS256", "ES256", "ES384", "ES512", "Ed25519", "HS512"])
def test_a_key_without_alg_serves_all_algorithms_that_fit_its_type(made_for: str) -> None:
    key_set = read(jwk(made_for, without=("alg",)), symmetric=True)
    assert key_set.algorithms == SERVES[made_for]
    private = signing_key(made_for).private
    assert [name for name in SERVES[made_for] if not serves(key_set, name, private)] == []


UNSUPPORTED = ["none", "", "rs256", "RS257", "RSA-OAEP", "ES256K", "Ed448", "HS1", "A128GCM", "ML-DSA-45", "RS256 "]


@pytest.mark.parametrize(
    ("made_for", "algorithm"),
    [
        (made_for, algorithm)
        for made_for, fitting in SERVES.items()
        for algorithm in [*ALGORITHMS, *UNSUPPORTED]
        if algorithm not in fitting
    ],
)
def test_a_key_whose_alg_does_not_fit_its_type_or_curve_is_skipped(made_for: str, algorithm: str) -> None:
    assert why_skipped(jwk(made_for, alg=algorithm), symmetric=True)


@pytest.mark.parametrize(
    "member",
    [
        jwk("ES256", kty="RSA"),
        jwk("ES256", kty="OKP"),
        jwk("ES256", kty="oct"),
        jwk("ES256", kty="AKP"),
        jwk("ES256", kty="ec"),
        jwk("RS256", kty="EC"),
        jwk("Ed25519", kty="EC"),
        jwk("ES256", crv="P-384"),
        jwk("ES384", crv="P-256"),
        jwk("ES256", crv="secp256k1"),
        jwk("ES256", crv="p-256"),
        jwk("ES256", without=("crv",)),
        jwk("Ed25519", crv="Ed448"),
        jwk("Ed25519", crv="X25519"),
        jwk("Ed25519", without=("crv",)),
        jwk("ML-DSA-44", without=("alg",)),
        jwk("ML-DSA-44", alg="ML-DSA-65"),
    ],
    ids=lambda member: f"{member['kty']} {member.get('crv')} {member.get('alg')}",
)
def test_a_key_whose_type_curve_and_algorithm_do_not_agree_is_skipped(member: dict[str, Any]) -> None:
    assert why_skipped(member, symmetric=True)


# What a member must look like


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"use": "enc"}, "'use' is not 'sig'"),
        ({"use": "SIG"}, "'use' is not 'sig'"),
        ({"use": None}, "'use' is not 'sig'"),
        ({"use": ["sig"]}, "'use' is not 'sig'"),
        ({"key_ops": []}, "'key_ops' does not hold 'verify'"),
        ({"key_ops": ["sign"]}, "'key_ops' does not hold 'verify'"),
        ({"key_ops": ["encrypt", "Verify"]}, "'key_ops' does not hold 'verify'"),
        ({"key_ops": "verify"}, "'key_ops' does not hold 'verify'"),
        ({"key_ops": None}, "'key_ops' does not hold 'verify'"),
        ({"key_ops": {"verify": True}}, "'key_ops' does not hold 'verify'"),
        ({"use": "enc", "key_ops": ["verify"]}, "'use' is not 'sig'"),
        ({"kty": None}, "'kty' is not a string"),
        ({"kty": 1}, "'kty' is not a string"),
        ({"alg": ["ES256"]}, "'alg' is not a string"),
        ({"alg": None}, "'alg' is not a string"),
        ({"kid": 1}, "'kid' is not a string"),
        ({"kid": None}, "'kid' is not a string"),
        ({"kid": ["key-1"]}, "'kid' is not a string"),
        ({"crv": 256}, "'crv' is not a string"),
        ({"x": None}, "'x' is not a string"),
        ({"x": ""}, "'x' is missing"),
        pytest.param({"x": jwk()["x"] + "="}, "'x' is not base64url", id="x padded"),
        pytest.param({"x": jwk()["x"] + "\n"}, "'x' is not base64url", id="x with a line's end"),
        pytest.param({"x": "+" + jwk()["x"][1:]}, "'x' is not base64url", id="x with a plus"),
        ({"x": "\N{CYRILLIC SMALL LETTER A}" * 43}, "'x' is not base64url"),
        ({"x": b64(b"\0" + bytes(32))}, "coordinates on P-256 are 32 bytes long"),
        ({"y": b64(bytes(31))}, "coordinates on P-256 are 32 bytes long"),
        pytest.param({"x": jwk()["y"], "y": jwk()["x"]}, "not on the curve", id="x and y swapped"),
    ],
    ids=lambda value: repr(value)[:60] if isinstance(value, dict) else "",
)
def test_a_member_that_says_something_odd_is_skipped(more: dict[str, Any], why: str) -> None:
    assert why in why_skipped(jwk("ES256", **more))


@pytest.mark.parametrize("missing", ["kty", "x", "y"])
def test_a_member_that_lacks_something_is_skipped(missing: str) -> None:
    assert why_skipped(jwk("ES256", without=(missing,))) == f"{missing!r} is missing"


@pytest.mark.parametrize("member", [None, 1, "key", [], ["kty"], True], ids=repr)
def test_what_is_no_object_is_skipped(member: Any) -> None:
    assert why_skipped(member) == "a key is a JSON object"


@pytest.mark.parametrize(
    "member",
    [
        jwk("ES256", without=("use",)),
        jwk("ES256", key_ops=["verify"]),
        jwk("ES256", key_ops=["sign", "verify"], without=("use",)),
        jwk("ES256", key_ops=["verify", "verify", 1, None]),
        jwk("ES256", x5c=["this is not looked at"], x5t=1, x5u="http://127.0.0.1:1/"),
        jwk("ES256", ext=True, issuer="https://elsewhere.example", exp=1, revoked={"at": 1}),
        jwk("ES256", X="", D="capital letters are other members"),
    ],
    ids=["no use", "key_ops", "several key_ops", "odd key_ops", "certificates", "extensions", "capital letters"],
)
def test_members_that_say_no_more_than_they_should_serve(member: dict[str, Any]) -> None:
    key_set = read(member)
    assert key_set.skipped == ()
    assert serves(key_set, "ES256", signing_key("ES256").private)


@pytest.mark.parametrize("made_for", ["RS256", "ES256", "Ed25519", "ML-DSA-44"])
@pytest.mark.parametrize("secret", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
def test_a_key_with_private_material_is_skipped(made_for: str, secret: str) -> None:
    """Whoever publishes it has lost the key; RFC 7517 section 9.2, RFC 7518 sections 6.2.2, 6.3.2 and 6.4."""
    for value in (b64(bytes(32)), "", None):
        assert why_skipped({**jwk(made_for), secret: value}) == f"it holds private material ({secret})"


def test_a_key_prints_its_name_and_none_of_its_material() -> None:
    assert repr(read(jwk("HS256"), symmetric=True).keys) == "(VerificationKey(kid='key-1', algorithm='HS256'),)"


def test_what_is_skipped_never_shows_the_material() -> None:
    private = signing_key("ES256").private.private_numbers().private_value
    key_set = read(jwk("ES256", d=b64_uint(private, 32)), jwk("ES512"))
    assert b64_uint(private, 32) not in repr((key_set, key_set.skipped, key_set.keys))


# What the operator is told


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (jwk("ES256", crv="secp256k1"), "no supported algorithm takes its 'kty', 'crv' and 'alg'"),
        (jwk("Ed25519", crv="X25519"), "no supported algorithm takes its 'kty', 'crv' and 'alg'"),
        (jwk("Ed25519", kty="EC"), "no supported algorithm takes its 'kty', 'crv' and 'alg'"),
        (jwk("ES256", alg="ES384"), "its 'alg' does not fit its type or is not supported"),
        (jwk("RS256", d="x", p="y", q="z"), "it holds private material (d, p, q)"),
    ],
    ids=["curve", "key agreement", "another type's curve", "algorithm", "private"],
)
def test_the_operator_is_told_why_a_member_is_skipped(member: dict[str, Any], why: str) -> None:
    assert why_skipped(member) == why


def test_the_operator_is_told_that_a_key_is_another_issuers() -> None:
    _, skipped = sort_members([jwk()], issuers=frozenset({"https://auth.example.com"}))
    assert [member.why for member in skipped] == ["it is another issuer's"]


# RSA


def rsa_jwk(n: int, e: int = 65537, **more: Any) -> dict[str, Any]:
    return {"kty": "RSA", "n": b64_uint(n), "e": b64_uint(e, 1 if e == 0 else None), **more}


N = signing_key("RS256").private.public_key().public_numbers().n


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (rsa_jwk(rsa.generate_private_key(65537, 1024).public_key().public_numbers().n), "this one has 1024"),  # noqa: S505
        (rsa_jwk((1 << 2046) + 1), "RSA keys have 2048 to 16384 bits, this one has 2047"),
        (rsa_jwk((1 << 16384) + 1), "RSA keys have 2048 to 16384 bits, this one has 16385"),
        (rsa_jwk((1 << 1_000_000) + 1), "this one has 1000001"),
        ({"kty": "RSA", "n": b64(b"\0" * 128 + b"\xff" * 128), "e": "AQAB"}, "this one has 1024"),
        (rsa_jwk(N, (1 << 64) + 1), "RSA exponents have at most 64 bits"),
        (rsa_jwk(N, 1), "e must be"),
        (rsa_jwk(N, 0), "e must be"),
        (rsa_jwk(N, 65536), "e must be odd"),
        (rsa_jwk(N - 1), "an RSA modulus is odd"),
        (jwk("RS256", without=("n",)), "'n' is missing"),
        (jwk("RS256", without=("e",)), "'e' is missing"),
    ],
    ids=[
        "1024 bits",
        "2047 bits",
        "16385 bits",
        "a million bits",
        "zeros make no size",
        "long exponent",
        "exponent 1",
        "exponent 0",
        "even exponent",
        "even modulus",
        "no n",
        "no e",
    ],
)
def test_an_rsa_key_that_is_weak_or_costly_is_skipped(member: dict[str, Any], why: str) -> None:
    assert why in why_skipped(member)


@pytest.mark.parametrize(
    "member",
    [
        rsa_jwk((1 << 2047) + 1),
        rsa_jwk((1 << 16383) + 1),
        rsa_jwk(N, 3),
        rsa_jwk(N, (1 << 64) - 1),
        {"kty": "RSA", "n": b64(b"\0" + N.to_bytes(256)), "e": b64(b"\0\1\0\1")},
    ],
    ids=["2048 bits", "16384 bits", "exponent 3", "64 bits of exponent", "zeros in front"],
)
def test_an_rsa_key_at_the_edge_of_what_is_allowed_serves(member: dict[str, Any]) -> None:
    assert read(member).algorithms == RSA_ALGORITHMS


# Shared secrets


def test_a_shared_secret_in_a_published_set_is_skipped() -> None:
    assert why_skipped(jwk("HS256")) == "a shared secret has no place in a published key set"
    assert sort_members([jwk("HS256")])[0] == []
    assert KeySet.from_jwk_set({"keys": [jwk("HS256"), jwk("ES512")]}).algorithms == {"ES512"}


@pytest.mark.parametrize(
    ("size", "algorithms"),
    [
        (31, None),
        (32, {"HS256"}),
        (47, {"HS256"}),
        (48, {"HS256", "HS384"}),
        (63, {"HS256", "HS384"}),
        (64, {"HS256", "HS384", "HS512"}),
        (500, {"HS256", "HS384", "HS512"}),
    ],
)
def test_a_shared_secret_serves_the_hashes_that_it_is_as_long_as(size: int, algorithms: set[str] | None) -> None:
    """RFC 7518 section 3.2."""
    member = {"kty": "oct", "k": b64(b"\x93" * size)}
    if algorithms is None:
        assert why_skipped(member, symmetric=True) == "HS256 takes at least 32 bytes, this one has 31"
    else:
        assert read(member, symmetric=True).algorithms == algorithms


def test_a_shared_secret_without_its_octets_is_skipped() -> None:
    assert why_skipped(jwk("HS256", without=("k",)), symmetric=True) == "'k' is missing"
