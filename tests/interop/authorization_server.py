"""Runs the certified authorization server, and does what its clients do: the three grants, DPoP and revocation."""

import base64
import hashlib
import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from tests.signing import signing_key

PROGRAM = Path(__file__).with_name("authorization-server.mjs")
SHARED_SECRET = "shared between the authorization server and one resource server"
API_SECRET = "reserved in forms: 100 % + / = & ~ \" '"
API_KEY = signing_key("ES256", kid="api-1")
REDIRECT_URI = "http://127.0.0.1:9/callback"
"""Where the client waits for the code; nothing listens there, because the last redirect is read and not followed."""


def resource(name: str) -> str:
    """Name a resource server: `RS256`, `PS256`, `ES256`, `Ed25519`, `HS256`, `opaque` or `encrypted`."""
    return f"https://api.example.com/{name}"


@dataclass(frozen=True)
class AuthorizationServer:
    """The running server.

    Attributes:
        url: its issuer identifier.
        process: Node.
        http: what its clients send requests with.
    """

    url: str
    process: subprocess.Popen[str] = field(repr=False)
    http: httpx.Client = field(repr=False)

    def rotate(self) -> None:
        """Have it sign with new keys, published beside the old ones."""
        self._tell("rotate")

    def retire(self) -> None:
        """Have it publish its newest keys only."""
        self._tell("retire")

    @property
    def key_set_requests(self) -> int:
        """How often its key set was asked for."""
        return int(self._tell("count"))

    def client_credentials(
        self, audience: str, *, scope: str = "invoices:read", headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The client credentials grant (RFC 6749 section 4.4): return the token response."""
        form = {"grant_type": "client_credentials", "scope": scope, "resource": audience}
        return self._token_response(form, auth=("machine", "machine-secret"), headers=headers)

    def dpop_bound(self, audience: str) -> str:
        """Return an access token that is bound to a key by a DPoP proof (RFC 9449 section 5)."""
        key = signing_key("ES256")
        public = {name: value for name, value in key.jwk.items() if name in ("kty", "crv", "x", "y")}
        proof = key.token(
            {"jti": secrets.token_hex(), "htm": "POST", "htu": f"{self.url}/token", "iat": int(time.time())},
            {"typ": "dpop+jwt", "alg": "ES256", "jwk": public},
        )
        response = self.client_credentials(audience, headers={"DPoP": proof})
        assert response["token_type"] == "DPoP"
        token: str = response["access_token"]
        return token

    def authorization_code(self, audience: str, *, subject: str, scope: str = "invoices:read") -> dict[str, Any]:
        """The authorization code grant with PKCE (RFC 6749 section 4.1, RFC 7636), login and consent pages included.

        Returns:
            The token response: an access token for the resource server, an ID token and a refresh token.
        """
        verifier = secrets.token_urlsafe(48)
        code = self._code(audience, verifier, subject=subject, scope=f"openid offline_access {scope}")
        return self._token_response(
            {
                "grant_type": "authorization_code",
                "client_id": "application",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": REDIRECT_URI,
                "resource": audience,
            }
        )

    def refresh(self, refresh_token: str, audience: str) -> dict[str, Any]:
        """The refresh token grant (RFC 6749 section 6): return the token response."""
        form = {"grant_type": "refresh_token", "client_id": "application", "refresh_token": refresh_token}
        return self._token_response({**form, "resource": audience})

    def revoke(self, token: str) -> None:
        """Revoke an opaque access token of the client `machine` (RFC 7009)."""
        answer = self.http.post(
            f"{self.url}/token/revocation", data={"token": token}, auth=("machine", "machine-secret")
        )
        assert answer.status_code == 200, answer.text

    def _tell(self, command: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return _answer(self.process)

    def _token_response(self, form: Mapping[str, str], **options: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/token", data=form, **options)
        assert answer.status_code == 200, answer.text
        response: dict[str, Any] = answer.json()
        return response

    def _code(self, audience: str, verifier: str, *, subject: str, scope: str) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        state = secrets.token_urlsafe(16)
        request = {
            "response_type": "code",
            "client_id": "application",
            "redirect_uri": REDIRECT_URI,
            "scope": scope,
            "resource": audience,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "prompt": "consent",
        }
        with httpx.Client() as browser:
            response = _walk_through(browser, browser.get(f"{self.url}/auth", params=request), login=subject)
        assert (response["state"], response["iss"]) == (state, self.url)
        return response["code"]


def _walk_through(browser: httpx.Client, page: httpx.Response, *, login: str) -> dict[str, str]:
    """Follow redirects and send off forms until the authorization response comes (RFC 6749 section 4.1.2)."""
    for _ in range(12):
        if page.is_redirect:
            target = urljoin(str(page.url), page.headers["location"])
            if target.startswith(REDIRECT_URI):
                return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
            page = browser.get(target)
            continue
        assert page.status_code == 200, page.text
        form = _Form()
        form.feed(page.text)
        page = browser.post(
            urljoin(str(page.url), form.action), data=form.filled_in(login=login, password="any password will do")
        )
    raise AssertionError("the authorization server did not come to an end")


class _Form(HTMLParser):
    """The one form of a page: where it goes, and its fields with the values that stand in them."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self._fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self.action = attributes["action"] or ""
        if tag == "input":
            self._fields[attributes["name"] or ""] = attributes.get("value") or ""

    def filled_in(self, **values: str) -> dict[str, str]:
        return self._fields | {name: value for name, value in values.items() if name in self._fields}


@contextmanager
def running(port: int) -> Iterator[AuthorizationServer]:
    """Run the authorization server on a loopback port, until the block is left."""
    with (
        subprocess.Popen(
            ["node", str(PROGRAM)],
            env={
                **os.environ,
                "PORT": str(port),
                "SHARED_SECRET": SHARED_SECRET,
                "API_SECRET": API_SECRET,
                "API_KEYS": json.dumps(API_KEY.jwk_set),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
        httpx.Client() as http,
    ):
        try:
            ready, url = _answer(process).split(" ")
            assert ready == "ready"
            yield AuthorizationServer(url, process, http)
        finally:
            process.kill()


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("> "):
            return line.removeprefix("> ").rstrip("\n")
    raise AssertionError("the authorization server ended; run it by hand to see why")
