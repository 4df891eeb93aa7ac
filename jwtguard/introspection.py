"""How an authorization server is asked about tokens, as one configures it (RFC 7662)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from jwtguard.client_authentication import (
    Method,
    Prove,
    bearer,
    client_secret_basic,
    client_secret_post,
    delegated,
    private_key_jwt,
    tls_client_auth,
)
from jwtguard.errors import ConfigurationError

When = Literal["undecided", "opaque", "unknown_key", "always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """Lets an issuer be asked about the tokens that cannot be decided on locally.

    This resource server proves who it is in exactly one way: `client_id` with `client_secret`, `client_id` with
    `private_key`, `client_id` with `method="tls_client_auth"`, `bearer_token`, or `auth`.

    Attributes:
        client_id: this resource server's name at the authorization server.
        client_secret: its secret.
        method: "client_secret_basic" (the default for a secret), "client_secret_post", "private_key_jwt" (the default
            for a private key), or "tls_client_auth", for which the certificate comes with `http_client`.
        private_key: in PEM, to sign assertions with (RFC 7523 section 2.2).
        key_id: the `kid` that the assertions name.
        algorithm: what signs the assertions: RS256, PS256, ES256 or Ed25519.
        bearer_token: an access token that the endpoint takes.
        auth: anything that httpx takes as `auth`, for other ways.
        endpoint: the introspection endpoint; by default the issuer's metadata tells.
        when: which tokens it is asked about. "undecided": those that local validation cannot decide on, which are
            "opaque" ones and those signed with an "unknown_key" (one may choose either alone); "always": those that
            were found good locally as well. A token that local validation refused is never asked about.
        require_audience: False where this server's answers have no `aud`.
        signed: ask for signed answers, and accept no others (RFC 9701).
        active_seconds: how long an answer about an active token may be used again; never past its `exp`.
        inactive_seconds: how long an answer about an inactive one may.
        cache_size: how many answers are remembered at the most.
        concurrency: how many requests may be under way at once.

    Raises:
        ConfigurationError: when built with values that cannot work.
    """

    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    method: Method | None = None
    private_key: str | bytes | None = field(default=None, repr=False)
    key_id: str | None = None
    algorithm: str = "RS256"
    bearer_token: str | None = field(default=None, repr=False)
    auth: Any = field(default=None, repr=False)
    endpoint: str | None = None
    when: When = "undecided"
    require_audience: bool = True
    signed: bool = False
    active_seconds: float = 60
    inactive_seconds: float = 10
    cache_size: int = 4096
    concurrency: int = 20

    def __post_init__(self) -> None:
        if self.when not in ("undecided", "opaque", "unknown_key", "always"):
            raise ConfigurationError(f"when is 'undecided', 'opaque', 'unknown_key' or 'always', not {self.when!r}")
        for name, least, value in (
            ("active_seconds", 0, self.active_seconds),
            ("inactive_seconds", 0, self.inactive_seconds),
            ("cache_size", 1, self.cache_size),
            ("concurrency", 1, self.concurrency),
        ):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value < float("inf"):
                raise ConfigurationError(f"{name} is a number from {least}, not {value!r}")
        if self.bearer_token is not None and not (self.bearer_token.isascii() and self.bearer_token.isprintable()):
            raise ConfigurationError("bearer_token is printable ASCII")
        self.prove("https://as.example")

    def prove(self, issuer: str) -> Prove:
        """Return what proves to that issuer who this resource server is.

        Args:
            issuer: the authorization server's issuer identifier.

        Raises:
            ConfigurationError: where no way, or more than one, is configured.
        """
        ways = _ways(self, issuer)
        if len(ways) != 1:
            raise ConfigurationError(
                "an introspection endpoint must know who asks (RFC 7662 section 2.1): give one of client_secret "
                "or private_key (with client_id), method='tls_client_auth' (with client_id), bearer_token, or auth"
            )
        ((methods, prove),) = ways
        if self.method is not None and self.method not in methods:
            raise ConfigurationError(f"method {self.method!r} does not go with these credentials")
        return prove()


def _ways(given: Introspection, issuer: str) -> list[tuple[tuple[Method, ...], Callable[[], Prove]]]:
    """What is configured: the methods that each of the credentials goes with, and how to prepare it."""
    ways: list[tuple[tuple[Method, ...], Callable[[], Prove]]] = []
    client_id, client_secret, private_key, bearer_token = (
        given.client_id,
        given.client_secret,
        given.private_key,
        given.bearer_token,
    )
    if bearer_token:
        ways.append(((), lambda: bearer(bearer_token)))
    if given.auth is not None:
        ways.append(((), lambda: delegated(given.auth)))
    if client_id and client_secret:
        basic = given.method != "client_secret_post"
        by_secret = client_secret_basic if basic else client_secret_post
        ways.append((("client_secret_basic", "client_secret_post"), lambda: by_secret(client_id, client_secret)))
    if client_id and private_key:
        sign = partial(private_key_jwt, algorithm=given.algorithm, key_id=given.key_id, audience=issuer)
        ways.append((("private_key_jwt",), lambda: sign(client_id, private_key)))
    if client_id and given.method == "tls_client_auth":
        ways.append((("tls_client_auth",), lambda: tls_client_auth(client_id)))
    return ways
