"""An authorization server's published documents over a real socket, as odd as a test wants them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.serving import serving

OAUTH_METADATA = "/.well-known/oauth-authorization-server"
OPENID_METADATA = "/.well-known/openid-configuration"
KEY_SET = "/jwks"


@dataclass
class Reply:
    """What is answered.

    Attributes:
        body: bytes, or a value to be sent as JSON.
        status: the HTTP status.
        headers: the HTTP headers; a Content-Type for JSON if there are none.
        conditional: whether a conditional request is answered with 304 where it can be.
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    conditional: bool = True

    def unchanged(self, asked: dict[str, str]) -> bool:
        """Whether a request with these headers can be answered with 304."""
        pairs = (("etag", "if-none-match"), ("last-modified", "if-modified-since"))
        return self.conditional and any(
            asked.get(condition) == self.headers[validator]
            for validator, condition in pairs
            if validator in self.headers
        )


@dataclass
class Publisher:
    """An ASGI application that answers with whatever a test put there, and counts what it was asked.

    Attributes:
        url: where it is served, once it is.
        replies: by path; all else is 404.
        asked: the paths, in order.
    """

    url: str = ""
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def start_anew(self, key_set: Any) -> None:
        """Serve good metadata at the OpenID place, and this key set; nothing has been asked yet."""
        self.replies = {OPENID_METADATA: Reply(self.metadata()), KEY_SET: Reply(key_set)}
        self.asked = []

    def metadata(self, **more: Any) -> dict[str, Any]:
        """Return good metadata; a value of `...` leaves a member out."""
        document = {"issuer": self.url, "jwks_uri": f"{self.url}{KEY_SET}", **more}
        return {name: member for name, member in document.items() if member is not ...}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        reply = self.replies.get(scope["path"], Reply({"error": "not found"}, 404))
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        status = 304 if reply.unchanged(headers) else reply.status
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        sent = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": b"" if status == 304 else body})


@contextmanager
def publishing(key_set: Any, *, tls: bool = False, **options: Any) -> Iterator[Publisher]:
    """Serve good metadata at the OpenID place, and a key set.

    Args:
        key_set: the document.
        tls: whether `options` make uvicorn serve https.
        options: more for `uvicorn.Config`.
    """
    publisher = Publisher()
    with serving(publisher, lifespan="off", **options) as url:
        publisher.url = url.replace("http:", "https:") if tls else url
        publisher.start_anew(key_set)
        yield publisher
