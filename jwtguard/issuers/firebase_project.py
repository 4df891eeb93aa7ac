"""Firebase Authentication."""

from collections.abc import Iterable

from jwtguard.issuer import Issuer
from jwtguard.issuers.arguments import matching, names
from jwtguard.privileges import ClaimPath


def firebase(
    project_id: str,
    *,
    tenants: str | Iterable[str] | None = None,
    roles_claims: ClaimPath | Iterable[ClaimPath] = ("roles",),
) -> Issuer:
    """Return Firebase Authentication (and Identity Platform), for the ID tokens that its users call APIs with.

    The audience is the project's ID. Session cookies and custom tokens come from other issuers, and are refused; so are
    the unsigned tokens of the emulator. Where anonymous sign-in is enabled, anyone can get a token: its
    `firebase.sign_in_provider` is then "anonymous". `auth_time` must be there; whether it is past is not looked at.

    See "Verify ID tokens using a third-party JWT library" at https://firebase.google.com/docs/auth/admin/verify-id-tokens.

    Args:
        project_id: the project's ID.
        tenants: the tenants of the project (Identity Platform) whose users are let in (`firebase.tenant`); by default
            those of none, because each tenant may have ways to sign in that the others have not.
        roles_claims: which custom claims hold roles.

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    matching(
        "a project ID is of 6 to 30 lower-case letters, digits and hyphens",
        project_id,
        r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
        "acme-invoices",
    )
    return Issuer(
        f"https://securetoken.google.com/{project_id}",
        jwks_uri="https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
        algorithms="RS256",
        audience=project_id,
        required_claims=("sub", "auth_time"),
        claim_values={
            ("firebase", "tenant"): None if tenants is None else names("tenants", tenants, "acme-customers-5g7h1")
        },
        client_id_claims=(),
        roles_claims=roles_claims,
        permissions_claims=(),
    )
