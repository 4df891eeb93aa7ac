"""jwtguard/frozen.py: claims that look like dicts and lists, and that nobody can change."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtguard.frozen import MAX_CONTAINERS, MAX_NESTING, FrozenDict, FrozenList, freeze, freeze_decoded
from tests.test_encoding import json_values

CLAIMS = {"sub": "user-1", "roles": ["reader", {"name": "writer"}], "address": {"country": "PT", "lines": ["a"]}}


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda value: pickle.loads(pickle.dumps(value, protocol))  # noqa: S301  (our own bytes)


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {protocol}": pickled(protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
}

DICT_CHANGES: dict[str, Callable[[Any], object]] = {
    "setitem": lambda d: d.__setitem__("sub", "admin"),
    "delitem": lambda d: d.__delitem__("sub"),
    "ior": lambda d: d.__ior__({"sub": "admin"}),
    "clear": lambda d: d.clear(),
    "pop": lambda d: d.pop("sub"),
    "popitem": lambda d: d.popitem(),
    "setdefault": lambda d: d.setdefault("admin", True),
    "update": lambda d: d.update(sub="admin"),
    "attribute": lambda d: setattr(d, "admin", True),
}

LIST_CHANGES: dict[str, Callable[[Any], object]] = {
    "setitem": lambda x: x.__setitem__(0, "admin"),
    "setslice": lambda x: x.__setitem__(slice(None), ["admin"]),
    "delitem": lambda x: x.__delitem__(0),
    "iadd": lambda x: x.__iadd__(["admin"]),
    "imul": lambda x: x.__imul__(2),
    "append": lambda x: x.append("admin"),
    "clear": lambda x: x.clear(),
    "extend": lambda x: x.extend(["admin"]),
    "insert": lambda x: x.insert(0, "admin"),
    "pop": lambda x: x.pop(),
    "remove": lambda x: x.remove("reader"),
    "reverse": lambda x: x.reverse(),
    "sort": lambda x: x.sort(key=str),
    "attribute": lambda x: setattr(x, "admin", True),
}


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_frozen_members_equal_print_and_serialize_as_they_came(members: dict[str, Any]) -> None:
    frozen = freeze(members)
    assert frozen == members
    assert repr(frozen) == repr(members)
    assert json.dumps(frozen) == json.dumps(members)
    assert msgspec.json.encode(frozen) == msgspec.json.encode(members)


def kinds_in(value: Any) -> set[type]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {type(value)}.union(*map(kinds_in, inner))


@given(st.dictionaries(st.text(), json_values, max_size=5), st.sampled_from([None, 1]))
def test_everything_in_what_was_decoded_is_frozen(members: dict[str, Any], indent: int | None) -> None:
    frozen = freeze_decoded(members, json.dumps(members, indent=indent).encode())
    assert frozen == members
    assert kinds_in(frozen).isdisjoint({dict, list})
    assert kinds_in(freeze(members)) == kinds_in(frozen)


@pytest.mark.parametrize("name", ["{", "[", "}", "]", "\\u007b"])
def test_brackets_in_names_and_texts_are_no_nesting(name: str) -> None:
    members = {name: name, "a": 1}
    assert kinds_in(freeze_decoded(members, json.dumps(members).encode())) == {FrozenDict, str, int}


@pytest.mark.parametrize("change", DICT_CHANGES.values(), ids=DICT_CHANGES)
def test_an_object_cannot_be_changed(change: Callable[[Any], object]) -> None:
    frozen = freeze(CLAIMS)
    with pytest.raises((TypeError, AttributeError)):
        change(frozen)
    assert frozen == CLAIMS


@pytest.mark.parametrize("change", LIST_CHANGES.values(), ids=LIST_CHANGES)
def test_an_array_cannot_be_changed(change: Callable[[Any], object]) -> None:
    frozen = freeze(CLAIMS)
    with pytest.raises((TypeError, AttributeError)):
        change(frozen["roles"])
    assert frozen == CLAIMS


@pytest.mark.parametrize(
    "inner",
    [lambda claims: claims["address"], lambda claims: claims["roles"][1]],
    ids=["object in object", "object in array"],
)
def test_what_is_nested_cannot_be_changed_either(inner: Callable[[Any], Any]) -> None:
    frozen = freeze(CLAIMS)
    with pytest.raises(TypeError, match="make a copy"):
        inner(frozen)["admin"] = True
    assert frozen == CLAIMS


def test_freezing_leaves_the_original_as_it_is_and_does_not_follow_it() -> None:
    original = copy.deepcopy(CLAIMS)
    frozen = freeze(original)
    original["roles"].append("admin")  # type: ignore[attr-defined]
    original["sub"] = "admin"
    assert frozen == CLAIMS


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_copy_is_equal_and_as_frozen(duplicate: Callable[[Any], Any]) -> None:
    copied = duplicate(freeze(CLAIMS))
    assert copied == CLAIMS
    assert type(copied) is type(copied["address"]) is FrozenDict
    assert type(copied["roles"]) is type(copied["address"]["lines"]) is FrozenList


@pytest.mark.parametrize(
    "duplicate", [dict, lambda frozen: frozen.copy(), lambda frozen: frozen | {}], ids=["dict", "copy method", "union"]
)
def test_a_plain_dict_can_be_had_of_it_and_changed(duplicate: Callable[[Any], dict[str, Any]]) -> None:
    frozen = freeze(CLAIMS)
    plain = duplicate(frozen)
    plain["sub"] = "admin"
    assert frozen["sub"] == "user-1"


def test_a_plain_list_can_be_had_of_it_and_changed() -> None:
    frozen = freeze(CLAIMS)
    plain = list(frozen["roles"])
    plain.append("admin")
    assert frozen == CLAIMS


def objects(levels: int) -> dict[str, Any]:
    return {"a": objects(levels - 1)} if levels > 1 else {"a": 1}


def arrays(levels: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(levels - 1):
        value = [value]
    return {"a": value}


def in_turn(levels: int) -> dict[str, Any]:
    value: Any = {"a": 1} if levels % 2 else [1]
    for level in range(levels - 2, -1, -1):
        value = [value] if level % 2 else {"a": value}
    return dict(value)


@pytest.mark.parametrize("nested", [objects, arrays, in_turn], ids=["objects", "arrays", "in turn"])
def test_nesting_is_bounded(nested: Callable[[int], dict[str, Any]]) -> None:
    assert freeze(nested(MAX_NESTING)) == nested(MAX_NESTING)
    with pytest.raises(ValueError, match="nested deeper than 32 levels"):
        freeze(nested(MAX_NESTING + 1))


@pytest.mark.parametrize("container", ["{}", "[]"])
def test_the_objects_and_arrays_of_a_document_are_counted(container: str) -> None:
    def document(number: int) -> bytes:
        return ('{"a":[' + ",".join([container] * number) + "]}").encode()

    most = document(MAX_CONTAINERS - 2)
    assert freeze_decoded(json.loads(most), most) == json.loads(most)
    more = document(MAX_CONTAINERS - 1)
    with pytest.raises(ValueError, match=f"made of more than {MAX_CONTAINERS} objects and arrays"):
        freeze_decoded(json.loads(more), more)
