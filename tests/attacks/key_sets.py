"""Irregular keys and key sets, as an issuer might publish them: none serves, and none takes the good keys along."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519

from tests.attacks.case import ACCEPTED, Case, Published, header, key, signed, table
from tests.signing import SigningKey, b64, b64_uint, good_claims, segment, signing_key

P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1

RSA = signing_key("RS256", kid="odd")
EC = signing_key("ES256", kid="odd", number=9)
ED = signing_key("Ed25519", kid="odd", number=9)


def without(jwk: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """A JWK without these members."""
    return {name: value for name, value in jwk.items() if name not in names}


def private_members(signer: SigningKey) -> dict[str, str]:
    """What a private JWK has beyond the public one (RFC 7518 sections 6.2.2 and 6.3.2)."""
    numbers = signer.private.private_numbers()
    if signer.algorithm == "ES256":
        return {"d": b64_uint(numbers.private_value, 32)}
    return {
        name: b64_uint(getattr(numbers, attribute))
        for name, attribute in zip(
            ("d", "p", "q", "dp", "dq", "qi"), ("d", "p", "q", "dmp1", "dmq1", "iqmp"), strict=True
        )
    }


def unfit_for_signatures() -> dict[str, tuple[SigningKey, Any]]:
    """Keys that are good in themselves, and not meant for this (RFC 7517 sections 4.2 to 4.4)."""
    changes: dict[str, Any] = {
        "for encryption": {"use": "enc"},
        "for both": {"use": "sig enc"},
        "for signatures in capitals": {"use": "SIG"},
        "whose use is null": {"use": None},
        "whose use is an array": {"use": ["sig"]},
        "that may sign only": {"key_ops": ["sign"]},
        "that may do nothing": {"key_ops": []},
        "whose key_ops is a string": {"key_ops": "verify"},
        "whose key_ops is null": {"key_ops": None},
        "for another curve": {"alg": "ES384"},
        "for another key type": {"alg": "RS256"},
        "for HMAC": {"alg": "HS256"},
        "for none": {"alg": "none"},
        "for key agreement": {"alg": "ECDH-ES"},
        "for an algorithm that nobody knows": {"alg": "XS256"},
        "for an algorithm in lower case": {"alg": "es256"},
        "whose alg is null": {"alg": None},
        "whose alg is an array": {"alg": ["ES256"]},
        "whose kid is a number": {"kid": 1},
        "whose kid is an array": {"kid": ["odd"]},
    }
    return {f"a key {name}": (EC, {**EC.jwk, **change}) for name, change in changes.items()}


def malformed() -> dict[str, tuple[SigningKey, Any]]:
    """Keys that are no public keys at all (RFC 7518 section 6)."""
    x, y = EC.jwk["x"], EC.jwk["y"]
    numbers = EC.private.public_key().public_numbers()
    changes: dict[str, Any] = {
        "not on the curve": {"y": x},
        "that is the origin": {"x": b64(bytes(32)), "y": b64(bytes(32))},
        "with a coordinate that is not reduced": {"x": b64_uint(P256_PRIME + 1, 32), "y": y},
        "with coordinates of zero length": {"x": "", "y": ""},
        "with a shorter coordinate": {"x": b64(numbers.x.to_bytes(32)[:-1])},
        "with a longer coordinate": {"x": b64(b"\x00" + numbers.x.to_bytes(32))},
        "with padding": {"x": f"{x}="},
        "in plain base64": {"x": "+" + x[1:]},
        "with a number for a coordinate": {"x": numbers.x},
        "with null for a coordinate": {"y": None},
        "on a curve in lower case": {"crv": "p-256"},
        "on a curve by another name": {"crv": "secp256r1"},
        "on another curve by name": {"crv": "P-384"},
        "on a curve that nobody knows": {"crv": "P-257"},
        "on null": {"crv": None},
        "of no type": {"kty": None},
        "of an unknown type": {"kty": "XX"},
        "of a type in lower case": {"kty": "ec"},
        "of another type": {"kty": "RSA"},
        "of the symmetric type": {"kty": "oct"},
    }
    return {
        **{f"a point {name}": (EC, {**EC.jwk, **change}) for name, change in changes.items()},
        **{f"a point without {name}": (EC, without(EC.jwk, name)) for name in ("x", "y", "crv", "kty")},
        "an Ed25519 key one byte short": (ED, {**ED.jwk, "x": ED.jwk["x"][:-2]}),
        "an Ed25519 key one byte long": (ED, {**ED.jwk, "x": ED.jwk["x"] + "AA"}),
        "an Ed25519 key called EC": (ED, {**ED.jwk, "kty": "EC"}),
    }


def small_order() -> dict[str, tuple[SigningKey, Any]]:
    """Ed25519 points with which one signature fits every message, without a private key (RFC 8032 section 5.1.7)."""
    points = {
        "the neutral element": "0100000000000000000000000000000000000000000000000000000000000000",
        "of order 2": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "of order 4": "0000000000000000000000000000000000000000000000000000000000000000",
        "of order 4, negated": "0000000000000000000000000000000000000000000000000000000000000080",
        "of order 8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "of order 8, negated": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "of order 8, the other": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "of order 8, the other negated": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "the neutral element, not reduced": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "of order 4, not reduced": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "of order 4, not reduced, negated": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    }
    return {
        f"an Ed25519 key that is {name}": (ED, {**ED.jwk, "x": b64(bytes.fromhex(x))}) for name, x in points.items()
    }


def weak() -> dict[str, tuple[SigningKey, Any]]:
    """RSA keys that are too small, too odd or too dear (RFC 7518 section 3.3), and published secrets."""
    short = SigningKey(rsa.generate_private_key(65537, 1024), "RS256", "odd")  # noqa: S505  (that it is refused is the point)
    n = RSA.private.public_key().public_numbers().n
    numbers: dict[str, Any] = {
        "with exponent 1": {"e": "AQ"},
        "with exponent 2": {"e": "Ag"},
        "with an even exponent": {"e": b64_uint(65536)},
        "with exponent 0": {"e": "AA"},
        "with a huge exponent": {"e": b64_uint(2**65 + 1)},
        "with an exponent as long as the modulus": {"e": b64_uint(n - 2)},
        "with an even modulus": {"n": b64_uint(n - 1)},
        "with modulus 0": {"n": "AA"},
        "with modulus 1": {"n": "AQ"},
        "of 2040 bits": {"n": b64_uint(n >> 8 | 1)},
        "of 20000 bits": {"n": b64_uint(2**20000 - 1)},
        "without exponent": {"e": ""},
        "with a number for modulus": {"n": 3},
        "with exponent in plain base64": {"e": "AQ+B"},
    }
    secret = signing_key("HS256", kid="odd")
    return {
        "an RSA key of 1024 bits": (short, short.jwk),
        **{f"an RSA key {name}": (RSA, {**RSA.jwk, **change}) for name, change in numbers.items()},
        "a shared secret": (secret, secret.jwk),
        "a shared secret that calls itself ES256": (secret, {**secret.jwk, "alg": "ES256"}),
        "an empty shared secret": (SigningKey(b"", "HS256", "odd"), {"kty": "oct", "k": "", "kid": "odd"}),
    }


def private_or_foreign() -> dict[str, tuple[SigningKey, Any]]:
    """Keys whose private half has been published with them, and keys of algorithms that do not sign."""
    x = b64(x25519.X25519PrivateKey.generate().public_key().public_bytes_raw())
    ed448_x = b64(ed448.Ed448PrivateKey.generate().public_key().public_bytes_raw())
    koblitz = ec.generate_private_key(ec.SECP256K1()).public_key().public_numbers()
    okp = {"kty": "OKP", "kid": "odd"}
    return {
        "a private EC key": (EC, {**EC.jwk, **private_members(EC)}),
        "a private RSA key": (RSA, {**RSA.jwk, **private_members(RSA)}),
        "a private Ed25519 key": (ED, {**ED.jwk, "d": b64(ED.private.private_bytes_raw())}),
        "an RSA key with a secret beside it": (RSA, {**RSA.jwk, "k": "c2VjcmV0"}),
        "an X25519 key": (ED, {**okp, "crv": "X25519", "x": x}),
        "an X25519 key for EdDSA": (ED, {**okp, "crv": "X25519", "x": x, "alg": "EdDSA"}),
        "an Ed448 key": (ED, {**okp, "crv": "Ed448", "x": ed448_x}),
        "a secp256k1 key": (
            EC,
            {"kty": "EC", "crv": "secp256k1", "x": b64_uint(koblitz.x, 32), "y": b64_uint(koblitz.y, 32), "kid": "odd"},
        ),
        "an ML-DSA key of another size": (
            ED,
            {"kty": "AKP", "alg": "ML-DSA-44", "pub": b64(bytes(1952)), "kid": "odd"},
        ),
        "an ML-DSA key without alg": (ED, {"kty": "AKP", "pub": b64(bytes(1312)), "kid": "odd"}),
    }


NO_KEYS: dict[str, Any] = {
    "null": None,
    "a number": 1,
    "a string": "key",
    "an array": [EC.jwk],
    "an empty object": {},
    "a set within the set": {"keys": [EC.jwk]},
}
"""Members of a key set that are no keys; the key that signs is not in the set."""


def single_keys() -> Iterator[Case]:
    for clause, keys in {
        "RFC 7517 section 4": unfit_for_signatures(),
        "RFC 8725 section 3.4 (a)": {**malformed(), **small_order()},
        "RFC 8725 section 3.5 (a)": weak(),
        "RFC 8725 section 3.4 (c)": private_or_foreign(),
        "RFC 7517 section 5": {f"a key that is {name}": (EC, value) for name, value in NO_KEYS.items()},
    }.items():
        for name, (signer, jwk) in keys.items():
            for order, members in {"before": [jwk, key().jwk], "behind": [key().jwk, jwk]}.items():
                published = Published({"keys": members})
                yield from table(clause, ACCEPTED, {f"a good key, with {name} {order} it": signed()}, keys=published)
            allowed = signer.algorithm if not signer.algorithm.startswith("HS") else "ES256"
            yield from table(
                (clause, "RFC 9068 section 4 (k)"),
                "unknown_key",
                {f"{name} has signed": _under(allowed, signer)},
                keys=Published({"keys": [jwk, key().jwk]}),
            )


def made_by_anyone() -> Iterator[Case]:
    """With the neutral element for a key, this one signature fits every message."""
    neutral = b"\x01".ljust(32, b"\x00")
    unsigned = f"{segment(header(alg='Ed25519', kid='odd'))}.{segment(good_claims(sub='anyone'))}"
    yield from table(
        ("RFC 8725 section 3.4 (a)", "RFC 6750 section 5.1 (a)"),
        "unknown_key",
        {"the signature that fits every message": f"{unsigned}.{b64(neutral + bytes(32))}"},
        keys=Published({"keys": [{**ED.jwk, "x": b64(neutral)}, key().jwk]}),
    )


def _under(algorithm: str, signer: SigningKey) -> str:
    """A token signed by the key, whatever its algorithm, whose header names one that is allowed."""
    signing_input = f"{segment(header(alg=algorithm, kid='odd'))}.{segment(good_claims())}"
    return f"{signing_input}.{b64(signer.signature(signing_input.encode()))}"


def several_keys() -> Iterator[Case]:
    imposter = signing_key("ES256", number=3)
    yield from table(
        "RFC 7517 section 4.5",
        "signature_mismatch",
        {"the second of two keys with one kid": imposter.token(None, header())},
        keys=Published({"keys": [key().jwk, imposter.jwk]}),
    )
    yield from table(
        "RFC 7517 section 4.5",
        ACCEPTED,
        {"the first of two keys with one kid": signed()},
        keys=Published({"keys": [key().jwk, imposter.jwk]}),
    )
    yield from table(
        "RFC 7517 section 4.5", ACCEPTED, {"a key published twice": signed()}, keys=Published({"keys": [key().jwk] * 2})
    )
    yield from table(
        "RFC 7517 section 5",
        ACCEPTED,
        {"a key with members that nobody knows": signed()},
        keys=Published(
            {"keys": [{**key().jwk, "x5c": ["nonsense"], "jku": "https://attacker.example", "n": 1}], "odd": 1}
        ),
    )
    many = [signing_key("Ed25519", kid=f"key-{number}").jwk for number in range(100, 199)]
    yield from table(
        "RFC 7517 section 5", ACCEPTED, {"the last of 100 keys": signed()}, keys=Published({"keys": [*many, key().jwk]})
    )


def documents() -> Iterator[Case]:
    jwk = key().jwk
    text = json.dumps(key().jwk_set).encode()
    unusable: dict[str, Any] = {
        "nothing": b"",
        "HTML": b"<html>Sign in</html>",
        "an array": [jwk],
        "a string": "keys",
        "null": None,
        "an empty object": {},
        "no keys": {"keys": []},
        "keys that are null": {"keys": None},
        "keys that are an object": {"keys": {"key-1": jwk}},
        "keys that are a string": {"keys": json.dumps([jwk])},
        "Keys": {"Keys": [jwk]},
        "keys twice, the last empty": text.removesuffix(b"}") + b', "keys": []}',
        "nothing but encryption keys": {"keys": [{**jwk, "use": "enc"}]},
        "nothing but secrets": signing_key("HS256").jwk_set,
        "101 keys": {"keys": [jwk] * 101},
        "more than 512 KiB": {"keys": [{**jwk, "filler": "x" * 600_000}]},
        "half a document": text[:-2],
        "two documents": text + text,
        "NaN": text.removesuffix(b"}") + b', "a": NaN}',
        "UTF-16": text.decode().encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf" + text,
        "a byte that is not UTF-8": text.replace(b"sig", b"\xff"),
        "arrays without end": b'{"keys": ' + b"[" * 100_000,
        "certificates": {"key-1": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"},
        "a JWS": signed().encode(),
    }
    for name, document in unusable.items():
        yield Case(
            name=f"a key set that is {name}",
            clauses=("RFC 7517 section 5",),
            sent=signed(),
            reason="issuer_unreachable",
            keys=Published(document),
        )


def cases() -> list[Case]:
    return [*single_keys(), *made_by_anyone(), *several_keys(), *documents()]
