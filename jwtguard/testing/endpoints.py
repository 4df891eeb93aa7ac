"""What a test's authorization server publishes and answers: metadata, keys, introspection, and failures on demand."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import msgspec

from jwtguard.metadata import metadata_urls

Response = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


class Endpoints:
    """The endpoints of an issuer, apart from any transport.

    Attributes:
        requests: how many have come for "metadata", "keys" and "introspection".
    """

    def __init__(self, issuer: str) -> None:
        """Publish the issuer's metadata.

        Args:
            issuer: its URL.
        """
        base = issuer.rstrip("/") if issuer.startswith(("https:", "http:")) else "https://issuer.test"
        self.jwks_uri = f"{base}/jwks"
        self.introspection_endpoint = f"{base}/introspect"
        self.requests: Counter[str] = Counter()
        self._metadata_urls = metadata_urls(issuer)
        self._metadata = {
            "issuer": issuer,
            "jwks_uri": self.jwks_uri,
            "introspection_endpoint": self.introspection_endpoint,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
        }
        self._keys: list[dict[str, Any]] = []
        self._tokens: dict[str, dict[str, Any]] = {}
        self._failure: Response | None = None
        self._reachable = True

    @property
    def key_set(self) -> dict[str, Any]:
        """The published JWK Set."""
        return {"keys": list(self._keys)}

    def publish(self, jwk: dict[str, Any], *, keep_others: bool = True) -> None:
        """Publish a key, besides the others or in their place."""
        self._keys = [*(self._keys if keep_others else ()), jwk]

    def vouch(self, token: str, claims: dict[str, Any]) -> None:
        """Call a token active when asked about it."""
        self._tokens[token] = claims

    def revoke(self, token: str) -> None:
        """Call a token inactive when asked about it."""
        self._tokens.pop(token, None)

    @contextmanager
    def failing(self, status: int | None) -> Iterator[None]:
        """Answer everything with this status; with None, not at all."""
        before = self._failure, self._reachable
        self._failure = None if status is None else (status, {}, b"")
        self._reachable = status is not None
        try:
            yield
        finally:
            self._failure, self._reachable = before

    def respond(self, method: str, url: str, body: bytes) -> Response | None:
        """Answer one request; None stands for a server that cannot be reached.

        Args:
            method: the HTTP method.
            url: the whole URL.
            body: the request's body.
        """
        if url in self._metadata_urls:
            self.requests["metadata"] += 1
            return self._answer(self._metadata)
        if method == "POST":
            self.requests["introspection"] += 1
            return self._answer(self._introspected(body))
        self.requests["keys"] += 1
        return self._answer(self.key_set)

    def _answer(self, document: dict[str, Any]) -> Response | None:
        if not self._reachable:
            return None
        return self._failure or (200, {"Content-Type": "application/json"}, msgspec.json.encode(document))

    def _introspected(self, body: bytes) -> dict[str, Any]:
        token = parse_qs(body.decode()).get("token", [""])[0]
        claims = self._tokens.get(token)
        return {"active": False} if claims is None else {"active": True, "token_type": "Bearer", **claims}
