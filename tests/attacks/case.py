"""One case of the attack table: what is sent, which clause it comes from, and what must come of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jwtguard import KeySet, Rules
from tests.signing import AUDIENCE, ISSUER, SigningKey, good_claims, signing_key

ACCEPTED: Final = "accepted"
"""The outcome where nothing is refused: the other side of an edge, without which a refusal proves little."""

CLIENT_ERROR: Final = "the HTTP server's own answer"
"""The outcome where the HTTP server refuses before any application sees the request."""

BOTH_FACES: Final = ("fastapi", "middleware")


def key() -> SigningKey:
    """The issuer's signing key, where nothing else is said."""
    return signing_key("ES256")


@dataclass(frozen=True)
class Published:
    """What the issuer publishes as its key set, fetched over a real socket.

    Attributes:
        document: the document: a JSON value, or bytes as they are.
    """

    document: Any


@dataclass(frozen=True)
class Request:
    """An HTTP request in which the token is not simply the one `Authorization: Bearer` header.

    Attributes:
        method: the method.
        target: the request target, to the byte.
        headers: all header lines but `Host`, to the byte.
        body: the body.
    """

    method: str = "GET"
    target: bytes = b"/invoices"
    headers: tuple[bytes, ...] = ()
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing that somebody might try.

    Attributes:
        name: what is tried.
        clauses: what it comes from; the first is the one it was written for.
        sent: a token, or a whole request.
        reason: the outcome: a reason out of `jwtguard.errors.REASONS`, or `ACCEPTED`.
        pure_reason: the outcome of `verify`, which knows one issuer and no HTTP, where it is another.
        keys: what the issuer's tokens are verified with.
        rules: what differs from the default rules.
        scopes: what the route demands.
        public: the middleware's public paths.
        faces: through which faces it is sent.
        more_issuers: other trusted issuers, with their key sets.
        realm: the resource server's realm.
        challenge: the whole `WWW-Authenticate` header, where it is not simply what the reason prescribes.
    """

    name: str
    clauses: tuple[str, ...]
    sent: str | Request
    reason: str
    pure_reason: str | None = None
    keys: KeySet | Published = field(default_factory=lambda: key_set(key()))
    rules: Mapping[str, Any] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    faces: tuple[str, ...] = BOTH_FACES
    more_issuers: Mapping[str, KeySet] = field(default_factory=dict)
    realm: str | None = None
    challenge: str | None = None

    def request(self) -> Request:
        """The request that sends it."""
        if isinstance(self.sent, Request):
            return self.sent
        return Request(headers=(b"Authorization: Bearer " + self.sent.encode(),))

    def strict_rules(self) -> Rules:
        """The rules for the pure half."""
        return Rules(**{"issuer": ISSUER, "audience": AUDIENCE, **self.rules})


def key_set(*keys: SigningKey) -> KeySet:
    """A key set of what these keys publish."""
    return KeySet.from_jwk_set({"keys": [each.jwk for each in keys]}, symmetric=True)


def table(clause: str | tuple[str, ...], reason: str, sent: Mapping[str, str | Request], **same: Any) -> list[Case]:
    """Cases that come from one clause and must all end alike.

    Args:
        clause: the clause, or several.
        reason: the outcome.
        sent: what is sent, by name.
        same: further attributes of all of them.
    """
    clauses = (clause,) if isinstance(clause, str) else clause
    return [Case(name=name, clauses=clauses, sent=what, reason=reason, **same) for name, what in sent.items()]


def header(**more: Any) -> dict[str, Any]:
    """A good header, with members added or replaced; a value of `...` leaves one out."""
    members = {"alg": "ES256", "typ": "at+jwt", "kid": "key-1", **more}
    return {name: value for name, value in members.items() if value is not ...}


def claims_text(**more: str) -> bytes:
    """Good claims as JSON text, with members appended whose values are JSON text: repeated, odd, not JSON at all."""
    good = ", ".join(f'"{name}": {json.dumps(value)}' for name, value in good_claims().items() if name not in more)
    return ("{" + ", ".join([good, *(f'"{name}": {text}' for name, text in more.items())]) + "}").encode()


def signed(claims: Any = None, header_: Any = None, *, by: SigningKey | None = None, **more: Any) -> str:
    """A token signed by the issuer, odd as its header and claims may be."""
    return (by or key()).token(claims, header() if header_ is None else header_, **more)


def each(make: Callable[[Any], str], values: Mapping[str, Any]) -> dict[str, str]:
    """Make a token of each value, by name."""
    return {name: make(value) for name, value in values.items()}
