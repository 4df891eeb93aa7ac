"""Supabase Auth."""

from collections.abc import Iterable

from jwtguard.errors import ConfigurationError
from jwtguard.issuer import Issuer
from jwtguard.issuers.arguments import domain, matching
from jwtguard.privileges import ClaimPath


def supabase(
    project: str,
    *,
    secret: bytes | None = None,
    audience: str | Iterable[str] = "authenticated",
    anonymous: bool = False,
    roles_claims: ClaimPath | Iterable[ClaimPath] = (),
) -> Issuer:
    """Return a project's Supabase Auth, for the access tokens of its users.

    `aud` and `role` are "authenticated" for everyone who has signed in, so an audience says little about which API a
    token is for. The project's `anon` and `service_role` keys are JWTs too; their issuer is "supabase", and they are
    refused. So are users who signed in anonymously, unless you let them in: their role is the same.

    Projects sign with ES256 or RS256, and publish the keys. With a legacy JWT secret or a shared secret key (HS256)
    nothing is published, and Supabase advises against verifying with the secret at all: whoever has it can make tokens
    for every user. A project that moves from the secret to keys has tokens of both kinds for as long as one of them
    lives, an hour by default; only one kind is accepted at a time.

    See "JSON Web Tokens", "JWT Signing Keys" and "JWT Claims Reference" at https://supabase.com/docs/guides/auth.

    Args:
        project: the project's reference, "abcdefghijklmnopqrst" for example, or the custom domain that its tokens name.
        secret: the project's JWT secret, the text's bytes as they are, where it has not moved to signing keys.
        audience: what a custom access token hook puts into `aud`, if one does.
        anonymous: let users in who signed in anonymously.
        roles_claims: where a custom access token hook puts roles; Supabase's guide calls the claim "user_role".

    Raises:
        ConfigurationError: where an argument cannot be right.
    """
    issuer = f"https://{_host(project)}/auth/v1"
    if secret is not None and not isinstance(secret, bytes):
        raise ConfigurationError("secret is bytes: the JWT secret's text with .encode()")
    return Issuer(
        issuer,
        keys=secret,
        jwks_uri=f"{issuer}/.well-known/jwks.json" if secret is None else None,
        algorithms=("ES256", "RS256") if secret is None else "HS256",
        audience=audience,
        required_claims=("sub", "session_id"),
        claim_values={"role": "authenticated", "is_anonymous": (False, True) if anonymous else False},
        client_id_claims="client_id",
        roles_claims=roles_claims,
        permissions_claims=(),
    )


def _host(project: str) -> str:
    if isinstance(project, str) and "." in project:
        return domain("a custom domain", project, "api.example.com")
    reference = matching(
        "a project's reference is 20 lower-case letters or digits", project, r"[a-z0-9]{20}", "abcdefghijklmnopqrst"
    )
    return f"{reference}.supabase.co"
