"""Google: services that call services."""

from collections.abc import Iterable

from jwtguard.claim_values import ClaimValues
from jwtguard.errors import ConfigurationError
from jwtguard.issuer import Issuer
from jwtguard.issuers.arguments import names

_SERVICE_ACCOUNT = ".gserviceaccount.com"


def google(service_accounts: str | Iterable[str], *, audience: str | Iterable[str] | None = None) -> Issuer:
    """Return Google, for ID tokens of service accounts, which is what one service calls another with.

    Google's access tokens are opaque and for Google's own APIs. Its ID tokens are signed, and a service account's name
    whatever audience the caller asks for: anyone with a Google Cloud project can get one for *your* API. So the
    audience is no permission, and the callers must be named. They grant no scopes and no roles. ID tokens that people
    sign in with have `at_hash`, and are refused.

    See "Token types" and "Get an ID token" at https://cloud.google.com/docs/authentication, "Verify VM identity" at
    https://cloud.google.com/compute/docs/instances/verifying-instance-identity.

    Args:
        service_accounts: the callers, all by their unique IDs (digits; `sub`), or all by their e-mail addresses
            (`email`, which must be verified and which a caller may leave out). An ID is not given a second time; the
            address of a deleted account may be.
        audience: what callers ask for as the audience, this API's URL usually, instead of the resource server's.

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    return Issuer(
        "https://accounts.google.com",
        jwks_uri="https://www.googleapis.com/oauth2/v3/certs",
        algorithms="RS256",
        audience=audience,
        required_claims=("sub",),
        claim_values=_callers(names("service_accounts", service_accounts, f"billing@acme.iam{_SERVICE_ACCOUNT}")),
        client_id_claims="azp",
        roles_claims=(),
        permissions_claims=(),
    )


def _callers(accounts: tuple[str, ...]) -> ClaimValues:
    if all(account.isascii() and account.isdigit() for account in accounts):
        return {"sub": accounts}
    if all(account.partition("@")[2].endswith(_SERVICE_ACCOUNT) for account in accounts):
        return {"email": accounts, "email_verified": True}
    raise ConfigurationError(
        "service_accounts are unique IDs such as '117293847561029384756', or e-mail addresses such as "
        f"'billing@acme.iam{_SERVICE_ACCOUNT}', and not both: {', '.join(accounts)}"
    )
