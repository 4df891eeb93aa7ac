"""Asking the authorization server, for the tokens that local validation cannot decide on, and for those only."""

import logging
import re
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from jwtguard.access_token import AccessToken
from jwtguard.claims import check_claims
from jwtguard.errors import InvalidToken, JWTGuardError, Unavailable
from jwtguard.frozen import FrozenDict
from jwtguard.introspector import Introspector
from jwtguard.issuer import TrustedIssuer
from jwtguard.jws import JWS
from jwtguard.verdicts import Declined

OPAQUE_REASONS: Final = frozenset({"token_opaque", "token_encrypted"})
"""The local refusals that mean: this is no JWS at all."""

_BEARER_SYNTAX: Final = re.compile(rb"[A-Za-z0-9\-._~+/]+=*").fullmatch
_LIKE_A_JWS: Final = re.compile(rb"e[yw3][^.]*\.[^.]*\.[^.]*").fullmatch
"""Three segments, of which the first begins as "{" does in base64url: a broken JWS is no opaque token."""

_NO_HEADER: Final = FrozenDict()

Route = Callable[[str], str | None]
"""Takes an opaque token; returns the URL of the issuer that is to be asked about it, or None to refuse it."""

_log = logging.getLogger("jwtguard.introspection")


class Decision(msgspec.Struct, frozen=True, gc=False):
    """A good access token.

    Attributes:
        token: what it means.
        confirmed: whether its authorization server has vouched for it just now.
    """

    token: AccessToken
    confirmed: bool = False


def undecided(refusal: JWTGuardError, jws: JWS, issuer: TrustedIssuer, *, now: float) -> bool:
    """Whether the issuer is to be asked about a JWS whose key was not found.

    A key ID that the issuer does publish, for another algorithm say, is a refusal like any other. And a token that
    would be refused even if its signature were good is not worth a question.

    Args:
        refusal: why no key was found.
        jws: the token, of which nothing is verified.
        issuer: whose it claims to be.
        now: seconds since the epoch.
    """
    if issuer.introspector is None or not issuer.introspector.takes("unknown_key"):
        return False
    return _key_cannot_be_had(refusal, jws, issuer, now) and _claims_would_do(jws, issuer, now)


def _key_cannot_be_had(refusal: JWTGuardError, jws: JWS, issuer: TrustedIssuer, now: float) -> bool:
    if isinstance(refusal, Unavailable):
        return True
    keys = issuer.keys.known(now)
    return refusal.reason == "unknown_key" and jws.kid is not None and keys is not None and not keys.names(jws.kid)


def _claims_would_do(jws: JWS, issuer: TrustedIssuer, now: float) -> bool:
    try:
        check_claims(jws.claims, _NO_HEADER, issuer.rules, now=now)
    except InvalidToken:
        return False
    return True


async def ask(introspector: Introspector, token: bytes, refusal: JWTGuardError) -> Decision:
    """Ask an issuer about a token, unless it has answered a moment ago.

    Args:
        introspector: what asks it.
        token: the token.
        refusal: what stands if the issuer does not speak of tokens of this kind.

    Raises:
        InvalidToken: where the token is not good.
        Unavailable: where there is no answer to be had.
    """
    recalled = introspector.recall(token)
    answer = await introspector.ask(token) if recalled is None else recalled
    if isinstance(answer, Declined):
        raise refusal
    return Decision(answer, confirmed=recalled is None)


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
        except (InvalidToken, Unavailable) as error:
            if error is refusal:
                continue
            error.issuer = issuer.rules.issuer
            if isinstance(error, InvalidToken) and error.reason != "inactive":
                raise
            last = last if isinstance(last, Unavailable) else error
    raise last


def routed(route: Route, token: bytes) -> str | None:
    """Return whom the application's own callable names for an opaque token.

    Raises:
        Unavailable: where it raises something, or returns anything but a string or None.
    """
    try:
        name = route(token.decode("ascii"))
    except Exception as error:  # noqa: BLE001  (it is the application's own code and may raise anything)
        why = f"the route raised {type(error).__name__}{_where(error)}"  # its text may hold the token
    else:
        if name is None or isinstance(name, str):
            return name
        why = f"the route returned a {type(name).__name__}, not the URL of an issuer"
    _log.error("an opaque token has no route: %s", why)
    raise Unavailable("introspection_unavailable", retry_after=1, detail=why)


def _where(error: Exception) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return "" if last is None else f" at {last.tb_frame.f_code.co_filename}:{last.tb_lineno}"


async def confirm(introspector: Introspector, token: bytes) -> None:
    """Ask about a token that was found good locally, whatever was answered before.

    Raises:
        InvalidToken: where the authorization server does not vouch for it.
        Unavailable: where there is no answer to be had.
    """
    _insist(introspector, await introspector.ask(token))


async def also_ask(introspector: Introspector, token: bytes, access_token: AccessToken) -> Decision:
    """Have an issuer vouch for a token that was found good locally, unless it has done so a moment ago.

    Raises:
        InvalidToken: where the authorization server does not vouch for it.
        Unavailable: where there is no answer to be had.
    """
    recalled = introspector.recall(token)
    _insist(introspector, await introspector.ask(token) if recalled is None else recalled)
    return Decision(access_token, confirmed=recalled is None)


def _insist(introspector: Introspector, answer: AccessToken | Declined) -> None:
    if isinstance(answer, Declined):
        raise introspector.unavailable(answer.why)
