"""Who takes part where the examples are shown: the clients, the API and one person, with secrets made up at start."""

import secrets
from dataclasses import dataclass, field

from examples.authorization_server import Client, ResourceOwner, Settings, secret_digest

SERVICE = "invoice-service"
"""A confidential client that acts for itself."""
OPAQUE_SERVICE = "opaque-service"
"""Another, which gets opaque tokens."""
APP = "invoice-app"
"""A public client that acts for a person."""
API = "invoice-api"
"""The API itself, where it asks about tokens."""
PERSON = "ada"

READ, WRITE = "invoices:read", "payouts:write"
OTHER_AUDIENCE = "https://other-api.example.com"


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the participants know. Made anew at each start: nothing in this repository is worth copying.

    Attributes:
        service: of the service.
        opaque_service: of the one with the opaque tokens.
        api: of the API.
        password: of the person.
    """

    service: str = field(default_factory=_secret, repr=False)
    opaque_service: str = field(default_factory=_secret, repr=False)
    api: str = field(default_factory=_secret, repr=False)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9), repr=False)


def settings(
    issuer: str, *, audience: str, known: Secrets, redirect_uris: frozenset[str], docs_origins: tuple[str, ...] = ()
) -> Settings:
    """Return the settings of the authorization server that all of them are registered at.

    Args:
        issuer: its URL.
        audience: the API's name.
        known: what each proves itself with.
        redirect_uris: where the app may be sent codes.
        docs_origins: whose pages may call it.
    """
    service = Client(
        client_id=SERVICE,
        secret_digest=secret_digest(known.service),
        grant_types=frozenset({"client_credentials"}),
        scopes=frozenset({READ, WRITE}),
        resources=(audience, OTHER_AUDIENCE),
    )
    opaque_service = Client(
        client_id=OPAQUE_SERVICE,
        secret_digest=secret_digest(known.opaque_service),
        grant_types=frozenset({"client_credentials"}),
        scopes=frozenset({READ, WRITE}),
        resources=(audience,),
        opaque_tokens=True,
    )
    app = Client(
        client_id=APP,
        grant_types=frozenset({"authorization_code", "refresh_token"}),
        scopes=frozenset({"openid", READ, WRITE}),
        resources=(audience,),
        redirect_uris=redirect_uris,
    )
    api = Client(client_id=API, secret_digest=secret_digest(known.api), introspects=frozenset({audience}))
    person = ResourceOwner.register(name=PERSON, password=known.password, subject="account-1")
    return Settings(
        issuer=issuer,
        clients=(service, opaque_service, app, api),
        resource_owners=(person,),
        docs_origins=docs_origins,
    )
