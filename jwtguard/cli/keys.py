"""What is to be known of each member of a JWK Set: its kind and size, its thumbprint, and whether it serves."""

import json
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate

from jwtguard.encoding import decode_base64url, encode_base64url
from jwtguard.jwk import SECRET_MEMBERS
from jwtguard.key_set import members_of, sort_members

# RFC 7638 section 3.2, RFC 8037 section 2; of a shared secret nothing is shown, not even a hash.
_THUMBPRINT_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("e", "kty", "n"),
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "AKP": ("alg", "kty", "pub"),
}


@dataclass(frozen=True, slots=True)
class KeyCertificate:
    """The certificate that a key carries (RFC 7517 section 4.7). jwtguard uses the key alone.

    Attributes:
        not_before: the start of its validity.
        not_after: the end.
        same_key: whether it is a certificate of this key; None where the key cannot be read.
    """

    not_before: datetime
    not_after: datetime
    same_key: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedKey:
    """One member of a JWK Set.

    Attributes:
        position: where it stands, from 0.
        kid: its key ID, or None.
        type: its `kty`, or None.
        algorithm: its `alg`, or None.
        size: its bits or its curve; empty where neither can be told.
        use: its `use`, or None.
        exponent: of an RSA key, else None.
        thumbprint: RFC 7638, with SHA-256, in base64url; None where it has none.
        digest: SHA-256 of the public key, by which equal keys are recognised; None where it does not serve.
        serves: the algorithms that it verifies here.
        skipped: why it verifies none, or None.
        secret: the names of its parameters that nobody may publish.
        certificate: the first of its `x5c`, where it can be read.
    """

    position: int
    kid: str | None
    type: str | None
    algorithm: str | None
    size: str
    use: str | None
    exponent: int | None
    thumbprint: str | None
    digest: bytes | None
    serves: tuple[str, ...]
    skipped: str | None
    secret: tuple[str, ...]
    certificate: KeyCertificate | None


def published_keys(document: bytes | Mapping[str, Any]) -> tuple[PublishedKey, ...]:
    """Describe the members of a published JWK Set.

    Raises:
        InvalidKeySet: where the document is no JWK Set, or too large.
    """
    members = members_of(document)
    _, skipped = sort_members(members)
    why = {member.position: member.why for member in skipped}
    return tuple(
        _published_key(member if isinstance(member, Mapping) else {}, position, why.get(position))
        for position, member in enumerate(members)
    )


def _published_key(member: Mapping[str, Any], position: int, skipped: str | None) -> PublishedKey:
    keys, _ = sort_members([member])
    return PublishedKey(
        position=position,
        kid=_text(member, "kid"),
        type=_text(member, "kty"),
        algorithm=_text(member, "alg"),
        size=_size(member),
        use=_text(member, "use"),
        exponent=_exponent(member),
        thumbprint=thumbprint(member),
        digest=keys[0].digest if keys else None,
        serves=tuple(key.algorithm for key in keys) if skipped is None else (),
        skipped=skipped,
        secret=tuple(sorted(SECRET_MEMBERS & member.keys())),
        certificate=_certificate(member, keys[0].digest if keys else None),
    )


def thumbprint(member: Mapping[str, Any]) -> str | None:
    """Return the JWK thumbprint (RFC 7638) with SHA-256 in base64url; None where the key's type has none.

    Args:
        member: a JWK.
    """
    key_type = member.get("kty")
    names = _THUMBPRINT_MEMBERS.get(key_type) if isinstance(key_type, str) else None
    if names is None or not all(isinstance(member.get(name), str) for name in names):
        return None
    required = json.dumps({name: member[name] for name in names}, separators=(",", ":"), ensure_ascii=False)
    return encode_base64url(sha256(required.encode()).digest())


def _text(member: Mapping[str, Any], name: str) -> str | None:
    found = member.get(name)
    return found if isinstance(found, str) else None


def _octets(member: Mapping[str, Any], name: str) -> bytes:
    try:
        return decode_base64url(_text(member, name) or "")
    except ValueError:
        return b""


def _size(member: Mapping[str, Any]) -> str:
    if member.get("kty") == "RSA":
        bits = int.from_bytes(_octets(member, "n")).bit_length()
        return f"{bits} bits" if bits else ""
    return _text(member, "crv") or ""


def _exponent(member: Mapping[str, Any]) -> int | None:
    exponent = int.from_bytes(_octets(member, "e"))
    return exponent if member.get("kty") == "RSA" else None


def _certificate(member: Mapping[str, Any], digest: bytes | None) -> KeyCertificate | None:
    chain = member.get("x5c")
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        return None
    try:
        certificate = load_der_x509_certificate(a2b_base64(chain[0]))
        public_key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return KeyCertificate(
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        None if digest is None else sha256(public_key).digest() == digest,
    )
