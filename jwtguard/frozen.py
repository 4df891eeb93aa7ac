"""JSON values that cannot be changed: every request with a token shares it, so nobody may edit its claims."""

from collections.abc import Mapping
from typing import Any, Final, NoReturn

MAX_NESTING: Final = 32
"""How deep objects and arrays may be nested in a header or in claims."""


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


def freeze(members: Mapping[str, Any], *, depth: int = MAX_NESTING) -> FrozenDict:
    """Return the JSON object with all that it holds frozen.

    Raises:
        ValueError: where it is nested deeper than `depth`.
    """
    nested = None
    for value in members.values():
        kind = value.__class__
        if kind is list or kind is dict:
            nested = {name: _freeze(value, depth - 1) for name, value in members.items()}
            break
    return FrozenDict(members if nested is None else nested)


def _freeze(value: Any, depth: int) -> Any:
    kind = value.__class__
    if kind is not dict and kind is not list:
        return value
    if depth == 0:
        raise ValueError(f"nested deeper than {MAX_NESTING} levels")
    if kind is dict:
        return freeze(value, depth=depth)
    return FrozenList([_freeze(item, depth - 1) for item in value])
