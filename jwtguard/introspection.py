"""How an authorization server is asked about tokens, as one configures it (RFC 7662)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

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

_TOKEN68: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*").fullmatch


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
        require_audience: False where this server's answers have no `aud`; they must then say of what type the token is
            (`token_type`, `token_use` or `typ`), or the issuer's `claim_values` must tell access tokens apart.
        signed: ask for signed answers, and accept no others (RFC 9701).
        active_seconds: how long an answer about an active token may be used again; never past its `exp`.
        inactive_seconds: how long an answer about an inactive one may.
        cache_size: how many answers about good tokens are remembered at the most, and how many others.
        concurrency: how many requests may be under way at once on one event loop.

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
        for name in ("require_audience", "signed"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigurationError(f"{name} is True or False, not {getattr(self, name)!r}")
        for name in ("active_seconds", "inactive_seconds"):
            _check_seconds(name, getattr(self, name))
        for name in ("cache_size", "concurrency"):
            _check_count(name, getattr(self, name))
        _check_texts(self)
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


def _check_seconds(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise ConfigurationError(f"{name} is a number of seconds from 0, not {value!r}")


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{name} is a whole number from 1, not {value!r}")


def _check_texts(given: Introspection) -> None:
    """The values are not repeated: most of them are secret."""
    for name in ("client_id", "client_secret", "key_id", "bearer_token"):
        value = getattr(given, name)
        if value is not None and (not isinstance(value, str) or not value):
            raise ConfigurationError(f"{name} is a non-empty string, not {type(value).__name__}")
    if given.private_key is not None and (not isinstance(given.private_key, (str, bytes)) or not given.private_key):
        raise ConfigurationError(f"private_key is PEM, as str or bytes, not {type(given.private_key).__name__}")
    if given.bearer_token is not None and _TOKEN68(given.bearer_token) is None:
        raise ConfigurationError("bearer_token has the syntax of RFC 6750 section 2.1, and this one has not")


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
