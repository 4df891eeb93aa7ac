"""How one authorization server is set up."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from examples.authorization_server.clients import Client
from examples.authorization_server.resource_owners import ResourceOwner

HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an authorization server is told.

    Attributes:
        issuer: its URL, as tokens have it in `iss`; no path, so that every address here is known beforehand.
        clients: the registered clients.
        resource_owners: who can log in.
        algorithm: what tokens are signed with.
        docs_origins: web origins whose pages may call the endpoints from a browser, such as an API's documentation.
        access_token_lifetime: seconds.
        refresh_token_lifetime: seconds; a grant ends with it too.
        code_lifetime: seconds.
        login_lifetime: seconds for which the login page waits.
        keys_max_age: seconds for which the key set may be cached.

    Raises:
        ValueError: for an issuer that is not an origin.
    """

    issuer: str
    clients: tuple[Client, ...] = ()
    resource_owners: tuple[ResourceOwner, ...] = ()
    algorithm: str = "RS256"
    docs_origins: tuple[str, ...] = ()
    access_token_lifetime: int = HOUR
    refresh_token_lifetime: int = 14 * 24 * HOUR
    code_lifetime: int = 60
    login_lifetime: int = 10 * 60
    keys_max_age: int = 300
    clients_by_id: dict[str, Client] = field(init=False, repr=False)
    resource_owners_by_name: dict[str, ResourceOwner] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        if self.issuer != f"{parts.scheme}://{parts.netloc}":
            raise ValueError(
                f"issuer is a scheme, a host and a port, such as 'http://127.0.0.1:9000', not {self.issuer!r}"
            )
        object.__setattr__(self, "clients_by_id", {client.client_id: client for client in self.clients})
        object.__setattr__(self, "resource_owners_by_name", {owner.name: owner for owner in self.resource_owners})

    @property
    def scopes(self) -> list[str]:
        """All scopes that some client may ask for."""
        return sorted(set().union(*(client.scopes for client in self.clients)))
