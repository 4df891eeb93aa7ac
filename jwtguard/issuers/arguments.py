"""Checks what the named issuers are given: domains, identifiers and names, each with what to write instead."""

import re
from collections.abc import Iterable
from typing import Any, Final

from jwtguard.errors import ConfigurationError

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?=.{{4,253}}\Z){_LABEL}(?:\.{_LABEL})*\.[a-z][a-z0-9-]*[a-z0-9]")


def matching(what: str, value: Any, pattern: str, example: str) -> str:
    """Return a string that has a form.

    Args:
        what: what it is, for the error.
        value: the string.
        pattern: the form, as a regular expression for the whole.
        example: one that has it.

    Raises:
        ConfigurationError: where it has not.
    """
    if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
        raise ConfigurationError(f"{what}, such as {example!r}, not {value!r}")
    return value


def domain(what: str, value: Any, example: str) -> str:
    """Return a domain.

    Args:
        what: what it is, for the error.
        value: the domain.
        example: one that will do.

    Raises:
        ConfigurationError: where it is none, or a URL.
    """
    if not isinstance(value, str) or _DOMAIN.fullmatch(value) is None:
        raise ConfigurationError(
            f"{what} is a domain in lower case without 'https://', port and path, such as {example!r}, not {value!r}"
        )
    return value


def names(what: str, value: Any, example: str) -> tuple[str, ...]:
    """Return one name, or several, as a tuple.

    Args:
        what: what they are, for the error.
        value: the name or names.
        example: one that will do.

    Raises:
        ConfigurationError: where there are none, or one is not a non-empty string.
    """
    several = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else ()
    if not several or not all(isinstance(name, str) and name for name in several):
        raise ConfigurationError(f"{what} is a non-empty string such as {example!r}, or several, not {value!r}")
    return several
