"""Two other implementations, configured as strictly as they allow: PyJWT and joserfc."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, tzinfo
from functools import cache
from typing import Any, Self

import joserfc.errors
import joserfc.jwk
import joserfc.jwt
import jwt
import pytest
from joserfc.jws import JWSRegistry
from joserfc.registry import JWS_HEADER_REGISTRY

from tests.laws import tokens
from tests.signing import AUDIENCE, ISSUER, NOW

PYJWT_KNOWS = frozenset(
    {
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
        "HS256",
        "HS384",
        "HS512",
    }
)
JOSERFC_KNOWS = PYJWT_KNOWS | {"Ed25519"}


class Refused(Exception):
    """The other implementation refuses the token."""


@contextmanager
def pyjwt_at(now: int) -> Iterator[None]:
    """Have PyJWT, which cannot be told the time, take it for this one."""

    class Standing(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(now, tz)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jwt.api_jwt.datetime", Standing)
        yield


@cache
def _pyjwt_key(algorithm: str) -> jwt.PyJWK:
    return jwt.PyJWK(tokens.keys()[algorithm].jwk, algorithm)


def pyjwt(token: str, algorithm: str) -> dict[str, Any]:
    """Decode a token with PyJWT.

    Args:
        token: the compact serialization.
        algorithm: the only one allowed; its key is the only one tried.

    Raises:
        Refused: where it refuses.
    """
    try:
        return jwt.decode(
            token,
            _pyjwt_key(algorithm),
            algorithms=[algorithm],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=tokens.LEEWAY,
            options={"require": ["iss", "aud", "exp"], "enforce_minimum_key_length": True},
        )
    except jwt.PyJWTError as error:
        raise Refused(str(error)) from error


_USED = ("alg", "kid", "typ", "crit", "b64")


def _registry(algorithm: str) -> JWSRegistry:
    """Without the bounds that are ours to set, and without a look at header parameters that are used for nothing."""
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.header_registry = {name: JWS_HEADER_REGISTRY[name] for name in _USED}
    registry.max_header_length = registry.max_payload_length = registry.max_signature_length = 16384
    return registry


_CLAIMS = joserfc.jwt.JWTClaimsRegistry(
    now=NOW,
    leeway=tokens.LEEWAY,
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    exp={"essential": True},
)


@cache
def _joserfc_key(algorithm: str) -> Any:
    return joserfc.jwk.import_key(tokens.keys()[algorithm].jwk)


def joserfc_(token: str, algorithm: str) -> Mapping[str, Any]:
    """Decode a token with joserfc; the arguments are those of `pyjwt`.

    Raises:
        Refused: where it refuses.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of EdDSA, which RFC 9864 deprecates
            decoded = joserfc.jwt.decode(token, _joserfc_key(algorithm), registry=_registry(algorithm))
        _CLAIMS.validate(decoded.claims)
    except (joserfc.errors.JoseError, ValueError) as error:
        raise Refused(str(error)) from error
    return decoded.claims
