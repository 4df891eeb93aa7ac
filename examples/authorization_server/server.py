"""The authorization server without its endpoints: it makes tokens, and knows which it made."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from examples.authorization_server.keys import SigningKeys
from examples.authorization_server.settings import Settings
from examples.authorization_server.state import Grant, IssuedAccessToken, RefreshToken, State, digest

OPENID = "openid"
"""The scope that asks for an ID token (OpenID Connect Core section 3.1.2.1)."""


class AuthorizationServer:
    """Makes access tokens, ID tokens and refresh tokens out of grants.

    Attributes:
        settings: how it was set up.
        keys: what it signs with.
        state: what it remembers.
        clock: returns the seconds since the epoch.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        """Start with a new key and no memory.

        Args:
            settings: how it is set up.
            clock: returns the seconds since the epoch.
        """
        self.settings = settings
        self.clock = clock
        self.keys = SigningKeys(settings.algorithm, publish_for=settings.access_token_lifetime, clock=clock)
        self.state = State(clock=clock)

    def token_answer(self, grant: Grant, *, scopes: frozenset[str], nonce: str | None = None) -> dict[str, Any]:
        """Make the tokens of one successful answer of the token endpoint (RFC 6749 section 5.1).

        Args:
            grant: what they rest on.
            scopes: what the access token allows; no more than the grant does.
            nonce: for the ID token.
        """
        client = self.settings.clients_by_id[grant.client_id]
        self.state.grants[grant.grant_id] = grant
        answer = {
            "access_token": self._access_token(grant, scopes, opaque=client.opaque_tokens),
            "token_type": "Bearer",
            "expires_in": self.settings.access_token_lifetime,
            "scope": " ".join(sorted(scopes)),
        }
        if grant.authenticated_at is None:
            return answer
        if OPENID in scopes:
            answer["id_token"] = self._id_token(grant, nonce)
        if "refresh_token" in client.grant_types:
            answer["refresh_token"] = self._refresh_token(grant)
        return answer

    def _access_token(self, grant: Grant, scopes: frozenset[str], *, opaque: bool) -> str:
        """RFC 9068 section 2; an opaque token stands for the same claims."""
        now = int(self.clock())
        expires_at = now + self.settings.access_token_lifetime
        claims = {
            "iss": self.settings.issuer,
            "aud": grant.resource,
            "sub": grant.subject,
            "client_id": grant.client_id,
            "iat": now,
            "exp": expires_at,
            "jti": secrets.token_urlsafe(16),
            "scope": " ".join(sorted(scopes)),
        }
        text = secrets.token_urlsafe(32) if opaque else self.keys.sign(claims, type_="at+jwt")
        self.state.access_tokens[digest(text)] = IssuedAccessToken(
            claims=claims, grant_id=grant.grant_id, expires_at=expires_at
        )
        return text

    def _id_token(self, grant: Grant, nonce: str | None) -> str:
        """OpenID Connect Core section 2: it tells the client who logged in, and is no access token."""
        now = int(self.clock())
        claims = {
            "iss": self.settings.issuer,
            "aud": grant.client_id,
            "sub": grant.subject,
            "iat": now,
            "exp": now + self.settings.access_token_lifetime,
            "auth_time": int(grant.authenticated_at or now),
        }
        return self.keys.sign(claims if nonce is None else {**claims, "nonce": nonce}, type_="JWT")

    def _refresh_token(self, grant: Grant) -> str:
        text = secrets.token_urlsafe(32)
        self.state.refresh_tokens[digest(text)] = RefreshToken(
            client_id=grant.client_id, grant_id=grant.grant_id, expires_at=grant.expires_at
        )
        return text
