"""What a handler gets to see of a valid access token."""

from typing import Generic

import msgspec
from typing_extensions import TypeVar

from jwtguard.frozen import FrozenDict

Claims = TypeVar("Claims", default=FrozenDict)
"""The form of the claims; a `Guard` may be told another one."""


class AccessToken(msgspec.Struct, Generic[Claims], frozen=True, kw_only=True, gc=False):
    """A validated access token. Immutable, because every request that carries the token shares it.

    Attributes:
        subject: the `sub` claim: the resource owner, or the client itself where it acts for itself; None if absent.
        client_id: the client that the token was issued to (RFC 9068 section 2.2): `client_id`, else `azp`, else None.
        issuer: the `iss` claim, equal to a configured issuer.
        audience: the `aud` claim, always a tuple.
        scopes: the scope tokens (RFC 6749 section 3.3).
        expires_at: the `exp` claim, seconds since the epoch.
        issued_at: the `iat` claim, seconds since the epoch; None if absent.
        token_id: the `jti` claim; None if absent.
        roles: what stands under the issuer's `roles_claims`.
        permissions: what stands under the issuer's `permissions_claims`.
        claims: all claims, as they came.
        header: the JOSE header, as it came; empty for a token that introspection vouched for.
    """

    subject: str | None
    client_id: str | None
    issuer: str
    audience: tuple[str, ...]
    scopes: frozenset[str]
    expires_at: float
    issued_at: float | None
    token_id: str | None
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    claims: Claims
    header: FrozenDict

    def __repr__(self) -> str:
        return f"AccessToken(subject={self.subject!r}, client_id={self.client_id!r}, issuer={self.issuer!r})"
