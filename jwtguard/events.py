"""What jwtguard tells its operator: one value for each token decided on and for each exchange with an issuer."""

from typing import Literal

import msgspec

from jwtguard.errors import JWTGuardError


class TokenAccepted(msgspec.Struct, frozen=True):
    """A token was found good.

    Attributes:
        issuer: whose it is.
        cached: whether it was seen before.
        seconds: how long that took.
    """

    issuer: str
    cached: bool
    seconds: float


class RequestRefused(msgspec.Struct, frozen=True):
    """A request was refused, or a token handed to `ResourceServer.validate`.

    Attributes:
        error: why, with all that may be told of it: its `reason`, `issuer`, `kid` and `client_id`.
    """

    error: JWTGuardError


class IssuerAsked(msgspec.Struct, frozen=True):
    """An issuer was asked over the network.

    Attributes:
        issuer: which.
        subject: what it was asked for: its "keys" (its metadata included), or "introspection" of a token.
        began_at: seconds since the epoch.
        seconds: how long that took.
        failure: why there is no usable answer, or None.
    """

    issuer: str
    subject: Literal["keys", "introspection"]
    began_at: float
    seconds: float
    failure: str | None


Event = TokenAccepted | RequestRefused | IssuerAsked
