"""Amazon Cognito."""

from collections.abc import Iterable

from jwtguard.claim_values import ClaimValues
from jwtguard.issuer import Issuer
from jwtguard.issuers.arguments import matching, names

_USER_POOL = r"[a-z]{2}(?:-[a-z]+)+-[0-9]_[A-Za-z0-9]+"


def cognito(
    user_pool_id: str,
    *,
    client_ids: str | Iterable[str],
    audience: str | Iterable[str] | None = None,
    updated_issuer: bool = False,
) -> Issuer:
    """Return an Amazon Cognito user pool.

    Its access tokens have no `aud`: the app client in `client_id` tells for whom they are, so it must be one of yours,
    and `token_use` must be "access". Where app clients ask for resource binding, tokens have an `aud`, and name what
    is then demanded with `audience`; bound to something else, they are refused in either case. Scopes are read from
    `scope`, roles from `cognito:groups`. The region is that of the user pool ID.

    See "Understanding the access token", "Verifying JSON web tokens" and "Resource binding" in the Amazon Cognito
    developer guide at https://docs.aws.amazon.com/cognito, and `IssuerConfigurationType` in its API reference.

    Args:
        user_pool_id: the user pool's ID, "eu-central-1_Ab12Cd34E" for example.
        client_ids: the IDs of the app clients whose tokens are let in.
        audience: the URL of this API where tokens are bound to it; they must have it then.
        updated_issuer: whether the user pool's issuer type is UPDATED: its issuer is then at `issuer-cognito-idp`.

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    matching(
        "a user pool ID is a region, '_' and letters and digits", user_pool_id, _USER_POOL, "eu-central-1_Ab12Cd34E"
    )
    region = user_pool_id.partition("_")[0]
    suffix = ".cn" if region.startswith("cn-") else ""
    service = "issuer-cognito-idp" if updated_issuer else "cognito-idp"
    issuer = f"https://{service}.{region}.amazonaws.com{suffix}/{user_pool_id}"
    values: ClaimValues = {
        "token_use": "access",
        "client_id": names("client_ids", client_ids, "57cbishk4j24pabc1234567890"),
    }
    return Issuer(
        issuer,
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        algorithms="RS256",
        audience=audience,
        require_audience=audience is not None,
        claim_values=values,
        client_id_claims="client_id",
        roles_claims="cognito:groups",
        permissions_claims=(),
    )
