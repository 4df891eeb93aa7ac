"""TropiPay."""

from collections.abc import Iterable

from jwtguard.issuer import Issuer
from jwtguard.issuers.arguments import domain as checked_domain
from jwtguard.issuers.auth0_tenant import auth0


def tropipay(domain: str, *, audience: str | Iterable[str] | None = None) -> Issuer:
    """Return the authorization server of TropiPay, which its documentation says is Auth0.

    External applications get tokens with client credentials, and for a user with an authorization code and PKCE. What
    a credential may do (ALLOW_EXTERNAL_CHARGE, ALLOW_PAYMENT_OUT and so on) is looked for in `scope`.

    The documentation is not of one piece. It describes JWTs that an API validates locally with a public key, and names
    no issuer, no audience and no key set; its examples are HS256 tokens with `credentialName` or `email`, `id`, `iat`
    and `exp`. Those say neither who issued them nor for whom, and only who knows TropiPay's secret could verify them,
    or make them. This function takes the strict reading: tokens as Auth0 issues them are accepted, and those of the
    examples are refused.

    See "Integration" at https://doc.tropipay.com.

    Args:
        domain: the domain of TropiPay's Auth0 tenant, which TropiPay must tell you: it is not documented.
        audience: the API's identifier there, instead of the resource server's `audience`.

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    return auth0(checked_domain("TropiPay's Auth0 domain", domain, "tropipay.eu.auth0.com"), audience=audience)
