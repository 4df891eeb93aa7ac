"""Auth0."""

from collections.abc import Iterable

from jwtguard.issuer import Issuer
from jwtguard.issuers.arguments import domain as checked_domain
from jwtguard.issuers.arguments import names
from jwtguard.privileges import ClaimPath


def auth0(
    domain: str,
    *,
    audience: str | Iterable[str] | None = None,
    organization: str | Iterable[str] | None = None,
    roles_claims: ClaimPath | Iterable[ClaimPath] = (),
) -> Issuer:
    """Return an Auth0 tenant.

    Both access token profiles will do: Auth0's own (`typ: JWT`, the client in `azp`) and RFC 9068 (`typ: at+jwt`, the
    client in `client_id`). ID tokens have neither claim, and are refused even where an API's identifier is a client's
    ID. Scopes are read from `scope`, permissions from `permissions` (RBAC with "Add Permissions in the Access Token").
    Tokens for `/userinfo` alone are opaque. APIs whose signing algorithm is HS256 are not served by this function.

    See "Access Token Profiles", "Validate Access Tokens" and "Signing Algorithms" at https://auth0.com/docs.

    Args:
        domain: the tenant's domain, or its custom domain if clients use that: tokens name the one they were got from.
        audience: the API's identifier, instead of the resource server's `audience`.
        organization: the IDs of the organizations whose users are let in (`org_id`); all tokens, by default.
        roles_claims: where an Action puts roles: Auth0 itself puts them nowhere. A name with a URL in it is one name.

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    tenant = checked_domain("an Auth0 domain", domain, "acme.eu.auth0.com")
    organizations = () if organization is None else names("organization", organization, "org_9ybsU1dN2dKfDkBi")
    return Issuer(
        f"https://{tenant}/",
        jwks_uri=f"https://{tenant}/.well-known/jwks.json",
        algorithms=("RS256", "PS256"),
        audience=audience,
        one_of_claims=("azp", "client_id"),
        claim_values={"org_id": organizations} if organizations else {},
        client_id_claims=("client_id", "azp"),
        roles_claims=roles_claims,
        permissions_claims="permissions",
    )
