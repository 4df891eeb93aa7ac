"""What a route asks of a token beyond its being good: scopes, roles, permissions, claims (RFC 6750 section 3.1)."""

from collections.abc import Iterable, Mapping
from inspect import isawaitable, iscoroutinefunction
from typing import Any

import msgspec

from jwtguard.access_token import AccessToken
from jwtguard.challenge import check_scopes
from jwtguard.errors import ConfigurationError, InsufficientScope


class Requirements(msgspec.Struct, frozen=True, kw_only=True):
    """What a token must have.

    Attributes:
        scopes: all of these.
        any_scope: one of these; none where it is empty.
        roles: all of these.
        any_role: one of these; none where it is empty.
        permissions: all of these.
        claims: all of these, each with its value or with a function that tells whether the value will do.
    """

    scopes: tuple[str, ...]
    any_scope: tuple[str, ...]
    roles: tuple[str, ...]
    any_role: tuple[str, ...]
    permissions: tuple[str, ...]
    claims: Mapping[str, Any]

    def check(self, token: AccessToken) -> None:
        """Check a good token.

        Raises:
            InsufficientScope: where it lacks something.
        """
        if not token.scopes.issuperset(self.scopes):
            raise InsufficientScope(scopes=self.scopes)
        if self.any_scope and token.scopes.isdisjoint(self.any_scope):
            raise InsufficientScope(scopes=self.any_scope, detail=f"one of {', '.join(self.any_scope)} is required")
        if not token.roles.issuperset(self.roles):
            raise InsufficientScope("insufficient_roles", detail=f"required are {', '.join(self.roles)}")
        if self.any_role and token.roles.isdisjoint(self.any_role):
            raise InsufficientScope("insufficient_roles", detail=f"one of {', '.join(self.any_role)} is required")
        if not token.permissions.issuperset(self.permissions):
            raise InsufficientScope("insufficient_permissions", detail=f"required are {', '.join(self.permissions)}")
        for name, expected in self.claims.items():
            if name not in token.claims or not _will_do(name, token.claims[name], expected):
                raise InsufficientScope(
                    "insufficient_claims", detail=f"the claim {name!r} is not as this route requires"
                )


def requirements(
    *,
    scopes: Iterable[str] = (),
    any_scope: Iterable[str] | None = None,
    roles: Iterable[str] = (),
    any_role: Iterable[str] | None = None,
    permissions: Iterable[str] = (),
    claims: Mapping[str, Any] | None = None,
) -> Requirements:
    """Check what a route asks for, when it is declared.

    Raises:
        ConfigurationError: where no token could satisfy it, or every one would.
    """
    return Requirements(
        scopes=scope_tokens(scopes),
        any_scope=scope_tokens(_one_of("any_scope", any_scope)),
        roles=_names("roles", roles),
        any_role=_names("any_role", _one_of("any_role", any_role)),
        permissions=_names("permissions", permissions),
        claims=_wanted(claims),
    )


def scope_tokens(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return required scopes, one or several, as a tuple.

    Raises:
        ConfigurationError: where one is not a scope token.
    """
    several = (scopes,) if isinstance(scopes, str) else tuple(scopes)
    check_scopes(several)
    return several


def _one_of(option: str, names: Iterable[str] | None) -> Iterable[str]:
    if names is None:
        return ()
    some = (names,) if isinstance(names, str) else tuple(names)
    if not some:
        raise ConfigurationError(f"{option} is empty, and no token has one of none; leave it out to ask for none")
    return some


def _names(option: str, names: Iterable[str]) -> tuple[str, ...]:
    several = (names,) if isinstance(names, str) else tuple(names)
    if not all(isinstance(name, str) and name for name in several):
        raise ConfigurationError(f"{option} holds names, not {names!r}")
    return several


def _wanted(claims: Mapping[str, Any] | None) -> dict[str, Any]:
    if claims is None:
        return {}
    if not isinstance(claims, Mapping):
        raise ConfigurationError(f"claims is {{'name': value}}, not {type(claims).__name__}")
    for name, expected in claims.items():
        if not isinstance(name, str):
            raise ConfigurationError(f"the name of a claim is a string, not {name!r}")
        _check_expected(name, expected)
    return dict(claims)


def _check_expected(name: str, expected: Any) -> None:
    if isinstance(expected, type) or iscoroutinefunction(expected) or not (callable(expected) or _is_json(expected)):
        raise ConfigurationError(
            f"the claim {name!r} is compared with a JSON value, or given to a plain function that tells whether it will"
            f" do, such as lambda value: value in {{'a', 'b'}}; not {expected!r}"
        )


def _is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_json(item) for name, item in value.items())
    return value is None or isinstance(value, (str, bool, int, float))


def _will_do(name: str, value: Any, expected: Any) -> bool:
    if not callable(expected):
        return _same(value, expected)
    try:
        verdict = expected(value)
    except Exception as error:  # noqa: BLE001  (the application's own code, given whatever an issuer puts in a claim)
        why = f"what tells whether the claim {name!r} will do raised {type(error).__name__}"
        raise InsufficientScope("insufficient_claims", detail=why) from None
    if isawaitable(verdict):  # it would count as true, whatever comes of it
        raise ConfigurationError("what tells whether a claim will do must not be async")
    return bool(verdict)


def _same(value: Any, expected: Any) -> bool:
    """Whether two JSON values are the same; Python takes 1, 1.0 and true for equal."""
    if isinstance(expected, list):
        return isinstance(value, list) and len(value) == len(expected) and all(map(_same, value, expected))
    if isinstance(expected, dict):
        return (
            isinstance(value, dict)
            and value.keys() == expected.keys()
            and all(_same(value[name], item) for name, item in expected.items())
        )
    return type(value) is type(expected) and bool(value == expected)
