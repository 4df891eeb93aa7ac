"""Which values a claim may have, where an issuer's access tokens are known by them."""

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Any, Final

import msgspec

from jwtguard.errors import ConfigurationError
from jwtguard.privileges import ClaimPath, claim_paths

ClaimValue = str | bool | None
"""One value; None lets the claim be absent."""
ClaimValues = Mapping[ClaimPath, ClaimValue | Iterable[ClaimValue]]
"""Claims, each with the one value that will do, or several."""

COMPARABLE: Final = (str, bool, NoneType)
"""The types of the values that are compared at all: 1 is not True, and an array is no string."""


class AllowedValues(msgspec.Struct, frozen=True):
    """The values that one claim may have.

    Attributes:
        claim: its name.
        inner: for a claim within claims, the further names, from the outside in.
        values: those that will do.
    """

    claim: str
    inner: tuple[str, ...]
    values: frozenset[ClaimValue]

    def __str__(self) -> str:
        """Say what is asked of the claim, for the operator."""
        named = {True: "true", False: "false", None: "absent"}
        values = sorted(value if isinstance(value, str) else named[value] for value in self.values)
        return f"{'.'.join((self.claim, *self.inner))!r} must be {' or '.join(values)}"


def allowed_values(claim_values: ClaimValues) -> tuple[AllowedValues, ...]:
    """Return the values in one form.

    Raises:
        ConfigurationError: where that is no mapping of claims to values.
    """
    if not isinstance(claim_values, Mapping):
        raise ConfigurationError(f"claim_values is a mapping such as {{'token_use': 'access'}}, not {claim_values!r}")
    return tuple(_allowed_values(path, given) for path, given in claim_values.items())


def _allowed_values(path: Any, given: Any) -> AllowedValues:
    one = isinstance(given, COMPARABLE) or not isinstance(given, Iterable)
    values: tuple[Any, ...] = (given,) if one else tuple(given)
    if not values or not all(isinstance(value, COMPARABLE) and value != "" for value in values):
        raise ConfigurationError(
            f"claim_values[{path!r}] is a non-empty string or several (or True, False, None), not {given!r}"
        )
    ((claim, *inner),) = claim_paths("claim_values", [path])
    return AllowedValues(claim, tuple(inner), frozenset(values))
