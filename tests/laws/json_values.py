"""JSON, well-formed and not quite: values, and documents that no encoder of ours would write."""

import json
from typing import Any

from hypothesis import strategies as st

NAMES = ("alg", "kid", "typ", "crit", "b64", "iss", "aud", "exp", "nbf", "iat", "sub", "jti", "scope", "scp", "roles")
"""Members that mean something to a resource server."""

_names = st.sampled_from(NAMES) | st.text(max_size=5)


def _nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(children, max_size=4) | st.dictionaries(_names, children, max_size=4)


extremes: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        "",
        [],
        {},
        0,
        -1,
        -0.0,
        0.5,
        1e308,
        -1e308,
        5e-324,
        2**53 + 1,
        2**63,
        2**64,
        10**400,
        -(10**400),
    ]
)
"""JSON values at the ends of what there is."""

values: st.SearchStrategy[Any] = extremes | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    _nested,
    max_leaves=8,
)
"""Any JSON value."""

objects = st.dictionaries(_names, values, max_size=6)
"""Any JSON object."""

_LITERALS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-0",
    "01",
    "1.",
    ".5",
    "0x10",
    "1" + "0" * 5000,
    '"\\ud800"',
    '"\\u0000"',
    '"\x01"',
    "'a'",
    "tru",
    "",
    "[" * 2000,
    '{"a":' * 2000 + "1" + "}" * 2000,
    "[" * 40 + "]" * 40,
)
"""What may stand in the place of a value, and is no JSON, or JSON that decoders take differently."""


@st.composite
def documents(draw: st.DrawFn, objects: st.SearchStrategy[dict[str, Any]] = objects) -> bytes:
    """Return the text of a JSON object: written in many ways, with duplicate members, or broken.

    Args:
        draw: hypothesis's.
        objects: what it is to hold.
    """
    members = list(draw(objects).items())
    text = _written(draw, members)
    kind = draw(st.sampled_from(["as it is"] * 4 + ["duplicate", "literal", "surrounded", "encoded", "mutilated"]))
    if kind == "duplicate" and members:
        name, value = draw(st.sampled_from(members))[0], draw(values)
        first = draw(st.booleans())
        text = _written(draw, [(name, value), *members] if first else [*members, (name, value)])
    elif kind == "literal":
        name = draw(_names)
        text = "{" + json.dumps(name) + ":" + draw(st.sampled_from(_LITERALS)) + "," + text[1:]
        text = text.replace(",}", "}") if len(text) < 1000 else text
    elif kind == "surrounded":
        text = draw(st.text(" \t\r\n\ufeff\0,x", max_size=3)) + text + draw(st.text(" \t\r\n\0,x", max_size=3))
    octets = text.encode("utf-16" if kind == "encoded" else "utf-8", "surrogatepass")
    return mutilated(draw, octets) if kind == "mutilated" else octets


def _written(draw: st.DrawFn, members: list[tuple[str, Any]]) -> str:
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n\t", "\r\n: ")]))
    ascii_ = draw(st.booleans())
    return (
        "{"
        + comma.join(
            json.dumps(name, ensure_ascii=ascii_) + colon + json.dumps(value, ensure_ascii=ascii_)
            for name, value in members
        )
        + "}"
    )


def mutilated(draw: st.DrawFn, octets: bytes) -> bytes:
    """Return the bytes with one thing about them changed."""
    start = draw(st.integers(0, len(octets)))
    end = draw(st.integers(start, min(len(octets), start + 8)))
    return octets[:start] + draw(st.binary(max_size=4)) + octets[end:]
