"""What the server remembers, all of it in memory, bounded, and with an end: grants, codes and tokens.

A token counts only while it is remembered and its grant is. What falls out of memory is refused, never let in.
Codes and tokens are kept by their digests: whoever reads the memory finds nothing to present.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from cachetools import TLRUCache

MAX_REMEMBERED = 10_000
MAX_PENDING_LOGINS = 1_000
"""Fewer, because anybody may start one, with a query of some length."""


class _Ending(Protocol):
    @property
    def expires_at(self) -> float: ...


_E = TypeVar("_E", bound=_Ending)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a resource owner allowed a client, or what a client may do for itself. All its tokens end with it.

    Attributes:
        client_id: the client.
        subject: the resource owner, or the client itself.
        scopes: what is allowed.
        resource: the audience that tokens are for.
        expires_at: when it ends, seconds since the epoch.
        authenticated_at: when the resource owner logged in; None where none did.
        grant_id: its name in here.
    """

    client_id: str
    subject: str
    scopes: frozenset[str]
    resource: str
    expires_at: float
    authenticated_at: float | None = None
    grant_id: str = field(default_factory=lambda: secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What a client asked for at the authorization endpoint, checked (RFC 6749 section 4.1.1).

    Attributes:
        client_id: the client.
        redirect_uri: where the answer goes.
        scopes: what it asks for.
        resource: the audience.
        code_challenge: made of a verifier that only the client has.
        state: goes back as it came.
        nonce: goes into the ID token as it came.
    """

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    resource: str
    code_challenge: str
    state: str | None
    nonce: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """An authorization request that waits for the resource owner.

    Attributes:
        request: the request.
        expires_at: when it is given up.
        attempts: how many passwords were wrong.
    """

    request: AuthorizationRequest
    expires_at: float
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """A code (RFC 6749 section 4.1.2).

    Attributes:
        request: what it answers.
        grant: what the resource owner allowed.
        expires_at: when it ends.
        spent: whether it was presented before.
    """

    request: AuthorizationRequest
    grant: Grant
    expires_at: float
    spent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token, good for one use (RFC 9700 section 4.14).

    Attributes:
        client_id: whose it is.
        grant_id: what it belongs to.
        expires_at: when it ends.
        spent: whether it was presented before.
    """

    client_id: str
    grant_id: str
    expires_at: float
    spent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedAccessToken:
    """An access token, JWT or opaque.

    Attributes:
        claims: what it says.
        grant_id: what it belongs to.
        expires_at: when it ends.
    """

    claims: dict[str, Any]
    grant_id: str
    expires_at: float


class State:
    """All that is remembered.

    Attributes:
        grants: by their own names; taking one out ends all its tokens.
        pending_logins, codes, refresh_tokens, access_tokens: by the digest of the text that stands for them.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        """Remember nothing yet.

        Args:
            clock: returns the seconds since the epoch.
        """
        self.grants: TLRUCache[str, Grant] = _remembered(clock)
        self.pending_logins: TLRUCache[str, PendingLogin] = _remembered(clock, limit=MAX_PENDING_LOGINS)
        self.codes: TLRUCache[str, AuthorizationCode] = _remembered(clock)
        self.refresh_tokens: TLRUCache[str, RefreshToken] = _remembered(clock)
        self.access_tokens: TLRUCache[str, IssuedAccessToken] = _remembered(clock)

    def active_access_token(self, text: str) -> IssuedAccessToken | None:
        """Return what is known of an access token that was issued here, has not expired and was not revoked."""
        token = self.access_tokens.get(digest(text))
        return token if token is not None and token.grant_id in self.grants else None

    def revoke_grant(self, grant_id: str) -> None:
        """End a grant, and with it all its tokens."""
        self.grants.pop(grant_id, None)


def _remembered(clock: Callable[[], float], *, limit: int = MAX_REMEMBERED) -> "TLRUCache[str, _E]":
    """Beyond the limit, what was not asked about for longest is forgotten."""
    return TLRUCache(limit, ttu=lambda _name, value, _now: value.expires_at, timer=clock)


def digest(text: str) -> str:
    """Return the name under which a code or token is remembered."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
