"""Members of JWK Sets for the tests, with anything added, replaced or left out."""

from typing import Any

from jwtguard import KeySet
from tests.signing import sign, signing_key

TEXT = b"signing input"

RSA_ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
SERVES = {
    "RS256": RSA_ALGORITHMS,
    "ES256": {"ES256"},
    "ES384": {"ES384"},
    "ES512": {"ES512"},
    "Ed25519": {"Ed25519", "EdDSA"},
    "ML-DSA-44": {"ML-DSA-44"},
    "ML-DSA-65": {"ML-DSA-65"},
    "ML-DSA-87": {"ML-DSA-87"},
    "HS512": {"HS256", "HS384", "HS512"},
}
"""What a key serves, by the algorithm that `signing_key` makes it for."""


def jwk(algorithm: str = "ES256", *, without: tuple[str, ...] = (), number: int = 0, **more: Any) -> dict[str, Any]:
    members = {**signing_key(algorithm, number=number).jwk, **more}
    return {name: value for name, value in members.items() if name not in without}


def read(*members: Any, symmetric: bool = False) -> KeySet:
    return KeySet.from_jwk_set({"keys": list(members)}, symmetric=symmetric)


def serves(key_set: KeySet, algorithm: str, private: Any, kid: str | None = "key-1") -> bool:
    return key_set.find(kid, algorithm).verify(TEXT, sign(private, algorithm, TEXT))
