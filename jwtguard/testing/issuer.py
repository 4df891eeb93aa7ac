"""An authorization server for tests: signs tokens, publishes its keys, answers introspection, fails on demand."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from jwtguard.algorithms import SIGNING
from jwtguard.claim_values import AllowedValues
from jwtguard.claims import Rules
from jwtguard.errors import ConfigurationError
from jwtguard.resource_server import ResourceServer
from jwtguard.testing.endpoints import Endpoints
from jwtguard.testing.loopback import serving
from jwtguard.testing.signing_key import SigningKey


class TestIssuer:
    """An authorization server of which a test holds the keys.

    Attributes:
        url: its issuer identifier.
        audience: what its tokens have in `aud`.
        endpoints: what it publishes and answers, and how often it was asked.
    """

    __test__ = False  # pytest takes classes named Test… for tests

    def __init__(
        self,
        url: str = "https://issuer.test",
        *,
        audience: str | Iterable[str] = "https://api.test",
        algorithm: str = "RS256",
        rules: Rules | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Make an issuer with a new key.

        Args:
            url: its issuer identifier.
            audience: the resource server's name, or several.
            algorithm: what it signs with: RS256, PS256, ES256, Ed25519 or EdDSA.
            rules: what its tokens must satisfy beyond that: values of claims, the places of roles and permissions.
            clock: seconds since the epoch.
        """
        self.url = url
        self.audience = (audience,) if isinstance(audience, str) else tuple(audience)
        self._rules = rules or Rules(issuer=url, audience=self.audience)
        self._clock = clock
        self._key = SigningKey.generate(algorithm)
        self.endpoints = Endpoints(url)
        self.endpoints.publish(self._key.jwk)

    @classmethod
    @contextmanager
    def standing_in(cls, resource_server: ResourceServer) -> Iterator[Self]:
        """Stand in for the (first) issuer that a resource server trusts, within a `with` block, without a network.

        The issuer's own rules go on to hold: its URL, audience, algorithms, and the claims that it demands.

        Args:
            resource_server: the application's.

        Raises:
            ConfigurationError: where it trusts no configured issuer, or one that signs with a shared secret.
        """
        if not resource_server.issuers:
            raise ConfigurationError("the resource server has a resolver only; use TestIssuer(url) with it")
        trusted = resource_server.issuers[0]
        algorithm = next((name for name in SIGNING if name in trusted.rules.algorithms), None)
        if algorithm is None:
            raise ConfigurationError(f"{trusted.configured.url} signs with none of {', '.join(SIGNING)}")
        issuer = cls(
            trusted.rules.issuer,
            audience=tuple(trusted.rules.audience),
            algorithm=algorithm,
            rules=trusted.rules,
            clock=resource_server.now,
        )
        others = tuple(other.configured for other in resource_server.issuers[1:])
        configured = trusted.configured
        discovered = configured.keys is None and configured.jwks_uri is None
        jwks_uri = None if discovered else issuer.endpoints.jwks_uri
        stand_in = replace(configured, keys=None, jwks_uri=jwks_uri, key_issuers=())
        with resource_server.trusting(stand_in, *others, http_client=issuer.http_client()):
            yield issuer

    @classmethod
    @contextmanager
    def on_loopback(cls, **options: Any) -> Iterator[Self]:
        """Serve an issuer on a real loopback port within a `with` block; its `url` is there.

        Args:
            options: more for `TestIssuer`.
        """
        with serving() as server:
            issuer = cls(server.url, **options)
            server.respond = issuer.endpoints.respond
            yield issuer

    def http_client(self) -> httpx.AsyncClient:
        """Return a client that reaches this issuer without a network: `ResourceServer(…, http_client=…)`."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._handle))

    def token(
        self,
        *,
        sub: str = "subject-1",
        scopes: Iterable[str] = (),
        roles: Iterable[str] = (),
        permissions: Iterable[str] = (),
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return a good access token, signed.

        Args:
            sub: the subject.
            scopes: what it allows.
            roles: the roles it grants, in the claim where the resource server looks for them.
            permissions: the permissions it grants, likewise.
            header: header parameters to add or replace.
            claims: claims to add or replace; one that is `...` is left out.
        """
        return self._key.sign(
            self._claims(sub=sub, scopes=scopes, roles=roles, permissions=permissions, claims=claims),
            **{"typ": "at+jwt", **(header or {})},
        )

    def bearer(self, **options: Any) -> dict[str, str]:
        """Return the header that presents a good access token.

        Args:
            options: as for `token`.
        """
        return {"Authorization": f"Bearer {self.token(**options)}"}

    def expired_token(self, **options: Any) -> str:
        """Return a token that expired an hour ago."""
        now = int(self._clock())
        return self.token(**{"iat": now - 7200, "exp": now - 3600, **options})

    def wrong_audience_token(self, **options: Any) -> str:
        """Return a token that is meant for another resource server."""
        return self.token(**{"aud": "https://another-api.test", **options})

    def tampered_token(self, **options: Any) -> str:
        """Return a token whose claims were changed after it was signed."""
        header, _, signature = self.token(**options).split(".")
        _, claims, _ = self.token(**{**options, "jti": "changed"}).split(".")
        return f"{header}.{claims}.{signature}"

    def unknown_key_token(self, **options: Any) -> str:
        """Return a token that is signed with a key which this issuer does not publish."""
        published, self._key = self._key, SigningKey.generate(self._key.algorithm)
        try:
            return self.token(**options)
        finally:
            self._key = published

    def opaque_token(
        self,
        *,
        sub: str = "subject-1",
        scopes: Iterable[str] = (),
        roles: Iterable[str] = (),
        permissions: Iterable[str] = (),
        **claims: Any,
    ) -> str:
        """Return a good token that only introspection can tell anything of; the arguments are those of `token`."""
        text = secrets.token_urlsafe(24)
        self.endpoints.vouch(
            text, self._claims(sub=sub, scopes=scopes, roles=roles, permissions=permissions, claims=claims)
        )
        return text

    def revoke(self, token: str) -> None:
        """Call a token inactive from now on, when asked about it."""
        self.endpoints.revoke(token)

    def rotate_keys(self, *, keep_old: bool = True) -> None:
        """Sign with a new key from now on.

        Args:
            keep_old: go on to publish the old one too, so that its tokens stay good.
        """
        self._key = SigningKey.generate(self._key.algorithm)
        self.endpoints.publish(self._key.jwk, keep_others=keep_old)

    @contextmanager
    def failing(self, status: int | None = None) -> Iterator[None]:
        """Answer every request with an error within a `with` block.

        Args:
            status: the HTTP status of the answers; None for a server that cannot be reached at all.
        """
        with self.endpoints.failing(status):
            yield

    def _claims(
        self,
        *,
        sub: str,
        scopes: Iterable[str],
        roles: Iterable[str],
        permissions: Iterable[str],
        claims: Mapping[str, Any],
    ) -> dict[str, Any]:
        now = int(self._clock())
        good: dict[str, Any] = {
            "iss": self.url,
            "aud": self.audience[0] if len(self.audience) == 1 else list(self.audience),
            "sub": sub,
            "client_id": "client-1",
            "iat": now,
            "exp": now + 3600,
            "jti": secrets.token_urlsafe(8),
        }
        for allowed in self._rules.allowed_values:
            _put_allowed(good, allowed)
        if scopes:
            good["scope"] = " ".join(scopes)
        _put(good, self._rules.role_paths, list(roles))
        _put(good, self._rules.permission_paths, list(permissions))
        for name in tuple(self._rules.client_id_claims)[:1]:
            good.setdefault(name, good["client_id"])
        for name in self._rules.demanded_claims:
            good.setdefault(name, "test")
        alternatives = tuple(self._rules.one_of_claims)
        if alternatives and not any(name in good for name in alternatives):
            good[alternatives[0]] = ""  # which grants nothing, should it be where scopes or roles are
        return {name: value for name, value in {**good, **claims}.items() if value is not ...}

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        answer = self.endpoints.respond(request.method, str(request.url), await request.aread())
        if answer is None:
            raise httpx.ConnectError(f"{urlsplit(self.url).hostname} cannot be reached", request=request)
        status, headers, body = answer
        return httpx.Response(status, headers=headers, content=body)


def _put_allowed(claims: dict[str, Any], allowed: AllowedValues) -> None:
    """Put the first of the values there; nothing where the claim may be absent."""
    if None in allowed.values:
        return
    *outer, last = (allowed.claim, *allowed.inner)
    for name in outer:
        claims = claims.setdefault(name, {})
    claims[last] = min(allowed.values, key=str)


def _put(claims: dict[str, Any], paths: tuple[tuple[str, ...], ...], names: list[str]) -> None:
    if not names:
        return
    if not paths:
        raise ConfigurationError("the issuer has no claim for these; see Issuer(roles_claims=…, permissions_claims=…)")
    *outer, last = paths[0]
    for name in outer:
        claims = claims.setdefault(name, {})
    claims[last] = names
