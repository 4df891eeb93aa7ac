"""Whether an API with this configuration would accept a token: every check, in order, with its result."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jwtguard.access_token import AccessToken
from jwtguard.claims import Profile
from jwtguard.cli.checks import CHECKS, Check, failed_check
from jwtguard.cli.moments import moment
from jwtguard.errors import InvalidToken, JWTGuardError
from jwtguard.issuer import Issuer
from jwtguard.jws import JWS, parse
from jwtguard.resource_server import ResourceServer
from jwtguard.verification import token_bytes

Result = Literal["pass", "fail", "not reached"]


@dataclass(frozen=True, slots=True)
class Step:
    """One check of one token.

    Attributes:
        check: which one.
        result: what came of it.
        why: what was seen, or why it failed.
    """

    check: Check
    result: Result
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the API would say.

    Attributes:
        steps: all checks, in order.
        token: the access token, where it is accepted.
        error: the refusal, where it is not.
    """

    steps: tuple[Step, ...]
    token: AccessToken | None
    error: JWTGuardError | None


def configured_issuer(
    url: str, *, jwks: str | None, algorithms: Iterable[str] | None, allow_http: bool = False
) -> Issuer:
    """Configure the issuer as an application would.

    Args:
        url: the issuer's URL.
        jwks: the URL or the file of its keys; None to find them through its metadata.
        algorithms: the allowed ones; None for the default.
        allow_http: let plain http through to other machines.

    Raises:
        ConfigurationError: where this cannot work.
    """
    fetched = jwks is not None and jwks.lower().startswith(("https://", "http://"))
    return Issuer(
        url,
        keys=Path(jwks) if jwks is not None and not fetched else None,
        jwks_uri=jwks if fetched else None,
        algorithms=algorithms,
        allow_http=allow_http,
    )


async def verify(
    token_text: str,
    issuer: Issuer,
    *,
    audience: Iterable[str],
    profile: Profile,
    leeway: float,
    required_claims: Iterable[str],
    max_token_bytes: int,
    clock: Callable[[], float],
) -> Verdict:
    """Validate a token just as `ResourceServer` does, and tell how far it came.

    Args:
        token_text: the token.
        issuer: who must have issued it.
        audience: the names of the API.
        profile: as `ResourceServer` has it.
        leeway: clock difference to forgive, in seconds.
        required_claims: as `ResourceServer` has them.
        max_token_bytes: how long the token may be, in bytes.
        clock: seconds since the epoch.

    Raises:
        ConfigurationError: where this configuration cannot work.
    """
    server = ResourceServer(
        issuer,
        audience=audience,
        profile=profile,
        leeway=leeway,
        required_claims=required_claims,
        max_token_bytes=max_token_bytes,
        clock=clock,
    )
    jws = _parsed(token_text, max_token_bytes)
    seen = _seen(token_text, jws, now=clock())
    try:
        token = await server.validate(token_text)
    except JWTGuardError as error:
        failed = failed_check(error, ascii_only=token_text.isascii())
        return Verdict(_steps(failed, error.detail, seen), None, error)
    finally:
        await server.aclose()
    return Verdict(tuple(Step(check, "pass", seen.get(check.name, "")) for check in CHECKS), token, None)


def _parsed(token_text: str, max_token_bytes: int) -> JWS | None:
    try:
        return parse(token_bytes(token_text), max_bytes=max_token_bytes)
    except InvalidToken:
        return None


def _steps(failed: str | None, why: str, seen: dict[str, str]) -> tuple[Step, ...]:
    steps: list[Step] = []
    result: Result = "pass" if any(check.name == failed for check in CHECKS) else "not reached"
    for check in CHECKS:
        if check.name == failed:
            steps.append(Step(check, "fail", why))
            result = "not reached"
        else:
            steps.append(Step(check, result, seen.get(check.name, "") if result == "pass" else ""))
    return tuple(steps)


def _seen(token_text: str, jws: JWS | None, *, now: float) -> dict[str, str]:
    seen = {"size": f"{len(token_text)} bytes"}
    if jws is None:
        return seen
    claims = jws.claims
    seen |= {
        "typ": "absent" if jws.type is None else jws.type,
        "alg": jws.algorithm,
        "key": "the token names no 'kid'" if jws.kid is None else f"kid {jws.kid}",
        "cnf": "absent" if "cnf" not in claims else "",
    }
    seen |= {name: _shown(claims[name]) for name in ("iss", "aud") if name in claims}
    seen |= {name: moment(claims[name], now=now) if name in claims else "absent" for name in ("exp", "nbf", "iat")}
    return seen


def _shown(claim: Any) -> str:
    if isinstance(claim, list):
        return ", ".join(map(str, claim))
    return str(claim)
