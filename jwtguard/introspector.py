"""Asks one issuer's introspection endpoint about tokens: bounded, remembered for a while, one question a token."""

import asyncio
import logging
import random
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from hashlib import sha256
from math import inf
from typing import Any, Final, NoReturn
from weakref import WeakKeyDictionary

import msgspec

from jwtguard.access_token import AccessToken
from jwtguard.circuit import Circuit
from jwtguard.claims import Rules
from jwtguard.encoding import decode_object
from jwtguard.errors import InvalidToken, Unavailable
from jwtguard.http import HTTP, MAX_BYTES, Answer, Deadline, ExchangeFailed
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
from jwtguard.verdicts import Declined, Pronouncement, Verdict, Verdicts

MOST_QUESTIONS: Final = 1000
"""How many tokens may be asked about, or wait for it, at once."""

QUIET_SECONDS: Final = 30.0
"""For how long after a recovery was logged no other failure is."""

_ABOUT_THE_QUESTION: Final = frozenset({400, 413, 414, 422, 431})
"""Statuses of an endpoint that works, and does not take this one token: too long, or not to its taste."""

_log = logging.getLogger("jwtguard.introspection")


class Unanswered(msgspec.Struct, frozen=True):
    """Nothing came of a question.

    Attributes:
        why: for the operator.
    """

    why: str


class _QuestionRefused(Exception):
    """The endpoint works, and does not take this one question."""


class _KindDeclined(_QuestionRefused):
    """It does not introspect tokens of this kind at all."""


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
        # The profile is about JWTs; an answer has no `typ`, and may lack `sub`, `iat` and `jti` (RFC 7662 section 2.2).
        self._rules = replace(
            rules, profile="default", require_audience=rules.require_audience and configured.require_audience
        )
        self._keys = keys
        self._http = http
        self._clock = clock
        self._chance = chance
        self._prove = configured.prove(rules.issuer)
        self._recipients = rules.audiences | ({configured.client_id} if configured.client_id else set())
        self._verdicts = Verdicts(configured.cache_size)
        self._flights: Flights[bytes, Pronouncement | Unanswered] = Flights(most=MOST_QUESTIONS)
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
        self._circuit = Circuit(probe_seconds=http.timeout)
        self._reported: str | None = None
        self._recovery_told_at = -inf
        self._refusal_reported: str | None = None

    def takes(self, kind: str) -> bool:
        """Whether it is to be asked about tokens that are "opaque", or signed with an "unknown_key"."""
        return self._configured.when in ("undecided", "always", kind)

    @property
    def confirms(self) -> bool:
        """Whether it is to be asked about tokens that were found good locally as well."""
        return self._configured.when == "always"

    def recall(self, token: bytes) -> AccessToken | Declined | None:
        """Return what an earlier answer said of a token, where it may be used again; None to have it asked about.

        Raises:
            InvalidToken: where that answer was a refusal.
        """
        verdict = self._verdicts.get(sha256(token).digest(), self._clock())
        return None if verdict is None else _pronounced(verdict.pronouncement)

    async def ask(self, token: bytes) -> AccessToken | Declined:
        """Return what the authorization server makes of a token now.

        Args:
            token: the token; of its text nothing is kept.

        Returns:
            The access token; or that the endpoint does not speak of tokens of this kind.

        Raises:
            InvalidToken: `inactive`, or what the rules refuse.
            Unavailable: `introspection_unavailable`, where there is no answer to be had.
        """
        digest = sha256(token).digest()
        outcome = await self._flights.join(digest, lambda: self._find_out(token, digest))
        if outcome is None:
            raise self.unavailable(f"{MOST_QUESTIONS} tokens are being asked about already, or this is being closed")
        if isinstance(outcome, Unanswered):
            raise self.unavailable(outcome.why)
        return _pronounced(outcome)

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

    async def _find_out(self, token: bytes, digest: bytes) -> Pronouncement | Unanswered:
        deadline = Deadline(self._http.timeout)
        places = self._places_here()
        try:
            # The question needs its share of the time: one that is broken off early says nothing about the endpoint.
            async with asyncio.timeout(deadline.half()):
                await places.acquire()
        except TimeoutError:
            return Unanswered(
                f"{self._configured.concurrency} questions are under way, and none was answered in time for this one"
            )
        try:
            return await self._ask_if_worth_it(token, digest, deadline)
        finally:
            places.release()

    def _places_here(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        places = self._places.get(loop)
        if places is None:
            # A semaphore that someone has waited for holds its loop, which would never leave by itself.
            for closed in [other for other in list(self._places) if other.is_closed()]:
                self._places.pop(closed, None)
            places = self._places[loop] = asyncio.Semaphore(self._configured.concurrency)
        return places

    async def _ask_if_worth_it(self, token: bytes, digest: bytes, deadline: Deadline) -> Pronouncement | Unanswered:
        asked_at = self._clock()
        era = self._circuit.admit(asked_at)
        if era is None:
            return Unanswered(
                f"the introspection endpoint is left alone for a while: {self._reported or 'it kept failing'}"
            )
        try:
            members = await self._exchange(token, deadline)
        except (ExchangeFailed, UnusableAnswer) as error:
            return self._failed(era, str(error))
        except _KindDeclined as declined:
            self._succeeded()
            return self._remember(digest, Declined(str(declined)), asked_at)
        except _QuestionRefused as refused:
            self._succeeded()
            return self._question_refused(str(refused))
        except Exception as error:  # noqa: BLE001  (or all who wait would get it, and nobody would count it)
            return self._failed(era, f"unforeseen: {type(error).__name__}")
        self._succeeded()
        return self._remember(digest, self._judge(members), asked_at)

    async def _exchange(self, token: bytes, deadline: Deadline) -> dict[str, Any] | None:
        url = await self._endpoint(deadline)
        proof = self._prove(self._clock())
        form = {**proof.form, "token": token.decode("ascii"), "token_type_hint": "access_token"}
        headers = dict(proof.headers)
        if self._configured.signed:
            headers["Accept"] = SIGNED_MEDIA_TYPE
        answer = await self._http.request(
            "POST", url, headers=headers, data=form, seconds=deadline.left(), **proof.options
        )
        if answer.status != 200:
            _raise_for(url, answer)
        if self._configured.signed:
            return await self._read_signed(answer, deadline)
        return read_answer(answer.body)

    async def _endpoint(self, deadline: Deadline) -> str:
        if self._configured.endpoint is not None:
            return self._configured.endpoint
        try:
            async with asyncio.timeout(deadline.left()):
                metadata = await self._keys.metadata()
        except TimeoutError:
            metadata = None
        if metadata is None:
            raise ExchangeFailed("the issuer's metadata, which names the introspection endpoint, cannot be had")
        if metadata.introspection_endpoint is None:
            raise ExchangeFailed(f"{metadata.url} names no introspection endpoint: write Introspection(endpoint=…)")
        return metadata.introspection_endpoint

    async def _read_signed(self, answer: Answer, deadline: Deadline) -> dict[str, Any] | None:
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != SIGNED_MEDIA_TYPE:
            raise UnusableAnswer(f"the answer is not signed: expected {SIGNED_MEDIA_TYPE}")
        try:
            jws = parse(answer.body, max_bytes=MAX_BYTES)
        except InvalidToken:
            raise UnusableAnswer("the signed answer is not a well-formed JWS") from None
        if jws.algorithm not in self._rules.algorithms:
            raise UnusableAnswer("the signed answer's algorithm is not allowed")
        try:
            async with asyncio.timeout(deadline.left()):
                key = await self._keys.find(jws.kid, jws.algorithm)
        except (InvalidToken, Unavailable, TimeoutError):
            raise UnusableAnswer("the key that signed the answer cannot be had") from None
        if not key.verify(jws.signing_input, jws.signature):
            raise UnusableAnswer("the signed answer's signature does not match the issuer's key")
        return read_signed_answer(jws, self._rules, recipients=self._recipients, now=self._clock())

    def _judge(self, members: dict[str, Any] | None) -> Pronouncement:
        if members is None:
            return InvalidToken("inactive", detail="the authorization server says that it is not active")
        try:
            return check_answer(members, self._rules, now=self._clock())
        except InvalidToken as refusal:
            return copy(refusal)  # without its traceback, which holds the token

    def _remember(self, digest: bytes, pronouncement: Pronouncement, asked_at: float) -> Pronouncement:
        until = asked_at + self._configured.inactive_seconds
        if isinstance(pronouncement, AccessToken):
            until = min(asked_at + self._configured.active_seconds, pronouncement.expires_at)
        self._verdicts.put(digest, Verdict(pronouncement, asked_at, until))
        return pronouncement

    def _succeeded(self) -> None:
        self._circuit.succeeded()
        if self._reported is not None:
            _log.info("%s can be asked about tokens again", self._rules.issuer)
            self._recovery_told_at = self._clock()
        self._reported = None

    def _failed(self, era: int, why: str) -> Unanswered:
        now = self._clock()
        counts = self._circuit.failed(era, now=now, chance=self._chance())
        # Somebody may mix tokens on which the endpoint fails with others; a failure that lasts is told a moment later.
        back_just_now = 0 <= now - self._recovery_told_at < QUIET_SECONDS
        if counts and why != self._reported and not back_just_now:  # told once, not with every probe
            _log.error("%s cannot be asked about tokens: %s", self._rules.issuer, why)
            self._reported = why
        return Unanswered(why)

    def _question_refused(self, why: str) -> Unanswered:
        """Told once, whatever is answered in between: the sender of a token may have brought it about."""
        if why != self._refusal_reported:
            _log.error("%s does not take a question about a token: %s", self._rules.issuer, why)
        self._refusal_reported = why
        return Unanswered(why)


def _pronounced(pronouncement: Pronouncement) -> AccessToken | Declined:
    if isinstance(pronouncement, InvalidToken):
        raise copy(pronouncement)  # each request has its own, to note on it whose token it was
    return pronouncement


def _raise_for(url: str, answer: Answer) -> NoReturn:
    try:
        code = decode_object(answer.body).get("error")
    except ValueError:
        code = None
    if answer.status == 400 and code == "unsupported_token_type":
        raise _KindDeclined(f"{url} does not introspect tokens of this kind (unsupported_token_type)")
    if answer.status in (401, 403) or code in ("invalid_client", "unauthorized_client"):
        raise ExchangeFailed(
            f"{url} answered {answer.status}: it refuses this resource server's credentials; see Introspection(…)"
        )
    kind = _QuestionRefused if answer.status in _ABOUT_THE_QUESTION else ExchangeFailed
    raise kind(f"{url} answered {answer.status}")
