"""The grant types: what a client can get tokens for (RFC 6749 sections 4.1.3, 4.4 and 6)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from examples.authorization_server import pkce
from examples.authorization_server.clients import Client
from examples.authorization_server.errors import OAuthError
from examples.authorization_server.parameters import Parameters, required
from examples.authorization_server.server import AuthorizationServer
from examples.authorization_server.state import AuthorizationCode, Grant, RefreshToken, digest

GrantType = Callable[[AuthorizationServer, Client, Parameters], dict[str, Any]]
"""Takes a client that proved itself and its parameters; returns the answer, or raises `OAuthError`."""


def client_credentials(server: AuthorizationServer, client: Client, parameters: Parameters) -> dict[str, Any]:
    """A confidential client acts for itself."""
    grant = Grant(
        client_id=client.client_id,
        subject=client.client_id,
        scopes=requested_scopes(parameters, client.scopes),
        resource=requested_resource(parameters, client),
        expires_at=server.clock() + server.settings.access_token_lifetime,
    )
    return server.token_answer(grant, scopes=grant.scopes)


def authorization_code(server: AuthorizationServer, client: Client, parameters: Parameters) -> dict[str, Any]:
    """A resource owner allowed it, and the client that asked can prove that it is the same one."""
    text, redirect_uri = required(parameters, "code"), required(parameters, "redirect_uri")
    verifier = required(parameters, "code_verifier")
    code = _spend_code(server, text)
    request = code.request
    if (
        request.client_id != client.client_id
        or request.redirect_uri != redirect_uri
        or not pkce.proves(verifier, request.code_challenge)
        or parameters.get("resource", request.resource) != request.resource
    ):
        raise OAuthError("invalid_grant", "The code was issued for another request than this one.")
    return server.token_answer(code.grant, scopes=code.grant.scopes, nonce=request.nonce)


def refresh_token(server: AuthorizationServer, client: Client, parameters: Parameters) -> dict[str, Any]:
    """A client renews what it was granted, and gets a new refresh token with it (RFC 9700 section 4.14.2)."""
    text = required(parameters, "refresh_token")
    token = server.state.refresh_tokens.get(digest(text))
    if token is None or token.client_id != client.client_id:
        raise _unknown_refresh_token()
    grant = _grant_of(server, token)
    scopes = requested_scopes(parameters, grant.scopes)
    if parameters.get("resource", grant.resource) != grant.resource:
        raise OAuthError("invalid_target", "The grant is for another resource.")
    server.state.refresh_tokens[digest(text)] = replace(token, spent=True)
    return server.token_answer(grant, scopes=scopes)


GRANT_TYPES: dict[str, GrantType] = {
    "client_credentials": client_credentials,
    "authorization_code": authorization_code,
    "refresh_token": refresh_token,
}


def requested_scopes(parameters: Parameters, allowed: frozenset[str]) -> frozenset[str]:
    """Return the scopes that a request is for: all that are allowed where it does not say (RFC 6749 section 3.3).

    Raises:
        OAuthError: `invalid_scope`.
    """
    scopes = frozenset(parameters.get("scope", "").split(" ")) - {""} or allowed
    if not scopes <= allowed:
        raise OAuthError("invalid_scope", "A scope is unknown, or not for this client.")
    return scopes


def requested_resource(parameters: Parameters, client: Client) -> str:
    """Return the audience that a request is for: the client's first one where it does not say (RFC 8707 section 2).

    Raises:
        OAuthError: `invalid_target`.
    """
    resource = parameters.get("resource")
    if resource is None and client.resources:
        return client.resources[0]
    if resource not in client.resources:
        raise OAuthError("invalid_target", "The resource is unknown, or not for this client.")
    return resource


def _spend_code(server: AuthorizationServer, text: str) -> AuthorizationCode:
    """One attempt is all a code gets, a failed one included; a second ends whatever the first brought."""
    name = digest(text)
    code = server.state.codes.get(name)
    if code is None:
        raise OAuthError("invalid_grant", "The code is unknown or has expired.")
    if code.spent:
        server.state.revoke_grant(code.grant.grant_id)
        raise OAuthError("invalid_grant", "The code was presented before; all tokens that it brought have ended.")
    server.state.codes[name] = replace(code, spent=True)
    return code


def _grant_of(server: AuthorizationServer, token: RefreshToken) -> Grant:
    """Two holders of one refresh token cannot be told apart, so that a second use ends the grant for both."""
    if token.spent:
        server.state.revoke_grant(token.grant_id)
        raise OAuthError("invalid_grant", "The refresh token was presented before; all tokens of its grant have ended.")
    grant = server.state.grants.get(token.grant_id)
    if grant is None:
        raise _unknown_refresh_token()
    return grant


def _unknown_refresh_token() -> OAuthError:
    return OAuthError("invalid_grant", "The refresh token is unknown, has expired or was revoked.")
