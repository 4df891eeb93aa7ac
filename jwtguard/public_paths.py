"""Which paths need no token: decided on the text that Starlette routes by, and on nothing that may mean two things."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from jwtguard.errors import ConfigurationError

# What a server, a mounted application or a file system behind the router may resolve to another path: empty, "." and
# ".." segments, backslashes, control characters, and what is still percent-encoded after the server has decoded once.
_AMBIGUOUS: Final = re.compile(r"//|/\.{1,2}(?:/|$)|[\\\x00-\x1f\x7f]|%[0-9a-fA-F]{2}|;").search

_FOREIGN: Final = re.compile(r"[?#{}]").search
"""A query, a fragment, a route's parameter: no path that comes has them as they are meant."""


class PublicPaths:
    """The paths that need no token.

    An exact rule holds for that path to the letter. A rule with a trailing `*` holds for what begins so, except for
    paths that something behind the router might resolve to another place: those stay protected.
    """

    def __init__(self, rules: Iterable[str]) -> None:
        """Take the rules apart.

        Args:
            rules: decoded paths, each from `/` on; a trailing `*` makes it a prefix.

        Raises:
            ConfigurationError: where a rule does not begin with `/`, or could never hold as it is meant.
        """
        if isinstance(rules, str) or not isinstance(rules, Iterable):
            raise ConfigurationError(f"public is a set of paths such as {{'/health', '/static/*'}}, not {rules!r}")
        several = tuple(rules)
        for rule in several:
            _check(rule)
        self._exact = frozenset(rule for rule in several if not rule.endswith("*"))
        self._prefixes = tuple(rule[:-1] for rule in several if rule.endswith("*"))

    def holds(self, scope: Mapping[str, Any]) -> bool:
        """Whether the connection's path is public.

        Args:
            scope: an ASGI scope of an HTTP request or a WebSocket.
        """
        if not self._exact and not self._prefixes:
            return False
        path = route_path(scope)
        return path in self._exact or (path.startswith(self._prefixes) and not _AMBIGUOUS(path))


def _check(rule: Any) -> None:
    if not isinstance(rule, str) or not rule.startswith("/") or "*" in rule[:-1]:
        raise ConfigurationError(f"a public path is '/path' or '/prefix/*', not {rule!r}")
    if _AMBIGUOUS(rule):
        raise ConfigurationError(
            f"a public path is written decoded, without '//', '.' and '..' segments, '\\' and ';', not {rule!r}"
        )
    if _FOREIGN(rule):
        raise ConfigurationError(f"a public path has neither query, fragment nor parameters, but {rule!r} has")


def route_path(scope: Mapping[str, Any]) -> str:
    """Return the path that Starlette's router matches: decoded by the server, without the `root_path` of its mount."""
    path: str = scope["path"]
    root_path: str = scope.get("root_path", "")
    if not root_path or not path.startswith(root_path):
        return path
    if path == root_path:
        return ""
    return path[len(root_path) :] if path[len(root_path)] == "/" else path
