"""The checks that a resource server makes of an access token, in the order in which it makes them."""

from dataclasses import dataclass
from typing import Final, Literal

from jwtguard.errors import JWTGuardError

Needs = Literal["token", "configuration", "keys"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: by which it goes here.
        asks: what it asks.
        needs: what it takes besides the clock: the token alone, your configuration too, or the issuer's keys.
    """

    name: str
    asks: str
    needs: Needs


CHECKS: Final = (
    Check("characters", "ASCII only", "token"),
    Check("size", "not longer than this API accepts", "token"),
    Check("shape", "a compact JWS: three segments, the first a JSON object", "token"),
    Check("crit", "no header extension is demanded", "token"),
    Check("header", "'alg', 'kid' and 'typ' are strings; not nested too deep", "token"),
    Check("encoding", "canonical base64url; the claims are a JSON object, not nested too deep", "token"),
    Check("iss", "the configured issuer, to the letter", "configuration"),
    Check("typ", "an access token, as the profile has it", "configuration"),
    Check("alg", "an allowed signature algorithm", "configuration"),
    Check("key", "the issuer publishes the key that the token names", "keys"),
    Check("signature", "made with that key", "keys"),
    Check("aud", "names this API", "configuration"),
    Check("exp", "present, and not past", "token"),
    Check("nbf", "not in the future, if present", "token"),
    Check("iat", "not in the future, if present", "token"),
    Check("required", "all required claims are present, with a value that is accepted", "configuration"),
    Check("claims", "'sub', the client, the scopes and 'jti' are of the right type", "token"),
    Check("cnf", "not bound to a proof of possession", "token"),
)
"""As `ResourceServer.validate` makes them; the first that fails gives the reason."""

_BY_REASON: Final = {
    "token_too_large": "size",
    "token_opaque": "shape",
    "token_encrypted": "shape",
    "critical_header_unsupported": "crit",
    "header_malformed": "header",
    "token_malformed": "encoding",
    "issuer_mismatch": "iss",
    "type_mismatch": "typ",
    "algorithm_not_allowed": "alg",
    "unknown_key": "key",
    "key_ambiguous": "key",
    "issuer_unreachable": "key",
    "signature_mismatch": "signature",
    "audience_mismatch": "aud",
    "expired": "exp",
    "not_yet_valid": "nbf",
    "issued_in_future": "iat",
    "claim_missing": "required",
    "claim_mismatch": "required",
    "claim_malformed": "claims",
    "confirmation_unsupported": "cnf",
}
_OWN_CHECK: Final = {
    "claim_missing": ("iss", "aud", "exp"),
    "claim_malformed": ("iss", "aud", "exp", "nbf", "iat"),
}


def failed_check(error: JWTGuardError, *, ascii_only: bool) -> str | None:
    """Tell which check an error comes from.

    Args:
        error: what was raised.
        ascii_only: whether the token is ASCII.

    Returns:
        The check's name; None where the error comes from none of them.
    """
    if not ascii_only:
        return "characters"
    if error.claim is not None and error.claim in _OWN_CHECK.get(error.reason, ()):
        return error.claim
    return _BY_REASON.get(error.reason)
