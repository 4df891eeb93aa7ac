"""The rules that an access token's type and claims must satisfy (RFC 7519 section 4.1, RFC 9068 sections 2.2 and 4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from typing import Any, Final, Literal, NoReturn

from jwtguard.access_token import AccessToken
from jwtguard.algorithms import ALGORITHMS, ASYMMETRIC
from jwtguard.claim_values import COMPARABLE, AllowedValues, ClaimValues, allowed_values
from jwtguard.errors import ConfigurationError, InvalidToken
from jwtguard.frozen import FrozenDict, freeze
from jwtguard.privileges import NO_NAMES, ClaimPath, claim_paths, names_at

Profile = Literal["default", "rfc9068"]

DEFAULT_LEEWAY: Final = 30
MAX_LEEWAY: Final = 600
"""Seconds. "Usually no more than a few minutes" (RFC 7519 section 4.1.4); more is a unit error (milliseconds)."""
DEFAULT_MAX_TOKEN_BYTES: Final = 16384
LATEST_DATE: Final = 253402300799
"""The last second of the year 9999. A later date is a unit error (milliseconds) and would make a token eternal."""

_ACCESS_TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
_TYPES: Final[dict[str, frozenset[str | None]]] = {
    "default": _ACCESS_TOKEN_TYPES | {None, "jwt", "application/jwt"},
    "rfc9068": _ACCESS_TOKEN_TYPES,
}
_OTHER_KINDS: Final = frozenset({"at_hash", "c_hash", "s_hash", "events", "token_introspection", "htm"})
"""Claims that another kind of JWT has and no access token: an ID token (OpenID Connect Core section 3.3.2.11), a logout
or security event token (RFC 8417 section 2.2), a signed introspection answer, a DPoP proof. Many have no `typ`."""
_REMEMBERED_SCOPES: Final = 256  # few sets of scopes serve many tokens: they are split once, and kept once
_REQUIRED: Final[dict[str, tuple[str, ...]]] = {"default": (), "rfc9068": ("sub", "client_id", "iat", "jti")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What one issuer's access tokens must look like to be accepted here.

    Attributes:
        issuer: the only accepted `iss`, to the letter.
        audience: the names of this resource server; the token's `aud` must hold one of them.
        algorithms: the allowed signature algorithms.
        leeway: clock difference to forgive, in seconds; at most 600.
        profile: "rfc9068" demands `typ: at+jwt` and all of RFC 9068 section 2.2.
        required_claims: claims that must be present and not null, besides those that are always required.
        one_of_claims: claims of which at least one must be.
        require_audience: False where this issuer's tokens have no `aud`, and something else tells for whom they are.
        claim_values: claims that must be there, each with the one value that will do, or several (strings, booleans;
            None lets the claim be absent). A tuple of names is a claim within claims.
        client_id_claims: where the client's identifier is looked for, in order.
        roles_claims: where roles are looked for: names of claims, and tuples of names for claims within claims.
        permissions_claims: the same for permissions.
        max_token_bytes: how long a token may be, in bytes.
        rare_claims: those of which most tokens have none, so that one look tells that there is nothing to do about any.

    Raises:
        ConfigurationError: when built with values that cannot work.
    """

    issuer: str
    audience: str | Iterable[str]
    algorithms: Iterable[str] = ASYMMETRIC
    leeway: float = DEFAULT_LEEWAY
    profile: Profile = "default"
    required_claims: Iterable[str] = ()
    one_of_claims: Iterable[str] = ()
    require_audience: bool = True
    claim_values: ClaimValues = field(default_factory=dict)
    client_id_claims: Iterable[str] = ("client_id", "azp")
    roles_claims: ClaimPath | Iterable[ClaimPath] = ("roles",)
    permissions_claims: ClaimPath | Iterable[ClaimPath] = ("permissions",)
    max_token_bytes: int = DEFAULT_MAX_TOKEN_BYTES
    audiences: frozenset[str] = field(init=False, repr=False)
    types: frozenset[str | None] = field(init=False, repr=False)
    demanded_claims: tuple[str, ...] = field(init=False, repr=False)
    allowed_values: tuple[AllowedValues, ...] = field(init=False, repr=False)
    role_paths: tuple[tuple[str, ...], ...] = field(init=False, repr=False)
    permission_paths: tuple[tuple[str, ...], ...] = field(init=False, repr=False)
    rare_claims: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.issuer, str) or not self.issuer:
            raise ConfigurationError(f"issuer is a non-empty string, not {self.issuer!r}")
        if self.profile not in tuple(_TYPES):  # a list, say, has no hash to look it up by
            raise ConfigurationError(f"profile is 'default' or 'rfc9068', not {self.profile!r}")
        if (
            isinstance(self.leeway, bool)
            or not isinstance(self.leeway, (int, float))
            or not 0 <= self.leeway <= MAX_LEEWAY
        ):
            raise ConfigurationError(f"leeway is a number of seconds from 0 to {MAX_LEEWAY}, not {self.leeway!r}")
        if (
            isinstance(self.max_token_bytes, bool)
            or not isinstance(self.max_token_bytes, int)
            or self.max_token_bytes < 1
        ):
            raise ConfigurationError(f"max_token_bytes is a positive whole number, not {self.max_token_bytes!r}")
        if not isinstance(self.require_audience, bool):
            raise ConfigurationError(f"require_audience is True or False, not {self.require_audience!r}")
        algorithms = frozenset(_names("algorithms", self.algorithms))
        if unknown := sorted(algorithms - ALGORITHMS.keys()):
            raise ConfigurationError(f"algorithms holds {', '.join(unknown)}; supported are {', '.join(ALGORITHMS)}")
        required = _names("required_claims", self.required_claims, may_be_empty=True)
        put = object.__setattr__
        put(self, "algorithms", algorithms)
        audience = _names("audience", self.audience)
        put(self, "audience", audience)
        put(self, "audiences", frozenset(audience))
        put(self, "types", _TYPES[self.profile])
        put(self, "required_claims", required)
        put(self, "demanded_claims", tuple(dict.fromkeys((*_REQUIRED[self.profile], *required))))
        put(self, "one_of_claims", _names("one_of_claims", self.one_of_claims, may_be_empty=True))
        put(self, "allowed_values", allowed_values(self.claim_values))
        put(self, "role_paths", claim_paths("roles_claims", self.roles_claims))
        put(self, "permission_paths", claim_paths("permissions_claims", self.permissions_claims))
        paths = (*self.role_paths, *self.permission_paths)
        put(self, "rare_claims", _OTHER_KINDS.union({"cnf"}, (path[0] for path in paths)))
        put(self, "client_id_claims", _names("client_id_claims", self.client_id_claims, may_be_empty=True))


def _names(option: str, value: str | Iterable[str], *, may_be_empty: bool = False) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (None,)
    if not all(isinstance(name, str) and name for name in names) or not (names or may_be_empty):
        raise ConfigurationError(f"{option} is a non-empty string or several, not {value!r}")
    return names


def check_header(algorithm: str, type_: str | None, rules: Rules) -> None:
    """Check what the header alone can tell.

    Raises:
        InvalidToken: `type_mismatch` for a token of another kind (RFC 8725 section 3.11), `algorithm_not_allowed`.
    """
    if type_ not in rules.types and (type_ is None or type_.lower() not in rules.types):
        raise InvalidToken("type_mismatch", detail=f"the profile {rules.profile!r} does not take this token's 'typ'")
    if algorithm not in rules.algorithms:
        raise InvalidToken("algorithm_not_allowed", detail=f"allowed are {', '.join(sorted(rules.algorithms))}")


def check_claims(claims: Mapping[str, Any], header: FrozenDict, rules: Rules, *, now: float) -> AccessToken:
    """Check the claims of a token whose signature is good (or that introspection vouched for).

    The order is fixed: `iss`, `aud`, `exp`, `nbf`, `iat`, required claims and values, the types of the rest, `cnf`,
    claims that only another kind of token has (RFC 8725 section 3.12).

    Args:
        claims: the claims.
        header: the JOSE header, for the result.
        rules: what they must satisfy.
        now: seconds since the epoch.

    Raises:
        InvalidToken: with the first true reason.
    """
    get = claims.get
    issuer = get("iss")
    if issuer != rules.issuer:
        _refuse_issuer(claims, expected=rules.issuer)
    audience: Any = get("aud")
    sole = audience.__class__ is str and audience in rules.audiences
    named = (audience,) if sole else _audience(audience, claims, rules)
    expires_at = get("exp")
    if expires_at.__class__ is not int or not 0 <= expires_at <= LATEST_DATE:
        expires_at = _date(claims, "exp")
    if not now < expires_at + rules.leeway:  # so that a time that is not a number (NaN) comes too late
        raise InvalidToken(
            "expired", detail=f"it expired at {expires_at}, and it is {now:.0f} (leeway {rules.leeway} s)"
        )
    if "nbf" in claims and _date(claims, "nbf") - rules.leeway > now:
        raise InvalidToken(
            "not_yet_valid", detail=f"'nbf' is {claims['nbf']}, and it is {now:.0f} (leeway {rules.leeway} s)"
        )
    issued_at = get("iat")
    if issued_at is not None or "iat" in claims:
        if issued_at.__class__ is not int or not 0 <= issued_at <= LATEST_DATE:
            issued_at = _date(claims, "iat")
        if issued_at - rules.leeway > now:
            raise InvalidToken(
                "issued_in_future", detail=f"'iat' is {issued_at}, and it is {now:.0f} (leeway {rules.leeway} s)"
            )
    for name in rules.demanded_claims:
        if get(name) is None:
            raise InvalidToken("claim_missing", detail=f"{name!r} is required", claim=name)
    if rules.one_of_claims and all(get(name) is None for name in rules.one_of_claims):
        _refuse_without(tuple(rules.one_of_claims))
    for allowed in rules.allowed_values:
        value = get(allowed.claim)
        for inner in allowed.inner:
            value = value.get(inner) if isinstance(value, dict) else None
        if value.__class__ not in COMPARABLE or value not in allowed.values:
            raise InvalidToken("claim_mismatch", detail=str(allowed), claim=allowed.claim)
    subject, token_id = get("sub"), get("jti")
    roles = permissions = NO_NAMES
    scope = get("scope")
    rare = not rules.rare_claims.isdisjoint(claims)
    if rare:
        roles, permissions = names_at(claims, rules.role_paths), names_at(claims, rules.permission_paths)
    token = AccessToken(
        subject=subject if subject.__class__ is str else _no_text(claims, "sub"),
        client_id=_client_id(claims, rules),
        issuer=issuer,
        audience=named,
        scopes=_split(scope) if scope.__class__ is str else _scopes(claims),
        expires_at=expires_at,
        issued_at=issued_at,
        token_id=token_id if token_id.__class__ is str else _no_text(claims, "jti"),
        roles=roles,
        permissions=permissions,
        claims=claims if isinstance(claims, FrozenDict) else _frozen(claims),
        header=header,
    )
    if rare:
        _check_kind(claims)
    return token


def _check_kind(claims: Mapping[str, Any]) -> None:
    if "cnf" in claims:
        # RFC 7800 section 3.1: whoever presents it must prove possession, which no bearer does.
        raise InvalidToken(
            "confirmation_unsupported", detail="it has a 'cnf' claim, and came without a proof of possession"
        )
    if not _OTHER_KINDS.isdisjoint(claims):
        raise InvalidToken(
            "type_mismatch", detail=f"no access token has {', '.join(sorted(_OTHER_KINDS & claims.keys()))}"
        )


def _refuse_issuer(claims: Mapping[str, Any], *, expected: str) -> NoReturn:
    if "iss" not in claims:
        raise InvalidToken("claim_missing", detail="'iss' is required", claim="iss")
    if not isinstance(claims["iss"], str):
        raise InvalidToken("claim_malformed", detail="'iss' is not a string", claim="iss")
    raise InvalidToken("issuer_mismatch", detail=f"expected {expected!r}, came {claims['iss']!r}")


def _refuse_without(names: tuple[str, ...]) -> NoReturn:
    raise InvalidToken("claim_missing", detail=f"one of {', '.join(names)} is required", claim=names[0])


def _audience(audience: Any, claims: Mapping[str, Any], rules: Rules) -> tuple[str, ...]:
    """RFC 7519 section 4.1.3."""
    if audience.__class__ is str:
        named: tuple[Any, ...] = (audience,)
    elif isinstance(audience, list):
        named = tuple(audience)
    elif "aud" not in claims:
        if not rules.require_audience:
            return ()
        raise InvalidToken("claim_missing", detail="'aud' is required", claim="aud")
    else:
        raise InvalidToken("claim_malformed", detail="'aud' is not a string or an array of strings", claim="aud")
    if not all(name.__class__ is str for name in named):
        raise InvalidToken("claim_malformed", detail="'aud' is not a string or an array of strings", claim="aud")
    if rules.audiences.isdisjoint(named):
        raise InvalidToken("audience_mismatch", detail=f"expected one of {sorted(rules.audiences)}, came {list(named)}")
    return named


def _date(claims: Mapping[str, Any], name: str) -> float:
    """RFC 7519 section 2, NumericDate; a JSON number, finite, within the calendar."""
    value = claims.get(name)
    if value.__class__ is int or (value.__class__ is float and isfinite(value)):
        if 0 <= value <= LATEST_DATE:
            return value
        raise InvalidToken(
            "claim_malformed", detail=f"{name!r} is not within the years 1970 to 9999 in seconds", claim=name
        )
    if name not in claims:
        raise InvalidToken("claim_missing", detail=f"{name!r} is required", claim=name)
    raise InvalidToken("claim_malformed", detail=f"{name!r} is not a number", claim=name)


def _no_text(claims: Mapping[str, Any], name: str) -> str | None:
    """Return None for a claim that is absent; what is there and was found to be no string is refused."""
    if name in claims:
        raise InvalidToken("claim_malformed", detail=f"{name!r} is not a string", claim=name)
    return None


def _client_id(claims: Mapping[str, Any], rules: Rules) -> str | None:
    for name in rules.client_id_claims:
        client_id = claims.get(name)
        if client_id.__class__ is str:
            return client_id
        _no_text(claims, name)
    return None


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """The scopes of a token without `scope` (RFC 8693 section 4.2, RFC 9068 section 2.2.3): `scp`, as widely issued."""
    if "scope" in claims:
        raise InvalidToken("claim_malformed", detail="'scope' is not a string", claim="scope")
    scp = claims.get("scp")
    if scp.__class__ is str:
        return _split(scp)
    if "scp" not in claims:
        return frozenset()
    if not isinstance(scp, list) or not all(name.__class__ is str for name in scp):
        raise InvalidToken("claim_malformed", detail="'scp' is not a string or an array of strings", claim="scp")
    return frozenset(scp) - {""}


@lru_cache(_REMEMBERED_SCOPES)
def _split(scope: str) -> frozenset[str]:
    scopes = frozenset(scope.split(" "))
    return scopes - {""} if "" in scopes else scopes


def _frozen(claims: Mapping[str, Any]) -> FrozenDict:
    try:
        return freeze(claims)
    except ValueError as error:
        raise InvalidToken("claim_malformed", detail=f"the claims are {error}") from None
