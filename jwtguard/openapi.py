"""What OpenAPI tells of a guarded operation: how a client gets a token, and the answers it gets without a good one."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi.openapi.models import (
    HTTPBearer,
    OAuth2,
    OAuthFlowAuthorizationCode,
    OAuthFlowClientCredentials,
    OAuthFlows,
    SecurityBase,
)

# RFC 8414 section 2: what an authorization server supports that does not say.
_DEFAULT_GRANT_TYPES: Final = ("authorization_code", "implicit")


def security_scheme(flows: OAuthFlows | None) -> SecurityBase:
    """Return the security scheme: OAuth 2.0 with these flows, or a bearer token where none are known."""
    if flows is None:
        return HTTPBearer(bearerFormat="JWT", description="An access token of OAuth 2.0 (RFC 6750).")
    return OAuth2(flows=flows)


def flows_of(metadata: Mapping[str, Any], *, scopes: Mapping[str, str]) -> OAuthFlows | None:
    """Return the flows that an authorization server offers: authorization code and client credentials.

    Args:
        metadata: its metadata document (RFC 8414 section 2).
        scopes: what each scope allows, for those who choose; without any, the names that the metadata has.

    Returns:
        The flows; None where it offers neither.
    """
    authorization, token = metadata.get("authorization_endpoint"), metadata.get("token_endpoint")
    grants = metadata.get("grant_types_supported", _DEFAULT_GRANT_TYPES)
    if not isinstance(token, str) or not isinstance(grants, (list, tuple)):
        return None
    named = dict(scopes) or _supported(metadata)
    flows = OAuthFlows()
    if isinstance(authorization, str) and "authorization_code" in grants:
        flows.authorizationCode = OAuthFlowAuthorizationCode(
            authorizationUrl=authorization, tokenUrl=token, scopes=named
        )
    if "client_credentials" in grants:
        flows.clientCredentials = OAuthFlowClientCredentials(tokenUrl=token, scopes=named)
    return flows if flows.authorizationCode or flows.clientCredentials else None


def _supported(metadata: Mapping[str, Any]) -> dict[str, str]:
    supported = metadata.get("scopes_supported", ())
    return {name: "" for name in supported if isinstance(name, str)} if isinstance(supported, (list, tuple)) else {}


def answers() -> dict[int | str, dict[str, Any]]:
    """Return the answers that a guarded operation may give besides its own."""
    return {
        401: _answer("No access token, or one that is not valid here."),
        403: _answer("The access token does not allow this."),
    }


def _answer(description: str) -> dict[str, Any]:
    detail = {"type": "object", "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}}}
    return {
        "description": description,
        "headers": {
            "WWW-Authenticate": {"description": "The challenge (RFC 6750 section 3).", "schema": {"type": "string"}}
        },
        "content": {"application/json": {"schema": {"type": "object", "properties": {"detail": detail}}}},
    }
