"""Asking the authorization server, for the tokens that local validation cannot decide on, and for those only."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from jwtguard.access_token import AccessToken
from jwtguard.errors import InvalidToken, JWTGuardError, Unavailable
from jwtguard.introspector import Introspector, Unanswered
from jwtguard.issuer import TrustedIssuer
from jwtguard.jws import JWS

OPAQUE_REASONS: Final = frozenset({"token_opaque", "token_encrypted"})
"""The local refusals that mean: this is no JWS at all."""

_BEARER_SYNTAX: Final = re.compile(rb"[A-Za-z0-9\-._~+/]+=*").fullmatch
_LIKE_A_JWS: Final = re.compile(rb"eyJ[^.]*\.[^.]*\.[^.]*").fullmatch


@dataclass(frozen=True, slots=True)
class Decision:
    """A good access token.

    Attributes:
        token: what it means.
        confirmed: whether its authorization server has vouched for it just now.
    """

    token: AccessToken
    confirmed: bool = False


def undecided(refusal: JWTGuardError, jws: JWS, issuer: TrustedIssuer, *, now: float) -> bool:
    """Whether the issuer is to be asked about a JWS whose key was not found.

    A key ID that the issuer does publish, for another algorithm say, is a refusal like any other.

    Args:
        refusal: why no key was found.
        jws: the token, of which nothing is verified.
        issuer: whose it claims to be.
        now: seconds since the epoch.
    """
    if issuer.introspector is None or not issuer.introspector.takes("unknown_key"):
        return False
    if isinstance(refusal, Unavailable):
        return True
    keys = issuer.keys.known(now)
    return refusal.reason == "unknown_key" and jws.kid is not None and keys is not None and not keys.names(jws.kid)


async def ask(introspector: Introspector, token: bytes, refusal: JWTGuardError) -> Decision:
    """Ask an issuer about a token, unless it has answered a moment ago.

    Args:
        introspector: what asks it.
        token: the token.
        refusal: what stands if the issuer declines to speak of tokens of this kind.

    Raises:
        InvalidToken: where the token is not good.
        Unavailable: where there is no answer to be had.
    """
    known = introspector.recall(token)
    if known is not None:
        return Decision(known)
    outcome = await introspector.ask(token)
    if isinstance(outcome, Unanswered):
        raise refusal
    return Decision(outcome, confirmed=True)


async def ask_about_opaque(issuers: Iterable[TrustedIssuer], token: bytes, refusal: InvalidToken) -> Decision:
    """Ask several issuers, one after the other, about a token that does not say whose it is.

    The first that calls it active decides. Where none does, one that could not be asked leaves the matter open.

    Args:
        issuers: whom to ask, in this order.
        token: the token.
        refusal: what stands if there is nobody to ask.

    Raises:
        InvalidToken: where it is not good.
        Unavailable: where an issuer could not be asked, and no other knows the token.
    """
    if _BEARER_SYNTAX(token) is None or _LIKE_A_JWS(token):
        raise refusal
    last: JWTGuardError = refusal
    for issuer in issuers:
        if issuer.introspector is None or not issuer.introspector.takes("opaque"):
            continue
        try:
            return await ask(issuer.introspector, token, refusal)
        except Unavailable as error:
            last = error
        except InvalidToken as error:
            if error is not refusal and error.reason != "inactive":
                raise
            if not isinstance(last, Unavailable):
                last = error
    raise last


async def confirm(introspector: Introspector, token: bytes) -> None:
    """Ask about a token that was found good locally.

    Raises:
        InvalidToken: where the authorization server does not vouch for it.
        Unavailable: where there is no answer to be had.
    """
    outcome = await introspector.ask(token)
    if isinstance(outcome, Unanswered):
        raise introspector.unavailable(outcome.why)
