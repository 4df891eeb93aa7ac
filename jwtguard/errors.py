"""Every refusal jwtguard can give, each with its reason, its HTTP status and its RFC 6750 error code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

_REASONS: Final = {
    # credentials (RFC 6750 sections 2.1 and 3)
    "credentials_missing": "No access token was presented.",
    "scheme_unsupported": "The Authorization header does not use the Bearer scheme.",
    "credentials_repeated": "More than one Authorization header was presented.",
    "credentials_malformed": "The Authorization header is not 'Bearer' followed by one access token.",
    # the shape of the token (RFC 7515 sections 4, 5.2 and 7.1)
    "token_too_large": "The access token is larger than this resource server accepts.",
    "token_opaque": "The access token is not a signed JWT.",
    "token_encrypted": "The access token is encrypted, and this resource server takes signed ones.",
    "token_malformed": "The access token is not a well-formed signed JWT.",
    "header_malformed": "The access token's header is malformed.",
    "critical_header_unsupported": "The access token demands a header extension that is not understood.",
    "type_mismatch": "The token is not an access token.",
    # whose it is, and by which key (RFC 7515 section 4.1.4, RFC 8725 section 3)
    "issuer_mismatch": "The access token was not issued by a trusted authorization server.",
    "algorithm_not_allowed": "The access token's signature algorithm is not allowed.",
    "unknown_key": "The access token is signed with an unknown key.",
    "key_ambiguous": "The access token does not say which key signed it.",
    "signature_mismatch": "The access token's signature does not match.",
    # what it says (RFC 7519 section 4.1, RFC 9068 section 4)
    "claim_missing": "The access token lacks a required claim.",
    "claim_malformed": "The access token has a malformed claim.",
    "claims_unfit": "The access token's claims are not as this resource server requires.",
    "claim_mismatch": "The access token has a claim with a value that is not accepted here.",
    "audience_mismatch": "The access token is not meant for this resource server.",
    "expired": "The access token has expired.",
    "not_yet_valid": "The access token is not valid yet.",
    "issued_in_future": "The access token was issued in the future.",
    "confirmation_unsupported": "The access token is bound to a proof of possession, and came as a bearer token.",
    "inactive": "The access token is not active.",
    # what the route asks for (RFC 6750 section 3.1)
    "insufficient_scope": "The access token lacks a scope that this resource requires.",
    "insufficient_roles": "The access token lacks a role that this resource requires.",
    "insufficient_permissions": "The access token lacks a permission that this resource requires.",
    "insufficient_claims": "The access token lacks a privilege that this resource requires.",
    # what could not be decided
    "issuer_unreachable": "The authorization server's keys cannot be had at present.",
    "introspection_unavailable": "The authorization server cannot be asked about the access token at present.",
}

REASONS: Final[Mapping[str, str]] = MappingProxyType(_REASONS)
"""Each `reason`, and what a client is told of it: nothing that came with the request."""


class ConfigurationError(ValueError):
    """jwtguard was configured in a way that cannot work; the text says what to write instead."""


class InvalidKeySet(ConfigurationError):
    """A document is not a JWK Set, or holds no key that can verify a signature."""


class JWTGuardError(Exception):
    """A request is refused.

    Attributes:
        reason: a stable, machine-readable name out of `REASONS`, for logs and metrics.
        description: one sentence that a client may be told.
        detail: what was expected and what came, for the operator; never a token, a secret or an unverified claim.
        claim: the name of the claim that is missing or malformed, where that is the reason, else None.
        issuer: the trusted issuer that the token names, or that was asked about it; None where there is none.
        kid: the key ID in the token's header, as it came: its sender may have chosen it.
        client_id: the client that the token was issued to; None where its signature was not found good.
        status: the HTTP status that the answer carries.
        error: the error code of RFC 6750 section 3.1, or None where it prescribes none.
    """

    status: ClassVar[int]
    error: ClassVar[str | None]

    def __init__(self, reason: str, *, detail: str = "", claim: str | None = None) -> None:
        self.reason = reason
        self.description = REASONS[reason]
        self.detail = detail or self.description
        self.claim = claim
        self.issuer: str | None = None
        self.kid: str | None = None
        self.client_id: str | None = None
        super().__init__(f"{reason}: {self.detail}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it be copied and pickled: an exception would call `__init__` with its text for the reason."""
        return _anew, (type(self), str(self)), self.__dict__


def _anew(kind: type[JWTGuardError], text: str) -> JWTGuardError:
    return kind.__new__(kind, text)


class CredentialsRequired(JWTGuardError):
    """The request carries no bearer token: 401 and a bare challenge (RFC 6750 section 3.1)."""

    status = 401
    error = None


class InvalidRequest(JWTGuardError):
    """The request's credentials are malformed or repeated: 400 (RFC 6750 section 3.1)."""

    status = 400
    error = "invalid_request"


class InvalidToken(JWTGuardError):
    """The access token is malformed, forged, expired, or not for us: 401 (RFC 6750 section 3.1)."""

    status = 401
    error = "invalid_token"


class InsufficientScope(JWTGuardError):
    """The access token is good but does not allow this: 403 (RFC 6750 section 3.1).

    Attributes:
        scopes: the scopes that would do, for the challenge's `scope`; empty where scopes are not what is missing.
    """

    status = 403
    error = "insufficient_scope"

    def __init__(self, reason: str = "insufficient_scope", *, scopes: tuple[str, ...] = (), detail: str = "") -> None:
        super().__init__(reason, detail=detail or (f"required are {', '.join(scopes)}" if scopes else ""))
        self.scopes = scopes


class Unavailable(JWTGuardError):
    """The token could not be decided on, through no fault of the client's: 503 (RFC 9110 section 15.6.4).

    Attributes:
        retry_after: seconds after which asking again makes sense.
    """

    status = 503
    error = None

    def __init__(self, reason: str, *, retry_after: int, detail: str = "") -> None:
        super().__init__(reason, detail=detail)
        self.retry_after = retry_after
