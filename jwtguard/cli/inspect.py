"""What can be seen of a token without any key: its parts, its kind, its times, and what is malformed about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from jwtguard.algorithms import ALGORITHMS, SYMMETRIC
from jwtguard.claims import DEFAULT_MAX_TOKEN_BYTES, Profile, Rules, check_claims, check_header
from jwtguard.cli.kinds import kind
from jwtguard.cli.moments import moment
from jwtguard.encoding import decode_base64url, decode_object
from jwtguard.errors import InvalidToken
from jwtguard.jws import JWS, parse
from jwtguard.verification import token_bytes

Serialization = Literal["JWS", "JWE", "opaque"]

_DATES: Final = ("auth_time", "iat", "nbf", "exp")
_OFFERED_KEYS: Final = ("jwk", "jku", "x5u", "x5c")
_SIGNATURE_BYTES: Final = {
    "ES256": 64, "ES384": 96, "ES512": 132, "Ed25519": 64, "EdDSA": 64, "HS256": 32, "HS384": 48, "HS512": 64,
}  # fmt: skip
_ALPHABET: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_JWS_DOTS: Final = 2
_JWE_DOTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was seen.

    Attributes:
        serialization: whether it is a JWS, a JWE, or neither.
        kind: what kind of token it seems to be.
        told_by: what tells.
        size: its bytes.
        header: the JOSE header, where it can be read.
        claims: the claims, where they can be read; nobody has verified them.
        moments: the dates among the claims, in words.
        signature_bytes: how long the signature is; the signature itself is kept back.
        malformed: what is malformed, each exactly; empty for a well-formed token.
        refusals: for each profile why it would be refused whatever its key, or None.
        notes: what else is worth knowing.
    """

    serialization: Serialization
    kind: str
    told_by: str
    size: int
    header: dict[str, Any] | None = None
    claims: dict[str, Any] | None = None
    moments: Mapping[str, str]
    signature_bytes: int | None = None
    malformed: tuple[str, ...] = ()
    refusals: Mapping[Profile, str | None]
    notes: tuple[str, ...] = ()


def inspect(token_text: str, *, now: float) -> Inspection:
    """Look at a token.

    Args:
        token_text: the token, or whatever came in its place.
        now: seconds since the epoch.
    """
    segments = token_text.split(".")
    header, header_problem = _object("the header", segments[0])
    dots = len(segments) - 1
    if dots == _JWS_DOTS:
        return _jws(token_text, segments, header, header_problem, now=now)
    if dots == _JWE_DOTS:
        return _jwe(token_text, header, header_problem)
    problems = _not_ascii(token_text)
    if header is not None:
        problems = (*problems, f"a compact JWS has 2 dots and a JWE has 4, this token has {dots}")
    return Inspection(
        serialization="opaque",
        kind="a JWS or JWE that was cut or run together" if header is not None else "an opaque token",
        told_by="its first segment is a JOSE header" if header is not None else "it is neither a JWS nor a JWE",
        size=_size(token_text),
        header=header,
        moments={},
        malformed=problems,
        refusals={},
    )


def _jws(
    token_text: str, segments: list[str], header: dict[str, Any] | None, header_problem: str | None, *, now: float
) -> Inspection:
    claims, claims_problem = _object("the claims", segments[1])
    signature, signature_problem = _octets("the signature", segments[2])
    problems = [problem for problem in (header_problem, claims_problem, signature_problem) if problem is not None]
    jws = None
    try:
        jws = parse(token_bytes(token_text), max_bytes=_size(token_text))
    except InvalidToken as error:
        if not problems:
            problems = [error.detail]
    told = kind(header or {}, claims or {})
    if header is None:
        told = "a malformed JWS, or an opaque token with two dots", "its first segment is not a JOSE header"
    return Inspection(
        serialization="JWS" if header is not None else "opaque",
        kind=told[0],
        told_by=told[1],
        size=_size(token_text),
        header=header,
        claims=claims,
        moments={name: moment(claims[name], now=now) for name in _DATES if name in claims} if claims else {},
        signature_bytes=None if signature is None else len(signature),
        malformed=(*_not_ascii(token_text), *problems),
        refusals={}
        if jws is None
        else {profile: _refusal(jws, profile, now=now) for profile in ("default", "rfc9068")},
        notes=() if jws is None else tuple(_notes(jws)),
    )


def _jwe(token_text: str, header: dict[str, Any] | None, header_problem: str | None) -> Inspection:
    problems = _not_ascii(token_text) if header_problem is None else (*_not_ascii(token_text), header_problem)
    return Inspection(
        serialization="JWE",
        kind="an encrypted token",
        told_by="it has five segments, as a JWE in compact serialization",
        size=_size(token_text),
        header=header,
        moments={},
        malformed=problems,
        refusals={},
    )


def _size(token_text: str) -> int:
    return len(token_text.encode("utf-8", "surrogatepass"))


def _not_ascii(token_text: str) -> tuple[str, ...]:
    for position, char in enumerate(token_text, 1):
        if not char.isascii():
            return (f"character {position} ({char!a}) is not ASCII",)
    return ()


def _object(name: str, segment: str) -> tuple[dict[str, Any] | None, str | None]:
    octets, problem = _octets(name, segment)
    if octets is None:
        return None, problem
    try:
        return decode_object(octets), None
    except ValueError as error:
        return None, f"{name}: not a JSON object in UTF-8: {error}"


def _octets(name: str, segment: str) -> tuple[bytes | None, str | None]:
    if not segment:
        return None, f"{name}: empty"
    try:
        return decode_base64url(segment), None
    except ValueError:
        return None, f"{name}: {_not_base64url(segment)}"


def _not_base64url(segment: str) -> str:
    for position, char in enumerate(segment, 1):
        if char in _ALPHABET:
            continue
        if char == "=":
            return f"character {position} is '=': base64url in a token has no padding"
        if char in "+/":
            return f"character {position} is {char!r}, which is base64: base64url has '-' and '_'"
        if char.isspace():
            return f"character {position} is white space ({char!a}): was the token wrapped?"
        return f"character {position} ({char!a}) is not of base64url"
    if len(segment) % 4 == 1:
        return f"no base64url text has {len(segment)} characters: some are missing or too many"
    return "its last character carries bits that must be zero: it was cut or altered"


def _refusal(jws: JWS, profile: Profile, *, now: float) -> str | None:
    """Why the token would be refused by whoever configures its own issuer and audience, before any key is looked at."""
    issuer, audience = jws.claims.get("iss"), jws.claims.get("aud")
    named = [
        name for name in (audience if isinstance(audience, list) else [audience]) if isinstance(name, str) and name
    ]
    rules = Rules(
        issuer=issuer if isinstance(issuer, str) and issuer else "an issuer",
        audience=named or "this API",
        algorithms=ALGORITHMS,
        profile=profile,
    )
    try:
        check_header(jws.algorithm, jws.type, rules)
        check_claims(jws.claims, jws.header, rules, now=now)
    except InvalidToken as error:
        return str(error)
    return None


def _notes(jws: JWS) -> list[str]:
    notes = []
    size = len(jws.signing_input) + 1 + (len(jws.signature) * 4 + 2) // 3
    if size > DEFAULT_MAX_TOKEN_BYTES:
        notes.append(f"It is longer than the {DEFAULT_MAX_TOKEN_BYTES} bytes that are accepted by default.")
    if jws.algorithm in SYMMETRIC:
        notes.append(f"{jws.algorithm} takes a secret that is shared with the issuer; a published key set has none.")
    if jws.kid is None:
        notes.append("It names no key ('kid'), so it works only where one key alone fits its algorithm.")
    expected = _SIGNATURE_BYTES.get(jws.algorithm, len(jws.signature))
    if len(jws.signature) != expected:
        notes.append(f"A signature with {jws.algorithm} has {expected} bytes, this one has {len(jws.signature)}.")
    if offered := [name for name in _OFFERED_KEYS if name in jws.header]:
        notes.append(
            f"Its header brings a key along ({', '.join(offered)}), which is never used: anyone may write that."
        )
    return notes
