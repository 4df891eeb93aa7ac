"""The access token out of a request's headers (RFC 6750 section 2.1). Form bodies and queries are never read."""

import re
from collections.abc import Iterable
from typing import Final

from jwtguard.errors import ConfigurationError, CredentialsRequired, InvalidRequest

BEARER: Final = b"Bearer "
"""What stands before a token in credentials that are written as RFC 6750 section 2.1 has them."""

_SCHEME: Final = b"bearer"
_TOKEN68: Final = re.compile(rb"[A-Za-z0-9\-._~+/]+=*").fullmatch
_PROTOCOL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+").fullmatch


def authorization(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the value of the one `Authorization` header, not yet looked at.

    Args:
        headers: an ASGI scope's raw headers; the names are in lower case.

    Raises:
        CredentialsRequired: `credentials_missing`.
        InvalidRequest: `credentials_repeated` for several headers.
    """
    value = None
    for name, candidate in headers:
        if name == b"authorization":
            if value is not None:
                raise InvalidRequest("credentials_repeated")
            value = candidate
    if value is None:
        raise CredentialsRequired("credentials_missing")
    return value


def bearer_token(value: bytes) -> bytes:
    """Return what stands behind `Bearer` in an `Authorization` header, not yet looked at.

    Args:
        value: the header's.

    Raises:
        CredentialsRequired: `scheme_unsupported` for another scheme.
        InvalidRequest: `credentials_malformed` for a scheme alone.
    """
    if value[:7].lower() == b"bearer ":
        # Some servers leave the white space behind a field's value for us to remove (RFC 9110 section 5.5).
        return value[7:].lstrip(b" ").rstrip(b" \t")
    scheme = value.strip(b" \t").lower()
    if scheme == b"":
        raise InvalidRequest("credentials_malformed", detail="the Authorization header is empty")
    if scheme == _SCHEME or scheme.startswith(_SCHEME + b"\t"):
        raise InvalidRequest("credentials_malformed", detail="no token follows the scheme")
    raise CredentialsRequired("scheme_unsupported")


def websocket_token(headers: Iterable[tuple[bytes, bytes]], protocol: str) -> bytes:
    """Return the token that a WebSocket handshake carries: behind `Bearer`, or as the subprotocol after a certain one.

    Args:
        headers: an ASGI scope's raw headers; the names are in lower case.
        protocol: the subprotocol that the token stands behind (RFC 6455 section 1.9).

    Raises:
        CredentialsRequired: as `authorization` and `bearer_token`.
        InvalidRequest: as they; `credentials_repeated` also for a token in both places (RFC 6750 section 2).
    """
    several = tuple(headers)
    offered = [
        name.strip(b" \t")
        for header, names in several
        if header == b"sec-websocket-protocol"
        for name in names.split(b",")
    ]
    if protocol.encode() not in offered:
        return bearer_token(authorization(several))
    if any(name == b"authorization" for name, _ in several):
        raise InvalidRequest("credentials_repeated", detail="a token came in the header and as a subprotocol")
    behind = offered[offered.index(protocol.encode()) + 1 :]
    if len(behind) != 1:
        raise InvalidRequest(
            "credentials_malformed", detail=f"one token follows the subprotocol {protocol!r}, and no more"
        )
    return behind[0]


def checked_protocol(protocol: str | None) -> str | None:
    """Return the name of a subprotocol, or None for none.

    Raises:
        ConfigurationError: where it cannot be one (RFC 6455 section 4.1).
    """
    if protocol is not None and (not isinstance(protocol, str) or _PROTOCOL(protocol) is None):
        raise ConfigurationError(f"websocket_protocol is a name such as 'bearer', not {protocol!r}")
    return protocol


def check_token68(token: bytes) -> None:
    """Check the syntax of a bearer token (RFC 6750 section 2.1, `b64token`).

    Raises:
        InvalidRequest: `credentials_malformed`.
    """
    if _TOKEN68(token) is None:
        raise InvalidRequest("credentials_malformed", detail="what follows the scheme is not one token")
