"""The authorization server and the API, running, and what it takes to talk to both."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from examples.authorization_server import AuthorizationServer, addresses, create_application
from examples.demo.api import REQUEST_ID
from examples.demo.api_process import APIProcess
from examples.demonstration import OPAQUE_SERVICE, SERVICE, Secrets, settings
from examples.serving import Serving, listen, url_of

AUDIENCE = "https://api.example.com"
REDIRECT_URI = "http://127.0.0.1:49152/callback"
"""Where the app would listen for its code; the demo reads it off the redirect instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered, and what it told its operator.

    Attributes:
        status: the HTTP status.
        body: the JSON document.
        challenge: the `WWW-Authenticate` header, or None.
        retry_after: the `Retry-After` header, or None.
        reason: why it refused, by its own log; None where it did not.
        detail: the same in words.
    """

    status: int
    body: Any
    challenge: str | None
    retry_after: str | None
    reason: str | None
    detail: str | None


class Counted:
    """Counts the requests that an application gets, by path.

    Attributes:
        requests: how many there were.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app
        self.requests: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one request, and pass it on (ASGI 3)."""
        if scope["type"] == "http":
            self.requests[scope["path"]] += 1
        await self._app(scope, receive, send)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """All that the steps of the demo act on.

    Attributes:
        server: the authorization server itself, for what no client could do: rotate its keys, sign odd tokens.
        serving: its thread.
        requests: how many requests it got, by path.
        issuer: its URL.
        api: the API's process.
        start_api: prepares another one, with other command-line options.
        http: talks to both.
        known: the participants' secrets.
    """

    server: AuthorizationServer
    serving: Serving
    requests: Counter[str]
    issuer: str
    api: APIProcess
    start_api: Callable[..., APIProcess]
    http: httpx.Client
    known: Secrets

    def ask_token_endpoint(self, **parameters: str) -> httpx.Response:
        """Send the token endpoint a form."""
        return self.http.post(self.issuer + addresses.TOKEN, data=parameters)

    def service_token(self, **parameters: str) -> str:
        """Get the service an access token, by its client credentials."""
        credentials = {"client_id": SERVICE, "client_secret": self.known.service}
        answer = self.ask_token_endpoint(grant_type="client_credentials", **{**credentials, **parameters})
        return str(answer.raise_for_status().json()["access_token"])

    def opaque_token(self) -> str:
        """Get the other service an opaque access token."""
        return self.service_token(client_id=OPAQUE_SERVICE, client_secret=self.known.opaque_service)

    def revoke(self, token: str, *, client_id: str, client_secret: str) -> None:
        """Have the client that got a token revoke it (RFC 7009)."""
        form = {"token": token, "client_id": client_id, "client_secret": client_secret}
        self.http.post(self.issuer + addresses.REVOKE, data=form).raise_for_status()

    def call_api(self, token: str | None, *, method: str = "GET", path: str = "/invoices") -> Answer:
        """Call the API, and read in its log what became of the request."""
        headers = {REQUEST_ID: uuid.uuid4().hex}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        answer = self.http.request(method, self.api.url + path, headers=headers)
        refusal = self.api.refusal(headers[REQUEST_ID]) if answer.is_error else {}
        return Answer(
            answer.status_code,
            answer.json(),
            answer.headers.get("WWW-Authenticate"),
            answer.headers.get("Retry-After"),
            refusal.get("reason"),
            refusal.get("detail"),
        )


@contextmanager
def stage(*, api: str = "examples.demo.api") -> Iterator[Stage]:
    """Start both servers on free loopback ports, and stop them at the end.

    Args:
        api: the module that is the API.
    """
    listening, known = listen(), Secrets()
    issuer = url_of(listening)
    server = AuthorizationServer(
        settings(issuer, audience=AUDIENCE, known=known, redirect_uris=frozenset({REDIRECT_URI}))
    )
    counted = Counted(create_application(server))
    start_api = partial(APIProcess, api, issuer=issuer, audience=AUDIENCE, client_secret=known.api)
    with (
        Serving(counted, listening) as serving,
        start_api() as api_process,
        httpx.Client(timeout=10, trust_env=False) as http,
    ):
        yield Stage(
            server=server,
            serving=serving,
            requests=counted.requests,
            issuer=issuer,
            api=api_process,
            start_api=start_api,
            http=http,
            known=known,
        )
