"""Tokens of all sorts: of every algorithm, near the edges of the rules and across them, and broken ones."""

from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import strategies as st

from jwtguard import InvalidToken, KeySet, Rules, verify
from jwtguard.algorithms import ALGORITHMS
from tests.laws import json_values
from tests.signing import AUDIENCE, ISSUER, NOW, SigningKey, b64, good_claims, segment, signing_key

RULES: Final = Rules(issuer=ISSUER, audience=AUDIENCE, algorithms=ALGORITHMS)
LEEWAY: Final = 30
ABSENT: Final = ...


@cache
def keys() -> Mapping[str, SigningKey]:
    """One key for each algorithm, each with a key ID of its own; all RSA algorithms share a key pair."""
    pair = signing_key("RS256").private
    rsa = {name: SigningKey(pair, name, f"key-{name}") for name in ALGORITHMS if name[:2] in ("RS", "PS")}
    return {name: rsa.get(name) or signing_key(name, f"key-{name}") for name in ALGORITHMS}


@cache
def key_set() -> KeySet:
    """What the resource server knows of the keys."""
    return KeySet.from_jwk_set({"keys": [key.jwk for key in keys().values()]}, symmetric=True)


def accepted(token: str) -> bool:
    """Whether the resource server accepts the token."""
    try:
        verify(token, key_set(), RULES, now=NOW)
    except InvalidToken:
        return False
    return True


@dataclass(frozen=True)
class Draft:
    """A token before it is signed.

    Attributes:
        algorithm: what it is signed with, whatever its header says.
        header: its header.
        claims: its claims.
    """

    algorithm: str
    header: dict[str, Any]
    claims: dict[str, Any]

    def with_header(self, name: str, value: Any) -> "Draft":
        return replace(self, header=_with(self.header, name, value))

    def with_claim(self, name: str, value: Any) -> "Draft":
        return replace(self, claims=_with(self.claims, name, value))

    def signed(self, header: bytes | None = None, claims: bytes | None = None) -> str:
        """Sign it, with these texts in the place of its header and claims."""
        return keys()[self.algorithm].token(claims or self.claims, header or self.header)


def _with(members: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {key: member for key, member in {**members, name: value}.items() if member is not ABSENT}


@cache
def good(algorithm: str) -> Draft:
    """A token that is accepted."""
    header = {"alg": algorithm, "typ": "at+jwt", "kid": f"key-{algorithm}"}
    return Draft(algorithm, header, good_claims())


_unknown = json_values.values
# Of fractions of a second PyJWT takes no notice, so that none is near an edge.
_edges = st.sampled_from([offset + step for offset in (-LEEWAY, LEEWAY) for step in (-1, 0, 1)]).map(NOW.__add__)
_dates = _edges | st.integers(-(10**6), 10**6).map(NOW.__add__)
_odd_dates = st.sampled_from(
    [ABSENT, None, True, NOW - 500.5, NOW + 500.25, str(NOW + 500), -1, 0, 253402300799, 253402300800, 1e300, 10**400]
)
_names = st.sampled_from(["", "read", "read write", " read  write ", "\u00e9", ABSENT, None, 5, ["read"], ["read", 5]])

HARMLESS_HEADER: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "typ": st.sampled_from(["at+jwt", "AT+JWT", "application/at+jwt", "JWT", "jwt", "application/jwt", ABSENT]),
    "kid": st.just(ABSENT),
    "cty": st.text(max_size=9),
    "x5t": st.text(max_size=9),
    "x5t#S256": st.text(max_size=9),
    "jku": st.just("https://attacker.example/jwks"),
    "x5u": st.just("https://attacker.example/x5u"),
    "x5c": st.lists(st.text(max_size=9), max_size=2),
    "jwk": st.just({"kty": "oct", "k": "AAAA"}),
    "": _unknown,
    "x-unknown": _unknown,
    "\U0001f511": _unknown,
}
"""Header parameters with which a good token stays good."""

HARMLESS_CLAIMS: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "aud": st.sampled_from([AUDIENCE, [AUDIENCE], ["https://other.example", AUDIENCE], [AUDIENCE, AUDIENCE]]),
    "exp": st.integers(NOW - LEEWAY + 1, NOW + 10**6) | st.sampled_from([NOW + 500.5, 253402300799]),
    "nbf": st.integers(0, NOW + LEEWAY) | st.sampled_from([ABSENT, NOW - 0.5]),
    "iat": st.integers(0, NOW + LEEWAY) | st.sampled_from([ABSENT, NOW - 0.5]),
    "sub": st.text(max_size=9) | st.just(ABSENT),
    "jti": st.text(max_size=9) | st.just(ABSENT),
    "scope": st.text(max_size=20) | st.just(ABSENT),
    "roles": _unknown,
    "permissions": _unknown,
    "x-unknown": _unknown,
    "": _unknown,
}
"""Claims with which a good token stays good."""

_ODD_HEADER: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "typ": st.sampled_from(["", "logout+jwt", "dpop+jwt", "secevent+jwt", "id+jwt", "jwt ", "a", None, 5, ["JWT"]]),
    "kid": st.sampled_from([*(f"key-{name}" for name in ALGORITHMS), "", "key", "KEY-RS256", None, 5, ["key-RS256"]]),
    "alg": st.sampled_from([*ALGORITHMS, "none", "None", "", "rs256", "ES256K", "Ed448", ABSENT, None, 5, ["RS256"]]),
    "crit": st.sampled_from([[], ["exp"], ["b64"], ["kid"], "b64", None, {}]),
    "b64": st.sampled_from([True, False, None, 0, "false", []]),
}
_ODD_CLAIMS: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "iss": st.sampled_from([ISSUER + "/", ISSUER.upper(), ISSUER + " ", "", ABSENT, None, 5, [ISSUER], {"": ISSUER}]),
    "aud": st.sampled_from(
        ["", AUDIENCE + "/", AUDIENCE.upper(), ABSENT, None, 5, [], [[AUDIENCE]], [AUDIENCE, 5], {AUDIENCE: 1}]
    ),
    "exp": _dates | _odd_dates,
    "nbf": _dates | _odd_dates,
    "iat": _dates | _odd_dates,
    "sub": st.sampled_from(["", None, 5, ["subject"], {}]),
    "jti": st.sampled_from(["", None, 5, ["id"], {}]),
    "scope": _names,
    "scp": _names,
    "client_id": _names,
    "azp": _names,
    "cnf": st.sampled_from([None, {}, {"jkt": "a"}]),
    "at_hash": _unknown,
    "events": _unknown,
}


@st.composite
def _acceptable(draw: st.DrawFn) -> Draft:
    draft = good(draw(st.sampled_from(sorted(ALGORITHMS))))
    for name in draw(st.lists(st.sampled_from(sorted(HARMLESS_HEADER)), max_size=2)):
        draft = draft.with_header(name, draw(HARMLESS_HEADER[name]))
    for name in draw(st.lists(st.sampled_from(sorted(HARMLESS_CLAIMS)), max_size=2)):
        draft = draft.with_claim(name, draw(HARMLESS_CLAIMS[name]))
    return draft


acceptable = _acceptable()
"""Tokens that are accepted."""


@st.composite
def _questionable(draw: st.DrawFn) -> Draft:
    draft = draw(acceptable)
    for name in draw(st.lists(st.sampled_from([*_ODD_HEADER, *_ODD_CLAIMS]), min_size=1, max_size=2)):
        if name in _ODD_HEADER:
            draft = draft.with_header(name, draw(_ODD_HEADER[name]))
        else:
            draft = draft.with_claim(name, draw(_ODD_CLAIMS[name]))
    return draft


questionable = _questionable()
"""Tokens that are mostly refused, for one reason or another."""

_written_oddly = st.builds(
    lambda draft, header, claims: draft.signed(header, claims),
    acceptable,
    st.none() | json_values.documents(st.builds(lambda draft: draft.header, acceptable)),
    st.none() | json_values.documents(st.builds(lambda draft: draft.claims, acceptable)),
)
"""Tokens whose header and claims are JSON as few would write it, or none at all, and signed as they are."""


@st.composite
def _odd_claims(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(_ODD_CLAIMS)), max_size=2))
    return {name: value for name in names if (value := draw(_ODD_CLAIMS[name])) is not ABSENT}


odd_claims = _odd_claims()
"""A few claims that mostly make a token bad."""


@st.composite
def _resigned(draw: st.DrawFn) -> str:
    """Return a token with the signature of another key, another algorithm or another token."""
    draft, other = draw(acceptable), draw(acceptable)
    signing_input = f"{segment(draft.header)}.{segment(draft.claims)}"
    if draw(st.booleans()):
        return f"{signing_input}.{other.signed().rpartition('.')[2]}"
    return f"{signing_input}.{b64(keys()[other.algorithm].signature(signing_input.encode()))}"


_misshapen: Final[list[Callable[[bytes], bytes]]] = [
    lambda signature: signature + b"\0",
    lambda signature: b"\0" + signature,
    lambda signature: signature[: len(signature) // 2] + b"\0" + signature[len(signature) // 2 :],
    lambda signature: signature[:-1],
    lambda signature: signature[1:],
    lambda signature: signature * 2,
    lambda signature: bytes(len(signature)),
    lambda signature: b"",
    lambda signature: encode_dss_signature(
        int.from_bytes(signature[: len(signature) // 2]), int.from_bytes(signature[len(signature) // 2 :])
    ),
]


@st.composite
def _badly_signed(draw: st.DrawFn) -> str:
    """Return a token with the octets of its signature in another shape."""
    signing_input, _, signature = draw(acceptable).signed().rpartition(".")
    return f"{signing_input}.{b64(draw(st.sampled_from(_misshapen))(urlsafe_b64decode(signature + '==')))}"


@st.composite
def _changed(draw: st.DrawFn) -> str:
    """Return a token with one or a few neighbouring bytes changed."""
    return json_values.mutilated(draw, draw(acceptable).signed().encode()).decode("latin-1")


_reencoded: Final[list[Callable[[str], str]]] = [
    lambda token: token + "=",
    lambda token: token.replace(".", "=."),
    lambda token: token.replace("-", "+").replace("_", "/"),
    lambda token: " " + token,
    lambda token: token + "\n",
    lambda token: token + ".",
    lambda token: "." + token,
    lambda token: token.rpartition(".")[0] + ".",
    lambda token: f"{token.split('.')[0]}..{token.split('.')[2]}",
    lambda token: token[:-1] + chr(ord(token[-1]) ^ 1),
    str.upper,
]

KINDS: Final[Mapping[str, st.SearchStrategy[str]]] = {
    "acceptable": acceptable.map(Draft.signed),
    "questionable": questionable.map(Draft.signed),
    "written oddly": _written_oddly,
    "with another's signature": _resigned(),
    "with a signature in another shape": _badly_signed(),
    "changed": _changed(),
    "encoded in another way": st.builds(
        lambda draft, encode: encode(draft.signed()), acceptable, st.sampled_from(_reencoded)
    ),
}
texts: st.SearchStrategy[str] = st.one_of(*KINDS.values())
"""What may come behind `Bearer`: tokens of all sorts."""
