"""The authorization server over HTTP: its addresses, and who may call them from a browser."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from examples.authorization_server import addresses
from examples.authorization_server.authorization_endpoint import AuthorizationEndpoint
from examples.authorization_server.errors import OAuthError, error_answer
from examples.authorization_server.metadata import metadata
from examples.authorization_server.server import AuthorizationServer
from examples.authorization_server.token_endpoints import TokenEndpoints


def create_application(server: AuthorizationServer) -> Starlette:
    """Return the ASGI application of an authorization server."""
    browser, clients = AuthorizationEndpoint(server), TokenEndpoints(server)

    async def publish_metadata(request: Request) -> Response:  # noqa: ARG001  (Starlette's signature)
        return _public(metadata(server), max_age=server.settings.keys_max_age)

    async def publish_keys(request: Request) -> Response:  # noqa: ARG001
        return _public(server.keys.jwk_set(), max_age=server.settings.keys_max_age)

    # Pages may call what clients call; a page that could read the login page could decide for the resource owner.
    for_pages = Middleware(
        CORSMiddleware,
        allow_origins=server.settings.docs_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "X-Requested-With"],
    )
    return Starlette(
        routes=[
            Route(addresses.AUTHORIZE, browser.authorize),
            Route(addresses.DECISION, browser.decide, methods=["POST"]),
            Mount(
                addresses.ACCESS,
                routes=[
                    Route("/token", clients.token, methods=["POST"]),
                    Route("/introspect", clients.introspect, methods=["POST"]),
                    Route("/revoke", clients.revoke, methods=["POST"]),
                ],
                middleware=[for_pages],
            ),
            Mount(
                addresses.WELL_KNOWN,
                routes=[
                    Route("/jwks.json", publish_keys),
                    Route("/oauth-authorization-server", publish_metadata),
                    Route("/openid-configuration", publish_metadata),
                ],
                middleware=[for_pages],
            ),
        ],
        exception_handlers={OAuthError: error_answer},
    )


def _public(document: dict[str, object], *, max_age: int) -> Response:
    return JSONResponse(document, headers={"Cache-Control": f"public, max-age={max_age}"})
