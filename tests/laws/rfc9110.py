"""Reads `WWW-Authenticate` by the grammar of RFC 9110 section 11, and nothing that the grammar does not derive."""

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_SCHEME: Final = re.compile(_TOKEN)
_PARAMETER: Final = re.compile(rf"({_TOKEN})[ \t]*=[ \t]*(?:({_TOKEN})|({_QUOTED}))")
_COMMA: Final = re.compile(r"[ \t]*,[ \t]*")
_QUOTED_PAIR: Final = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Challenge:
    """One challenge.

    Attributes:
        scheme: its authentication scheme.
        parameters: its parameters, by name.
    """

    scheme: str
    parameters: dict[str, str]


def read_challenge(field: str) -> Challenge:
    """Read a field that holds one challenge: `auth-scheme [ 1*SP #auth-param ]`.

    Raises:
        ValueError: where it does not.
    """
    scheme = _SCHEME.match(field)
    if scheme is None:
        raise ValueError(f"no scheme: {field!r}")
    rest = field[scheme.end() :]
    if not rest:
        return Challenge(scheme[0], {})
    text = rest.lstrip(" ")
    if text == rest or not text:
        raise ValueError(f"a space stands before the parameters, and nowhere else: {field!r}")
    return Challenge(scheme[0], _parameters(text))


def _parameters(text: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    position = 0
    while True:
        found = _PARAMETER.match(text, position)
        if found is None:
            raise ValueError(f"no parameter at {text[position:]!r}")
        name, token, quoted = found.groups()
        if name in parameters:
            raise ValueError(f"{name} occurs twice (section 11.2)")
        parameters[name] = token or _QUOTED_PAIR.sub(r"\1", quoted[1:-1])
        position = found.end()
        if position == len(text):
            return parameters
        comma = _COMMA.match(text, position)
        if comma is None:
            raise ValueError(f"no comma at {text[position:]!r}")
        position = comma.end()
