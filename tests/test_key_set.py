"""Sets of keys: what of them serves, and which key a token names."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from jwtguard import InvalidKeySet, InvalidToken, KeySet
from jwtguard.key_set import MAX_BYTES, MAX_KEYS
from tests.key_members import SERVES, jwk, read, serves
from tests.refusals import refused
from tests.signing import SigningKey, signing_key

# Several keys


def test_one_bad_key_leaves_the_others_serving_and_is_reported() -> None:
    key_set = read(jwk("ES256"), jwk("ES384", kid="encrypts", use="enc"), jwk("Ed25519", kid="key-3"), {"kid": 1})
    assert key_set.algorithms == {"ES256", "Ed25519"}
    assert [(skipped.position, skipped.kid) for skipped in key_set.skipped] == [(1, "encrypts"), (3, None)]
    assert repr(key_set) == "KeySet(keys=2, skipped=2)"


def test_the_same_key_twice_is_one_key() -> None:
    key_set = read(jwk("ES256"), jwk("ES256"))
    assert len(key_set.keys) == 1
    assert key_set.skipped == ()


def test_of_two_keys_with_one_kid_and_algorithm_the_first_serves() -> None:
    key_set = read(jwk("ES256"), jwk("ES256", number=1))
    assert [(skipped.position, skipped.why) for skipped in key_set.skipped] == [
        (1, "another key in the set has the same 'kid'")
    ]
    assert serves(key_set, "ES256", signing_key("ES256").private)
    assert not serves(key_set, "ES256", signing_key("ES256", number=1).private)


def test_a_key_that_has_a_kid_in_common_for_one_of_its_algorithms_serves_none() -> None:
    key_set = read(jwk("RS256", alg="RS512"), jwk("PS256", without=("alg",)))
    assert key_set.algorithms == {"RS512"}
    assert [skipped.position for skipped in key_set.skipped] == [1]


def test_one_kid_may_name_keys_of_several_algorithms() -> None:
    """RFC 7517 section 4.5."""
    key_set = read(jwk("ES256"), jwk("Ed25519"))
    assert serves(key_set, "ES256", signing_key("ES256").private)
    assert serves(key_set, "Ed25519", signing_key("Ed25519").private)


def test_a_set_knows_the_key_ids_that_it_has_seen() -> None:
    key_set = read(jwk("ES256"), jwk("ES384", kid="skipped", use="enc"))
    assert [key_set.names(kid) for kid in ("key-1", "skipped", "KEY-1", "")] == [True, True, False, False]


@pytest.mark.parametrize("issuer", [..., None, 1, "", "https://B.example", ["https://b.example"]], ids=repr)
def test_in_a_set_of_several_issuers_only_those_keys_serve_that_say_whose_they_are(issuer: Any) -> None:
    foreign = jwk("ES256", kid="foreign") if issuer is ... else jwk("ES256", kid="foreign", issuer=issuer)
    members = [jwk("ES384", issuer="https://a.example"), foreign, jwk("ES512", kid="c", issuer="https://b.example")]
    issuers = frozenset({"https://a.example", "https://b.example"})
    key_set = KeySet.from_jwk_set({"keys": members}, issuers=issuers)
    assert key_set.algorithms == {"ES384", "ES512"}
    assert [skipped.kid for skipped in key_set.skipped] == ["foreign"]


# Documents


@pytest.mark.parametrize(
    "document",
    [
        {"keys": [jwk()]},
        json.dumps({"keys": [jwk()]}),
        json.dumps({"keys": [jwk()]}).encode(),
        jwk(),
        json.dumps(jwk()),
        {"keys": [jwk()], "issuer": "ignored", "more": [1]},
    ],
    ids=["mapping", "text", "bytes", "single key", "single key as text", "more members"],
)
def test_a_jwk_set_is_read_in_any_form(document: Mapping[str, Any] | str | bytes) -> None:
    assert KeySet.from_jwk_set(document).algorithms == {"ES256"}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"keys": []}, "the JWK Set is empty"),
        ({"keys": None}, "an array 'keys'"),
        ({"keys": {}}, "an array 'keys'"),
        ({"keys": "key"}, "an array 'keys'"),
        ({}, "'kty' is missing"),
        ({"error": "not found"}, "'kty' is missing"),
        ({"keys": [jwk(use="enc"), {}]}, "the first: 'use' is not 'sig'"),
        ("", "an array 'keys'"),
        ("[]", "an array 'keys'"),
        (b"<html>", "an array 'keys'"),
        (b"\xff\xfe{\0}\0", "an array 'keys'"),
        ('{"keys": [\ud800]}', "an array 'keys'"),
        ('{"keys": [NaN]}', "an array 'keys'"),
        ('{"keys": ' + "[" * 20000 + "]" * 20000 + "}", "nested too deep"),
        ('{"keys": [' + '{"a":' * 20000 + "1" + "}" * 20000 + "]}", "nested too deep"),
    ],
    ids=lambda value: repr(value)[:24] if not isinstance(value, str) or value.startswith('{"keys": [') else "",
)
def test_what_is_no_jwk_set_or_serves_nothing_is_refused(document: Any, why: str) -> None:
    with pytest.raises(InvalidKeySet, match=why):
        KeySet.from_jwk_set(document)


def test_a_set_has_at_most_a_hundred_keys() -> None:
    key_set = read(jwk("ES512"), *({} for _ in range(MAX_KEYS - 1)))
    assert (MAX_KEYS, len(key_set.keys), len(key_set.skipped)) == (100, 1, 99)
    with pytest.raises(InvalidKeySet, match="a JWK Set has at most 100 keys, this one has 101"):
        read(jwk("ES512"), *({} for _ in range(MAX_KEYS)))


@pytest.mark.parametrize("filler", [" ", "\N{LATIN SMALL LETTER E WITH ACUTE}"], ids=["one byte", "two bytes"])
@pytest.mark.parametrize("encode", [str, str.encode], ids=["text", "bytes"])
def test_a_set_has_at_most_512_kib(filler: str, encode: Callable[[str], str | bytes]) -> None:
    def document(size: int) -> str | bytes:
        text = json.dumps({"keys": [jwk("ES512")], "filler": "@"}, ensure_ascii=False)
        room = size - len(text) + 1
        return encode(text.replace("@", filler * (room // len(filler.encode())) + "x" * (room % len(filler.encode()))))

    assert MAX_BYTES == 512 * 1024
    assert KeySet.from_jwk_set(document(MAX_BYTES)).algorithms == {"ES512"}
    with pytest.raises(InvalidKeySet, match="at most 524288 bytes, this one has 524289"):
        KeySet.from_jwk_set(document(MAX_BYTES + 1))


# Which key a token names (RFC 7515 section 4.1.4)

ONE = read(jwk("ES256"))
SEVERAL = read(jwk("ES256"), jwk("ES256", kid="key-2", number=1), jwk("Ed25519", kid="key-3"))
ONE_UNDER_TWO_NAMES = read(jwk("ES256"), jwk("ES256", kid="key-2"))
NAMELESS = read(jwk("ES256", without=("kid",)))
NAMELESS_BESIDE_NAMED = read(jwk("ES256", without=("kid",)), jwk("ES256", number=1))
EMPTY_NAME = read(jwk("ES256", kid=""))
PEM = KeySet.from_pem(signing_key("ES256").pem)
PEM_WITH_KID = KeySet.from_pem(signing_key("ES256").pem, kid="key-1")


@pytest.mark.parametrize(
    ("key_set", "kid", "algorithm"),
    [
        (ONE, "key-1", "ES256"),
        (ONE, None, "ES256"),
        (SEVERAL, "key-1", "ES256"),
        (ONE_UNDER_TWO_NAMES, "key-2", "ES256"),
        (ONE_UNDER_TWO_NAMES, None, "ES256"),
        (NAMELESS, None, "ES256"),
        (EMPTY_NAME, "", "ES256"),
        (PEM, None, "ES256"),
        (PEM, "any", "ES256"),
        (PEM_WITH_KID, "key-1", "ES256"),
        (PEM_WITH_KID, None, "ES256"),
    ],
    ids=[
        "by its kid",
        "no kid, one key",
        "by its kid among several",
        "by its other kid",
        "no kid, one key under two kids",
        "no kid on either side",
        "an empty kid is a kid",
        "PEM, no kid",
        "PEM serves any kid",
        "PEM that was given a kid",
        "PEM that was given a kid, token without",
    ],
)
def test_a_token_finds_its_key(key_set: KeySet, kid: str | None, algorithm: str) -> None:
    assert serves(key_set, algorithm, signing_key("ES256").private, kid)


@pytest.mark.parametrize(
    ("key_set", "kid", "algorithm", "reason"),
    [
        (ONE, "key-2", "ES256", "unknown_key"),
        (ONE, "KEY-1", "ES256", "unknown_key"),
        (ONE, "key-1 ", "ES256", "unknown_key"),
        (ONE, "", "ES256", "unknown_key"),
        (ONE, "key-1", "RS256", "unknown_key"),
        (ONE, None, "RS256", "unknown_key"),
        (ONE, None, "none", "unknown_key"),
        (SEVERAL, "key-3", "ES256", "unknown_key"),
        (SEVERAL, None, "ES256", "key_ambiguous"),
        (NAMELESS, "key-1", "ES256", "unknown_key"),
        (NAMELESS_BESIDE_NAMED, None, "ES256", "key_ambiguous"),
        (PEM, "any", "RS256", "unknown_key"),
        (PEM_WITH_KID, "key-2", "ES256", "unknown_key"),
    ],
    ids=[
        "another kid",
        "kid in capital letters",
        "kid with a space",
        "empty kid",
        "another algorithm",
        "no kid, another algorithm",
        "no kid, none",
        "kid of a key of another type",
        "no kid, several keys",
        "kid where the one key has none",
        "no kid, one of several keys has none either",
        "PEM, another algorithm",
        "PEM that was given another kid",
    ],
)
def test_no_other_key_is_tried_in_place_of_the_one_that_a_token_names(
    key_set: KeySet, kid: str | None, algorithm: str, reason: str
) -> None:
    with refused(reason) as caught:
        key_set.find(kid, algorithm)
    assert not kid or kid not in caught.value.detail


def test_the_key_that_a_kid_and_an_algorithm_name_is_had_without_fallback() -> None:
    assert ONE.named("key-1", "ES256") is ONE.keys[0]
    assert [ONE.named("key-2", "ES256"), ONE.named("key-1", "RS256"), ONE.named(None, "ES256")] == [None, None, None]
    assert NAMELESS.named(None, "ES256") is PEM.named("any", "ES256") is None


def test_several_keys_that_serve_any_kid_are_ambiguous() -> None:
    keys = [*read(jwk("ES256", without=("kid",))).keys, *read(jwk("ES256", number=1, without=("kid",))).keys]
    with refused("key_ambiguous"):
        KeySet(keys, any_kid=True).find("key-1", "ES256")


# PEM


@pytest.mark.parametrize("made_for", sorted(SERVES.keys() - {"HS512"}))
@pytest.mark.parametrize("encode", [str, str.encode], ids=["text", "bytes"])
def test_a_public_key_in_pem_serves_all_algorithms_that_fit(
    made_for: str, encode: Callable[[str], str | bytes]
) -> None:
    key_set = KeySet.from_pem(encode(signing_key(made_for).pem))
    assert key_set.algorithms == SERVES[made_for]
    assert serves(key_set, made_for, signing_key(made_for).private)


@pytest.mark.parametrize(
    ("made_for", "algorithm"),
    [("RS256", "PS384"), ("ES384", "ES384"), ("Ed25519", "EdDSA"), ("ML-DSA-65", "ML-DSA-65")],
)
def test_a_public_key_in_pem_can_be_kept_to_one_algorithm(made_for: str, algorithm: str) -> None:
    assert KeySet.from_pem(signing_key(made_for).pem, algorithm=algorithm).algorithms == {algorithm}


@pytest.mark.parametrize(
    ("made_for", "algorithm"),
    [
        ("RS256", "ES256"),
        ("RS256", "HS256"),
        ("RS256", "none"),
        ("ES256", "ES384"),
        ("ML-DSA-44", "ML-DSA-65"),
        ("ML-DSA-44", "RS256"),
    ],
)
def test_a_public_key_in_pem_that_does_not_fit_the_algorithm_is_refused(made_for: str, algorithm: str) -> None:
    with pytest.raises(InvalidKeySet, match="not fit"):
        KeySet.from_pem(signing_key(made_for).pem, algorithm=algorithm)


@pytest.mark.parametrize("pem", ["", "\ud800", "no PEM", b"\xff\xfe"], ids=repr)
def test_text_without_a_public_key_is_refused(pem: str | bytes) -> None:
    with pytest.raises(InvalidKeySet, match="not a usable public key in PEM"):
        KeySet.from_pem(pem)


def test_a_weak_rsa_key_in_pem_is_refused() -> None:
    weak = SigningKey(rsa.generate_private_key(65537, 1024), "RS256")  # noqa: S505  (it must be refused)
    with pytest.raises(InvalidKeySet, match="RSA keys have 2048 to 16384 bits, this one has 1024"):
        KeySet.from_pem(weak.pem)


# A shared secret

SECRET: bytes = signing_key("HS512").private


def test_a_shared_secret_serves_whatever_kid_a_token_names() -> None:
    key_set = KeySet.from_secret(SECRET)
    assert [serves(key_set, "HS384", SECRET, kid) for kid in (None, "any")] == [True, True]


def test_a_shared_secret_can_be_kept_to_one_kid_and_one_algorithm() -> None:
    key_set = KeySet.from_secret(SECRET, kid="key-1", algorithm="HS256")
    assert key_set.algorithms == {"HS256"}
    assert serves(key_set, "HS256", SECRET, "key-1")
    with refused("unknown_key"):
        key_set.find("key-2", "HS256")


@pytest.mark.parametrize(
    ("secret", "algorithm", "why"),
    [
        (SECRET[:31], None, "HS256 takes at least 32 bytes, this one has 31"),
        (SECRET[:63], "HS512", "HS512 takes at least 64 bytes, this one has 63"),
        (SECRET, "RS256", "serves HS256, HS384 and HS512 only"),
        (signing_key("RS256").pem.encode(), None, "it is a public or private key"),
        ("s" * 64, None, "a shared secret is bytes, not str"),
    ],
    ids=["short", "short for the hash", "another algorithm", "a public key", "text"],
)
def test_what_cannot_be_a_shared_secret_is_refused(secret: Any, algorithm: str | None, why: str) -> None:
    with pytest.raises(InvalidKeySet, match=why):
        KeySet.from_secret(secret, algorithm=algorithm)


# Whatever is configured


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk(), jwk("HS256", kid="secret")]}))
    (tmp_path / "key.pem").write_text(signing_key("ES256").pem)
    (tmp_path / "large.json").write_text(json.dumps({"keys": [jwk()]}) + " " * MAX_BYTES)
    (tmp_path / "empty").touch()
    return tmp_path


def test_a_file_may_hold_a_jwk_set_or_pem(files: Path) -> None:
    for name in ("keys.json", "key.pem"):
        for path in (files / name, str(files / name)):
            for key_set in (KeySet.from_file(path), KeySet.of(path)):
                assert "ES256" in key_set.algorithms


def test_a_jwk_set_in_a_file_may_hold_a_shared_secret(files: Path) -> None:
    assert KeySet.from_file(files / "keys.json").algorithms == {"ES256", "HS256"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("absent.json", "cannot read the key file: .*No such file"),
        ("", "cannot read the key file: .*Is a directory"),
        ("nul\0.json", "cannot read the key file: embedded null byte"),
        ("n" * 5000, "cannot read the key file: .*too long"),
        ("empty", "an array 'keys'"),
        ("large.json", "at most 524288 bytes, this one has 524289$"),  # and no more of it is read than shows that
    ],
    ids=["absent", "directory", "NUL", "long name", "empty", "large"],
)
def test_a_file_that_cannot_be_read_or_holds_no_keys_is_refused(files: Path, name: str, why: str) -> None:
    with pytest.raises(InvalidKeySet, match=why):
        KeySet.from_file(files / name)
    with pytest.raises(InvalidKeySet, match=why):
        KeySet.of(files / name)


@pytest.mark.parametrize(
    ("keys", "algorithms"),
    [
        (ONE, {"ES256"}),
        ({"keys": [jwk()]}, {"ES256"}),
        ({"keys": [jwk("HS256")]}, {"HS256"}),
        (jwk(), {"ES256"}),
        (" \n" + json.dumps({"keys": [jwk("HS256")]}), {"HS256"}),
        (signing_key("ES256").pem, {"ES256"}),
        (signing_key("ES256").pem.encode(), {"ES256"}),
        ("\n# the issuer's key\n" + signing_key("ES256").pem, {"ES256"}),
        (SECRET, {"HS256", "HS384", "HS512"}),
    ],
    ids=[
        "KeySet",
        "JWK Set",
        "secret in a JWK Set",
        "JWK",
        "text",
        "PEM",
        "PEM in bytes",
        "PEM with a remark",
        "secret",
    ],
)
def test_keys_are_taken_in_whatever_form_they_are_configured(keys: Any, algorithms: set[str]) -> None:
    assert KeySet.of(keys).algorithms == algorithms


def test_a_key_set_is_taken_as_it_is() -> None:
    assert KeySet.of(ONE) is ONE


@pytest.mark.parametrize(
    "keys", [None, 1, [jwk()], ("a",), bytearray(64), object()], ids=lambda keys: type(keys).__name__
)
def test_keys_in_another_form_are_refused(keys: Any) -> None:
    with pytest.raises(InvalidKeySet, match=f"a secret in bytes, not {type(keys).__name__}"):
        KeySet.of(keys)


@pytest.mark.parametrize(
    "text",
    ["correct horse battery staple correct horse", "s3cret" * 2000, "s3cret\0s3cret", "s3cret\ud800"],
    ids=["secret", "long", "NUL", "surrogate"],
)
def test_text_that_may_be_a_secret_is_not_repeated(text: str) -> None:
    with pytest.raises(InvalidKeySet, match="a shared secret is bytes") as caught:
        KeySet.of(text)
    assert "s3cret" not in str(caught.value)
    assert "horse" not in str(caught.value)


def test_a_public_key_in_pem_can_be_kept_to_one_kid() -> None:
    key_set = KeySet.from_pem(signing_key("ES256").pem, kid="key-9")
    assert [key.kid for key in key_set.keys] == ["key-9"]
    assert key_set.find("key-9", "ES256") is key_set.keys[0]
    with refused("unknown_key"):
        key_set.find("key-8", "ES256")


def test_a_kid_stays_its_first_owner_s_whatever_keys_come_between() -> None:
    key_set = read(jwk("ES256"), jwk("ES384", kid="key-2"), jwk("ES256", number=1))
    assert [skipped.position for skipped in key_set.skipped] == [2]


def test_a_set_that_is_read_in_steps_takes_no_shared_secret_unless_told_to() -> None:
    found: list[KeySet] = []

    def steps() -> Iterator[None]:
        found.append((yield from KeySet.reading({"keys": [jwk("ES256"), jwk("HS256", kid="secret")]})))

    assert len(list(steps())) == 2
    assert found[0].algorithms == {"ES256"}


@pytest.mark.parametrize(
    ("key_set", "kid", "detail"),
    [
        (read(jwk("ES256")), "other", "no key for ES256 has the kid that the token names"),
        (read(jwk("ES384")), None, "no key fits ES256"),
        (
            read(jwk("ES256"), jwk("ES256", kid="key-2", number=1)),
            None,
            "2 keys fit ES256, and the token names none of them",
        ),
    ],
    ids=["another kid", "no key", "several"],
)
def test_the_operator_is_told_why_no_key_is_found(key_set: KeySet, kid: str | None, detail: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        key_set.find(kid, "ES256")
    assert caught.value.detail == detail


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"keys": {}}, "a JWK Set is a JSON object with an array 'keys'"),
        ({"keys": []}, "the JWK Set is empty"),
    ],
    ids=["no array", "empty"],
)
def test_what_is_wrong_with_a_document_is_said_plainly(document: Any, why: str) -> None:
    with pytest.raises(InvalidKeySet) as caught:
        KeySet.from_jwk_set(document)
    assert str(caught.value) == why


def test_text_that_is_neither_keys_nor_a_file_is_told_what_it_might_have_been() -> None:
    with pytest.raises(InvalidKeySet) as caught:
        KeySet.of("no such file")
    assert str(caught.value) == (
        "keys is a JWK Set, PEM or the path of a file where it is text, and there is no such file; "
        "a shared secret is bytes"
    )
