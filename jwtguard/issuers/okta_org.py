"""Okta."""

from collections.abc import Iterable

from jwtguard.errors import ConfigurationError
from jwtguard.introspection import Introspection
from jwtguard.issuer import Issuer
from jwtguard.issuers.arguments import domain as checked_domain
from jwtguard.issuers.arguments import matching
from jwtguard.privileges import ClaimPath

_ADMIN = ("-admin.okta.com", "-admin.oktapreview.com", "-admin.okta-emea.com")


def okta(
    domain: str,
    *,
    authorization_server: str = "default",
    audience: str | Iterable[str] | None = None,
    roles_claims: ClaimPath | Iterable[ClaimPath] = ("groups",),
    introspection: Introspection | None = None,
) -> Issuer:
    """Return a custom authorization server of an Okta org.

    `cid`, the client, must be there: no ID token has it. Scopes are read from `scp`, a list. Keys and the introspection
    endpoint are found through the authorization server's metadata.

    Access tokens of the *org* authorization server (its issuer is the domain itself) are for Okta's own APIs: Okta
    says that no one else should consume or validate them, and that their content may change at any time. Their `typ` is
    "application/okta-internal-at+jwt", and there is no way to have them accepted here.

    See "Validate access tokens" and "Authorization servers" at https://developer.okta.com/docs.

    Args:
        domain: the org's domain, or its custom domain, as tokens have it in `iss`.
        authorization_server: the ID of the custom authorization server; "default" is the one that Okta prepares.
        audience: the authorization server's audience, "api://default" for that one, instead of the resource server's
            `audience`.
        roles_claims: where roles are: a claim that you define, which Okta's guides call "groups".
        introspection: how the authorization server is asked about tokens.

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    checked_domain("an Okta domain", domain, "acme.okta.com")
    if domain.endswith(_ADMIN):
        raise ConfigurationError(f"{domain!r} is where Okta is administered: write it without '-admin'")
    if not authorization_server:
        raise ConfigurationError(
            "access tokens of the org authorization server cannot be validated by anyone but Okta: have them issued by "
            "a custom one, such as authorization_server='default'"
        )
    matching(
        "an authorization server's ID is of letters and digits",
        authorization_server,
        r"[A-Za-z0-9]+",
        "aus9o8wzkhckw9TLa0h7z",
    )
    return Issuer(
        f"https://{domain}/oauth2/{authorization_server}",
        introspection=introspection,
        algorithms="RS256",
        audience=audience,
        required_claims=("cid",),
        client_id_claims="cid",
        roles_claims=roles_claims,
        permissions_claims=(),
    )
