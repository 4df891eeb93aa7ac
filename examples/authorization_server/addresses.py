"""Where everything is."""

TOKEN = "/api/v2/access/token"
AUTHORIZE = "/api/v2/access/authorize"
DECISION = "/api/v2/access/decision"
INTROSPECT = "/api/v2/access/introspect"
REVOKE = "/api/v2/access/revoke"
KEYS = "/.well-known/jwks.json"
METADATA = "/.well-known/oauth-authorization-server"  # RFC 8414 section 3
OPENID_METADATA = "/.well-known/openid-configuration"  # OpenID Connect Discovery section 4
