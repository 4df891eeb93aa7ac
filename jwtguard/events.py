"""What jwtguard tells its operator: one value for each token decided on and for each exchange with an issuer."""

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


class Exchange(msgspec.Struct, frozen=True):
    """An issuer was asked for something over the network: its metadata, its keys, or a token's introspection.

    Attributes:
        method: the HTTP method.
        url: without a query.
        began_at: seconds since the epoch.
        seconds: how long it took.
        status: the HTTP status of the answer, or None without one.
        failure: why there is no answer, or None.
    """

    method: str
    url: str
    began_at: float
    seconds: float
    status: int | None
    failure: str | None


Event = TokenAccepted | RequestRefused | Exchange
