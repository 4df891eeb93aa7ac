"""jwtguard/pem.py: one public key out of PEM text, and no other key."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from jwtguard.pem import is_pem, public_key_in
from tests.signing import signing_key
from tests.test_algorithms import private_pem

KEY = signing_key("ES256")
PUBLIC = KEY.pem.encode()
OTHER = signing_key("ES256", number=1).pem.encode()
PKCS1 = signing_key("RS256").private.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)


def certificate() -> bytes:
    """A certificate that expired long ago: its dates are not looked at."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "auth.example.com")])
    day = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, KEY.private.public_key(), 1, day, day + datetime.timedelta(days=1))
    return builder.sign(KEY.private, hashes.SHA256()).public_bytes(Encoding.PEM)


# openssl ecparam -name secp112r1 -genkey -noout | openssl pkey -pubout
UNKNOWN_CURVE = b"""-----BEGIN PUBLIC KEY-----
MDIwEAYHKoZIzj0CAQYFK4EEAAYDHgAEAM795pVHvWZS0J7/zEQBgvf5Y3NgnJm4
OW3xog==
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize(
    "text",
    [
        PUBLIC,
        b"\n\n  " + PUBLIC,
        PUBLIC.replace(b"\n", b"\r\n"),
        b"subject=CN = auth.example.com\n" + PUBLIC,
        certificate(),
        b"subject=CN = auth.example.com\n" + certificate(),
    ],
    ids=["public key", "white space", "CRLF", "a remark", "certificate", "a remark before a certificate"],
)
def test_the_public_key_is_found(text: bytes) -> None:
    assert is_pem(text)
    assert public_key_in(text) == KEY.private.public_key()


def test_an_rsa_key_in_its_own_format_is_found() -> None:
    assert public_key_in(PKCS1) == signing_key("RS256").private.public_key()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (private_pem(KEY.private), "it is a private key; a resource server needs the public key only"),
        (private_pem(KEY.private, b"secret"), "it is a private key"),
        (PUBLIC + private_pem(KEY.private), "it is a private key"),
        (PUBLIC + OTHER, "it holds several keys or certificates"),
        (certificate() + PUBLIC, "it holds several keys or certificates"),
        (UNKNOWN_CURVE, "not supported"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", None),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", None),
        (PUBLIC[:60], None),
        (b"", None),
    ],
    ids=[
        "private",
        "private and encrypted",
        "private beside public",
        "two keys",
        "certificate and key",
        "unknown curve",
        "empty key",
        "empty certificate",
        "cut off",
        "nothing",
    ],
)
def test_anything_else_is_refused(text: bytes, why: str | None) -> None:
    with pytest.raises(ValueError, match=why):
        public_key_in(text)


@pytest.mark.parametrize(
    "text",
    [b"", b"-----BEGIN", b"MIIB", b'{"keys": []}', b' {"pem": "-----BEGIN PUBLIC KEY-----"}'],
    ids=["nothing", "half a line", "base64", "JSON", "JSON that holds PEM"],
)
def test_other_text_is_not_taken_for_pem(text: bytes) -> None:
    assert not is_pem(text)


def test_a_key_of_any_curve_that_can_be_loaded_is_returned_for_others_to_judge() -> None:
    private = ec.generate_private_key(ec.SECP256K1())
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert public_key_in(pem) == private.public_key()
