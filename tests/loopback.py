"""An authorization server on loopback that publishes metadata and keys, counts requests, and misbehaves on demand.

It speaks HTTP by hand over blocking sockets in threads of its own, so that it can do what no HTTP library would.
"""

import gzip
import json
import os
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

import anyio

from tests.signing import SigningKey

KEYS = "/keys"
Behaviour = Callable[["Exchange"], None]
"""Deals with one request."""


@dataclass(frozen=True)
class Request:
    """A request that came.

    Attributes:
        method: the HTTP method.
        path: the path, as sent.
        headers: by name in lower case.
    """

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Exchange:
    """A request, and the means to answer it.

    Attributes:
        request: what came.
        connection: the socket.
        ending: set when the server ends.
    """

    request: Request
    connection: socket.socket
    ending: Event

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send a whole response; `Content-Length` is right unless the headers say otherwise."""
        lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.send(f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode("latin-1") + body)

    def send(self, octets: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(octets)

    def hold(self, gate: Event | None = None) -> None:
        """Wait until the gate opens, or the server ends."""
        while not self.ending.is_set() and not (gate is not None and gate.wait(0.002)):
            self.ending.wait(0.002 if gate is not None else None)

    def reset(self) -> None:
        """Break the connection off (RST)."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


@dataclass
class AuthorizationServer:
    """The server.

    Attributes:
        url: its origin.
        issuer: its issuer identifier.
        requests: all that came, in order.
        connections: how many connections were accepted.
        headers: what the key set is sent with besides the necessary.
        behaviours: how paths are dealt with, instead of the usual.
    """

    path: str = ""
    scheme: str = "http"
    port: int = 0
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    keys: list[SigningKey] = field(default_factory=list)
    ending: Event = field(default_factory=Event)
    _open: set[socket.socket] = field(default_factory=set)
    _threads: list[Thread] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _listener: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def issuer(self) -> str:
        return f"{self.url}{self.path}"

    @property
    def rfc8414_path(self) -> str:
        """Where RFC 8414 section 3.1 has the metadata."""
        return f"/.well-known/oauth-authorization-server{self.path.rstrip('/')}"

    @property
    def openid_path(self) -> str:
        """Where OpenID Connect Discovery section 4 has it."""
        return f"{self.path.rstrip('/')}/.well-known/openid-configuration"

    @property
    def jwks_uri(self) -> str:
        return f"{self.url}{KEYS}"

    def metadata(self, **more: Any) -> dict[str, Any]:
        """The metadata document; the options replace members, `...` removes one."""
        members = {"issuer": self.issuer, "jwks_uri": self.jwks_uri, **more}
        return {name: value for name, value in members.items() if value is not ...}

    async def until_closed(self) -> None:
        """Wait until no connection is open."""
        with anyio.fail_after(10):
            while self._open:
                await anyio.sleep(0.001)

    def publish(self, *keys: SigningKey) -> None:
        """Have exactly these keys from now on."""
        self.keys = list(keys)

    def count(self, path: str = KEYS) -> int:
        """How many requests came for a path."""
        with self._lock:
            return sum(request.path == path for request in self.requests)

    async def until(self, count: int, path: str = KEYS) -> None:
        """Wait until so many requests have come for a path."""
        with anyio.fail_after(10):
            while self.count(path) < count:
                await anyio.sleep(0.001)

    def listen(self) -> None:
        """Accept connections, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._thread(self._accept, self._listener)

    def refuse(self) -> None:
        """Refuse connections from now on."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def close(self) -> None:
        """End everything."""
        self.ending.set()
        self.refuse()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _thread(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._thread(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        with self._lock:
            self._open.add(plain)
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(plain, server_side=True)
                with self._lock:
                    self._open.add(connection)
            while (request := _read_request(connection)) is not None:
                with self._lock:
                    self.requests.append(request)
                self._answer(Exchange(request, connection, self.ending))
                if request.headers.get("connection") == "close":
                    return
        except (OSError, ValueError):
            return
        finally:
            connection.close()
            with self._lock:
                self._open -= {plain, connection}

    def _answer(self, exchange: Exchange) -> None:
        path = exchange.request.path
        behaviour = self.behaviours.get(path)
        if behaviour is not None:
            behaviour(exchange)
        elif path == self.rfc8414_path:
            exchange.reply(200, json.dumps(self.metadata()).encode())
        elif path == KEYS:
            exchange.reply(200, json.dumps({"keys": [key.jwk for key in self.keys]}).encode(), self.headers)
        else:
            exchange.reply(404, b"{}")


def _read_request(connection: socket.socket) -> Request | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        octet = connection.recv(4096)
        if not octet:
            return None
        head += octet
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return Request(method, urlsplit(target).path, headers)


@contextmanager
def authorization_server(
    *keys: SigningKey, path: str = "", tls: ssl.SSLContext | None = None
) -> Iterator[AuthorizationServer]:
    """Run an authorization server that publishes these keys.

    Args:
        keys: its keys.
        path: the path of its issuer identifier.
        tls: what to speak https with.
    """
    server = AuthorizationServer(path=path, scheme="http" if tls is None else "https", tls=tls, keys=list(keys))
    server.listen()
    try:
        yield server
    finally:
        server.close()


# --- Behaviours ---


def hanging(exchange: Exchange) -> None:
    """Never answer."""
    exchange.hold()


def gated(gate: Event, then: Behaviour) -> Behaviour:
    """Answer when the gate opens."""

    def behaviour(exchange: Exchange) -> None:
        exchange.hold(gate)
        then(exchange)

    return behaviour


def resetting(exchange: Exchange) -> None:
    """Break the connection off."""
    exchange.reset()


def replying(status: int, body: bytes | str = b"", **headers: str) -> Behaviour:
    """Answer always the same; underscores in header names stand for hyphens."""
    octets = body.encode() if isinstance(body, str) else body
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.reply(status, octets, lines)


def replying_json(document: Any, **headers: str) -> Behaviour:
    """Answer with a JSON document."""
    return replying(200, json.dumps(document), **headers)


def sending(octets: bytes) -> Behaviour:
    """Send these bytes, whatever they are, and close."""

    def behaviour(exchange: Exchange) -> None:
        exchange.send(octets)
        exchange.connection.shutdown(socket.SHUT_RDWR)

    return behaviour


def endless(first: bytes, again: bytes, *, pause: float = 0, most: int = 64 * 1024 * 1024) -> Behaviour:
    """Send the first bytes, then the others again and again until nobody listens, or it is too much for a test."""

    def behaviour(exchange: Exchange) -> None:
        exchange.send(first)
        for _ in range(most // len(again)):
            if exchange.ending.wait(pause):
                return
            exchange.send(again)

    return behaviour


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

BOMB = gzip.compress(b'{"keys":[' + b" " * 32 * 1024 * 1024 + b"]}")

MISBEHAVIOURS: dict[str, Behaviour] = {
    "hanging": hanging,
    "resetting": resetting,
    "500": replying(500, "boom"),
    "302": replying(302, Location="/elsewhere"),
    "HTML": replying(200, "<!doctype html><title>We are down for maintenance</title>", Content_Type="text/html"),
    "random bytes in place of JSON": replying(200, os.urandom(4096)),
    "random bytes in place of HTTP": sending(os.urandom(4096)),
    "an empty answer": replying(200, b""),
    "nothing at all": sending(b""),
    "10 MB": endless(_HEAD + b"Content-Length: 10485760\r\n\r\n", b" " * 65536, most=10 * 1024 * 1024),
    "a body without end": endless(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n"),
    "one-byte chunks": endless(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 10_000),
    "a slow drip": endless(_HEAD + b"Content-Length: 100000\r\n\r\n", b" ", pause=0.005),
    "headers without end": endless(_HEAD, b"X-More: " + b"x" * 1000 + b"\r\n"),
    "interim answers without end": endless(b"", b"HTTP/1.1 103 Early Hints\r\nX: " + b"x" * 1000 + b"\r\n\r\n"),
    "an empty set": replying_json({"keys": []}),
    "a set of unusable keys": replying_json({"keys": [{"kty": "RSA"}]}),
    "101 keys": replying_json({"keys": [{}] * 101}),
    "half a megabyte of empty arrays": replying(200, b'{"keys":[' + b"[]," * 170_000 + b"[]]}"),
    "deep nesting": replying(200, b'{"keys":' + b"[" * 9_000),
    "a gzip bomb": replying(200, BOMB, Content_Encoding="gzip"),
    "too short a body": sending(_HEAD + b"Content-Length: 1000\r\n\r\n" + b'{"keys": ['),
    "two lengths": sending(_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "a broken chunk": sending(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
    "304 unasked": replying(304),
    "204": sending(b"HTTP/1.1 204 No Content\r\n\r\n"),
}
"""Ways to answer a request for keys that must harm nobody."""
