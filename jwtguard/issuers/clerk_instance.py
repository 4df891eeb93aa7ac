"""Clerk."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from jwtguard.claim_values import ClaimValue
from jwtguard.errors import ConfigurationError
from jwtguard.issuer import Issuer
from jwtguard.issuers.arguments import domain, names
from jwtguard.privileges import ClaimPath


def clerk(
    frontend_api: str,
    *,
    authorized_parties: str | Iterable[str],
    organization: str | Iterable[str] | None = None,
) -> Issuer:
    """Return a Clerk instance, for its session tokens in the `Authorization` header (version 2).

    They have no `aud`: `azp`, the origin that a session began at, tells whose they are, and must be one of yours. Clerk
    leaves it out where a browser sends no `Origin`; its guide lets such tokens pass, its own library by now does not,
    and neither does this one. `sid` must be there: tokens of JWT templates, which are made for third parties, have
    none, nor have machine and OAuth tokens. A session whose status (`sts`) is "pending" is refused, as Clerk's library
    does: its user has not yet chosen an organization, for example. The role in the active organization, without
    "org:", is read from `o.rol`; permissions are packed in a way that is Clerk's own, and are not read.

    See "Session tokens", "Manual JWT verification" and "JWT templates" at https://clerk.com/docs.

    Args:
        frontend_api: the domain of the instance's Frontend API: "clerk.example.com", "quiet-owl-12.clerk.accounts.dev".
        authorized_parties: the origins of your applications, "https://app.example.com" for example.
        organization: the IDs of the organizations one of which must be active (`o.id`); any or none, by default. A role
            is worth nothing without its organization: where this is not given, look at `o.id` as well.

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    host = domain("a Frontend API", frontend_api, "clerk.example.com")
    parties = names("authorized_parties", authorized_parties, "https://app.example.com")
    for party in parties:
        _check_origin(party)
    values: dict[ClaimPath, ClaimValue | Iterable[ClaimValue]] = {"azp": parties, "sts": ("active", None)}
    if organization is not None:
        values["o", "id"] = names("organization", organization, "org_2xYzAbC")
    return Issuer(
        f"https://{host}",
        jwks_uri=f"https://{host}/.well-known/jwks.json",
        algorithms="RS256",
        require_audience=False,
        required_claims=("sub", "sid"),
        claim_values=values,
        client_id_claims="azp",
        roles_claims=[("o", "rol")],
        permissions_claims=(),
    )


def _check_origin(party: str) -> None:
    try:
        parts = urlsplit(party)
        origin = f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        origin = ""
    if origin != party or not parts.scheme or not parts.netloc or party != party.lower():
        raise ConfigurationError(
            f"authorized_parties holds origins such as 'https://app.example.com', without a path, not {party!r}"
        )
