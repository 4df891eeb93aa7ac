"""Microsoft Entra ID: one tenant, several, or all that there are."""

import re
from collections.abc import Iterable
from typing import Final, Literal

from jwtguard.claims import Rules
from jwtguard.errors import ConfigurationError
from jwtguard.issuer import Issuer
from jwtguard.issuers.arguments import matching, names
from jwtguard.privileges import ClaimPath
from jwtguard.tenants import Resolver

Version = Literal["1.0", "2.0"]

ANY_TENANT: Final = "any tenant"
"""For `entra_id_tenants`: let every organization in, and personal Microsoft accounts."""

_LOGIN: Final = "https://login.microsoftonline.com"
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_EXAMPLE: Final = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
_SHARED: Final = ("common", "organizations")
_KEYS_OF_ALL: Final = f"{_LOGIN}/{{tenantid}}/v2.0"
"""What Microsoft writes into the `issuer` of a key that signs for every organization."""
_CONSUMERS: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of personal Microsoft accounts, whose tokens may be signed by keys of its own."""
_ISSUER: Final = {"1.0": "https://sts.windows.net/{}/", "2.0": f"{_LOGIN}/{{}}/v2.0"}
_CLIENT_CLAIM: Final = {"1.0": "appid", "2.0": "azp"}


def entra_id(
    tenant: str,
    *,
    version: Version = "2.0",
    audience: str | Iterable[str] | None = None,
    roles_claims: ClaimPath | Iterable[ClaimPath] = ("roles",),
) -> Issuer:
    """Return one tenant of Microsoft Entra ID (in its global cloud).

    `tid` must be the tenant and `ver` the version. `appid` (1.0) or `azp` (2.0), which no ID token has, must be there,
    and so must `scp` or `roles`: every application of a tenant can get a token without them for every API. Of the keys
    of version 2.0, only those count that say in their `issuer` that they sign for this tenant or for all. Scopes are
    read from `scp`, app roles from `roles`. Microsoft names RS256 as an example of the algorithm; nothing else is let
    in. Tokens for Microsoft Graph are not for you, and cannot be validated.

    See "Access tokens in the Microsoft identity platform", "Access token claims reference" and "Secure applications and
    APIs by validating claims" at https://learn.microsoft.com/entra/identity-platform.

    Args:
        tenant: its ID.
        version: of the access tokens, as the API's registration has it (`requestedAccessTokenVersion`: null is 1.0).
        audience: the API's client ID (2.0) or its application ID URI and its client ID (1.0), instead of the resource
            server's `audience`.
        roles_claims: where roles are, "groups" and "wids" for others. Where a user has many groups, "groups" is absent.

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    _check_version(version)
    if tenant in (*_SHARED, "consumers"):
        instead = f"its tenant ID is {_CONSUMERS!r}" if tenant == "consumers" else "write entra_id_tenants(…) for those"
        raise ConfigurationError(f"{tenant!r} stands for the tenants of others, and no token names it: {instead}")
    return _tenant(_tenant_id(tenant), version, audience, roles_claims, own_keys=True)


def entra_id_tenants(
    tenants: str | Iterable[str],
    *,
    version: Version = "2.0",
    audience: str | Iterable[str] | None = None,
    roles_claims: ClaimPath | Iterable[ClaimPath] = ("roles",),
) -> Resolver:
    """Return several tenants of Microsoft Entra ID, or all: `ResourceServer(resolver=entra_id_tenants([…]), …)`.

    Each is as `entra_id` has it; `tid` must be the tenant that `iss` names. The tokens of version 2.0 are verified with
    the keys that Microsoft publishes for all tenants, fetched once. Those keys say for whom they sign, and keys of
    personal accounts sign for no organization. Keys of version 1.0 do not say so: each tenant's own are fetched, and
    any tenant cannot be let in. Whoever lets any tenant in must keep their data apart by `tid`.

    Args:
        tenants: their IDs, or `ANY_TENANT`.
        version: as for `entra_id`.
        audience: as for `entra_id`.
        roles_claims: as for `entra_id`.

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    _check_version(version)
    allowed = None if tenants == ANY_TENANT else frozenset(map(_tenant_id, names("tenants", tenants, _EXAMPLE)))
    if allowed is None and version == "1.0":
        raise ConfigurationError(
            "any tenant cannot be let in with version '1.0', whose keys do not say for whom they sign: list the "
            "tenants, or have version 2.0 issued ('requestedAccessTokenVersion': 2)"
        )
    rules = Rules(issuer="any", audience="any" if audience is None else audience, roles_claims=roles_claims)
    own_audience = None if audience is None else rules.audience
    names_tenant = re.compile(re.escape(_ISSUER[version]).replace(re.escape("{}"), f"({_UUID})")).fullmatch

    async def resolve(name: str) -> Issuer | None:
        named = names_tenant(name)
        if named is None or (allowed is not None and named[1] not in allowed):
            return None
        return _tenant(named[1], version, own_audience, rules.role_paths, own_keys=version == "1.0")

    return resolve


def _tenant(
    tenant: str,
    version: Version,
    audience: str | Iterable[str] | None,
    roles_claims: ClaimPath | Iterable[ClaimPath],
    *,
    own_keys: bool,
) -> Issuer:
    issuer = _ISSUER[version].format(tenant)
    has_own_keys = own_keys or tenant == _CONSUMERS
    keys_of = tenant if has_own_keys else "common"
    return Issuer(
        issuer,
        jwks_uri=f"{_LOGIN}/{keys_of}/discovery/{'' if version == '1.0' else 'v2.0/'}keys",
        key_issuers=() if version == "1.0" else (_KEYS_OF_ALL, issuer) if has_own_keys else (_KEYS_OF_ALL,),
        algorithms="RS256",
        audience=audience,
        required_claims=(_CLIENT_CLAIM[version],),
        one_of_claims=("scp", "roles"),
        claim_values={"tid": tenant, "ver": version},
        client_id_claims=(_CLIENT_CLAIM[version],),
        roles_claims=roles_claims,
        permissions_claims=(),
    )


def _check_version(version: object) -> None:
    if version not in ("1.0", "2.0"):
        raise ConfigurationError(f"version is '1.0' or '2.0', as tokens have it in 'ver', not {version!r}")


def _tenant_id(tenant: object) -> str:
    if tenant in _SHARED:
        raise ConfigurationError(f"{tenant!r} is no tenant: list those that are let in, or say ANY_TENANT")
    return matching("a tenant ID is a UUID in lower case", tenant, _UUID, _EXAMPLE)
