"""How each library is told to validate an access token, as its documentation has it."""

import warnings
from typing import Any

import jwt as pyjwt
from jose import jwk as jose_jwk
from jose import jwt as jose_jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet as JoserfcKeySet

from examples.benchmarks.tokens import AUDIENCE, ISSUER, Signer
from examples.benchmarks.validation import Validate

with warnings.catch_warnings(record=True):  # Authlib says that joserfc will replace this part of it
    from authlib.jose import JsonWebKey, JsonWebToken


def peers(signer: Signer) -> dict[str, Validate]:
    """Return the validators, by the names that the tables have."""
    return {
        "Authlib": authlib(signer),
        "python-jose, key built once": python_jose_key_built_once(signer),
        "joserfc": joserfc(signer),
        "PyJWT": pyjwt_by_key_id(signer),
        "python-jose": python_jose(signer),
    }


def python_jose(signer: Signer) -> Validate:
    """As documented: the JWK Set goes in as it is, and its keys are built for each token."""
    keys, algorithms = signer.jwk_set, [signer.algorithm]
    return lambda token: jose_jwt.decode(token, keys, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER)


def python_jose_key_built_once(signer: Signer) -> Validate:
    """As it can be done by those who know: with a key object."""
    key, algorithms = jose_jwk.construct(signer.jwk, signer.algorithm), [signer.algorithm]
    return lambda token: jose_jwt.decode(token, key, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER)


def pyjwt_by_key_id(signer: Signer) -> Validate:
    """The key by the token's `kid`, out of a key set at hand, as `PyJWKClient` finds it when it has fetched."""
    keys = {key.key_id: key for key in pyjwt.PyJWKSet.from_dict(signer.jwk_set).keys}
    algorithms = [signer.algorithm]

    def validate(token: str) -> Any:
        key = keys[pyjwt.get_unverified_header(token)["kid"]]
        return pyjwt.decode(token, key, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER)

    return validate


def joserfc(signer: Signer) -> Validate:
    """With a key set, and a registry of claims."""
    keys, algorithms = JoserfcKeySet.import_key_set(signer.jwk_set), [signer.algorithm]  # type: ignore[arg-type]
    registry = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE}, exp={"essential": True}
    )

    def validate(token: str) -> Any:
        decoded = joserfc_jwt.decode(token, keys, algorithms=algorithms)
        registry.validate(decoded.claims)
        return decoded.claims

    return validate


def authlib(signer: Signer) -> Validate:
    """With a key set, and options for the claims."""
    keys, jwt = JsonWebKey.import_key_set(signer.jwk_set), JsonWebToken([signer.algorithm])
    options = {
        "iss": {"essential": True, "value": ISSUER},
        "aud": {"essential": True, "value": AUDIENCE},
        "exp": {"essential": True},
    }

    def validate(token: str) -> Any:
        claims = jwt.decode(token, keys, claims_options=options)
        claims.validate()
        return claims

    return validate
