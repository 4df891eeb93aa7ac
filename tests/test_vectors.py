"""JOSE's published test vectors verify, and fail with a bit changed. Each file of tests/vectors names its source."""

import json
from pathlib import Path
from typing import Any

import pytest

from jwtguard import KeySet, Rules, verify
from jwtguard.encoding import decode_base64url
from tests.refusals import refused
from tests.signing import b64

FILES = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "vectors").glob("*.json"))}


def vectors(kind: str) -> list[Any]:
    return [
        pytest.param(vector, id=f"{name} {vector['section']}")
        for name, document in FILES.items()
        for vector in document[kind]
    ]


ACCEPTED = vectors("accepted")
WITH_CLAIMS = [vector for vector in ACCEPTED if vector.id in ("rfc7515 A.1", "rfc7515 A.2", "rfc7515 A.3")]


def key_set(vector: dict[str, Any]) -> KeySet:
    return KeySet.from_jwk_set({"keys": [vector["jwk"]]}, symmetric=True)


def taken_apart(vector: dict[str, Any]) -> tuple[bytes, bytes]:
    signing_input, _, signature = vector["jws"].rpartition(".")
    return signing_input.encode(), decode_base64url(signature)


def test_the_files_hold_what_was_published() -> None:
    assert [vector.id for vector in ACCEPTED] == [
        "draft-ietf-cose-dilithium ML-DSA-44",
        "draft-ietf-cose-dilithium ML-DSA-65",
        "draft-ietf-cose-dilithium ML-DSA-87",
        "rfc7515 A.1",
        "rfc7515 A.2",
        "rfc7515 A.3",
        "rfc7515 A.4",
        "rfc7520 4.1",
        "rfc7520 4.2",
        "rfc7520 4.3",
        "rfc7520 4.4",
        "rfc8037 A.4",
    ]


@pytest.mark.parametrize("vector", ACCEPTED)
def test_published_signature_verifies(vector: dict[str, Any]) -> None:
    header = json.loads(decode_base64url(vector["jws"].partition(".")[0]))
    key = key_set(vector).find(header.get("kid"), header["alg"])
    assert key.algorithm == vector["alg"]
    assert key.verify(*taken_apart(vector)) is True


@pytest.mark.parametrize("vector", ACCEPTED)
def test_published_signature_does_not_verify_with_one_bit_changed(vector: dict[str, Any]) -> None:
    key = key_set(vector).find(vector["jwk"].get("kid"), vector["alg"])
    signing_input, signature = taken_apart(vector)
    assert not key.verify(signing_input[:-1] + bytes([signing_input[-1] ^ 1]), signature)
    for position in (0, len(signature) // 2, len(signature) - 1):
        changed = bytearray(signature)
        changed[position] ^= 1
        assert not key.verify(signing_input, bytes(changed))


RULES = Rules(issuer="joe", audience="https://api.example.com", algorithms=("HS256", "RS256", "ES256"))


@pytest.mark.parametrize("vector", WITH_CLAIMS)
def test_published_jwt_passes_up_to_the_audience_that_it_lacks(vector: dict[str, Any]) -> None:
    with refused("claim_missing") as caught:
        verify(vector["jws"], key_set(vector), RULES, now=1300819379)
    assert caught.value.claim == "aud"


@pytest.mark.parametrize("vector", WITH_CLAIMS)
def test_published_jwt_is_refused_where_another_claim_replaces_one_of_its_own(vector: dict[str, Any]) -> None:
    header, claims, signature = vector["jws"].split(".")
    forged = b64(decode_base64url(claims).replace(b"joe", b"moe"))
    with refused("signature_mismatch"):
        verify(f"{header}.{forged}.{signature}", key_set(vector), RULES, now=1300819379)


@pytest.mark.parametrize("vector", vectors("refused"))
def test_published_jws_of_a_kind_that_is_no_access_token_is_refused(vector: dict[str, Any]) -> None:
    keys = KeySet.from_jwk_set({"keys": [FILES["rfc7515"]["accepted"][0]["jwk"]]}, symmetric=True)
    with refused(vector["reason"]):
        verify(vector["jws"], keys, RULES, now=1300819379)
