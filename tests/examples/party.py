"""The demonstration authorization server, served over a real socket, and what it takes to talk to it."""

import base64
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from html import unescape
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from examples.authorization_server import AuthorizationServer, Client, create_application
from examples.demonstration import APP, PERSON, SERVICE, Secrets, settings
from examples.serving import Serving, listen, url_of

AUDIENCE = "https://api.example.com"
REDIRECT_URI = "http://127.0.0.1:49152/callback"
REDIRECT_URI_WITH_QUERY = "http://127.0.0.1:49152/callback?tenant=1"
DOCS_ORIGIN = "http://127.0.0.1:8000"

OTHER_APP = Client(
    client_id="<i>other-app</i>",
    grant_types=frozenset({"authorization_code", "refresh_token"}),
    scopes=frozenset({"invoices:read"}),
    resources=(AUDIENCE,),
    redirect_uris=frozenset({REDIRECT_URI}),
)
"""A public client beside the demonstration's, to tell whose code or token it is; its name is no HTML."""
GRANTLESS_APP = replace(OTHER_APP, client_id="grantless-app", grant_types=frozenset())
"""One that may come to the authorization endpoint, and may have nothing there."""

TOKEN = "/api/v2/access/token"
AUTHORIZE = "/authorize"
DECISION = "/authorize/decision"
INTROSPECT = "/api/v2/access/introspect"
REVOKE = "/api/v2/access/revoke"


@dataclass
class Clock:
    """The real time, unless a test lets more of it pass.

    Attributes:
        passed: seconds that passed at once.
    """

    passed: float = 0

    def __call__(self) -> float:
        return time() + self.passed


@dataclass(frozen=True)
class Code:
    """What an app holds once a person has allowed it something."""

    text: str = field(repr=False)
    verifier: str = field(repr=False)
    answer: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Party:
    """The authorization server, and everybody who may talk to it."""

    server: AuthorizationServer
    issuer: str
    known: Secrets
    http: httpx.Client
    clock: Clock

    def post(self, path: str, **form: Any) -> httpx.Response:
        """Send a form."""
        return self.http.post(
            self.issuer + path, data={name: value for name, value in form.items() if value is not None}
        )

    def service(self, **form: Any) -> httpx.Response:
        """Ask for a token by client credentials, as the service; a value of None leaves a parameter out."""
        defaults = {"grant_type": "client_credentials", "client_id": SERVICE, "client_secret": self.known.service}
        return self.post(TOKEN, **{**defaults, **form})

    def access_token(self, *, scope: str = "invoices:read", **claims: Any) -> str:
        """Get the service a token, with other claims than it would have where some are given."""
        token: str = self.service(scope=scope).json()["access_token"]
        return self.server.keys.sign({**parts(token)[1], **claims}, type_="at+jwt") if claims else token

    def authorize(self, *, verifier: str, **query: str | None) -> httpx.Response:
        """Send a browser to the authorization endpoint, for the app; a value of None leaves a parameter out."""
        defaults: dict[str, str | None] = {
            "response_type": "code",
            "client_id": APP,
            "redirect_uri": REDIRECT_URI,
            "scope": "invoices:read",
            "state": "a state & more",
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        sent = {name: value for name, value in {**defaults, **query}.items() if value is not None}
        return self.http.get(self.issuer + AUTHORIZE, params=sent)

    def decide(self, page: httpx.Response, **form: str) -> httpx.Response:
        """Fill in the login page, rightly if not told otherwise."""
        defaults = {"transaction": transaction(page), "name": PERSON, "password": self.known.password}
        return self.post(DECISION, **{**defaults, "decision": "allow", **form})

    def code(self, *, verifier: str | None = None, **query: str | None) -> Code:
        """Have the person allow the app something."""
        verifier = verifier or secrets.token_urlsafe(32)
        back = self.decide(self.authorize(verifier=verifier, **query))
        assert back.status_code == 303, back.text
        answer = redirect_answer(back)
        return Code(answer["code"], verifier, answer)

    def exchange(self, code: Code, /, **form: str | None) -> httpx.Response:
        """Ask for tokens, for a code."""
        defaults = {
            "grant_type": "authorization_code",
            "client_id": APP,
            "code": code.text,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": code.verifier,
        }
        return self.post(TOKEN, **{**defaults, **form})

    def refresh(self, refresh_token: str, /, **form: str) -> httpx.Response:
        """Ask for tokens, for a refresh token."""
        defaults = {"grant_type": "refresh_token", "client_id": APP, "refresh_token": refresh_token}
        return self.post(TOKEN, **{**defaults, **form})

    def introspect(self, token: str, /, **form: str) -> dict[str, Any]:
        """Ask about a token, as the API."""
        defaults = {"client_id": "invoice-api", "client_secret": self.known.api, "token": token}
        answer = self.post(INTROSPECT, **{**defaults, **form})
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def is_active(self, token: str) -> bool:
        """Ask whether a token is active, as the API."""
        active: bool = self.introspect(token)["active"]
        return active


@contextmanager
def party() -> Iterator[Party]:
    """Serve the authorization server with the clients and the person of the demonstration, and two apps more."""
    listening, known, clock = listen(), Secrets(), Clock()
    issuer = url_of(listening)
    shown = settings(
        issuer,
        audience=AUDIENCE,
        known=known,
        redirect_uris=frozenset({REDIRECT_URI, REDIRECT_URI_WITH_QUERY}),
        docs_origins=(DOCS_ORIGIN,),
    )
    server = AuthorizationServer(replace(shown, clients=(*shown.clients, OTHER_APP, GRANTLESS_APP)), clock=clock)
    with Serving(create_application(server), listening), httpx.Client(trust_env=False, timeout=10) as http:
        yield Party(server, issuer, known, http, clock)


def challenge_of(verifier: str) -> str:
    """RFC 7636 section 4.2, S256."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def transaction(page: httpx.Response) -> str:
    """Return what stands for the request in the login page."""
    found = re.search('name="transaction" value="([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


def redirect_answer(answer: httpx.Response) -> dict[str, str]:
    """Return the parameters that a redirect carries, each of which comes once."""
    several = parse_qs(urlsplit(answer.headers["location"]).query, strict_parsing=True)
    assert all(len(values) == 1 for values in several.values()), several
    return {name: values[0] for name, values in several.items()}


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a JWT's header and claims."""
    header, claims, _ = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    return json.loads(header), json.loads(claims)
