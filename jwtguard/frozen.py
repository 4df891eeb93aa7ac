"""JSON values that cannot be changed: every request with a token shares it, so nobody may edit its claims."""

from collections.abc import Mapping
from typing import Any, Final, NoReturn

MAX_NESTING: Final = 32
"""How deep objects and arrays may be nested in a header or in claims."""
MAX_CONTAINERS: Final = 1000
"""How many objects and arrays they may hold: each costs time before any signature has been checked."""


def _refuse(self: object, *args: object, **kwargs: object) -> NoReturn:  # noqa: ARG001  (any call is refused)
    raise TypeError("a token's claims cannot be changed; make a copy with dict() or list()")


class FrozenDict(dict[str, Any]):
    """A JSON object that compares, prints and serializes like a dict, and cannot be changed."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any]]]:
        return FrozenDict, (dict(self),)


class FrozenList(list[Any]):
    """A JSON array that compares, prints and serializes like a list, and cannot be changed."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __reduce__(self) -> tuple[type, tuple[list[Any]]]:
        return FrozenList, (list(self),)


_without_nested: Final = frozenset((dict, list)).isdisjoint


def freeze(members: Mapping[str, Any], *, depth: int = MAX_NESTING) -> FrozenDict:
    """Return the JSON object with all that it holds frozen.

    Raises:
        ValueError: where it is nested deeper than `depth`.
    """
    if _without_nested(map(type, members.values())):
        return FrozenDict(members)
    return FrozenDict(
        {name: value if value.__class__ is str else _freeze(value, depth - 1) for name, value in members.items()}
    )


def freeze_decoded(members: dict[str, Any], document: bytes) -> FrozenDict:
    """Return what was decoded from a JSON document, frozen. Where its text shows no nesting, no member is looked at.

    Raises:
        ValueError: where it is nested deeper than `MAX_NESTING`, or holds more than `MAX_CONTAINERS`. A bracket within
            a text counts as well.
    """
    flat = document.rfind(b"{") == 0
    if flat and document.find(b"[") < 0:
        return FrozenDict(members)
    if (1 if flat else document.count(b"{")) + document.count(b"[") > MAX_CONTAINERS:
        raise ValueError(f"made of more than {MAX_CONTAINERS} objects and arrays")
    return freeze(members)


def _freeze(value: Any, depth: int) -> Any:
    kind = value.__class__
    if kind is not dict and kind is not list:
        return value
    if depth == 0:
        raise ValueError(f"nested deeper than {MAX_NESTING} levels")
    if kind is dict:
        return freeze(value, depth=depth)
    if _without_nested(map(type, value)):
        return FrozenList(value)
    return FrozenList([_freeze(item, depth - 1) for item in value])
