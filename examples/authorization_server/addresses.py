"""Where everything is."""

AUTHORIZE = "/authorize"
DECISION = "/authorize/decision"

ACCESS = "/api/v2/access"
TOKEN = f"{ACCESS}/token"
INTROSPECT = f"{ACCESS}/introspect"
REVOKE = f"{ACCESS}/revoke"

WELL_KNOWN = "/.well-known"  # RFC 8615
KEYS = f"{WELL_KNOWN}/jwks.json"
METADATA = f"{WELL_KNOWN}/oauth-authorization-server"  # RFC 8414 section 3
OPENID_METADATA = f"{WELL_KNOWN}/openid-configuration"  # OpenID Connect Discovery section 4
