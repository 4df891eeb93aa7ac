"""The registered clients, and how one proves which it is (RFC 6749 sections 2 and 3.2.1)."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import unquote_plus

from examples.authorization_server.errors import OAuthError
from examples.authorization_server.parameters import Parameters

CHALLENGE = 'Basic realm="authorization server"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client, as it was registered.

    Attributes:
        client_id: its public name.
        secret_digest: SHA-256 of its secret, made by `secret_digest`; None for a public client, which cannot keep one.
        grant_types: what it may ask for tokens with.
        scopes: what it may ask for.
        resources: the resource servers it may get tokens for, by audience; the first one where it does not say.
        redirect_uris: where a browser may be sent with a code, to the letter.
        opaque_tokens: whether it gets opaque access tokens, which only introspection can tell anything about.
        introspects: the audiences whose tokens it may ask about; this makes it a resource server.

    Raises:
        ValueError: for a public client that is to do what only a confidential one may.
    """

    client_id: str
    secret_digest: bytes | None = field(default=None, repr=False)
    grant_types: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    resources: tuple[str, ...] = ()
    redirect_uris: frozenset[str] = frozenset()
    opaque_tokens: bool = False
    introspects: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        # RFC 6749 section 4.4, RFC 7662 section 2.1: anybody could say that it is this client.
        if self.secret_digest is None and (self.introspects or "client_credentials" in self.grant_types):
            raise ValueError(f"{self.client_id} needs a secret: no public client acts for itself or asks about tokens")


def secret_digest(secret: str) -> bytes:
    """Return what is kept of a client's secret. Such secrets are long and random, so that a plain hash hides them."""
    return sha256(secret.encode(errors="surrogatepass")).digest()


def authenticate(authorization: str | None, parameters: Parameters, clients: Mapping[str, Client]) -> Client:
    """Return the client that sent a request, by `client_secret_basic`, `client_secret_post` or, if public, by its name.

    Args:
        authorization: the request's `Authorization` header.
        parameters: the request's body.
        clients: the registered ones.

    Raises:
        OAuthError: `invalid_client`; `invalid_request` where it authenticates in two ways at once.
    """
    if authorization is None:
        client_id, secret = parameters.get("client_id"), parameters.get("client_secret")
    else:
        client_id, secret = _basic_credentials(authorization)
        if "client_secret" in parameters or parameters.get("client_id", client_id) != client_id:
            raise OAuthError("invalid_request", "The client authenticates in more than one way.")
    client = clients.get(client_id or "")
    if client is None or not _proves(client, secret):
        raise _invalid_client()
    return client


def _proves(client: Client, secret: str | None) -> bool:
    if client.secret_digest is None:
        return secret is None
    if secret is None:
        return False
    return hmac.compare_digest(secret_digest(secret), client.secret_digest)


def _basic_credentials(authorization: str) -> tuple[str, str]:
    """RFC 6749 section 2.3.1: both halves are form-encoded before RFC 7617 puts them together."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise _invalid_client()
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _invalid_client() from None
    return unquote_plus(client_id), unquote_plus(secret)


def _invalid_client() -> OAuthError:
    """One answer to all that may be wrong, so that nobody learns which clients exist."""
    return OAuthError(
        "invalid_client", "The client is unknown, or did not prove itself.", status=401, challenge=CHALLENGE
    )
