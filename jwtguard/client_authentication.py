"""How this resource server proves who it is to an authorization server (RFC 6749 section 2.3, RFC 7523, RFC 6750)."""

import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote_plus

from jwtguard.algorithms import SIGNING, signer
from jwtguard.encoding import encode_base64url, encode_segment
from jwtguard.errors import ConfigurationError

Method = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"]

ASSERTION_SECONDS: Final = 60
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request carries to show who sends it.

    Attributes:
        headers: to add to the request.
        form: to add to its body.
        options: for the HTTP client.
    """

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    form: dict[str, str] = field(default_factory=dict, repr=False)
    options: dict[str, Any] = field(default_factory=dict, repr=False)


Prove = Callable[[float], Proof]
"""Takes the time, in seconds since the epoch."""

# Without it a client's own credentials, where it was given any, would take the place of ours.
_ONLY_OURS: Final[dict[str, Any]] = {"auth": None}


def client_secret_basic(client_id: str, client_secret: str) -> Prove:
    """RFC 6749 section 2.3.1: both are form-encoded before they are joined."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    proof = Proof(headers={"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}, options=_ONLY_OURS)
    return lambda _: proof


def client_secret_post(client_id: str, client_secret: str) -> Prove:
    """RFC 6749 section 2.3.1, in the body."""
    proof = Proof(form={"client_id": client_id, "client_secret": client_secret}, options=_ONLY_OURS)
    return lambda _: proof


def tls_client_auth(client_id: str) -> Prove:
    """RFC 8705 section 2: the certificate comes with the HTTP client."""
    proof = Proof(form={"client_id": client_id}, options=_ONLY_OURS)
    return lambda _: proof


def bearer(token: str) -> Prove:
    """RFC 7662 section 2.1: an access token of our own."""
    proof = Proof(headers={"Authorization": f"Bearer {token}"}, options=_ONLY_OURS)
    return lambda _: proof


def delegated(auth: Any) -> Prove:
    """Whatever httpx takes as `auth`."""
    proof = Proof(options={"auth": auth})
    return lambda _: proof


def private_key_jwt(
    client_id: str, private_key: str | bytes, *, algorithm: str, key_id: str | None, audience: str
) -> Prove:
    """RFC 7523 section 2.2: an assertion, signed anew for each request.

    Args:
        client_id: who we are.
        private_key: in PEM.
        algorithm: what to sign with.
        key_id: the `kid` under which the authorization server knows the key.
        audience: the authorization server's issuer identifier.

    Raises:
        ConfigurationError: where the key cannot sign so.
    """
    if algorithm not in SIGNING:
        raise ConfigurationError(f"algorithm is one of {', '.join(SIGNING)}, not {algorithm!r}")
    try:
        sign = signer(private_key, algorithm)
    except ValueError as error:
        raise ConfigurationError(f"private_key is a private key in PEM that {algorithm} takes: {error}") from None
    header = encode_segment({"alg": algorithm, "typ": "JWT"} | ({} if key_id is None else {"kid": key_id}))

    def prove(now: float) -> Proof:
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": int(now),
            "exp": int(now) + ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        signing_input = f"{header}.{encode_segment(claims)}"
        assertion = f"{signing_input}.{encode_base64url(sign(signing_input.encode()))}"
        form = {"client_id": client_id, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": assertion}
        return Proof(form=form, options=_ONLY_OURS)

    return prove
