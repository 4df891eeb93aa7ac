"""Asks one issuer's introspection endpoint about tokens: bounded, remembered for a while, one question a token."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from threading import Lock
from typing import Any, Final, NoReturn
from weakref import WeakKeyDictionary

from cachetools import LRUCache

from jwtguard.access_token import AccessToken
from jwtguard.circuit import Circuit
from jwtguard.claims import Rules
from jwtguard.encoding import decode_object
from jwtguard.errors import InvalidToken, Unavailable
from jwtguard.http import HTTP, MAX_BYTES, Answer, ExchangeFailed
from jwtguard.introspection import Introspection
from jwtguard.introspection_answer import (
    SIGNED_MEDIA_TYPE,
    UnusableAnswer,
    check_answer,
    read_answer,
    read_signed_answer,
)
from jwtguard.jws import parse
from jwtguard.key_source import KeySource
from jwtguard.single_flight import Flights

MOST_QUESTIONS: Final = 1000
"""How many tokens may be asked about, or wait for it, at once."""

_log = logging.getLogger("jwtguard.introspection")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a question.

    Attributes:
        token: the access token, if it is good.
        refusal: the reason and the operator's detail, if it is not.
        asked_at: when it was asked, seconds since the epoch.
        until: how long the answer may be used again.
    """

    token: AccessToken | None
    refusal: tuple[str, str] | None
    asked_at: float
    until: float

    def holds(self, now: float) -> bool:
        """Whether the answer may still be used."""
        return self.asked_at <= now < self.until


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No verdict came of a question.

    Attributes:
        why: for the operator.
        declined: whether the endpoint works, and declines to speak of tokens of this kind.
    """

    why: str
    declined: bool = False


class _Declined(Exception):
    """The endpoint does not introspect tokens of this kind."""


class Introspector:
    """One issuer's introspection endpoint."""

    def __init__(
        self,
        configured: Introspection,
        *,
        rules: Rules,
        keys: KeySource,
        http: HTTP,
        clock: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Prepare to ask; nothing is asked yet.

        Args:
            configured: as configured.
            rules: what the issuer's tokens must look like.
            keys: what knows the issuer's metadata, and verifies signed answers.
            http: what to ask with.
            clock: seconds since the epoch.
            chance: a random number from 0 to 1, for the jitter.
        """
        self._configured = configured
        self._rules = replace(rules, require_audience=rules.require_audience and configured.require_audience)
        self._keys = keys
        self._http = http
        self._clock = clock
        self._chance = chance
        self._prove = configured.prove(rules.issuer)
        self._recipients = rules.audiences | ({configured.client_id} if configured.client_id else set())
        self._verdicts: LRUCache[bytes, Verdict] = LRUCache(configured.cache_size)
        self._lock = Lock()  # event loops in several threads may share one resource server
        self._flights: Flights[bytes, Verdict | Unanswered] = Flights(most=MOST_QUESTIONS)
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
        self._reported: str | None = None
        self._circuit = Circuit(probe_seconds=http.timeout)

    def takes(self, kind: str) -> bool:
        """Whether it is to be asked about tokens that are "opaque", or signed with an "unknown_key"."""
        return self._configured.when in ("undecided", "always", kind)

    @property
    def confirms(self) -> bool:
        """Whether it is to be asked about tokens that were found good locally as well."""
        return self._configured.when == "always"

    def recall(self, token: bytes) -> AccessToken | None:
        """Return what an earlier answer said of a token, where it may be used again; None to have it asked about.

        Raises:
            InvalidToken: where that answer was a refusal.
        """
        with self._lock:
            verdict = self._verdicts.get(sha256(token).digest())
        return _pronounced(verdict) if verdict is not None and verdict.holds(self._clock()) else None

    async def ask(self, token: bytes) -> AccessToken | Unanswered:
        """Return what the authorization server makes of a token now.

        Args:
            token: the token; of its text nothing is kept.

        Returns:
            The access token; or that the endpoint declines to speak of tokens of this kind.

        Raises:
            InvalidToken: `inactive`, or what the rules refuse.
            Unavailable: `introspection_unavailable`, where there is no answer to be had.
        """
        digest = sha256(token).digest()
        outcome = await self._flights.join(digest, lambda: self._find_out(token, digest))
        if outcome is None:
            raise self.unavailable(f"{MOST_QUESTIONS} tokens are being asked about already")
        if isinstance(outcome, Verdict):
            return _pronounced(outcome)
        if not outcome.declined:
            raise self.unavailable(outcome.why)
        return outcome

    def unavailable(self, why: str) -> Unavailable:
        """Return the refusal for want of an answer.

        Args:
            why: for the operator.
        """
        return Unavailable(
            "introspection_unavailable", retry_after=self._circuit.retry_after(self._clock()), detail=why
        )

    async def stop(self) -> None:
        """End what is under way on this event loop."""
        await self._flights.stop()

    async def _find_out(self, token: bytes, digest: bytes) -> Verdict | Unanswered:
        try:
            async with asyncio.timeout(self._http.timeout), self._place():
                return await self._ask_if_worth_it(token, digest)
        except TimeoutError:
            return Unanswered(f"no answer within {self._http.timeout:g} s")

    def _place(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        return self._places.setdefault(loop, asyncio.Semaphore(self._configured.concurrency))

    async def _ask_if_worth_it(self, token: bytes, digest: bytes) -> Verdict | Unanswered:
        if not self._circuit.admit(self._clock()):
            return Unanswered("the introspection endpoint keeps failing, and is left alone for a while")
        asked_at = self._clock()
        try:
            members = await self._exchange(token)
        except _Declined as declined:
            self._succeeded()
            return Unanswered(str(declined), declined=True)
        except (ExchangeFailed, UnusableAnswer) as error:
            self._failed(str(error))
            return Unanswered(str(error))
        except asyncio.CancelledError:
            self._failed("the request was broken off")
            raise
        self._succeeded()
        verdict = self._judge(members, asked_at)
        with self._lock:
            self._verdicts[digest] = verdict
        return verdict

    async def _exchange(self, token: bytes) -> dict[str, Any] | None:
        url = await self._endpoint()
        proof = self._prove(self._clock())
        form = {**proof.form, "token": token.decode("ascii"), "token_type_hint": "access_token"}
        headers = dict(proof.headers)
        if self._configured.signed:
            headers["Accept"] = SIGNED_MEDIA_TYPE
        answer = await self._http.request("POST", url, headers=headers, data=form, **proof.options)
        if answer.status != 200:
            _raise_for(url, answer)
        if self._configured.signed:
            return await self._read_signed(answer)
        return read_answer(answer.body)

    async def _endpoint(self) -> str:
        if self._configured.endpoint is not None:
            return self._configured.endpoint
        metadata = await self._keys.metadata()
        if metadata is None:
            raise ExchangeFailed("the issuer's metadata, which names the introspection endpoint, cannot be had")
        if metadata.introspection_endpoint is None:
            raise ExchangeFailed(f"{metadata.url} names no introspection endpoint: write Introspection(endpoint=…)")
        return metadata.introspection_endpoint

    async def _read_signed(self, answer: Answer) -> dict[str, Any] | None:
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != SIGNED_MEDIA_TYPE:
            raise UnusableAnswer(f"the answer is not signed: expected {SIGNED_MEDIA_TYPE}")
        try:
            jws = parse(answer.body, max_bytes=MAX_BYTES)
            if jws.algorithm not in frozenset(self._rules.algorithms):
                raise UnusableAnswer(f"the signed answer's algorithm is not allowed: {jws.algorithm!r}")
            key = await self._keys.find(jws.kid, jws.algorithm)
        except (InvalidToken, Unavailable) as error:
            raise UnusableAnswer(f"the signed answer cannot be verified: {error}") from None
        if not key.verify(jws.signing_input, jws.signature):
            raise UnusableAnswer("the signed answer's signature does not match the issuer's key")
        return read_signed_answer(jws, self._rules, recipients=self._recipients, now=self._clock())

    def _judge(self, members: dict[str, Any] | None, asked_at: float) -> Verdict:
        inactive_until = asked_at + self._configured.inactive_seconds
        if members is None:
            refusal = "inactive", "the authorization server says that it is not active"
            return Verdict(None, refusal, asked_at, inactive_until)
        try:
            token = check_answer(members, self._rules, now=self._clock())
        except InvalidToken as error:
            return Verdict(None, (error.reason, error.detail), asked_at, inactive_until)
        return Verdict(token, None, asked_at, min(asked_at + self._configured.active_seconds, token.expires_at))

    def _succeeded(self) -> None:
        if self._reported is not None:
            _log.info("%s can be asked about tokens again", self._rules.issuer)
        self._reported = None
        self._circuit.succeeded()

    def _failed(self, why: str) -> None:
        self._circuit.failed(now=self._clock(), chance=self._chance())
        if why != self._reported:  # told once, not with every probe
            _log.error("%s cannot be asked about tokens: %s", self._rules.issuer, why)
        self._reported = why


def _pronounced(verdict: Verdict) -> AccessToken:
    if verdict.token is not None:
        return verdict.token
    reason, detail = verdict.refusal or ("inactive", "")
    raise InvalidToken(reason, detail=detail)


def _raise_for(url: str, answer: Answer) -> NoReturn:
    try:
        code = decode_object(answer.body).get("error")
    except ValueError:
        code = None
    if answer.status == 400 and code == "unsupported_token_type":
        raise _Declined(f"{url} does not introspect tokens of this kind (unsupported_token_type)")
    if answer.status in (401, 403) or code in ("invalid_client", "unauthorized_client"):
        raise ExchangeFailed(
            f"{url} answered {answer.status}: it refuses this resource server's credentials; see Introspection(…)"
        )
    raise ExchangeFailed(f"{url} answered {answer.status}")
