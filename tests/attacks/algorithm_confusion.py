"""Attacks through `alg`: a public key for a secret, no signature at all, another algorithm than the key's."""

import json
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from jwtguard import KeySet
from tests.attacks.case import ACCEPTED, Case, each, header, key, key_set, signed, table
from tests.signing import SigningKey, b64, good_claims, segment, sign, signing_key

SIGNERS = ("RS256", "ES256", "Ed25519", "ML-DSA-44")
HMACS = ("HS256", "HS384", "HS512")
OTHER_ALGORITHMS = [
    *("RS1", "HS1", "ES256K", "ESP256", "Ed448", "A128KW", "dir", "RSA-OAEP", "RSA1_5", "PBES2-HS256+A128KW"),
    *("rs256", "es256", "Es256", "RS256 ", " RS256", "RS256\n", "\uff32\uff33256", "RS256,HS256", "", "null", "*"),
]
NONES = ("none", "None", "NONE", "nOnE", "none ", "nonE\u0000")
NOT_A_STRING = {"null": None, "a number": 256, "true": True, "an array": ["ES256"], "an object": {"alg": "ES256"}}


def public_forms(signer: SigningKey) -> Iterator[tuple[str, bytes]]:
    """Every form in which an attacker finds the public key, for use as a shared secret (RFC 8725 section 2.1)."""
    public = signer.private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    yield "PEM", pem
    yield "PEM without its last line break", pem.rstrip(b"\n")
    yield "PEM with CRLF", pem.replace(b"\n", b"\r\n")
    yield "the base64 within the PEM", b"".join(pem.split(b"\n")[1:-2])
    yield "DER", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield "JWK text", json.dumps(signer.jwk).encode()
    yield "JWK text without spaces", json.dumps(signer.jwk, separators=(",", ":")).encode()
    yield "the JWK Set's text", json.dumps(signer.jwk_set).encode()
    yield "kid", str(signer.kid).encode()
    if signer.algorithm == "RS256":
        yield "PKCS #1 PEM", public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
        yield "PKCS #1 DER", public.public_bytes(Encoding.DER, PublicFormat.PKCS1)
        yield "the modulus", public.public_numbers().n.to_bytes(256)
    if signer.algorithm == "ES256":
        yield "the point", public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if signer.algorithm in ("Ed25519", "ML-DSA-44"):
        yield "the raw key", public.public_bytes_raw()
    if signer.algorithm != "ML-DSA-44":
        yield "OpenSSH", public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def hmac_token(secret: bytes, algorithm: str) -> str:
    """A token with an HMAC in the place of the issuer's signature, and the issuer's key ID."""
    signing_input = f"{segment(header(alg=algorithm))}.{segment(good_claims())}"
    return f"{signing_input}.{b64(sign(secret, algorithm, signing_input.encode()))}"


def public_keys_as_secrets() -> Iterator[Case]:
    for signer in map(signing_key, SIGNERS):
        for form, secret in public_forms(signer):
            yield from table(
                ("RFC 8725 section 3.1 (b)", "RFC 8725 section 2.1", "RFC 9068 section 4 (a)"),
                "algorithm_not_allowed",
                {f"{hmac} with the {signer.algorithm} key's {form}": hmac_token(secret, hmac) for hmac in HMACS},
                keys=key_set(signer),
            )
        yield Case(
            name=f"HS256 with the {signer.algorithm} key's PEM, where HS256 is allowed",
            clauses=("RFC 8725 section 3.1 (c)",),
            sent=hmac_token(dict(public_forms(signer))["PEM"], "HS256"),
            reason="unknown_key",
            keys=key_set(signer),
            rules={"algorithms": (signer.algorithm, "HS256")},
        )
        yield Case(
            name=f"HS256 with the {signer.algorithm} key's PEM, where a secret has the same key ID",
            clauses=("RFC 8725 section 3.1 (c)",),
            sent=hmac_token(dict(public_forms(signer))["PEM"], "HS256"),
            reason="signature_mismatch",
            keys=key_set(signer, signing_key("HS256")),
            rules={"algorithms": (signer.algorithm, "HS256")},
        )
    yield from table(
        "RFC 9068 section 4 (a)",
        "algorithm_not_allowed",
        {"HS256 with a secret, where nobody allowed it": signing_key("HS256").token(None, header(alg="HS256"))},
        keys=key_set(key(), signing_key("HS256")),
    )
    yield from table(
        "RFC 8725 section 3.1 (c)",
        "algorithm_not_allowed",
        {"HS256 with the empty secret": hmac_token(b"", "HS256"), "HS256 with a zero": hmac_token(b"\x00", "HS256")},
    )


def unsigned() -> Iterator[Case]:
    claims = segment(good_claims())
    for algorithm in NONES:
        unsigned_input = f"{segment(header(alg=algorithm))}.{claims}"
        yield from table(
            ("RFC 8725 section 3.2 (d)", "RFC 9068 section 4 (j)", "RFC 9068 section 4 (m)"),
            "algorithm_not_allowed",
            {
                f"alg {algorithm!r} with a genuine signature": signed(None, header(alg=algorithm)),
                f"alg {algorithm!r} with another token's signature": f"{unsigned_input}.{signed().split('.')[2]}",
                f"alg {algorithm!r} with some signature": f"{unsigned_input}.{b64(b'x')}",
            },
        )
        yield from table(
            ("RFC 8725 section 3.2 (d)", "RFC 9068 section 4 (j)", "RFC 9068 section 4 (m)"),
            "token_malformed",
            {f"alg {algorithm!r} without a signature": f"{unsigned_input}."},
        )
        yield from table(
            "RFC 8725 section 3.2 (d)",
            "token_opaque",
            {f"alg {algorithm!r} without even the second dot": unsigned_input},
        )
    yield from table(
        "RFC 9068 section 4 (i)",
        "token_malformed",
        {"the signature cut off": f"{signed().rpartition('.')[0]}."},
    )


def other_algorithms() -> Iterator[Case]:
    yield from table(
        "RFC 8725 section 3.2 (a)",
        "algorithm_not_allowed",
        {f"alg {name!r}": signed(None, header(alg=name)) for name in OTHER_ALGORITHMS},
    )
    yield from table(
        "RFC 7515 section 4.1.1",
        "header_malformed",
        {
            **each(
                lambda alg: signed(None, header(alg=alg)), {f"alg is {name}": v for name, v in NOT_A_STRING.items()}
            ),
            "alg is missing": signed(None, header(alg=...)),
            "alg is written Alg": signed(None, {**header(alg=...), "Alg": "ES256"}),
        },
    )
    yield from table(
        "RFC 8725 section 3.1 (a)",
        "algorithm_not_allowed",
        {"an algorithm that this issuer is not allowed": signed()},
        rules={"algorithms": ("EdDSA", "RS256")},
        keys=key_set(key(), signing_key("RS256", kid="key-2")),
    )
    yield from table(
        "RFC 8725 section 3.1 (a)",
        ACCEPTED,
        {"the one algorithm that this issuer is allowed": signed()},
        rules={"algorithms": "ES256"},
    )
    for algorithm in ("RS384", "PS512", "ES384", "ES512", "EdDSA", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"):
        signer = signing_key(algorithm)
        yield from table(
            "RFC 8725 section 3.2 (b)", ACCEPTED, {f"alg {algorithm}": signer.token()}, keys=key_set(signer)
        )


def _says(algorithm: str, signer: SigningKey, *, signs: str) -> str:
    """A token whose header names one algorithm, signed by another."""
    signing_input = f"{segment(header(alg=algorithm))}.{segment(good_claims())}"
    return f"{signing_input}.{b64(signer.signature(signing_input.encode(), signs))}"


def _without_alg(signer: SigningKey) -> KeySet:
    return KeySet.from_jwk_set({"keys": [{name: value for name, value in signer.jwk.items() if name != "alg"}]})


def _es256_on(private: Any, size: int) -> str:
    """An ES256 token signed on another curve than P-256."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    signing_input = f"{segment(header())}.{segment(good_claims())}"
    r, s = decode_dss_signature(private.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signing_input}.{b64(r.to_bytes(size) + s.to_bytes(size))}"


def swapped() -> Iterator[Case]:
    rsa = signing_key("RS256")
    for name in ("PS256", "PS384", "RS384", "RS512"):
        yield from table(
            ("RFC 8725 section 3.1 (c)",),
            "unknown_key",
            {f"{name} by a key that is for RS256": _says(name, rsa, signs=name)},
            keys=key_set(rsa),
        )
    for says, signs in (("RS256", "PS256"), ("PS256", "RS256"), ("RS256", "RS512"), ("PS512", "PS256")):
        yield from table(
            "RFC 8725 section 3.1 (b)",
            "signature_mismatch",
            {f"{signs} under the name {says}, by a key without alg": _says(says, rsa, signs=signs)},
            keys=_without_alg(rsa),
        )
    # A key without `alg` does not say for which algorithm it is; `algorithms` does, where the issuer uses but one.
    any_alg = {name: _says(name, rsa, signs=name) for name in ("RS256", "RS512", "PS256")}
    yield from table(
        "RFC 7517 section 4.4",
        ACCEPTED,
        {f"{name} by a key without alg": token for name, token in any_alg.items()},
        keys=_without_alg(rsa),
    )
    yield from table(
        "RFC 8725 section 3.1 (c)",
        "algorithm_not_allowed",
        {f"{name} by a key without alg, of an issuer that uses RS256": any_alg[name] for name in ("RS512", "PS256")},
        keys=_without_alg(rsa),
        rules={"algorithms": "RS256"},
    )
    yield from table(
        "RFC 8725 section 3.1 (c)",
        ACCEPTED,
        {"RS256 by a key without alg, of an issuer that uses RS256": any_alg["RS256"]},
        keys=_without_alg(rsa),
        rules={"algorithms": "RS256"},
    )
    for algorithm in ("ES384", "ES512", "RS256", "EdDSA"):
        yield from table(
            "RFC 8725 section 3.1 (c)",
            "unknown_key",
            {f"an ES256 signature under the name {algorithm}": _says(algorithm, key(), signs="ES256")},
        )
    yield from table(
        "RFC 7518 section 3.4",
        "signature_mismatch",
        {
            "ES256 on P-384": _es256_on(signing_key("ES384").private, 48),
            "ES256 on secp256k1": _es256_on(ec.generate_private_key(ec.SECP256K1()), 32),
            "ES256 with SHA-512": _says("ES256", key(), signs="ES512"),
        },
    )
    yield from table(
        "RFC 8725 section 3.1 (c)",
        "unknown_key",
        {"EdDSA by a key that is for Ed25519": signing_key("Ed25519").token(None, header(alg="EdDSA"))},
        keys=key_set(signing_key("Ed25519")),
    )


def cases() -> list[Case]:
    return [*public_keys_as_secrets(), *unsigned(), *other_algorithms(), *swapped()]
