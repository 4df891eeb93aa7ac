"""Attacks on the signature itself: forged, of degenerate numbers, of the wrong form, of another token."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.attacks.case import ACCEPTED, Case, header, key_set, signed, table
from tests.signing import SigningKey, b64, good_claims, segment, signing_key

# The orders of the groups (FIPS 186-5, SP 800-186; RFC 8032 section 5.1).
ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "ES512": 2**521 - 657877501894328237357444332315020117536923257219387276263472201219398408051703,
}
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def resigned(signer: SigningKey, make: Callable[[bytes], bytes], claims: dict[str, Any] | None = None) -> str:
    """A token whose signature is made from its signing input."""
    signing_input = f"{segment(header(alg=signer.algorithm))}.{segment(claims or good_claims())}"
    return f"{signing_input}.{b64(make(signing_input.encode()))}"


def ecdsa(algorithm: str) -> Iterator[Case]:
    signer, n, size = signing_key(algorithm), ORDERS[algorithm], (ORDERS[algorithm].bit_length() + 7) // 8

    def raw(r: int, s: int) -> str:
        return resigned(signer, lambda _: r.to_bytes(size) + s.to_bytes(size))

    def changed(change: Callable[[int, int], tuple[int, int]], width: int = size) -> str:
        def make(signing_input: bytes) -> bytes:
            genuine = signer.signature(signing_input)
            r, s = change(int.from_bytes(genuine[:size]), int.from_bytes(genuine[size:]))
            return r.to_bytes(width) + s.to_bytes(width)

        return resigned(signer, make)

    def der(signing_input: bytes) -> bytes:
        genuine = signer.signature(signing_input)
        return encode_dss_signature(int.from_bytes(genuine[:size]), int.from_bytes(genuine[size:]))

    most = 256**size - 1
    yield from table(
        ("RFC 8725 section 3.3 (a)", "RFC 7518 section 3.4"),
        "signature_mismatch",
        {
            f"{algorithm} {name}": token
            for name, token in {
                "r = s = 0": raw(0, 0),
                "r = 0": changed(lambda r, s: (0, s)),
                "s = 0": changed(lambda r, s: (r, 0)),
                "r = s = 1": raw(1, 1),
                "r = s = n": raw(n, n),
                "r = n": changed(lambda r, s: (n, s)),
                "s = n": changed(lambda r, s: (r, n)),
                "r = n - 1, s = 1": raw(n - 1, 1),
                "r and s are all ones": raw(most, most),
                "r and s exchanged": changed(lambda r, s: (s, r)),
                "r negated": changed(lambda r, s: (n - r, s)),
                "DER instead of r and s": resigned(signer, der),
                "a byte more in r and in s": changed(lambda r, s: (r, s), size + 1),
                "a byte too few": resigned(signer, lambda text: signer.signature(text)[:-1]),
                "a byte too many": resigned(signer, lambda text: signer.signature(text) + b"\x00"),
                "r only": resigned(signer, lambda text: signer.signature(text)[:size]),
                "twice over": resigned(signer, lambda text: signer.signature(text) * 2),
                "one byte": resigned(signer, lambda _: b"\x00"),
            }.items()
        },
        keys=key_set(signer),
    )
    # ECDSA has two signatures for everything that it has one for; JWS does not choose between them. So a token is not
    # its own name: what must not be used twice is told by `jti`.
    yield from table(
        "RFC 7518 section 3.4",
        ACCEPTED,
        {f"{algorithm} s negated, which verifies as well": changed(lambda r, s: (r, n - s))},
        keys=key_set(signer),
    )


def rsa_pkcs1() -> Iterator[Case]:
    signer = signing_key("RS256")
    numbers = signer.private.private_numbers()
    n, d = numbers.public_numbers.n, numbers.d

    def raised(encode: Callable[[bytes], bytes]) -> str:
        """Sign what no honest signer would: the block is encoded by hand (RFC 8017 section 9.2)."""
        return resigned(
            signer, lambda text: pow(int.from_bytes(encode(hashlib.sha256(text).digest())), d, n).to_bytes(256)
        )

    def padded(tail: bytes, filling: bytes = b"\xff") -> bytes:
        return b"\x00\x01" + filling * (253 - len(tail)) + b"\x00" + tail

    yield from table(
        ("RFC 8725 section 3.3 (a)", "RFC 8017 section 8.2.2"),
        "signature_mismatch",
        {
            "RS256 of zeros": resigned(signer, lambda _: bytes(256)),
            "RS256 of the number 1": resigned(signer, lambda _: (1).to_bytes(256)),
            "RS256 of the modulus": resigned(signer, lambda _: n.to_bytes(256)),
            "RS256 plus the modulus": resigned(
                signer, lambda text: (int.from_bytes(signer.signature(text)) + n).to_bytes(257)
            ),
            "RS256 with a zero in front": resigned(signer, lambda text: b"\x00" + signer.signature(text)),
            "RS256 cut short": resigned(signer, lambda text: signer.signature(text)[:-1]),
            "RS256 without NULL in the DigestInfo": raised(
                lambda digest: padded(bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + digest)
            ),
            "RS256 with bytes after the digest": raised(
                lambda digest: (b"\x00\x01" + b"\xff" * 8 + b"\x00" + SHA256_DIGEST_INFO + digest).ljust(256, b"\x00")
            ),
            "RS256 padded with other bytes": raised(lambda digest: padded(SHA256_DIGEST_INFO + digest, b"\xfe")),
            "RS256 of the bare digest": raised(padded),
        },
        keys=key_set(signer),
    )
    yield from table(
        "RFC 8017 section 8.2.2",
        ACCEPTED,
        {"RS256 encoded by hand, as it should be": raised(lambda digest: padded(SHA256_DIGEST_INFO + digest))},
        keys=key_set(signer),
    )
    cubed = SigningKey(rsa.generate_private_key(3, 2048), "RS256")
    yield from table(
        ("RFC 8725 section 3.3 (a)", "RFC 8017 section 8.2.2"),
        "signature_mismatch",
        {"RS256 by a cube root, of a key with exponent 3": resigned(cubed, cube_root_forgery)},
        keys=key_set(cubed),
    )


def cube_root_forgery(signing_input: bytes) -> bytes:
    """Bleichenbacher's: a number whose cube begins like a good block, for who does not look at the block's end."""
    block = b"\x00\x01" + b"\xff" * 8 + b"\x00" + SHA256_DIGEST_INFO + hashlib.sha256(signing_input).digest()
    most = int.from_bytes(block.ljust(256, b"\xff"))
    low, high = 0, 1 << (most.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= most else (low, middle - 1)
    assert (low**3).to_bytes(256).startswith(block)
    return low.to_bytes(256)


def rsa_pss() -> Iterator[Case]:
    signer = signing_key("PS256")
    sha256, sha1 = hashes.SHA256(), hashes.SHA1()  # noqa: S303  (that it is refused is the point)

    def pss(salt: Any, mask: Any = sha256, digest: Any = sha256) -> str:
        return resigned(
            signer,
            lambda text: bytes(signer.private.sign(text, padding.PSS(padding.MGF1(mask), salt), digest)),
        )

    yield from table(
        ("RFC 8725 section 3.3 (a)", "RFC 7518 section 3.5"),
        "signature_mismatch",
        {
            "PS256 without salt": pss(0),
            "PS256 with a short salt": pss(20),
            "PS256 with the longest salt": pss(padding.PSS.MAX_LENGTH),
            "PS256 with SHA-1 in its mask": pss(32, mask=sha1),
            "PS256 with SHA-512": pss(32, digest=hashes.SHA512()),
            "PS256 of zeros": resigned(signer, lambda _: bytes(256)),
        },
        keys=key_set(signer),
    )


def ed25519() -> Iterator[Case]:
    signer = signing_key("Ed25519")

    def plus_order(text: bytes) -> bytes:
        genuine = signer.signature(text)
        return genuine[:32] + (int.from_bytes(genuine[32:], "little") + ED25519_ORDER).to_bytes(32, "little")

    yield from table(
        ("RFC 8725 section 3.3 (a)", "RFC 8032 section 5.1.7"),
        "signature_mismatch",
        {
            "Ed25519 with S beyond the order": resigned(signer, plus_order),
            "Ed25519 of zeros": resigned(signer, lambda _: bytes(64)),
            "Ed25519 of the neutral element": resigned(signer, lambda _: b"\x01".ljust(64, b"\x00")),
            "Ed25519 cut short": resigned(signer, lambda text: signer.signature(text)[:63]),
            "Ed25519 too long": resigned(signer, lambda text: signer.signature(text) + b"\x00"),
        },
        keys=key_set(signer),
    )


def replaced() -> Iterator[Case]:
    header_text, claims, signature = signed().split(".")
    other = signed(sub="user-2").split(".")
    yield from table(
        (
            "RFC 8725 section 3.3 (a)",
            "RFC 6750 section 5.1 (a)",
            "RFC 6750 section 5.2 (b)",
            "RFC 9068 section 4 (i)",
            "RFC 9068 section 4 (m)",
            "RFC 6750 section 3.1 (b)",
        ),
        "signature_mismatch",
        {
            "claims changed": f"{header_text}.{segment(good_claims(sub='admin'))}.{signature}",
            "more scopes": f"{header_text}.{segment(good_claims(scope='admin'))}.{signature}",
            "a later exp": f"{header_text}.{segment(good_claims(exp=4_000_000_000))}.{signature}",
            "another token's claims": f"{header_text}.{other[1]}.{signature}",
            "another token's signature": f"{header_text}.{claims}.{other[2]}",
            "header changed": f"{segment(header(cty='x'))}.{claims}.{signature}",
            "header in another order": f"{segment(dict(reversed(header().items())))}.{claims}.{signature}",
            "signed by somebody else": signing_key("ES256", number=1).token(None, header()),
        },
    )


def cases() -> list[Case]:
    return [
        *(case for algorithm in ORDERS for case in ecdsa(algorithm)),
        *rsa_pkcs1(),
        *rsa_pss(),
        *ed25519(),
        *replaced(),
    ]
