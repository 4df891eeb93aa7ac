"""jwtguard: the resource-server half of OAuth 2.0 for FastAPI and Starlette."""

from jwtguard.access_token import AccessToken
from jwtguard.claims import Rules
from jwtguard.errors import (
    ConfigurationError,
    CredentialsRequired,
    InsufficientScope,
    InvalidKeySet,
    InvalidRequest,
    InvalidToken,
    JWTGuardError,
    Unavailable,
)
from jwtguard.introspection import Introspection
from jwtguard.issuer import Issuer
from jwtguard.key_set import KeySet
from jwtguard.resource_server import ResourceServer
from jwtguard.trusted_issuers import Health
from jwtguard.verification import verify

__all__ = [
    "AccessToken",
    "ConfigurationError",
    "CredentialsRequired",
    "Health",
    "InsufficientScope",
    "Introspection",
    "InvalidKeySet",
    "InvalidRequest",
    "InvalidToken",
    "Issuer",
    "JWTGuardError",
    "KeySet",
    "ResourceServer",
    "Rules",
    "Unavailable",
    "verify",
]
