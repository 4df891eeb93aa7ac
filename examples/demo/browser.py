"""Plays the app and the person's browser in the authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636)."""

import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx

from examples.authorization_server import addresses, pkce
from examples.demo.stage import AUDIENCE, REDIRECT_URI, Stage
from examples.demonstration import APP, PERSON


@dataclass(frozen=True, slots=True)
class Authorization:
    """What the app has when the browser comes back.

    Attributes:
        code: the authorization code.
        issuer: who sent it (RFC 9207).
        verifier: what only the app knows.
    """

    code: str = field(repr=False)
    issuer: str
    verifier: str = field(repr=False)

    def exchange(self, stage: Stage, *, verifier: str | None = None) -> httpx.Response:
        """Ask for tokens.

        Args:
            stage: where to ask.
            verifier: another one than the right one.
        """
        return stage.ask_token_endpoint(
            grant_type="authorization_code",
            client_id=APP,
            code=self.code,
            redirect_uri=REDIRECT_URI,
            code_verifier=verifier or self.verifier,
        )


def allow(stage: Stage, *, scope: str) -> Authorization:
    """Send the browser to the authorization server; the person logs in and allows what the app asks for.

    Raises:
        RuntimeError: where the browser does not come back with a code and the state that it was sent with.
    """
    verifier, state = pkce.new_verifier(), secrets.token_urlsafe(16)
    page = stage.http.get(
        stage.issuer + addresses.AUTHORIZE,
        params={
            "response_type": "code",
            "client_id": APP,
            "redirect_uri": REDIRECT_URI,
            "scope": scope,
            "resource": AUDIENCE,
            "state": state,
            "code_challenge": pkce.challenge_of(verifier),
            "code_challenge_method": pkce.METHOD,
        },
    )
    back = stage.http.post(
        stage.issuer + addresses.DECISION,
        data={
            "transaction": _hidden_field(page.text, "transaction"),
            "name": PERSON,
            "password": stage.known.password,
            "decision": "allow",
        },
    )
    answer = parse_qs(urlsplit(back.headers.get("location", "")).query)
    if "code" not in answer or answer.get("state") != [state]:
        raise RuntimeError(f"the browser did not come back with a code: {back.status_code}")
    return Authorization(answer["code"][0], answer["iss"][0], verifier)


def _hidden_field(html: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', html)
    if found is None:
        raise RuntimeError(f"the login page has no field {name!r}")
    return unescape(found[1])
