"""What kind of token a JWT seems to be; a guess, for whoever looks at one, and never a decision."""

from collections.abc import Mapping
from typing import Any, Final

UNKNOWN: Final = "a JWT that does not say what it is for"

_ACCESS: Final = "an access token"
_ID: Final = "an ID token"
_REFRESH: Final = "a refresh token"
_LOGOUT: Final = "a logout token"
_PROOF: Final = "a DPoP proof"
_EVENT: Final = "a security event token"
_BACKCHANNEL_LOGOUT: Final = "http://schemas.openid.net/event/backchannel-logout"

_BY_TYPE: Final[Mapping[str, str]] = {
    "at+jwt": f"{_ACCESS} (RFC 9068)",
    "dpop+jwt": f"{_PROOF} (RFC 9449)",
    "logout+jwt": f"{_LOGOUT} (OpenID Connect Back-Channel Logout)",
    "secevent+jwt": f"{_EVENT} (RFC 8417)",
    "token-introspection+jwt": "an introspection answer (RFC 9701)",
    "oauth-authz-req+jwt": "an authorization request (RFC 9101)",
    "client-authentication+jwt": "a client assertion (RFC 7523)",
    "entity-statement+jwt": "a federation entity statement",
}
# What Keycloak puts into a `typ` claim, and Amazon Cognito into `token_use`.
_BY_CLAIM: Final[Mapping[str, Mapping[str, str]]] = {
    "typ": {"bearer": _ACCESS, "id": _ID, "refresh": _REFRESH, "offline": _REFRESH, "logout": _LOGOUT},
    "token_use": {"access": _ACCESS, "id": _ID},
}
_ID_TOKEN_CLAIMS: Final = ("nonce", "at_hash", "c_hash")
_ACCESS_TOKEN_CLAIMS: Final = ("scope", "scp", "client_id")


def kind(header: Mapping[str, Any], claims: Mapping[str, Any]) -> tuple[str, str]:
    """Guess what kind of token it is.

    Args:
        header: the JOSE header.
        claims: the claims.

    Returns:
        The kind, and what tells.
    """
    type_ = header.get("typ")
    if isinstance(type_, str):
        named = _BY_TYPE.get(type_.lower().removeprefix("application/"))
        if named is not None:
            return named, "its header says so in 'typ'"
    for name, kinds in _BY_CLAIM.items():
        claim = claims.get(name)
        if isinstance(claim, str) and claim.lower() in kinds:
            return kinds[claim.lower()], f"the claim {name!r} says so"
    return _by_presence(claims)


def _by_presence(claims: Mapping[str, Any]) -> tuple[str, str]:
    events = claims.get("events")
    if isinstance(events, Mapping):
        return (_LOGOUT if _BACKCHANNEL_LOGOUT in events else _EVENT), "it has the claim 'events'"
    if "htm" in claims and "htu" in claims:
        return _PROOF, "it has the claims 'htm' and 'htu'"
    for name in _ID_TOKEN_CLAIMS:
        if name in claims:
            return _ID, f"it has the claim {name!r}"
    for name in _ACCESS_TOKEN_CLAIMS:
        if name in claims:
            return _ACCESS, f"it has the claim {name!r}"
    if "jti" in claims and isinstance(claims.get("sub"), str) and claims.get("iss") == claims["sub"]:
        return "a client assertion (RFC 7523)", "'iss' and 'sub' are the same"
    return UNKNOWN, "neither 'typ' nor a telling claim is there"
