"""An access token out of thin air, for tests that are about something else."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from jwtguard.access_token import AccessToken
from jwtguard.frozen import freeze


def made_up(
    *,
    subject: str | None = "subject-1",
    client_id: str | None = "client-1",
    scopes: Iterable[str] = (),
    roles: Iterable[str] = (),
    permissions: Iterable[str] = (),
    **claims: Any,
) -> Callable[[], AccessToken]:
    """Return a dependency that hands a route this token: `app.dependency_overrides[guard] = made_up(scopes=["read"])`.

    The guard is out of play then: nobody is refused, and no scope is checked, but for what `guard.require(…)` asks.

    Args:
        subject: the `sub` claim.
        client_id: the client.
        scopes: what the token allows.
        roles: the roles it grants.
        permissions: the permissions it grants.
        claims: more claims.
    """
    now = int(time.time())
    token = AccessToken(
        subject=subject,
        client_id=client_id,
        issuer="https://issuer.test",
        audience=("https://api.test",),
        scopes=frozenset(scopes),
        expires_at=now + 3600,
        issued_at=now,
        token_id=None,
        roles=frozenset(roles),
        permissions=frozenset(permissions),
        claims=freeze({"sub": subject, "client_id": client_id, **claims}),
        header=freeze({}),
    )
    return lambda: token
