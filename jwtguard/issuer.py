"""One trusted authorization server: its keys, its rules, its introspection endpoint."""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from jwtguard.algorithms import ASYMMETRIC, SYMMETRIC
from jwtguard.claim_values import ClaimValues, allowed_values
from jwtguard.claims import Profile, Rules
from jwtguard.errors import ConfigurationError
from jwtguard.fetched_keys import FetchedKeys
from jwtguard.http import HTTP, check_url
from jwtguard.introspection import Introspection
from jwtguard.introspector import Introspector
from jwtguard.key_set import KeySet
from jwtguard.key_source import ConfiguredKeys, IssuerHealth, KeySource
from jwtguard.privileges import ClaimPath


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authorization server whose access tokens are trusted, as one configures it.

    With neither `keys` nor `jwks_uri`, the keys are found through the issuer's metadata (RFC 8414, then OpenID Connect
    Discovery).

    Attributes:
        url: the issuer identifier, to the letter as tokens have it in `iss` (a trailing slash counts).
        keys: configured keys instead of fetched ones: a JWK Set (mapping, JSON text or path of a file), a public key or
            certificate in PEM (text or path of a file), a `KeySet`, or a shared secret, which is always `bytes`.
        jwks_uri: where the keys are published, if the metadata is not to be asked. Issuers that publish theirs in one
            place share what is fetched there.
        key_issuers: for a key set of several issuers: what a key must have in its `issuer` member to serve this one, to
            the letter.
        algorithms: the allowed signature algorithms; all asymmetric ones by default, or for a shared secret those that
            it is long enough for.
        introspection: how it is asked about tokens that cannot be decided on locally; None where it is not.
        audience: names of this resource server at this issuer, instead of those of the `ResourceServer`.
        profile: instead of the `ResourceServer`'s.
        leeway: instead of the `ResourceServer`'s; seconds.
        required_claims: besides the `ResourceServer`'s.
        one_of_claims: claims of which its tokens must have at least one.
        claim_values: claims that its tokens must have, each with the one value that will do, or several (strings,
            booleans; None lets the claim be absent). A tuple of names is a claim within claims.
        require_audience: False where its tokens have no `aud`; `claim_values` must then tell for whom they are.
        client_id_claims: where the client's identifier is looked for, in order.
        roles_claims: where roles are looked for: names of claims, and tuples of names for claims within claims.
        permissions_claims: the same for permissions.
        allow_http: let plain http through to other machines, in a closed network.

    Raises:
        ConfigurationError: when built with values that cannot work.
    """

    url: str
    _: KW_ONLY
    keys: KeySet | Mapping[str, Any] | str | bytes | Path | None = field(default=None, repr=False)
    jwks_uri: str | None = None
    key_issuers: Iterable[str] = ()
    algorithms: str | Iterable[str] | None = None
    introspection: Introspection | None = None
    audience: str | Iterable[str] | None = None
    profile: Profile | None = None
    leeway: float | None = None
    required_claims: Iterable[str] = ()
    one_of_claims: Iterable[str] = ()
    claim_values: ClaimValues = field(default_factory=dict)
    require_audience: bool = True
    client_id_claims: Iterable[str] = ("client_id", "azp")
    roles_claims: ClaimPath | Iterable[ClaimPath] = ("roles",)
    permissions_claims: ClaimPath | Iterable[ClaimPath] = ("permissions",)
    allow_http: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.url, str) or not self.url:
            raise ConfigurationError(f"an issuer is a URL such as 'https://auth.example.com', not {self.url!r}")
        if self.keys is not None and self.jwks_uri is not None:
            raise ConfigurationError("an issuer has keys or a jwks_uri, not both")
        for name in ("require_audience", "allow_http"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigurationError(f"{name} is True or False, not {getattr(self, name)!r}")
        # One that may be absent tells nothing.
        if not self.require_audience and all(None in wanted.values for wanted in allowed_values(self.claim_values)):
            raise ConfigurationError(
                "without audience, any API's token would do: require_audience=False needs claim_values={'client_id': …}"
            )
        if isinstance(self.algorithms, Iterable):
            object.__setattr__(self, "algorithms", _several(self.algorithms))
        for name in ("key_issuers", "required_claims", "one_of_claims"):  # so that an iterator serves more than once
            object.__setattr__(self, name, _several(getattr(self, name)))
        if not all(isinstance(name, str) and name for name in self.key_issuers):
            raise ConfigurationError(f"key_issuers is a non-empty string or several, not {self.key_issuers!r}")
        _check_introspection(self)
        if self.keys is not None:
            if self.key_issuers:
                raise ConfigurationError("key_issuers is for published keys; give only this issuer's as keys")
            object.__setattr__(self, "keys", KeySet.of(self.keys))
            return
        if self.jwks_uri is not None:
            check_url(self.jwks_uri, what="jwks_uri", allow_http=self.allow_http)
            return
        check_url(self.url, what="an issuer without keys and jwks_uri", allow_http=self.allow_http)
        if "?" in self.url:
            raise ConfigurationError(f"an issuer has no query (RFC 8414 section 2), but {self.url!r} has")

    @property
    def fetches(self) -> bool:
        """Whether anything of it comes over the network."""
        return self.keys is None or self.introspection is not None


class TrustedIssuer(msgspec.Struct, frozen=True, eq=False):
    """An issuer at work in one resource server.

    Attributes:
        configured: as it was configured.
        rules: what its tokens must look like here.
        keys: where its keys come from.
        introspector: what asks it about tokens, or None.
    """

    configured: Issuer
    rules: Rules
    keys: KeySource
    introspector: Introspector | None = None

    def health(self, now: float) -> IssuerHealth:
        """Tell how its keys are, which may be others' as well."""
        return replace(self.keys.health(now), issuer=self.configured.url)

    async def stop(self) -> None:
        """End what runs in the background on this event loop."""
        await self.keys.stop()
        if self.introspector is not None:
            await self.introspector.stop()


SharedKeys = MutableMapping[tuple[Any, ...], FetchedKeys]
"""What is fetched from a `jwks_uri`, for all issuers that publish their keys there."""


def trust(
    issuer: Issuer, defaults: Rules, *, http: HTTP, clock: Callable[[], float], shared: SharedKeys | None = None
) -> TrustedIssuer:
    """Put an issuer to work.

    Args:
        issuer: as configured.
        defaults: the resource server's rules, for what the issuer leaves open.
        http: what to fetch its keys with.
        clock: seconds since the epoch.
        shared: where issuers of one resource server find what the others fetch.

    Raises:
        ConfigurationError: where its rules cannot work.
    """
    rules = Rules(
        issuer=issuer.url,
        audience=defaults.audience if issuer.audience is None else issuer.audience,
        algorithms=_algorithms(issuer),
        leeway=defaults.leeway if issuer.leeway is None else issuer.leeway,
        profile=issuer.profile or defaults.profile,
        required_claims=(*defaults.required_claims, *issuer.required_claims),
        one_of_claims=issuer.one_of_claims,
        claim_values=issuer.claim_values,
        require_audience=issuer.require_audience,
        client_id_claims=issuer.client_id_claims,
        roles_claims=issuer.roles_claims,
        permissions_claims=issuer.permissions_claims,
        max_token_bytes=defaults.max_token_bytes,
    )
    keys: KeySource = (
        ConfiguredKeys(issuer.url, issuer.keys)
        if isinstance(issuer.keys, KeySet)
        else _fetched_keys(issuer, http=http, clock=clock, shared={} if shared is None else shared)
    )
    if issuer.introspection is None:
        return TrustedIssuer(issuer, rules, keys)
    introspector = Introspector(issuer.introspection, rules=rules, keys=keys, http=http, clock=clock)
    return TrustedIssuer(issuer, rules, keys, introspector)


def _fetched_keys(issuer: Issuer, *, http: HTTP, clock: Callable[[], float], shared: SharedKeys) -> FetchedKeys:
    place = (issuer.jwks_uri, issuer.key_issuers, issuer.allow_http)
    known = shared.get(place)
    if known is not None:
        return known
    keys = FetchedKeys(
        issuer.url,
        jwks_uri=issuer.jwks_uri,
        key_issuers=issuer.key_issuers,
        http=http,
        clock=clock,
        allow_http=issuer.allow_http,
        keyless=issuer.introspection is not None,
    )
    if issuer.jwks_uri is not None:
        shared[place] = keys
    return keys


def _check_introspection(issuer: Issuer) -> None:
    introspection = issuer.introspection
    if introspection is None:
        return
    if not isinstance(introspection, Introspection):
        raise ConfigurationError(f"introspection is Introspection(client_id=…, …), not {type(introspection).__name__}")
    if introspection.endpoint is not None:
        check_url(introspection.endpoint, what="the introspection endpoint", allow_http=issuer.allow_http)
    elif issuer.keys is not None or issuer.jwks_uri is not None:
        raise ConfigurationError(
            "an issuer with keys or a jwks_uri is not asked for its metadata: write Introspection(endpoint=…) as well"
        )


def _several(names: Any) -> tuple[Any, ...]:
    """Return them as a tuple; whether they are names is seen later."""
    return tuple(names) if isinstance(names, Iterable) and not isinstance(names, str) else (names,)


def _algorithms(issuer: Issuer) -> Iterable[str]:
    allowed = issuer.algorithms
    served = issuer.keys.algorithms if isinstance(issuer.keys, KeySet) else None
    if allowed is None:
        return ASYMMETRIC if served is None else sorted(served)
    if not isinstance(allowed, tuple):
        return allowed  # the rules refuse it
    if served is None and (shared := [name for name in SYMMETRIC if name in allowed]):
        raise ConfigurationError(f"{', '.join(shared)} need a shared secret: Issuer(url, keys=b'…')")
    if served is not None and not any(name in allowed for name in served):
        raise ConfigurationError(
            f"algorithms allows {', '.join(map(str, allowed))}, but the keys serve {', '.join(sorted(served))}"
        )
    return allowed
