"""jwtguard/algorithms.py: each algorithm takes genuine signatures of its own and nothing else, and raises nothing."""

import runpy
import sys
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.backends.openssl.backend import Backend
from cryptography.hazmat.primitives import asymmetric, hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, mldsa, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from jwtguard import algorithms
from jwtguard.algorithms import (
    ALGORITHMS,
    ASYMMETRIC,
    SIGNING,
    SYMMETRIC,
    Verify,
    ec_key,
    ed25519_key,
    kind_of,
    mldsa_key,
    rsa_key,
    signer,
    verifier,
)
from tests.signing import sign, signing_key

SIGNING_INPUT = b"eyJhbGciOiJ4In0.e30"

# FIPS 186-4 appendix D.1.2
ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "ES512": (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
}


def verify_with(algorithm: str, number: int = 0) -> Verify:
    private = signing_key(algorithm, number=number).private
    return verifier(private if isinstance(private, bytes) else private.public_key(), ALGORITHMS[algorithm])


def genuine(algorithm: str) -> bytes:
    return signing_key(algorithm).signature(SIGNING_INPUT)


def test_the_algorithms_are_those_of_the_documentation() -> None:
    assert set(ALGORITHMS) == {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"),
        *("EdDSA", "Ed25519", "HS256", "HS384", "HS512", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"),
    }


@pytest.mark.parametrize(
    ("names", "key_type", "curve"),
    [
        (("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA", None),
        (("ES256",), "EC", "P-256"),
        (("ES384",), "EC", "P-384"),
        (("ES512",), "EC", "P-521"),
        (("EdDSA", "Ed25519"), "OKP", "Ed25519"),
        (("ML-DSA-44", "ML-DSA-65", "ML-DSA-87"), "AKP", None),
        (("HS256", "HS384", "HS512"), "oct", None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_each_algorithm_takes_one_kind_of_key(names: tuple[str, ...], key_type: str, curve: str | None) -> None:
    """RFC 8725 section 3.1; RFC 7518 sections 3 and 6."""
    assert {(ALGORITHMS[name].key_type, ALGORITHMS[name].curve) for name in names} == {(key_type, curve)}


def test_shared_secrets_are_not_among_what_an_issuer_may_sign_with_by_default() -> None:
    assert set(ASYMMETRIC) == ALGORITHMS.keys() - SYMMETRIC.keys()


@pytest.mark.parametrize("table", [ALGORITHMS, SYMMETRIC], ids=["algorithms", "symmetric"])
def test_the_tables_cannot_be_changed(table: Any) -> None:
    with pytest.raises(TypeError):
        table["none"] = table["HS256"]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_genuine_signature_verifies(name: str) -> None:
    assert verify_with(name)(SIGNING_INPUT, genuine(name)) is True


@pytest.mark.parametrize("name", ALGORITHMS)
def test_another_text_does_not_verify(name: str) -> None:
    verify = verify_with(name)
    for text in (b"", SIGNING_INPUT[:-1], SIGNING_INPUT + b"A", SIGNING_INPUT.swapcase()):
        assert verify(text, genuine(name)) is False


@pytest.mark.parametrize("name", ALGORITHMS)
def test_another_key_does_not_verify(name: str) -> None:
    assert verify_with(name, number=1)(SIGNING_INPUT, genuine(name)) is False


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_is_no_signature_does_not_verify_and_raises_nothing(name: str) -> None:
    verify, signature = verify_with(name), genuine(name)
    changed = [bytes([*signature[:at], signature[at] ^ 0x80, *signature[at + 1 :]]) for at in (0, len(signature) // 2)]
    lengths = [signature[:-1], signature[1:], signature + b"\0", b"\0" + signature, signature * 2]
    filled = [bytes([octet]) * size for octet in (0, 1, 255) for size in (0, 1, len(signature), 5000)]
    assert [verify(SIGNING_INPUT, wrong) for wrong in (*changed, *lengths, *filled)] == [False] * 19


@pytest.mark.parametrize("name", ["RS256", "PS256", "PS384", "PS512"])
def test_an_rsa_signature_is_as_long_as_the_modulus_though_it_begins_with_zero(name: str) -> None:
    """RFC 8017 sections 8.1.2 and 8.2.2, step 1: or else there would be two texts of one token."""
    private = signing_key(name).private
    signed = ((text, sign(private, name, text)) for text in map(bytes, range(10_000)))
    text, signature = next((text, signature) for text, signature in signed if signature[0] == 0)
    verify = verify_with(name)
    assert [verify(text, candidate) for candidate in (signature, signature[1:], b"\0" + signature)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("name", ["RS256", "PS256"])
def test_the_bits_of_an_rsa_modulus_need_not_fill_its_octets(name: str) -> None:
    private = rsa.generate_private_key(65537, 2050)
    signature = sign(private, name, SIGNING_INPUT)
    assert len(signature) == 257
    assert verifier(private.public_key(), ALGORITHMS[name])(SIGNING_INPUT, signature)


@pytest.mark.parametrize(
    ("name", "others"),
    [
        (name, [other for other in family if other != name])
        for family in (
            ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
            ("HS256", "HS384", "HS512"),
        )
        for name in family
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_signature_of_the_same_key_by_another_algorithm_does_not_verify(name: str, others: list[str]) -> None:
    private = signing_key("HS512" if name.startswith("HS") else "RS256").private
    verify = verifier(private if isinstance(private, bytes) else private.public_key(), ALGORITHMS[name])
    assert verify(SIGNING_INPUT, sign(private, name, SIGNING_INPUT))
    assert not any(verify(SIGNING_INPUT, sign(private, other, SIGNING_INPUT)) for other in others)


@pytest.mark.parametrize("name", ORDERS)
def test_an_ecdsa_signature_is_r_and_s_at_full_length_and_within_range(name: str) -> None:
    """RFC 7518 section 3.4."""
    verify, raw, order = verify_with(name), genuine(name), ORDERS[name]
    size = len(raw) // 2
    r, s = int.from_bytes(raw[:size]), int.from_bytes(raw[size:])
    wrong = {
        "DER": encode_dss_signature(r, s),
        "r and s exchanged": raw[size:] + raw[:size],
        "a byte more for each": b"\0" + raw[:size] + b"\0" + raw[size:],
        "a zero more in s": raw[:size] + b"\0" + raw[size:],
        **{
            f"r = {left}, s = {right}": numbers[0].to_bytes(size) + numbers[1].to_bytes(size)
            for left, right, *numbers in (
                ("0", "0", 0, 0),
                ("0", "s", 0, s),
                ("r", "0", r, 0),
                ("n", "s", order, s),
                ("r", "n", r, order),
                ("1", "1", 1, 1),
                ("n", "n", order, order),
                ("n + 1", "1", order + 1, 1),
            )
        },
    }
    if (largest := (1 << 8 * size) - 1) >= order + max(r, s):
        wrong |= {"r + n": (r + order).to_bytes(size) + raw[size:], "s + n": raw[:size] + (s + order).to_bytes(size)}
    wrong["the largest"] = largest.to_bytes(size) * 2
    assert [why for why, signature in wrong.items() if verify(SIGNING_INPUT, signature)] == []


def test_a_p_521_signature_with_a_number_beyond_the_order_does_not_verify() -> None:
    raw, order = genuine("ES512"), ORDERS["ES512"]
    for r, s in ((order, 0), (0, order)):
        beyond = (int.from_bytes(raw[:66]) + r).to_bytes(66) + (int.from_bytes(raw[66:]) + s).to_bytes(66)
        assert not verify_with("ES512")(SIGNING_INPUT, beyond)


@pytest.mark.parametrize("name", ["PS256", "PS384", "PS512"])
def test_a_pss_salt_is_as_long_as_the_hash(name: str) -> None:
    """RFC 7518 section 3.5."""
    private = signing_key(name).private
    digest = {"PS256": hashes.SHA256(), "PS384": hashes.SHA384(), "PS512": hashes.SHA512()}[name]
    verify = verify_with(name)
    for salt in (0, digest.digest_size - 1, digest.digest_size, digest.digest_size + 1, padding.PSS.MAX_LENGTH):
        signature = private.sign(SIGNING_INPUT, padding.PSS(padding.MGF1(digest), salt), digest)
        assert verify(SIGNING_INPUT, signature) is (salt == digest.digest_size)


def test_a_pss_mask_uses_the_same_hash() -> None:
    digest = hashes.SHA256()
    mask = padding.PSS(padding.MGF1(hashes.SHA1()), digest.digest_size)  # noqa: S303  (it must be refused)
    signature = signing_key("PS256").private.sign(SIGNING_INPUT, mask, digest)
    assert not verify_with("PS256")(SIGNING_INPUT, signature)


def test_the_two_names_of_ed25519_are_one_algorithm() -> None:
    """RFC 9864 section 2.2."""
    private = signing_key("EdDSA").private
    for name in ("EdDSA", "Ed25519"):
        assert verifier(private.public_key(), ALGORITHMS[name])(SIGNING_INPUT, private.sign(SIGNING_INPUT))


def test_ed25519_refuses_a_number_beyond_the_order() -> None:
    """RFC 8032 section 5.1.7."""
    signature = genuine("Ed25519")
    order = (1 << 252) + 27742317777372353535851937790883648493
    beyond = int.from_bytes(signature[32:], "little") + order
    assert not verify_with("Ed25519")(SIGNING_INPUT, signature[:32] + beyond.to_bytes(32, "little"))


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: signing_key("RS256").private, ("RSA", None, None)),
        (lambda: signing_key("ES256").private, ("EC", "P-256", None)),
        (lambda: signing_key("ES384").private, ("EC", "P-384", None)),
        (lambda: signing_key("ES512").private, ("EC", "P-521", None)),
        (lambda: signing_key("Ed25519").private, ("OKP", "Ed25519", None)),
        (lambda: signing_key("ML-DSA-44").private, ("AKP", None, "ML-DSA-44")),
        (lambda: signing_key("ML-DSA-65").private, ("AKP", None, "ML-DSA-65")),
        (lambda: signing_key("ML-DSA-87").private, ("AKP", None, "ML-DSA-87")),
    ],
    ids=["RSA", "P-256", "P-384", "P-521", "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"],
)
def test_the_kind_of_a_public_key_is_told(make: Any, kind: tuple[str, str | None, str | None]) -> None:
    assert kind_of(make().public_key()) == kind


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP256K1()),
        lambda: ec.generate_private_key(ec.SECP224R1()),
        lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
        ed448.Ed448PrivateKey.generate,
        x25519.X25519PrivateKey.generate,
        lambda: dsa.generate_private_key(1024),  # noqa: S505  (it must be refused)
    ],
    ids=["secp256k1", "P-224", "brainpool", "Ed448", "X25519", "DSA"],
)
def test_a_public_key_that_no_algorithm_takes_is_named(make: Any) -> None:
    public_key = make().public_key()
    with pytest.raises(ValueError, match=f"no signature algorithm takes a key of type {type(public_key).__name__}"):
        kind_of(public_key)


def test_keys_are_made_of_their_numbers() -> None:
    private = [signing_key(name).private for name in ("RS256", "ES384", "Ed25519", "ML-DSA-44")]
    n, e = private[0].public_key().public_numbers().n, private[0].public_key().public_numbers().e
    point = private[1].public_key().public_numbers()
    made = [
        rsa_key(n.to_bytes(256), e.to_bytes(3)),
        ec_key("P-384", point.x.to_bytes(48), point.y.to_bytes(48)),
        ed25519_key(private[2].public_key().public_bytes_raw()),
        mldsa_key("ML-DSA-44", private[3].public_key().public_bytes_raw()),
    ]
    assert made == [key.public_key() for key in private]


# The points whose order divides 8; the last four encodings are not even reduced (RFC 8032 section 5.1.3).
SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize(
    "make",
    [
        lambda: rsa_key(b"\xff" * 256, b"\1"),
        lambda: rsa_key(b"\xff" * 256, b"\2"),
        lambda: rsa_key(b"", b"\1\0\1"),
        lambda: rsa_key(b"\xff" * 255 + b"\xfe", b"\1\0\1"),
        lambda: ec_key("P-256", bytes(31), bytes(32)),
        lambda: ec_key("P-256", bytes(32), bytes(33)),
        lambda: ec_key("P-256", bytes(32), bytes(32)),
        lambda: ec_key("P-521", b"\xff" * 66, b"\xff" * 66),
        lambda: ed25519_key(bytes(31)),
        lambda: ed25519_key(bytes(33)),
        *(lambda x=x: ed25519_key(bytes.fromhex(x)) for x in SMALL_ORDER),
        lambda: mldsa_key("ML-DSA-44", bytes(1311)),
        lambda: mldsa_key("ML-DSA-65", bytes(1312)),
    ],
    ids=[
        "exponent 1",
        "even exponent",
        "no modulus",
        "even modulus",
        "x too short",
        "y too long",
        "off the curve",
        "beyond the field",
        "Ed25519 too short",
        "Ed25519 too long",
        *(f"Ed25519 of small order: {x}" for x in SMALL_ORDER),
        "ML-DSA too short",
        "ML-DSA of another level",
    ],
)
def test_numbers_that_make_no_key_are_refused(make: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (cryptography's texts)
        make()


@pytest.mark.parametrize("x", SMALL_ORDER)
def test_an_ed25519_key_for_which_anyone_can_sign_is_refused_as_such(x: str) -> None:
    """RFC 8725 section 3.4."""
    with pytest.raises(ValueError, match=r"^the point is of small order$"):
        ed25519_key(bytes.fromhex(x))


def test_an_openssl_without_ml_dsa_is_reported_like_a_bad_key(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lacking:
        @staticmethod
        def from_public_bytes(pub: bytes) -> None:
            raise UnsupportedAlgorithm("ML-DSA-44 is not supported by this version of OpenSSL.")

    monkeypatch.setattr(mldsa, "MLDSA44PublicKey", Lacking)
    with pytest.raises(ValueError, match="not supported by this version of OpenSSL"):
        mldsa_key("ML-DSA-44", bytes(1312))


def test_without_ml_dsa_in_cryptography_all_else_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(asymmetric, "mldsa")
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    older = runpy.run_path(str(algorithms.__file__), run_name="older")
    assert ALGORITHMS.keys() - older["ALGORITHMS"].keys() == {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"}
    assert older["kind_of"](signing_key("ES256").private.public_key()) == ("EC", "P-256", None)
    with pytest.raises(ValueError, match="no signature algorithm takes"):
        older["kind_of"](signing_key("ML-DSA-44").private.public_key())


# openssl ecparam -name secp112r1 -genkey -noout
UNKNOWN_CURVE = b"""-----BEGIN EC PRIVATE KEY-----
MD4CAQEEDlsA+tCUCD3n+/7KFVjloAcGBSuBBAAGoSADHgAEAM795pVHvWZS0J7/
zEQBgvf5Y3NgnJm4OW3xog==
-----END EC PRIVATE KEY-----
"""


def private_pem(private: Any, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem: bytes = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return pem


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "bytes"])
@pytest.mark.parametrize("name", ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"])
def test_what_this_resource_server_signs_verifies(name: str, as_text: bool) -> None:
    pem = private_pem(signing_key(name).private)
    signature = signer(pem.decode() if as_text else pem, name)(SIGNING_INPUT)
    assert verify_with(name)(SIGNING_INPUT, signature)


# RFC 6979 appendix A.2.5: a private key, and for each text the one signature.
RFC6979_KEY = ec.derive_private_key(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1())
RFC6979_SIGNATURES = {
    b"sample": "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    b"test": "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
    "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
}


@pytest.mark.parametrize("text", RFC6979_SIGNATURES)
def test_ecdsa_signatures_are_made_without_random_numbers(text: bytes) -> None:
    """RFC 8725 section 3.2."""
    assert signer(private_pem(RFC6979_KEY), "ES256")(text).hex() == RFC6979_SIGNATURES[text]


def without_openssl_3_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backend, "ecdsa_deterministic_supported", lambda _: False)


def without_cryptography_43(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ec.ECDSA
    monkeypatch.setattr(ec, "ECDSA", lambda algorithm: made(algorithm))


@pytest.mark.parametrize("without", [without_openssl_3_2, without_cryptography_43])
def test_an_older_library_that_makes_ecdsa_signatures_with_random_numbers_only_signs_all_the_same(
    without: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch)
    signature = signer(private_pem(signing_key("ES256").private), "ES256")(SIGNING_INPUT)
    assert verify_with("ES256")(SIGNING_INPUT, signature)


def test_each_half_of_an_ecdsa_signature_has_32_bytes_however_small_its_number_is() -> None:
    """RFC 7518 section 3.4. One of 256 numbers begins with a byte of zeros."""
    sign = signer(private_pem(RFC6979_KEY), "ES256")
    signatures = [sign(number.to_bytes(2)) for number in range(2000)]
    assert {len(signature) for signature in signatures} == {64}
    assert [any(signature[at] == 0 for signature in signatures) for at in (0, 32)] == [True, True]


def test_nothing_is_signed_with_none_or_with_a_shared_secret() -> None:
    """RFC 8725 section 3.2."""
    assert set(SIGNING) == {"RS256", "PS256", "ES256", "Ed25519", "EdDSA"}


@pytest.mark.parametrize(
    ("pem", "name", "why"),
    [
        (lambda: private_pem(signing_key("ES256").private, b"secret"), "ES256", "the private key is encrypted"),
        (lambda: signing_key("ES256").pem, "ES256", None),
        (lambda: b"", "ES256", None),
        (lambda: private_pem(signing_key("ES256").private), "RS256", "RS256 does not take this key"),
        (lambda: private_pem(signing_key("ES384").private), "ES256", "ES256 does not take this key"),
        (lambda: private_pem(signing_key("RS256").private), "EdDSA", "EdDSA does not take this key"),
        (lambda: private_pem(ed448.Ed448PrivateKey.generate()), "EdDSA", "takes a key of type Ed448PublicKey"),
        (lambda: UNKNOWN_CURVE, "ES256", "not supported"),
        (lambda: private_pem(rsa.generate_private_key(65537, 1024)), "RS256", "at least 2048 bits"),  # noqa: S505
    ],
    ids=["encrypted", "public", "empty", "EC for RSA", "other curve", "RSA for OKP", "Ed448", "unknown curve", "weak"],
)
def test_a_key_that_cannot_sign_so_is_refused(pem: Any, name: str, why: str | None) -> None:
    with pytest.raises(ValueError, match=why):
        signer(pem(), name)
