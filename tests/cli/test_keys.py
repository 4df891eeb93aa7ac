"""What is told of each key of a set: its kind, its thumbprint, and whether and why it serves."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import import_key

from jwtguard import KeySet
from jwtguard.cli.keys import published_keys, thumbprint
from jwtguard.errors import InvalidKeySet
from tests.cli.conftest import Command
from tests.cli.publisher import KEY_SET, OPENID_METADATA, Publisher, Reply
from tests.cli.test_untrusted import JSON
from tests.signing import SigningKey, b64, b64_uint, signing_key

RSA, OTHER_RSA = signing_key("RS256"), signing_key("RS256", number=1)
EC = signing_key("ES256", "key-2")
ED = signing_key("Ed25519", "key-3")

# RFC 7638 section 3.1
RFC_KEY = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


def without(jwk: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: member for name, member in jwk.items() if name not in names}


def certificate(key: SigningKey, *, years: float) -> str:
    """Make a certificate that is so many years old and good for ten, and encode it as `x5c` has it."""
    started = datetime.now(UTC) - timedelta(days=365.25 * years)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "auth.example.com")])
    made = (
        x509.CertificateBuilder(name, name, key.private.public_key(), x509.random_serial_number())
        .not_valid_before(started)
        .not_valid_after(started + timedelta(days=3652))
        .sign(key.private, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


def test_thumbprint_is_that_of_the_specification() -> None:
    assert thumbprint(RFC_KEY) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("key", [RSA, EC, ED, signing_key("ES512")], ids=lambda key: key.algorithm)
def test_thumbprint_is_that_of_another_implementation(key: SigningKey) -> None:
    assert thumbprint(key.jwk) == import_key(without(key.jwk, "alg")).thumbprint()


def test_thumbprint_of_a_post_quantum_key_covers_its_algorithm() -> None:
    jwk = signing_key("ML-DSA-44").jwk
    assert thumbprint(jwk) == thumbprint(without(jwk, "kid", "use"))
    assert thumbprint(jwk) != thumbprint({**jwk, "alg": "ML-DSA-65"})


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param(signing_key("HS256").jwk, id="shared secret"),
        pytest.param(without(RSA.jwk, "e"), id="incomplete"),
        pytest.param({**EC.jwk, "x": 7}, id="member of the wrong type"),
        pytest.param({"kty": ["RSA"]}, id="kty of the wrong type"),
    ],
)
def test_what_has_no_thumbprint_gets_none(jwk: dict[str, Any]) -> None:
    assert thumbprint(jwk) is None


@pytest.mark.parametrize(
    ("jwk", "size", "serves"),
    [
        pytest.param(RSA.jwk, "2048 bits", ("RS256",), id="RSA"),
        pytest.param(
            without(RSA.jwk, "alg"), "2048 bits", ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), id="any"
        ),
        pytest.param(EC.jwk, "P-256", ("ES256",), id="EC"),
        pytest.param(ED.jwk, "Ed25519", ("Ed25519",), id="OKP"),
    ],
)
def test_size_and_algorithms_are_told(jwk: dict[str, Any], size: str, serves: tuple[str, ...]) -> None:
    (key,) = published_keys({"keys": [jwk]})
    assert (key.size, key.serves, key.skipped) == (size, serves, None)


@pytest.mark.parametrize(
    ("member", "why"),
    [
        pytest.param({**RSA.jwk, "use": "enc"}, "'use' is not 'sig'", id="for encryption"),
        pytest.param({**RSA.jwk, "n": b64_uint(2**1023 + 1)}, "RSA keys have 2048 to 16384 bits", id="small"),
        pytest.param({**EC.jwk, "crv": "secp256k1"}, "no supported algorithm", id="curve"),
        pytest.param({**RSA.jwk, "d": "AQAB"}, "it holds private material (d)", id="private"),
        pytest.param(signing_key("HS256").jwk, "a shared secret has no place", id="symmetric"),
        pytest.param("key", "a key is a JSON object", id="not an object"),
        pytest.param({}, "'kty' is missing", id="empty"),
    ],
)
def test_skipped_key_is_told_with_the_reason(member: Any, why: str) -> None:
    skipped, serving = published_keys({"keys": [member, EC.jwk]})
    assert skipped.skipped is not None
    assert skipped.skipped.startswith(why)
    assert skipped.serves == ()
    assert serving.serves == ("ES256",)


def test_secret_members_are_named_and_not_shown() -> None:
    (key,) = published_keys({"keys": [signing_key("HS256").jwk]})
    assert key.secret == ("k",)
    assert signing_key("HS256").jwk["k"] not in repr(key)


def test_keys_are_told_even_where_none_of_them_serves() -> None:
    assert [key.serves for key in published_keys({"keys": [{}, {}]})] == [(), ()]


def test_key_that_is_skipped_for_its_kid_serves_no_algorithm_at_all() -> None:
    """The second key would fit RS256 as well, for which no other key has the kid; skipped means skipped."""
    first, second = {**RSA.jwk, "alg": "RS512"}, without(OTHER_RSA.jwk, "alg")
    key_set = KeySet.from_jwk_set({"keys": [first, second]})
    assert [key.algorithm for key in key_set.keys] == ["RS512"]
    assert [key.position for key in key_set.skipped] == [1]
    assert [key.serves for key in published_keys({"keys": [first, second]})] == [("RS512",), ()]


def test_certificate_is_told_to_be_the_keys_own_or_anothers() -> None:
    own, foreign = certificate(RSA, years=1), certificate(EC, years=1)
    keys = published_keys({"keys": [{**RSA.jwk, "x5c": [own]}, {**RSA.jwk, "kid": "b", "x5c": [foreign]}]})
    assert [key.certificate and key.certificate.same_key for key in keys] == [True, False]


@pytest.mark.parametrize("chain", ["x", [], [7], ["!"], ["AAAA"], {"0": "x"}, None])
def test_certificate_that_cannot_be_read_is_left_out(chain: Any) -> None:
    (key,) = published_keys({"keys": [{**RSA.jwk, "x5c": chain}]})
    assert key.certificate is None


MEMBER_NAMES = ("kty", "kid", "alg", "use", "crv", "n", "e", "x", "y", "k", "pub", "x5c", "key_ops")
MEMBER_VALUES = JSON | st.sampled_from(["RSA", "EC", "OKP", "oct", "AKP", "P-256", "sig", "AQAB", b64(b"x" * 32)])


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.sampled_from(MEMBER_NAMES), MEMBER_VALUES) | JSON, max_size=4))
def test_any_members_are_described(members: list[Any]) -> None:
    assert len(published_keys({"keys": members})) == len(members)


def test_document_that_is_no_key_set_is_refused() -> None:
    with pytest.raises(InvalidKeySet):
        published_keys(b"[]")


def test_table_has_every_key_in_full(command: Command, publisher: Publisher) -> None:
    key_set = {"keys": [RSA.jwk, {**ED.jwk, "use": "enc"}]}
    publisher.replies[KEY_SET] = Reply(key_set)
    outcome = command("keys", publisher.url)
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[1].split() == ["key-1", "RSA", "RS256", "2048", "bits", "sig", thumbprint(RSA.jwk), "RS256"]
    assert "skipped: 'use' is not 'sig'" in lines[2]


def test_json_has_every_key(command: Command, publisher: Publisher) -> None:
    publisher.replies[KEY_SET] = Reply({"keys": [RSA.jwk, {"kty": "oct"}]})
    document = command("keys", "--json", publisher.url).document
    assert [(key["kid"], key["serves"]) for key in document] == [("key-1", ["RS256"]), (None, [])]
    assert document[1]["skipped"] == "a shared secret has no place in a published key set"


def test_keys_that_are_not_to_be_trusted_are_shown_with_a_warning(command: Command, publisher: Publisher) -> None:
    publisher.replies[OPENID_METADATA] = Reply(publisher.metadata(issuer="http://127.0.0.1/other"))
    outcome = command("keys", publisher.url)
    assert outcome.code == 1
    assert "key-1" in outcome.out
    assert "issuer name: " in outcome.err
