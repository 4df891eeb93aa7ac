"""What a resource owner's browser calls: the authorization endpoint and the login page behind it."""

import secrets
from dataclasses import replace
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from examples.authorization_server import pkce
from examples.authorization_server.errors import NO_STORE, OAuthError
from examples.authorization_server.grants import requested_resource, requested_scopes
from examples.authorization_server.pages import login_page, refusal_page
from examples.authorization_server.parameters import Parameters, body_parameters, query_parameters
from examples.authorization_server.resource_owners import ResourceOwner
from examples.authorization_server.server import AuthorizationServer
from examples.authorization_server.state import AuthorizationCode, AuthorizationRequest, Grant, PendingLogin, digest

MAX_ATTEMPTS = 5


class AuthorizationEndpoint:
    """Asks a resource owner whether a client may have what it asks for, and sends the browser back with a code.

    Nobody stays logged in: each request is allowed with a password of its own, so there is no session to ride on.
    """

    def __init__(self, server: AuthorizationServer) -> None:
        """Serve an authorization server's resource owners."""
        self._server = server
        self._nobody = ResourceOwner.register(name="", password=secrets.token_urlsafe(), subject="")

    async def authorize(self, request: Request) -> Response:
        """Check what a client asks for, and show the login page (RFC 6749 section 4.1.1, RFC 7636 section 4.3)."""
        try:
            parameters = query_parameters(request)
        except OAuthError as error:
            return refusal_page(error.description)
        redirect_uri, client_id = parameters.get("redirect_uri", ""), parameters.get("client_id", "")
        client = self._server.settings.clients_by_id.get(client_id)
        if client is None or redirect_uri not in client.redirect_uris:
            # Nothing may be sent to an address that nobody registered (section 4.1.2.1).
            return refusal_page("The client is unknown, or asks for the answer at an address it has not registered.")
        state = parameters.get("state")
        try:
            asked = self._checked(parameters, client_id, redirect_uri)
        except OAuthError as error:
            return self._redirect(redirect_uri, state, error=error.error, error_description=error.description)
        transaction = secrets.token_urlsafe(32)
        pending = PendingLogin(request=asked, expires_at=self._server.clock() + self._server.settings.login_lifetime)
        self._server.state.pending_logins[digest(transaction)] = pending
        return login_page(asked, transaction)

    async def decide(self, request: Request) -> Response:
        """Take the resource owner's decision from the login page."""
        try:
            parameters = await body_parameters(request)
        except OAuthError as error:
            return refusal_page(error.description)
        transaction = parameters.get("transaction", "")
        pending = self._server.state.pending_logins.pop(digest(transaction), None)
        if pending is None:
            return refusal_page("This page has expired. Go back to the application and start again.")
        asked = pending.request
        if parameters.get("decision") != "allow":
            return self._denied(asked, "The resource owner said no.")
        owner = self._resource_owner(parameters)
        if owner is not None:
            return self._redirect(asked.redirect_uri, asked.state, code=self._code(asked, owner))
        if pending.attempts + 1 >= MAX_ATTEMPTS:
            return self._denied(asked, "The resource owner could not log in.")
        self._server.state.pending_logins[digest(transaction)] = replace(pending, attempts=pending.attempts + 1)
        return login_page(asked, transaction, problem="The name or the password is wrong.")

    def _checked(self, parameters: Parameters, client_id: str, redirect_uri: str) -> AuthorizationRequest:
        client = self._server.settings.clients_by_id[client_id]
        if "authorization_code" not in client.grant_types:
            raise OAuthError("unauthorized_client", "The client may not use this grant type.")
        if parameters.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "Supported is the response type 'code'.")
        if parameters.get("code_challenge_method") != pkce.METHOD:
            raise OAuthError("invalid_request", f"The code_challenge_method is '{pkce.METHOD}'.")
        challenge = parameters.get("code_challenge", "")
        if not pkce.is_challenge(challenge):
            raise OAuthError("invalid_request", "The code_challenge is missing or malformed.")
        return AuthorizationRequest(
            client_id=client_id,
            redirect_uri=redirect_uri,
            scopes=requested_scopes(parameters, client.scopes),
            resource=requested_resource(parameters, client),
            code_challenge=challenge,
            state=parameters.get("state"),
            nonce=parameters.get("nonce"),
        )

    def _resource_owner(self, parameters: Parameters) -> ResourceOwner | None:
        """An unknown name costs as much time as a wrong password, so that nobody learns who has an account."""
        owners = self._server.settings.resource_owners_by_name
        owner = owners.get(parameters.get("name", ""), self._nobody)
        return owner if owner.knows(parameters.get("password", "")) else None

    def _code(self, asked: AuthorizationRequest, owner: ResourceOwner) -> str:
        settings, now = self._server.settings, self._server.clock()
        grant = Grant(
            client_id=asked.client_id,
            subject=owner.subject,
            scopes=asked.scopes,
            resource=asked.resource,
            expires_at=now + settings.refresh_token_lifetime,
            authenticated_at=now,
        )
        text = secrets.token_urlsafe(32)
        self._server.state.codes[digest(text)] = AuthorizationCode(
            request=asked, grant=grant, expires_at=now + settings.code_lifetime
        )
        return text

    def _denied(self, asked: AuthorizationRequest, why: str) -> Response:
        return self._redirect(asked.redirect_uri, asked.state, error="access_denied", error_description=why)

    def _redirect(self, redirect_uri: str, state: str | None, **answer: str) -> Response:
        """Send the browser back (RFC 6749 section 4.1.2), saying who answers (RFC 9207)."""
        answer["iss"] = self._server.settings.issuer
        if state is not None:
            answer["state"] = state
        parts = urlsplit(redirect_uri)
        query = "&".join(filter(None, (parts.query, urlencode(answer))))
        return RedirectResponse(urlunsplit(parts._replace(query=query)), status_code=303, headers=NO_STORE)
