"""Requests of every kind, each with the one answer that is right: whose token it presents, or why that is refused."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from jwtguard.errors import REASONS
from tests.faults.balancer import Answer
from tests.faults.issuers import A_YEAR, Issuers
from tests.signing import NOW, SigningKey, b64, good_claims, segment, signing_key

FACES: Final = "/middleware/whose", "/dependency/whose"
REPEATED: Final = 20
"""How many tokens of a key come again and again."""
_FORGER: Final = signing_key("ES256", "forged", 99)


@dataclass(frozen=True)
class Whose:
    """Who a good token speaks of.

    Attributes:
        issuer: its issuer.
        subject: its subject, which no other token has.
    """

    issuer: str
    subject: str


Presented = tuple[str | None, Whose | tuple[str, ...]]
"""What a request presents; and whose that is, or the reasons of which one must be given for its refusal."""


@dataclass(frozen=True)
class Call:
    """A request, and the answer to it.

    Attributes:
        kind: what is special about it.
        path: where it goes.
        token: what it presents.
        expected: the answer; several only while it is being found out what is true.
    """

    kind: str
    path: str
    token: str | None = field(repr=False)
    expected: tuple[Answer, ...]

    @property
    def opens_websocket(self) -> bool:
        return self.kind.startswith("WebSocket")


class Traffic:
    """Makes requests, without end, in an order that is always the same.

    Attributes:
        keys: the rotating issuer's keys that good tokens are signed with.
        unknown_key: what a token is refused for that names a key which nobody has.
    """

    def __init__(self, issuers: Issuers, *kinds: str) -> None:
        """Prepare.

        Args:
            issuers: who issues the tokens.
            kinds: of the requests, out of `KINDS`; the more often one is named, the more come.
        """
        self.keys = list(issuers.rotating.keys)
        self.unknown_key: tuple[str, ...] = ("unknown_key",)
        self._issuers = issuers
        self._kinds = kinds
        self._random = random.Random(6)  # noqa: S311  (an order, no secret)
        self._repeated: dict[tuple[str | None, int], str] = {}

    def __iter__(self) -> Iterator[Call]:
        numbers = count()
        while True:
            for kind in self._random.sample(self._kinds, len(self._kinds)):
                yield self._call(kind, next(numbers))

    def _call(self, kind: str, number: int) -> Call:
        path = self._random.choice(FACES)
        token, whose = KINDS[kind](self, number)
        if not isinstance(whose, Whose):
            return Call(kind, path, token, tuple(refusal(reason) for reason in whose))
        user = whose.subject if path == FACES[0] else ""
        body = {"subject": whose.subject, "issuer": whose.issuer, "user": user}
        return Call(kind, path, token, (Answer(101 if kind.startswith("WebSocket") else 200, body),))

    # --- Good tokens ---

    def newest_key(self, number: int) -> Presented:
        return self._rotating(self.keys[-1], number), Whose(self._issuers.rotating.issuer, _subject(number))

    def any_key(self, number: int) -> Presented:
        return self._rotating(self._random.choice(self.keys), number), Whose(
            self._issuers.rotating.issuer, _subject(number)
        )

    def seen_before(self, number: int) -> Presented:
        key, again = self._random.choice(self.keys), -1 - number % REPEATED
        place = key.kid, again
        if place not in self._repeated:
            self._repeated[place] = self._rotating(key, again)
        return self._repeated[place], Whose(self._issuers.rotating.issuer, _subject(again))

    def another_issuer(self, number: int) -> Presented:
        issuer = self._issuers.steady.issuer
        return _token(self._issuers.steady.keys[0], issuer, number), Whose(issuer, _subject(number))

    def opaque(self, number: int) -> Presented:
        return f"opaque~{_subject(number)}", Whose(self._issuers.asked.origin, _subject(number))

    def opaque_seen_before(self, number: int) -> Presented:
        return self.opaque(-1 - number % REPEATED)

    # --- Bad ones ---

    def tampered_with(self, number: int) -> Presented:
        header, _, signature = self._rotating(self._random.choice(self.keys), number).split(".")
        claims = _claims(self._issuers.rotating.issuer, -1 - number % REPEATED)
        return f"{header}.{segment(claims)}.{signature}", ("signature_mismatch",)

    def another_issuers_key_of_that_name(self, number: int) -> Presented:
        key = self._issuers.rotating.keys[0]
        return _token(key, self._issuers.steady.issuer, number), ("signature_mismatch",)

    def expired(self, number: int) -> Presented:
        return self._rotating(self.keys[-1], number, exp=NOW - 1000), ("expired",)

    def another_audience(self, number: int) -> Presented:
        return self._rotating(self.keys[-1], number, aud="https://elsewhere.example"), ("audience_mismatch",)

    def untrusted_issuer(self, number: int) -> Presented:
        return _token(self.keys[-1], "https://nobody.example", number), ("issuer_mismatch",)

    def no_scope(self, number: int) -> Presented:
        return self._rotating(self.keys[-1], number, scope="invoices:write"), ("insufficient_scope",)

    def no_algorithm(self, number: int) -> Presented:
        key = self.keys[-1]
        claims = _claims(self._issuers.rotating.issuer, number)
        return key.token(claims, {"alg": "none", "typ": "at+jwt", "kid": key.kid}), ("algorithm_not_allowed",)

    def opaque_and_revoked(self, number: int) -> Presented:
        return f"revoked~{_subject(number)}", ("inactive",)

    def no_token(self, number: int) -> Presented:
        return None, ("credentials_missing",)

    def forged(self, number: int) -> Presented:
        """By a key of its own, with a key ID that nobody has and that comes once."""
        key = SigningKey(_FORGER.private, _FORGER.algorithm, b64(self._random.randbytes(12)))
        return self._rotating(key, number), self.unknown_key

    def _rotating(self, key: SigningKey, number: int, **more: Any) -> str:
        return _token(key, self._issuers.rotating.issuer, number, **more)


def _subject(number: int) -> str:
    """The subject of one token alone; that of one which comes again has a number below zero."""
    return f"subject{number}"


def _claims(issuer: str, number: int, **more: Any) -> dict[str, Any]:
    return good_claims(iss=issuer, sub=_subject(number), **{"exp": NOW + A_YEAR, **more})


def _token(key: SigningKey, issuer: str, number: int, **more: Any) -> str:
    return key.token(_claims(issuer, number, **more))


Present = Callable[[Traffic, int], Presented]
GOOD: Final[dict[str, Present]] = {
    "newest key": Traffic.newest_key,
    "any key": Traffic.any_key,
    "seen before": Traffic.seen_before,
    "another issuer": Traffic.another_issuer,
    "opaque": Traffic.opaque,
    "opaque, seen before": Traffic.opaque_seen_before,
    "WebSocket": Traffic.any_key,
    "WebSocket, seen before": Traffic.seen_before,
}
BAD: Final[dict[str, Present]] = {
    "tampered with": Traffic.tampered_with,
    "another issuer's key of that name": Traffic.another_issuers_key_of_that_name,
    "expired": Traffic.expired,
    "another audience": Traffic.another_audience,
    "untrusted issuer": Traffic.untrusted_issuer,
    "no scope": Traffic.no_scope,
    "no algorithm": Traffic.no_algorithm,
    "opaque and revoked": Traffic.opaque_and_revoked,
    "no token": Traffic.no_token,
    "WebSocket, tampered with": Traffic.tampered_with,
    "WebSocket, expired": Traffic.expired,
}
FORGED: Final[dict[str, Present]] = {"forged": Traffic.forged, "WebSocket, forged": Traffic.forged}
KINDS: Final = {**GOOD, **BAD, **FORGED}

MIXED: Final = (*["newest key", "any key", "seen before", "another issuer"] * 4, *GOOD, *BAD)
FLOODED: Final = (*MIXED, *["forged"] * 20, "WebSocket, forged")


def refusal(reason: str) -> Answer:
    """The answer to a refused request (RFC 6750 section 3), which describes exactly one reason."""
    description = REASONS[reason]
    if reason == "issuer_unreachable":
        return Answer(503, {"detail": {"error_description": description}}, says_when=True)
    if reason == "credentials_missing":
        return Answer(401, {"detail": {"error_description": description}}, "Bearer")
    missing_scope = reason == "insufficient_scope"
    code, scope = ("insufficient_scope", ', scope="invoices:read"') if missing_scope else ("invalid_token", "")
    return Answer(
        403 if missing_scope else 401,
        {"detail": {"error": code, "error_description": description}},
        f'Bearer error="{code}", error_description="{description}"{scope}',
    )
