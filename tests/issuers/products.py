"""Products as they are seen from outside: documents at their real URLs, keys as they publish them, and a judge."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from jwtguard import AccessToken, JWTGuardError, ResourceServer
from tests.signing import NOW, SigningKey, b64

API = "https://api.example.com"


@dataclass
class Web:
    """The web, as far as it is published here; everything else answers 404.

    Attributes:
        documents: by URL.
        requested: the URLs that were asked for, in order.
    """

    documents: dict[str, Any]
    requested: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.requested.append(url)
        document = self.documents.get(url)
        if document is None:
            return httpx.Response(404)
        return httpx.Response(200, headers={"Cache-Control": "public, max-age=3600"}, content=json.dumps(document))

    @asynccontextmanager
    async def resource_server(self, *issuers: Any, **options: Any) -> AsyncIterator[ResourceServer]:
        """A resource server that sees this web, at the time `NOW`; its audience is `API` unless the options differ."""
        async with httpx.AsyncClient(transport=httpx.MockTransport(self)) as client:
            server = ResourceServer(issuers, **{"audience": API, "clock": lambda: NOW, **options}, http_client=client)
            try:
                yield server
            finally:
                await server.aclose()

    async def accepted(self, issuer: Any, token: str, **options: Any) -> AccessToken:
        """What the token means to a resource server that trusts the issuer."""
        async with self.resource_server(issuer, **options) as server:
            return await server.validate(token)

    async def outcome(self, issuer: Any, token: str, **options: Any) -> str:
        """ "accepted", or the reason of the refusal and the claim that it is about."""
        async with self.resource_server(issuer, **options) as server:
            return await outcome(server, token)


async def outcome(server: ResourceServer, token: str) -> str:
    """ "accepted", or the reason of the refusal and the claim that it is about."""
    try:
        await server.validate(token)
    except JWTGuardError as error:
        return error.reason if error.claim is None else f"{error.reason} {error.claim}"
    return "accepted"


def jwk(key: SigningKey, *members: str, **more: Any) -> dict[str, Any]:
    """What a product publishes of a key: its parameters and key ID, and the members it is known to add.

    Args:
        key: the key.
        members: among "use", "alg", "x5c", "x5t" and "x5t#S256".
        more: others; `...` leaves one out.
    """
    own = {name: value for name, value in key.jwk.items() if name not in ("use", "alg")}
    added = {"use": "sig", "alg": key.algorithm}
    if any(name.startswith("x5") for name in members):
        added |= _certificate_members(key)
    return {n: v for n, v in {**own, **{m: added[m] for m in members}, **more}.items() if v is not ...}


@cache
def _certificate_members(key: SigningKey) -> dict[str, Any]:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tokens.example.com")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.private.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2046, 1, 1, tzinfo=UTC))
        .sign(key.private, hashes.SHA256())
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    text = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return {
        "x5c": ["".join(text.splitlines()[1:-1])],
        "x5t": b64(hashlib.sha1(der).digest()),  # noqa: S324  (what "x5t" is: RFC 7517 section 4.8)
        "x5t#S256": b64(hashlib.sha256(der).digest()),
    }


def signed(key: SigningKey, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None, **more: Any) -> str:
    """A token with `typ: JWT`, the usual header parameters, and good times; the claims may replace those.

    Args:
        key: what signs.
        claims: the product's.
        header: header parameters to add or replace; `...` leaves one out.
        more: claims to add or replace; `...` leaves one out.
    """
    parameters = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT", **(header or {})}
    return key.token(
        {"iat": NOW - 60, "exp": NOW + 3540, **claims},
        {name: value for name, value in parameters.items() if value is not ...},
        **more,
    )


def encrypted() -> str:
    """A token in JWE compact serialization, as far as anyone without the key can tell."""
    return f"{b64(json.dumps({'alg': 'RSA-OAEP', 'enc': 'A256GCM', 'cty': 'JWT'}).encode())}.a2V5.aXY.dGV4dA.dGFn"
