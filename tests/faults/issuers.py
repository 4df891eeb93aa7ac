"""Three issuers for workers to trust: one whose keys come and go, one that is steady, one with opaque tokens."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from tests.introspection_endpoint import Endpoint, active, inactive
from tests.loopback import KEYS, AuthorizationServer, Behaviour, gated, replying, replying_json
from tests.signing import NOW, SigningKey, signing_key

A_YEAR: Final = 365 * 24 * 3600
ALGORITHMS: Final = "ES256", "Ed25519", "PS256", "RS256"
SHARED_KID: Final = "key-0"
"""What two of the issuers call a key of theirs."""


@dataclass
class Issuers:
    """Whom the workers trust.

    Attributes:
        rotating: one whose keys come and go, and whose key endpoint fails; its first key stays.
        steady: one whose key has the same key ID as the other's first.
        asked: one that is asked about opaque tokens.
    """

    rotating: AuthorizationServer
    steady: AuthorizationServer
    asked: Endpoint
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.rotating.publish(signing_key("ES256", SHARED_KID, 100))
        self.steady.publish(signing_key("ES256", SHARED_KID, 101))
        self.asked.answer = self._tell

    @property
    def names(self) -> tuple[str, str, str]:
        return self.rotating.issuer, self.steady.issuer, self.asked.origin

    @property
    def fetches(self) -> tuple[int, int, int]:
        """How often each one's keys were asked for."""
        return self.rotating.count(), self.steady.count(), self.asked.key_fetches

    def publish_another(self) -> SigningKey:
        """Have the rotating issuer publish a key more, for the next algorithm in turn."""
        number = next(self._numbers)
        key = signing_key(ALGORITHMS[number % len(ALGORITHMS)], f"key-{number}", 100 + number)
        self.rotating.publish(*self.rotating.keys, key)
        return key

    async def _tell(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        kind, _, subject = form["token"][0].partition("~")
        answer = active(iss=self.asked.origin, sub=subject, exp=NOW + A_YEAR) if kind == "opaque" else inactive()
        return await answer(request)


def _published(server: AuthorizationServer) -> Behaviour:
    return replying_json({"keys": [key.jwk for key in server.keys]})


Outage = Callable[[AuthorizationServer], AbstractContextManager[None]]
"""Keeps a server's keys from everybody within a `with` block."""


@contextmanager
def refusing(server: AuthorizationServer) -> Iterator[None]:
    """Refuse connections; nobody else gets the port meanwhile."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.refuse()
        holder.bind(("127.0.0.1", server.port))
        yield
        server.listen()


@contextmanager
def hanging(server: AuthorizationServer, gate: Event) -> Iterator[None]:
    """Have those who ask for keys wait until the gate opens; they get what is published by then."""
    server.behaviours[KEYS] = gated(gate, lambda exchange: _published(server)(exchange))
    yield
    del server.behaviours[KEYS]


@contextmanager
def failing(server: AuthorizationServer) -> Iterator[None]:
    """Answer 500 to whoever asks for keys."""
    server.behaviours[KEYS] = replying(500)
    yield
    del server.behaviours[KEYS]
