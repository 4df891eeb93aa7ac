"""Keycloak."""

from collections.abc import Iterable

from jwtguard.errors import ConfigurationError
from jwtguard.http import check_url
from jwtguard.introspection import Introspection
from jwtguard.issuer import Issuer
from jwtguard.issuers.arguments import matching, names
from jwtguard.privileges import ClaimPath


def keycloak(
    url: str,
    *,
    realm: str,
    audience: str | Iterable[str] | None = None,
    clients: str | Iterable[str] = (),
    realm_roles: bool | None = None,
    jwks_uri: str | None = None,
    introspection: Introspection | None = None,
    allow_http: bool = False,
) -> Issuer:
    """Return a realm of Keycloak.

    The *claim* `typ` must be "Bearer": ID tokens have "ID" there, refresh tokens "Refresh" or "Offline", and DPoP-bound
    access tokens "DPoP". The client is read from `azp`, scopes from `scope`. Keys and the introspection endpoint are
    found through the realm's metadata.

    An access token does not name an API by itself: `aud` is "account" or absent until the realm says otherwise. Add
    the API to it with an "Audience" protocol mapper, or let "Audience Resolve" do so for the clients whose roles a
    token has, and name it as `audience`. Do not take "account" for it: nearly all tokens of a realm have that.

    See "Audience support" in the server administration guide and "Securing applications and services with OpenID
    Connect" at https://www.keycloak.org/documentation.

    Args:
        url: where Keycloak is, as its tokens have it: "https://sso.example.com"; with "/auth" up to version 16.
        realm: the realm's name.
        audience: the API's name in `aud`, its client ID usually, instead of the resource server's `audience`.
        clients: take the roles of these clients (`resource_access`). Equal names of several are one role.
        realm_roles: whether to take the realm's roles (`realm_access`); by default, where no clients are given.
        jwks_uri: where this API can have the keys, if not through the metadata at `url`: in a cluster, for example.
        introspection: how the realm is asked about tokens.
        allow_http: let plain http through to other machines, in a closed network.

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    check_url(url, what="Keycloak's URL", allow_http=allow_http)
    if "/realms" in url or "?" in url:
        raise ConfigurationError(f"Keycloak's URL ends before '/realms/…', such as 'https://sso.example.com': {url!r}")
    matching("a realm's name is of letters, digits and '-._~'", realm, r"[A-Za-z0-9\-._~]+", "acme")
    chosen = names("clients", clients, "invoices-api") if clients else ()
    paths: list[ClaimPath] = [("resource_access", client, "roles") for client in chosen]
    if realm_roles or (realm_roles is None and not chosen):
        paths.append(("realm_access", "roles"))
    return Issuer(
        f"{url.rstrip('/')}/realms/{realm}",
        jwks_uri=jwks_uri,
        introspection=introspection,
        audience=audience,
        claim_values={"typ": "Bearer"},
        client_id_claims="azp",
        roles_claims=tuple(paths),
        permissions_claims=(),
        allow_http=allow_http,
    )
