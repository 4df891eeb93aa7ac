"""The whole decision as one pure function: a compact token, keys, rules and the time in, an access token out."""

from jwtguard.access_token import AccessToken
from jwtguard.claims import Rules, check_claims, check_header
from jwtguard.errors import InvalidToken
from jwtguard.jwk import VerificationKey
from jwtguard.jws import JWS, parse
from jwtguard.key_set import KeySet


def verify(token_text: str, keys: KeySet, rules: Rules, *, now: float) -> AccessToken:
    """Validate an access token without any network, clock or framework.

    The order of the checks is fixed, and the first that fails gives the reason: size, shape, `crit`, `typ`, `alg`, key,
    signature, then the claims: `iss`, `aud`, `exp`, `nbf`, `iat`, required claims and values, the types of the rest,
    `cnf`, those of another kind of token (RFC 7515 section 5.2, RFC 7519 section 7.2). They are looked at after the
    signature only.

    Args:
        token_text: the compact serialization.
        keys: the issuer's keys.
        rules: what its tokens must look like.
        now: seconds since the epoch.

    Raises:
        InvalidToken: with its `reason`.
    """
    jws = parse(token_bytes(token_text), max_bytes=rules.max_token_bytes)
    check_header(jws.algorithm, jws.type, rules)
    return check(jws, keys.find(jws.kid, jws.algorithm), rules, now=now)


def check(jws: JWS, key: VerificationKey, rules: Rules, *, now: float) -> AccessToken:
    """Check the signature with the key that the header names, then the claims.

    Raises:
        InvalidToken: `signature_mismatch`, or what `check_claims` refuses.
    """
    if not key.verify(jws.signing_input, jws.signature):
        raise InvalidToken(
            "signature_mismatch", detail=f"the {key.algorithm} signature does not match the issuer's key"
        )
    try:
        return check_claims(jws.claims, jws.header, rules, now=now)
    except InvalidToken as refusal:
        refusal.client_id = _client_of(jws, rules)
        raise


def _client_of(jws: JWS, rules: Rules) -> str | None:
    named = next((jws.claims[name] for name in rules.client_id_claims if name in jws.claims), None)
    return named if isinstance(named, str) else None


def token_bytes(token_text: str) -> bytes:
    """Return the token's bytes.

    Raises:
        InvalidToken: `token_malformed` where it is not ASCII.
    """
    try:
        return token_text.encode("ascii")
    except UnicodeEncodeError:
        raise InvalidToken("token_malformed", detail="the token has characters outside ASCII") from None
