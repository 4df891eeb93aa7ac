"""jwtguard/shared_secret.py: a secret is long enough, and nothing that an attacker may know."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.shared_secret import secret_algorithms
from tests.signing import b64, signing_key
from tests.test_pem import UNKNOWN_CURVE, certificate

RSA = signing_key("RS256")
PUBLIC = RSA.private.public_key()
DER = PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
CERTIFICATE = load_pem_x509_certificate(certificate()).public_bytes(Encoding.DER)
UNKNOWN_DER = base64.b64decode(b"".join(UNKNOWN_CURVE.splitlines()[1:-1]))
SSH = PUBLIC.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def private_der(encryption: Any) -> bytes:
    der: bytes = RSA.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encryption)
    return der


KEYS = {
    "PEM": RSA.pem.encode(),
    "PEM with CRLF": RSA.pem.replace("\n", "\r\n").encode(),
    "PEM after a remark": b"# the issuer's key\n" + RSA.pem.encode(),
    "PEM of PKCS1": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
    "certificate": certificate(),
    "DER": DER,
    "DER of PKCS1": PUBLIC.public_bytes(Encoding.DER, PublicFormat.PKCS1),
    "DER of a certificate": CERTIFICATE,
    "DER of a private key": private_der(NoEncryption()),
    "DER of an encrypted private key": private_der(BestAvailableEncryption(b"secret")),
    "DER of an unsupported kind": UNKNOWN_DER,
    "base64": base64.b64encode(DER),
    "base64 in lines": base64.encodebytes(DER),
    "base64 without padding": base64.b64encode(DER).rstrip(b"="),
    "base64url": b64(DER).encode(),
    "base64 of a certificate": base64.b64encode(CERTIFICATE),
    "EC in base64": base64.b64encode(
        load_pem_public_key(signing_key("ES256").pem.encode()).public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
    ),
    "OpenSSH": SSH,
    "OpenSSH after white space": b"\n" + SSH,
    "authorized_keys": b'command="x" ' + SSH,
    "OpenSSH of DSA": b"ssh-dss AAAAB3NzaC1kc3MAAACBA" + b"A" * 40,
    "OpenSSH of Ed25519": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + b"A" * 40,
    "OpenSSH of a curve": b"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAA" + b"A" * 40,
    "OpenSSH certificate": b"sk-x-cert-v01@openssh.com AAAA" + b"A" * 40,
    "SSH2": b"---- BEGIN SSH2 PUBLIC KEY ----\n" + base64.b64encode(DER),
    "JWK": json.dumps(RSA.jwk).encode(),
    "JWK in lines": b"\n" + json.dumps(RSA.jwk, indent=2).encode(),
    "JWK Set": json.dumps(RSA.jwk_set).encode(),
    "empty JWK Set": b'{"keys": []}'.ljust(64),
}


@pytest.mark.parametrize("secret", KEYS.values(), ids=KEYS)
def test_a_key_is_no_secret(secret: bytes) -> None:
    """RFC 8725 section 2.1: whoever knows the public key could sign with it."""
    with pytest.raises(ValueError, match="it is a public or private key, not a secret"):
        secret_algorithms(secret, None)


@pytest.mark.parametrize(
    "secret", [None, "s" * 64, bytearray(64), memoryview(bytes(64)), 64], ids=lambda s: type(s).__name__
)
def test_a_secret_is_bytes(secret: Any) -> None:
    with pytest.raises(ValueError, match=f"a shared secret is bytes, not {type(secret).__name__}"):
        secret_algorithms(secret, None)


@pytest.mark.parametrize(
    ("size", "only", "names"),
    [
        (32, None, ["HS256"]),
        (48, None, ["HS256", "HS384"]),
        (64, None, ["HS256", "HS384", "HS512"]),
        (64, "HS256", ["HS256"]),
        (64, "HS512", ["HS512"]),
    ],
)
def test_a_secret_serves_the_hashes_that_it_is_as_long_as(size: int, only: str | None, names: list[str]) -> None:
    assert [algorithm.name for algorithm in secret_algorithms(b"\x93" * size, only)] == names


@pytest.mark.parametrize(
    ("size", "only", "why"),
    [
        (0, None, "HS256 takes at least 32 bytes, this one has 0"),
        (31, None, "HS256 takes at least 32 bytes, this one has 31"),
        (31, "HS256", "HS256 takes at least 32 bytes, this one has 31"),
        (47, "HS384", "HS384 takes at least 48 bytes, this one has 47"),
        (63, "HS512", "HS512 takes at least 64 bytes, this one has 63"),
        (64, "ES256", "a shared secret serves HS256, HS384 and HS512 only"),
        (64, "none", "a shared secret serves HS256, HS384 and HS512 only"),
    ],
)
def test_a_secret_that_is_too_short_or_for_another_algorithm_is_refused(size: int, only: str | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        secret_algorithms(b"\x93" * size, only)


@given(st.binary(min_size=64, max_size=96))
def test_random_bytes_are_taken(secret: bytes) -> None:
    assert len(secret_algorithms(secret, None)) == 3


@pytest.mark.parametrize(
    "secret",
    [
        b64(bytes(range(64))).encode(),
        bytes(range(64)).hex().encode(),
        b"correct horse battery staple " * 3,
        b"{" + bytes(range(128, 192)),
        b'correct "kty" horse "keys" battery',
    ],
    ids=["base64url of a secret", "hex of a secret", "a phrase", "a bracket in front", "a phrase that names members"],
)
def test_a_secret_written_as_text_is_taken(secret: bytes) -> None:
    assert secret_algorithms(secret, None)
