"""What clients and resource servers call: the endpoints for tokens, introspection and revocation."""

from starlette.requests import Request
from starlette.responses import Response

from examples.authorization_server.clients import Client, authenticate
from examples.authorization_server.errors import NO_STORE, OAuthError, json_answer
from examples.authorization_server.grants import GRANT_TYPES
from examples.authorization_server.parameters import Parameters, body_parameters, required
from examples.authorization_server.server import AuthorizationServer
from examples.authorization_server.state import digest


class TokenEndpoints:
    """The endpoints at which a client proves itself with every request."""

    def __init__(self, server: AuthorizationServer) -> None:
        """Serve an authorization server's tokens."""
        self._server = server

    async def token(self, request: Request) -> Response:
        """Issue tokens (RFC 6749 section 3.2)."""
        client, parameters = await self._authenticated(request)
        grant_type = required(parameters, "grant_type")
        if grant_type not in GRANT_TYPES:
            raise OAuthError("unsupported_grant_type", f"Supported are {', '.join(GRANT_TYPES)}.")
        if grant_type not in client.grant_types:
            raise OAuthError("unauthorized_client", "The client may not use this grant type.")
        return json_answer(GRANT_TYPES[grant_type](self._server, client, parameters))

    async def introspect(self, request: Request) -> Response:
        """Tell a resource server about an access token that is meant for it (RFC 7662).

        Of all others, refresh tokens included, it learns only that they are not active.
        """
        client, parameters = await self._authenticated(request)
        if not client.introspects:
            raise OAuthError("unauthorized_client", "The client may not ask about tokens.", status=403)
        token = self._server.state.active_access_token(required(parameters, "token"))
        if token is None or token.claims["aud"] not in client.introspects:
            return json_answer({"active": False})
        return json_answer({"active": True, "token_type": "Bearer", **token.claims})

    async def revoke(self, request: Request) -> Response:
        """End a token, and with a refresh token all that came of its grant (RFC 7009)."""
        client, parameters = await self._authenticated(request)
        name = digest(required(parameters, "token"))
        state = self._server.state
        if (refresh_token := state.refresh_tokens.get(name)) is not None:
            _check_owner(client, refresh_token.client_id)
            state.revoke_grant(refresh_token.grant_id)
        elif (access_token := state.access_tokens.get(name)) is not None:
            _check_owner(client, access_token.claims["client_id"])
            del state.access_tokens[name]
        return Response(headers=NO_STORE)  # an unknown token is as good as ended (section 2.2)

    async def _authenticated(self, request: Request) -> tuple[Client, Parameters]:
        parameters = await body_parameters(request)
        clients = self._server.settings.clients_by_id
        return authenticate(request.headers.get("authorization"), parameters, clients), parameters


def _check_owner(client: Client, client_id: str) -> None:
    if client.client_id != client_id:
        raise OAuthError("invalid_grant", "The token was issued to another client.")
