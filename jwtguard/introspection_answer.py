"""What an introspection endpoint said, and how much of it is believed (RFC 7662 section 2.2, RFC 9701). Pure."""

from collections.abc import Mapping
from typing import Any, Final

from jwtguard.access_token import AccessToken
from jwtguard.claims import Rules, check_claims
from jwtguard.encoding import decode_object
from jwtguard.errors import InvalidToken
from jwtguard.frozen import FrozenDict
from jwtguard.jws import JWS

SIGNED_MEDIA_TYPE: Final = "application/token-introspection+jwt"
SIGNED_ANSWER_SECONDS: Final = 60.0
"""How old a signed answer may be, beyond the leeway: an old one would say that a revoked token is active."""

_SIGNED_TYPES: Final = frozenset({"token-introspection+jwt", SIGNED_MEDIA_TYPE})
_NO_HEADER: Final = FrozenDict()

# What servers call an access token in an answer, where they say. A refresh or ID token may be just as active.
_ACCESS_TOKEN_KINDS: Final[dict[str, frozenset[str]]] = {
    "token_type": frozenset({"bearer", "access_token"}),
    "token_use": frozenset({"access_token", "access"}),
    "typ": frozenset({"bearer", "at+jwt", "jwt"}),
}


class UnusableAnswer(Exception):
    """The endpoint answered with something that says neither yes nor no; the text says what."""


def read_answer(body: bytes) -> dict[str, Any] | None:
    """Return the members of an answer about an active token, or None for an inactive one.

    Args:
        body: the body of a response of status 200.

    Raises:
        UnusableAnswer: where it is not a JSON object whose `active` is a JSON boolean.
    """
    try:
        return members_if_active(decode_object(body))
    except ValueError:
        raise UnusableAnswer("the answer is not a JSON object") from None


def members_if_active(answer: Any) -> dict[str, Any] | None:
    """Return the members if the token is active, None if it is not.

    Raises:
        UnusableAnswer: where `active` is not a JSON boolean: "true", 1 and the like vouch for nothing.
    """
    active = answer.get("active") if isinstance(answer, dict) else None
    if active is True:
        return dict(answer)
    if active is False:
        return None
    raise UnusableAnswer("'active' is missing or not a boolean")


def read_signed_answer(jws: JWS, rules: Rules, *, recipients: frozenset[str], now: float) -> dict[str, Any] | None:
    """Return the members of a signed answer about an active token, or None for an inactive one (RFC 9701 section 5).

    Args:
        jws: the answer, whose signature has been verified with the issuer's key.
        rules: whose `issuer` must have made it.
        recipients: the names of this resource server, one of which it must be meant for.
        now: seconds since the epoch.

    Raises:
        UnusableAnswer: where it is another kind of JWT, another's, or an old one.
    """
    if jws.type is None or jws.type.lower() not in _SIGNED_TYPES:
        raise UnusableAnswer("the signed answer's 'typ' is not 'token-introspection+jwt'")
    if jws.claims.get("iss") != rules.issuer:
        raise UnusableAnswer("the signed answer's 'iss' is not the issuer")
    audience = jws.claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(name, str) and name in recipients for name in named):
        raise UnusableAnswer("the signed answer's 'aud' is not this resource server")
    made_at = jws.claims.get("iat")
    within = rules.leeway + SIGNED_ANSWER_SECONDS
    if not isinstance(made_at, (int, float)) or not now - within <= made_at <= now + within:
        raise UnusableAnswer("the signed answer's 'iat' is not a moment ago")
    return members_if_active(jws.claims.get("token_introspection"))


def check_answer(members: Mapping[str, Any], rules: Rules, *, now: float) -> AccessToken:
    """Check the members of an answer by the rules that a JWT of this issuer would have to satisfy.

    An absent `iss` is the issuer that was asked.

    Args:
        members: of an answer about an active token.
        rules: what they must satisfy.
        now: seconds since the epoch.

    Raises:
        InvalidToken: with the first true reason; `type_mismatch` where it is no bearer access token.
    """
    for name, kinds in _ACCESS_TOKEN_KINDS.items():
        if name not in members:
            continue
        kind = members[name]
        if not isinstance(kind, str) or kind.lower() not in kinds:
            raise InvalidToken("type_mismatch", detail=f"the introspection answer's {name!r} is not an access token's")
    if not rules.require_audience and not rules.allowed_values and _is_silent(members):
        raise InvalidToken(
            "type_mismatch", detail="the introspection answer says neither for whom the token is nor of what type"
        )
    claims = {"iss": rules.issuer, **members}
    return check_claims(claims, _NO_HEADER, rules, now=now)


def _is_silent(members: Mapping[str, Any]) -> bool:
    """Whether it may just as well be a refresh token: oidc-provider for one calls those active and says no more."""
    return "aud" not in members and _ACCESS_TOKEN_KINDS.keys().isdisjoint(members)
