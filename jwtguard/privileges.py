"""Roles and permissions, out of whatever claims an issuer puts them in (RFC 9068 section 2.2.3.1)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from jwtguard.errors import ConfigurationError

ClaimPath = str | tuple[str, ...]
"""A claim's name, to the letter; or, for a claim within claims, the names from the outside in."""


NO_NAMES: Final[frozenset[str]] = frozenset()


def claim_paths(option: str, paths: ClaimPath | Iterable[ClaimPath]) -> tuple[tuple[str, ...], ...]:
    """Return the paths in one form.

    Args:
        option: the name of what is configured, for the error.
        paths: one name, or several paths.

    Raises:
        ConfigurationError: where one is no path.
    """
    parted = tuple(_parts(path) for path in _parts(paths))
    if not all(path and all(isinstance(name, str) and name for name in path) for path in parted):
        raise ConfigurationError(
            f"{option} holds names of claims, and tuples of names for claims within claims: "
            f"{option}=[('realm_access', 'roles')], not {paths!r}"
        )
    return parted


def _parts(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)


def names_at(claims: Mapping[str, Any], paths: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    """Return the names that stand under the paths: strings, and strings in arrays. Anything else grants nothing.

    Args:
        claims: verified claims.
        paths: where to look.
    """
    names: list[str] = []
    for path in paths:
        value: Any = claims.get(path[0])
        if value is None:
            continue
        for name in path[1:]:
            value = value.get(name) if isinstance(value, dict) else None
        if value.__class__ is str:
            names.append(value)
        elif isinstance(value, list):
            names += [name for name in value if name.__class__ is str]
    return frozenset(names) - {""} if names else NO_NAMES
