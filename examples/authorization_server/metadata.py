"""What the server says about itself (RFC 8414 section 2, OpenID Connect Discovery section 3)."""

from typing import Any

from examples.authorization_server import addresses, pkce
from examples.authorization_server.grants import GRANT_TYPES
from examples.authorization_server.server import AuthorizationServer

_SECRET_METHODS = ["client_secret_basic", "client_secret_post"]


def metadata(server: AuthorizationServer) -> dict[str, Any]:
    """Return the metadata document; one serves OAuth and OpenID Connect."""
    at = server.settings.issuer
    return {
        "issuer": at,
        "authorization_endpoint": at + addresses.AUTHORIZE,
        "token_endpoint": at + addresses.TOKEN,
        "jwks_uri": at + addresses.KEYS,
        "introspection_endpoint": at + addresses.INTROSPECT,
        "revocation_endpoint": at + addresses.REVOKE,
        "scopes_supported": server.settings.scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": [pkce.METHOD],
        "token_endpoint_auth_methods_supported": [*_SECRET_METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": _SECRET_METHODS,
        "revocation_endpoint_auth_methods_supported": [*_SECRET_METHODS, "none"],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [server.keys.algorithm],
    }
