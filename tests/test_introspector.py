"""Asking an introspection endpoint over real connections: what goes out, what is believed, how often, how long."""

import asyncio
import contextlib
import gc
import logging
import re
import weakref
from collections.abc import Iterator
from hashlib import sha256
from threading import Event, Thread
from typing import Any

import anyio
import httpx
import pytest

from jwtguard import AccessToken, InvalidToken, Unavailable
from jwtguard.circuit import TOLERATED
from jwtguard.http import HTTP
from jwtguard.introspector import MOST_QUESTIONS, Introspector
from jwtguard.verdicts import Declined
from tests.introspection_endpoint import (
    OPAQUE,
    SECRET,
    Behaviour,
    Endpoint,
    active,
    asking,
    by_token,
    hanging,
    held,
    in_turn,
    inactive,
    introspection_endpoint,
    replying,
    saying,
)
from tests.refusals import refused
from tests.resource_servers import KEY, Clock
from tests.serving import free_port
from tests.signing import ISSUER, NOW, SigningKey, b64, good_claims, segment, signing_key

pytestmark = pytest.mark.anyio

SOON = 0.4
"""Seconds after which a test gives up on an endpoint that hangs."""


@pytest.fixture(scope="module")
def server() -> Iterator[Endpoint]:
    with introspection_endpoint() as served:
        yield served


@pytest.fixture
def endpoint(server: Endpoint) -> Endpoint:
    return server.as_new()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the operator was told as an error."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def outcome(introspector: Introspector, token: bytes = OPAQUE) -> str:
    """What a question comes to, in a word."""
    try:
        answer = await introspector.ask(token)
    except (InvalidToken, Unavailable) as refusal:
        return refusal.reason
    return "declined" if isinstance(answer, Declined) else "active"


async def recalled_or_asked(introspector: Introspector, token: bytes = OPAQUE) -> AccessToken | Declined:
    """Go by an earlier answer if there is one."""
    return introspector.recall(token) or await introspector.ask(token)


# --- The request (RFC 7662 section 2.1) ---


async def test_token_goes_into_the_body_of_a_post_and_nowhere_else(endpoint: Endpoint) -> None:
    async with asking(endpoint) as introspector:
        await introspector.ask(OPAQUE)
    (question,) = endpoint.questions
    assert question.method == "POST"
    assert question.query == ""
    assert question.headers["content-type"] == "application/x-www-form-urlencoded"
    assert question.headers["accept"] == "application/json"
    assert question.form == {"token": OPAQUE.decode(), "token_type_hint": "access_token"}
    assert not any(OPAQUE.decode() in value for value in question.headers.values())


async def test_token_with_odd_characters_arrives_as_it_was(endpoint: Endpoint) -> None:
    odd = b"a+b/c~d-e_f.g=="
    async with asking(endpoint) as introspector:
        await introspector.ask(odd)
    assert endpoint.questions[0].form["token"] == odd.decode()


async def test_connection_is_reused(endpoint: Endpoint) -> None:
    ports = set()

    async def noting(request: Any) -> Any:
        ports.add(request.client.port)
        return await active()(request)

    endpoint.answer = noting
    async with asking(endpoint) as introspector:
        for number in range(5):
            await introspector.ask(b"token-%d" % number)
    assert len(ports) == 1


UNUSABLE: dict[str, tuple[Behaviour, str]] = {
    "active the string true": (saying({"active": "true"}), "'active'"),
    "active 1": (saying({"active": 1}), "'active'"),
    "active null": (saying({"active": None}), "'active'"),
    "active missing": (saying(good_claims()), "'active'"),
    "an array": (saying([{"active": True}]), "not a JSON object"),
    "NaN": (replying(200, '{"active": true, "exp": NaN}'), "not a JSON object"),
    "HTML": (replying(200, "<h1>active</h1>", content_type="text/html"), "not a JSON object"),
    "nothing": (replying(200), "not a JSON object"),
    "random bytes": (replying(200, bytes(range(256))), "not a JSON object"),
    "10 MB": (replying(200, b'{"active":true,"x":"' + b"x" * 10_000_000 + b'"}'), "more than 524288 bytes"),
    "objects without end": (replying(200, b'{"x":[' + b"{}," * 20_000 + b"{}]}"), "objects and arrays"),
    "compressed unasked": (replying(200, b"\x1f\x8b", **{"content-encoding": "gzip"}), "compressed"),
    "201": (saying({"active": True, **good_claims()}, 201), "answered 201"),
    "204": (replying(204), "answered 204"),
    "a redirect": (replying(302, location="/introspect"), "answered 302"),
    "a permanent redirect": (replying(308, location="/introspect"), "answered 308"),
    "400": (saying({"error": "invalid_request"}, 400), "answered 400"),
    "400 invalid_client": (saying({"error": "invalid_client"}, 400), "credentials"),
    "400 unauthorized_client": (saying({"error": "unauthorized_client"}, 400), "credentials"),
    "400 with an odd error": (saying({"error": ["unsupported_token_type"]}, 400), "answered 400"),
    "401": (saying({"error": "invalid_client"}, 401), "credentials"),
    "401 with a good answer": (saying({"active": True, **good_claims()}, 401), "credentials"),
    "403": (replying(403, "no"), "credentials"),
    "404": (replying(404, "what?"), "answered 404"),
    "413": (replying(413), "answered 413"),
    "429": (replying(429, **{"retry-after": "1"}), "answered 429"),
    "500": (replying(500, "boom"), "answered 500"),
    "503": (saying({"active": True, **good_claims()}, 503), "answered 503"),
    "a hang": (hanging, "did not answer within"),
}


@pytest.mark.parametrize(("behaviour", "why"), UNUSABLE.values(), ids=UNUSABLE)
async def test_unusable_answer_is_no_answer(
    endpoint: Endpoint, behaviour: Behaviour, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answer = behaviour
    async with asking(endpoint, timeout=SOON if behaviour is hanging else 5) as introspector:
        with refused("introspection_unavailable", Unavailable) as refusal:
            await introspector.ask(OPAQUE)
        assert introspector.recall(OPAQUE) is None
    assert why in refusal.value.detail
    assert (refusal.value.status, refusal.value.error) == (503, None)
    assert isinstance(refusal.value, Unavailable)
    assert refusal.value.retry_after >= 1
    assert endpoint.count == 1
    (told,) = errors(caplog)
    assert ISSUER in told
    assert why in told


async def test_connection_refused_is_no_answer(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/introspect"
    async with asking(endpoint, endpoint=nobody) as introspector:
        with refused("introspection_unavailable", Unavailable) as refusal:
            await introspector.ask(OPAQUE)
    assert "ConnectError" in refusal.value.detail
    assert nobody in errors(caplog)[0]


async def test_answer_that_does_not_end_in_time_is_none(endpoint: Endpoint) -> None:
    endpoint.answer = held(Event(), active())
    async with asking(endpoint, timeout=SOON) as introspector:
        assert await outcome(introspector) == "introspection_unavailable"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param({"iss": "https://evil.example"}, "issuer_mismatch", id="another issuer"),
        pytest.param({"aud": "https://other.example"}, "audience_mismatch", id="another audience"),
        pytest.param({"aud": ...}, "claim_missing", id="no audience"),
        pytest.param({"exp": NOW - 31}, "expired", id="expired"),
        pytest.param({"token_type": "DPoP"}, "type_mismatch", id="a DPoP token"),
    ],
)
async def test_active_token_that_breaks_the_rules_is_refused(
    endpoint: Endpoint, members: dict[str, Any], reason: str
) -> None:
    endpoint.answer = active(**members)
    async with asking(endpoint) as introspector:
        for _ in range(2):
            with refused(reason):
                await recalled_or_asked(introspector)
    assert endpoint.count == 1


async def test_missing_claim_is_named_each_time(endpoint: Endpoint) -> None:
    endpoint.answer = active(exp=...)
    async with asking(endpoint) as introspector:
        for _ in range(2):
            with refused("claim_missing") as refusal:
                await recalled_or_asked(introspector)
            assert refusal.value.claim == "exp"


async def test_server_that_omits_the_audience_can_be_put_up_with(endpoint: Endpoint) -> None:
    endpoint.answer = active(aud=...)
    async with asking(endpoint, require_audience=False) as introspector:
        assert await outcome(introspector) == "active"


async def test_tokens_of_an_issuer_that_has_no_audience_need_none_in_the_answer(endpoint: Endpoint) -> None:
    endpoint.answer = active(aud=...)
    async with asking(endpoint, rules={"require_audience": False, "claim_values": {"client_id": "client-1"}}) as asked:
        assert await outcome(asked) == "active"


# --- Nothing of it shows ---


async def test_no_token_and_no_secret_is_logged_shown_or_kept(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    behaviours = [active(), inactive(), *(behaviour for behaviour, _ in UNUSABLE.values() if behaviour is not hanging)]
    credentials: list[dict[str, Any]] = [
        {},
        {"method": "client_secret_post"},
        {"client_secret": None, "bearer_token": SECRET},
        {"client_secret": None, "auth": ("api", SECRET)},
    ]
    shown = []
    for options in credentials:
        for behaviour in behaviours:
            endpoint.answer = behaviour
            async with asking(endpoint, **options) as introspector:
                try:
                    shown.append(repr(await introspector.ask(OPAQUE)))
                except (InvalidToken, Unavailable) as refusal:
                    chain = [refusal, refusal.__cause__, refusal.__context__]
                    shown += [f"{error!r} {error} {vars(error)}" for error in chain if error is not None]
                shown += [repr(introspector), repr(vars(introspector)), repr(vars(introspector._verdicts))]
    assert endpoint.count == len(credentials) * len(behaviours)
    assert any(record.name.startswith("httpx") for record in caplog.records)
    lines = [f"{record.getMessage()} {record.exc_info} {record.args}" for record in caplog.records]
    for text in [*shown, *lines, caplog.text]:
        for secret in (OPAQUE.decode(), OPAQUE.hex(), SECRET, "czNjcmV0"):
            assert secret not in text


async def test_remembered_refusal_keeps_no_frame_that_holds_the_token(endpoint: Endpoint) -> None:
    endpoint.answer = active(exp=...)
    async with asking(endpoint) as introspector:
        with refused("claim_missing"):
            await introspector.ask(OPAQUE)
        verdict = introspector._verdicts.get(sha256(OPAQUE).digest(), NOW)
    assert verdict is not None
    assert isinstance(verdict.pronouncement, InvalidToken)
    assert verdict.pronouncement.__traceback__ is None


# --- The memory ---


@pytest.mark.parametrize(
    ("behaviour", "seconds"),
    [
        pytest.param(active(), 60, id="active: a minute"),
        pytest.param(inactive(), 10, id="inactive: ten seconds"),
        pytest.param(active(aud="https://other.example"), 10, id="refused by the rules: ten seconds"),
        pytest.param(saying({"error": "unsupported_token_type"}, 400), 10, id="declined: ten seconds"),
        pytest.param(active(exp=NOW + 20), 20, id="active: never past its expiry"),
    ],
)
async def test_answer_is_remembered(endpoint: Endpoint, behaviour: Behaviour, seconds: float) -> None:
    endpoint.answer = behaviour
    async with asking(endpoint, clock=(clock := Clock())) as introspector:
        for moment in (0, seconds - 0.01):
            clock.now = NOW + moment
            with contextlib.suppress(InvalidToken):
                await recalled_or_asked(introspector)
        assert endpoint.count == 1
        clock.now = NOW + seconds
        with contextlib.suppress(InvalidToken):
            await recalled_or_asked(introspector)
        assert endpoint.count == 2


async def test_time_is_counted_from_the_question_not_from_the_answer(endpoint: Endpoint) -> None:
    clock, gate = Clock(), Event()
    endpoint.answer = held(gate, active())
    async with asking(endpoint, clock=clock) as introspector:
        asked = asyncio.ensure_future(introspector.ask(OPAQUE))
        await endpoint.until(1)
        clock.now += 4
        gate.set()
        await asked
        clock.now = NOW + 60
        assert introspector.recall(OPAQUE) is None


@pytest.mark.parametrize("seconds", [0, 5.5, 3600])
async def test_time_for_active_tokens_is_configurable(endpoint: Endpoint, seconds: float) -> None:
    async with asking(endpoint, clock=(clock := Clock()), active_seconds=seconds) as introspector:
        await introspector.ask(OPAQUE)
        assert (introspector.recall(OPAQUE) is not None) is (seconds > 0)
        clock.now += seconds
        assert introspector.recall(OPAQUE) is None


@pytest.mark.parametrize("seconds", [0, 5.5])
async def test_time_for_inactive_tokens_is_configurable(endpoint: Endpoint, seconds: float) -> None:
    endpoint.answer = inactive()
    async with asking(endpoint, clock=(clock := Clock()), inactive_seconds=seconds) as introspector:
        for _ in range(3):
            with refused("inactive"):
                await recalled_or_asked(introspector)
        assert endpoint.count == (1 if seconds else 3)
        clock.now += seconds
        assert introspector.recall(OPAQUE) is None


async def test_clock_that_was_set_back_makes_an_answer_worthless(endpoint: Endpoint) -> None:
    async with asking(endpoint, clock=(clock := Clock())) as introspector:
        await introspector.ask(OPAQUE)
        clock.now -= 1
        assert introspector.recall(OPAQUE) is None


async def test_revoked_token_is_refused_when_the_answer_is_forgotten(endpoint: Endpoint) -> None:
    async with asking(endpoint, clock=(clock := Clock())) as introspector:
        assert isinstance(await recalled_or_asked(introspector), AccessToken)
        endpoint.answer = inactive()
        clock.now += 59
        assert isinstance(await recalled_or_asked(introspector), AccessToken)
        clock.now += 1
        with refused("inactive"):
            await recalled_or_asked(introspector)


async def test_memory_is_bounded(endpoint: Endpoint) -> None:
    async with asking(endpoint, cache_size=3) as introspector:
        for number in range(10):
            await introspector.ask(b"token-%d" % number)
        known = [introspector.recall(b"token-%d" % number) is not None for number in range(10)]
    assert known == [False] * 7 + [True] * 3


async def test_tokens_that_someone_made_up_do_not_push_a_good_one_out(endpoint: Endpoint) -> None:
    endpoint.answer = by_token({OPAQUE: active()}, inactive())
    async with asking(endpoint, cache_size=3) as introspector:
        await introspector.ask(OPAQUE)
        for number in range(10):
            assert await outcome(introspector, b"made-up-%d" % number) == "inactive"
        assert introspector.recall(OPAQUE) is not None


# --- One question for all who want to know ---


async def test_thousand_concurrent_requests_with_one_token_are_one_question(endpoint: Endpoint) -> None:
    gate = Event()
    endpoint.answer = held(gate, active())
    async with asking(endpoint) as introspector:
        asked = [asyncio.ensure_future(introspector.ask(OPAQUE)) for _ in range(1000)]
        await endpoint.until(1)
        gate.set()
        answers = await asyncio.gather(*asked)
    assert endpoint.count == 1
    assert len(answers) == 1000
    assert all(isinstance(answer, AccessToken) for answer in answers)


async def test_refusal_is_each_request_s_own(endpoint: Endpoint) -> None:
    gate = Event()
    endpoint.answer = held(gate, inactive())
    async with asking(endpoint) as introspector:
        asked = [asyncio.ensure_future(introspector.ask(OPAQUE)) for _ in range(3)]
        await endpoint.until(1)
        gate.set()
        refusals = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(refusal) for refusal in refusals] == [InvalidToken] * 3
    assert len({id(refusal) for refusal in refusals}) == 3


async def test_asker_that_goes_away_harms_nobody(endpoint: Endpoint) -> None:
    gate = Event()
    endpoint.answer = held(gate, active())
    async with asking(endpoint) as introspector:
        first, second = (asyncio.ensure_future(introspector.ask(OPAQUE)) for _ in range(2))
        await endpoint.until(1)
        first.cancel()
        gate.set()
        assert isinstance(await second, AccessToken)
        assert first.cancelled()
    assert endpoint.count == 1


async def test_answer_is_remembered_though_all_askers_went_away(endpoint: Endpoint) -> None:
    gate = Event()
    endpoint.answer = held(gate, active())
    async with asking(endpoint) as introspector:
        asked = [asyncio.ensure_future(introspector.ask(OPAQUE)) for _ in range(3)]
        await endpoint.until(1)
        for one in asked:
            one.cancel()
        await asyncio.wait(asked)
        gate.set()
        assert await outcome(introspector) == "active"
        assert introspector.recall(OPAQUE) is not None
    assert endpoint.count == 1


async def test_no_more_requests_than_allowed_are_under_way_at_once(endpoint: Endpoint) -> None:
    gate = Event()
    endpoint.answer = held(gate, active())
    async with asking(endpoint, concurrency=3) as introspector:
        asked = [asyncio.ensure_future(introspector.ask(b"token-%d" % number)) for number in range(30)]
        await endpoint.until(3)
        gate.set()
        await asyncio.gather(*asked)
    assert endpoint.count == 30
    assert endpoint.busiest == 3


async def test_token_that_has_waited_too_long_for_its_turn_is_not_taken_for_a_failure(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Event()
    endpoint.answer = held(gate, active())
    async with asking(endpoint, concurrency=1, timeout=SOON) as introspector:
        asked = [asyncio.ensure_future(introspector.ask(b"token-%d" % number)) for number in range(8)]
        await endpoint.until(1)
        refusals = await asyncio.gather(*asked[1:], return_exceptions=True)
        assert {str(refusal) for refusal in refusals} == {
            "introspection_unavailable: 1 questions are under way, and none was answered in time for this one"
        }
        gate.set()
        await asked[0]
        assert await outcome(introspector) == "active"
    assert errors(caplog) == []


async def test_time_spent_waiting_for_a_turn_counts(endpoint: Endpoint) -> None:
    gate = Event()
    endpoint.answer = by_token({b"first": held(gate, active())}, hanging)
    async with asking(endpoint, concurrency=1, timeout=1) as introspector:
        first = asyncio.ensure_future(introspector.ask(b"first"))
        second = asyncio.ensure_future(introspector.ask(b"second"))
        await endpoint.until(1)
        await anyio.sleep(0.2)
        gate.set()
        await first
        with refused("introspection_unavailable", Unavailable) as refusal:
            await second
    within = re.search(r"did not answer within ([0-9.]+) s", refusal.value.detail)
    assert within is not None
    assert float(within[1]) <= 0.8


async def test_number_of_open_questions_is_bounded(endpoint: Endpoint) -> None:
    gate = Event()
    endpoint.answer = held(gate, active())
    async with asking(endpoint, concurrency=1) as introspector:
        asked = [asyncio.ensure_future(introspector.ask(b"token-%d" % number)) for number in range(MOST_QUESTIONS)]
        await endpoint.until(1)
        with refused("introspection_unavailable", Unavailable) as refusal:
            await introspector.ask(OPAQUE)
        assert str(MOST_QUESTIONS) in refusal.value.detail
        await introspector.stop()
        gate.set()
        await asyncio.wait(asked)
        for one in asked:
            assert isinstance(one.exception(), Unavailable)
        assert await outcome(introspector) == "active"


# --- An endpoint that fails ---


async def fail(introspector: Introspector, times: int, *, token: bytes = b"token") -> list[str]:
    """Ask about so many tokens, one after the other; return why there was no answer."""
    reasons = []
    for number in range(times):
        with refused("introspection_unavailable", Unavailable) as refusal:
            await introspector.ask(token + b"-%d" % number)
        reasons.append(refusal.value.detail)
    return reasons


async def test_dead_endpoint_costs_one_probe_a_rest_and_recovers(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "jwtguard")
    endpoint.answer = replying(500)
    async with asking(endpoint, clock=(clock := Clock())) as introspector:
        reasons = await fail(introspector, 50)
        assert endpoint.count == TOLERATED
        assert reasons[-1].endswith(f"left alone for a while: {reasons[0]}")
        for rest in (1, 2, 4, 8, 16, 30, 30):
            clock.now += rest
            before = endpoint.count
            await fail(introspector, 20)
            assert endpoint.count == before + 1
        endpoint.answer = active()
        clock.now += 30
        for number in range(5):
            assert await outcome(introspector, b"token-%d" % number) == "active"
    assert [record.levelname for record in caplog.records if record.name == "jwtguard.introspection"] == [
        "ERROR",
        "INFO",
    ]


async def test_client_is_told_when_to_try_again(endpoint: Endpoint) -> None:
    endpoint.answer = replying(500)
    async with asking(endpoint, clock=(clock := Clock())) as introspector:
        await fail(introspector, TOLERATED)
        for rest in (1, 2, 4):
            clock.now += rest
            await fail(introspector, 1)
        with refused("introspection_unavailable", Unavailable) as refusal:
            await introspector.ask(OPAQUE)
    assert isinstance(refusal.value, Unavailable)
    assert refusal.value.retry_after == 8


async def test_probe_is_the_only_request_while_it_is_under_way(endpoint: Endpoint) -> None:
    gate = Event()
    endpoint.answer = replying(500)
    async with asking(endpoint, clock=(clock := Clock())) as introspector:
        await fail(introspector, TOLERATED)
        endpoint.answer = held(gate, active())
        clock.now += 1
        probe = asyncio.ensure_future(introspector.ask(OPAQUE))
        await endpoint.until(TOLERATED + 1)
        await fail(introspector, 20)
        assert endpoint.count == TOLERATED + 1
        gate.set()
        assert isinstance(await probe, AccessToken)
        assert await outcome(introspector, b"another") == "active"


async def test_endpoint_that_hangs_costs_one_timeout_not_one_for_each_request(endpoint: Endpoint) -> None:
    endpoint.answer = hanging
    async with asking(endpoint, timeout=SOON, clock=(clock := Clock())) as introspector:
        await asyncio.gather(*(outcome(introspector, b"first-%d" % number) for number in range(10)))
        assert endpoint.count == 10
        await fail(introspector, 50)
        assert endpoint.count == 10
        clock.now += 1
        endpoint.answer = active()
        assert await outcome(introspector) == "active"


async def test_answers_that_are_remembered_are_given_while_the_endpoint_is_dead(endpoint: Endpoint) -> None:
    async with asking(endpoint) as introspector:
        await introspector.ask(OPAQUE)
        endpoint.answer = replying(500)
        await fail(introspector, 10)
        assert isinstance(await recalled_or_asked(introspector), AccessToken)


@pytest.mark.parametrize("status", [400, 413, 414, 422, 431])
async def test_tokens_that_the_endpoint_does_not_take_do_not_stop_questions_about_others(
    endpoint: Endpoint, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answer = by_token({OPAQUE: active()}, replying(status))
    async with asking(endpoint) as introspector:
        await fail(introspector, 10)
        assert await outcome(introspector) == "active"
        await fail(introspector, 10, token=b"more")
    assert endpoint.count == 21
    assert len(errors(caplog)) == 1


async def test_wrong_credentials_are_told_once_until_something_else_happens(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = saying({"error": "invalid_client"}, 401)
    async with asking(endpoint, clock=(clock := Clock())) as introspector:
        for behaviour, told in ((wrong, 1), (replying(500), 2), (wrong, 3), (active(), 3), (wrong, 4)):
            endpoint.answer = behaviour
            for number in range(10):
                clock.now += 31
                await outcome(introspector, b"token-%d" % number)
            assert len(errors(caplog)) == told
    assert "refuses this resource server's credentials; see Introspection(…)" in errors(caplog)[0]
    assert ISSUER in errors(caplog)[0]


async def test_tokens_that_fail_are_not_logged_each_however_they_are_mixed_with_others(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    async with asking(endpoint, clock=Clock()) as introspector:
        for number in range(50):
            endpoint.answer = replying(500)
            assert await outcome(introspector, b"bad-%d" % number) == "introspection_unavailable"
            endpoint.answer = active()
            assert await outcome(introspector, b"good-%d" % number) == "active"
    assert len(errors(caplog)) == 1


async def test_failure_that_comes_late_does_not_undo_a_recovery(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Event()
    late = {b"late-%d" % number: held(gate, replying(500)) for number in range(TOLERATED)}
    endpoint.answer = by_token(late, active())
    async with asking(endpoint) as introspector:
        asked = [asyncio.ensure_future(introspector.ask(token)) for token in late]
        await endpoint.until(TOLERATED)
        assert await outcome(introspector) == "active"
        gate.set()
        await asyncio.wait(asked)
        assert [type(one.exception()) for one in asked] == [Unavailable] * TOLERATED
        assert await outcome(introspector, b"another") == "active"
    assert errors(caplog) == []


async def test_stopping_in_the_middle_of_questions_is_no_failure_of_the_endpoint(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answer = held(Event(), active())
    async with asking(endpoint) as introspector:
        asked = [asyncio.ensure_future(introspector.ask(b"token-%d" % number)) for number in range(TOLERATED)]
        await endpoint.until(TOLERATED)
        await introspector.stop()
        await asyncio.wait(asked)
        endpoint.answer = active()
        assert await outcome(introspector) == "active"
        assert [type(one.exception()) for one in asked] == [Unavailable] * TOLERATED
    assert errors(caplog) == []


# --- A server that declines ---

DECLINING = saying({"error": "unsupported_token_type"}, 400)


async def test_server_that_does_not_introspect_such_tokens_says_neither_yes_nor_no(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answer = DECLINING
    async with asking(endpoint) as introspector:
        answer = await introspector.ask(OPAQUE)
        assert isinstance(answer, Declined)
        assert "unsupported_token_type" in answer.why
        assert introspector.recall(OPAQUE) == answer
    assert errors(caplog) == []


async def test_declining_is_no_failure(endpoint: Endpoint) -> None:
    endpoint.answer = by_token({OPAQUE: active()}, DECLINING)
    async with asking(endpoint) as introspector:
        for number in range(10):
            assert await outcome(introspector, b"token-%d" % number) == "declined"
        assert await outcome(introspector) == "active"


@pytest.mark.parametrize("status", [200, 401, 404, 500])
async def test_same_word_under_another_status_is_not_a_refusal_to_speak(endpoint: Endpoint, status: int) -> None:
    endpoint.answer = saying({"error": "unsupported_token_type"}, status)
    async with asking(endpoint) as introspector:
        assert await outcome(introspector) == "introspection_unavailable"


# --- Where the endpoint is ---


async def test_metadata_tells_where_the_endpoint_is(endpoint: Endpoint) -> None:
    endpoint.answer = active(iss=endpoint.origin)
    async with asking(endpoint, issuer=endpoint.origin, endpoint=None) as introspector:
        for number in range(3):
            assert await outcome(introspector, b"token-%d" % number) == "active"
    assert (endpoint.count, endpoint.metadata_fetches) == (3, 1)


async def test_configured_endpoint_counts_whatever_the_metadata_says(endpoint: Endpoint) -> None:
    endpoint.metadata["introspection_endpoint"] = "https://elsewhere.example/introspect"
    endpoint.answer = active(iss=endpoint.origin)
    async with asking(endpoint, issuer=endpoint.origin) as introspector:
        assert await outcome(introspector) == "active"
    assert endpoint.metadata_fetches == 0


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        pytest.param({"introspection_endpoint": ...}, "write Introspection(endpoint=…)", id="it names none"),
        pytest.param({"introspection_endpoint": "http://as.example/introspect"}, "cannot be had", id="plain http"),
        pytest.param({"issuer": "https://evil.example"}, "cannot be had", id="it is another issuer's"),
        pytest.param({"jwks_uri": 7}, "cannot be had", id="it is broken"),
    ],
)
async def test_metadata_that_does_not_tell_leaves_the_question_open(
    endpoint: Endpoint, metadata: dict[str, Any], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.metadata |= metadata
    async with asking(endpoint, issuer=endpoint.origin, endpoint=None) as introspector:
        reasons = await fail(introspector, 10)
    assert why in reasons[0]
    assert endpoint.count == 0
    assert endpoint.metadata_fetches <= TOLERATED
    assert len(errors(caplog)) == 1


async def test_metadata_that_hangs_leaves_the_question_open(endpoint: Endpoint) -> None:
    endpoint.metadata_hangs = True
    async with asking(endpoint, issuer=endpoint.origin, endpoint=None, timeout=SOON) as introspector:
        (why,) = await fail(introspector, 1)
    assert "metadata" in why
    assert endpoint.count == 0


# --- Signed answers (RFC 9701) ---

SIGNED = "application/token-introspection+jwt"
ANOTHER = signing_key("Ed25519", "key-1", 1)


def signed(
    key: SigningKey = KEY, header: Any = None, said: Any = ..., content_type: str = SIGNED, **claims: Any
) -> Behaviour:
    """Answer with a JWT."""
    answer = {"active": True, **good_claims()} if said is ... else said
    stated = {"iss": ISSUER, "aud": "api", "iat": NOW, "token_introspection": answer, **claims}
    header = {"alg": key.algorithm, "typ": "token-introspection+jwt", "kid": key.kid, **(header or {})}
    return replying(200, key.token({}, header, **stated), content_type=content_type)


async def test_signed_answer_is_asked_for_and_believed(endpoint: Endpoint) -> None:
    endpoint.answer = signed()
    async with asking(endpoint, signed=True) as introspector:
        assert await outcome(introspector) == "active"
    assert endpoint.questions[0].headers["accept"] == SIGNED


async def test_signed_answer_may_say_inactive(endpoint: Endpoint) -> None:
    endpoint.answer = signed(said={"active": False})
    async with asking(endpoint, signed=True) as introspector:
        assert await outcome(introspector) == "inactive"


async def test_signed_answer_may_have_parameters_in_its_media_type(endpoint: Endpoint) -> None:
    endpoint.answer = signed(content_type="Application/Token-Introspection+JWT; charset=utf-8")
    async with asking(endpoint, signed=True) as introspector:
        assert await outcome(introspector) == "active"


async def test_signed_answer_is_verified_with_the_issuer_s_published_keys(endpoint: Endpoint) -> None:
    endpoint.keys = [signing_key("ES256", "answers"), KEY]
    endpoint.answer = signed(
        signing_key("ES256", "answers"), iss=endpoint.origin, said={"active": True, **good_claims(iss=endpoint.origin)}
    )
    async with asking(endpoint, signed=True, issuer=endpoint.origin, endpoint=None) as introspector:
        assert await outcome(introspector) == "active"
    assert endpoint.key_fetches == 1


async def test_rules_hold_for_signed_answers_too(endpoint: Endpoint) -> None:
    endpoint.answer = signed(said={"active": True, **good_claims(aud="https://other.example")})
    async with asking(endpoint, signed=True) as introspector:
        assert await outcome(introspector) == "audience_mismatch"


def unsigned() -> str:
    """An answer that says that it needs no signature."""
    claims = {"iss": ISSUER, "aud": "api", "iat": NOW, "token_introspection": {"active": True, **good_claims()}}
    return f"{segment({'alg': 'none', 'typ': 'token-introspection+jwt'})}.{segment(claims)}."


def symmetric() -> Behaviour:
    """An answer that is "signed" with the public key as if it were a secret."""
    return signed(SigningKey(signing_key("RS256").pem.encode(), "HS256", "key-1"))


BAD_SIGNED_ANSWERS: dict[str, Behaviour] = {
    "not signed at all": active(),
    "not signed, under the media type": saying({"active": True, **good_claims()}),
    "JSON under the signed media type": replying(200, '{"active": true}', content_type=SIGNED),
    "signed under another media type": signed(content_type="application/jwt"),
    "signed under JSON's media type": signed(content_type="application/json"),
    "no media type": signed(content_type=""),
    "wrong typ": signed(header={"typ": "at+jwt"}),
    "no typ": signed(header={"typ": "JWT"}),
    "another issuer": signed(iss="https://evil.example"),
    "for another resource server": signed(aud="another-api"),
    "for nobody": signed(aud=...),
    "an old one": signed(iat=NOW - 91),
    "of no time": signed(iat=...),
    "another key under our key ID": signed(ANOTHER),
    "an unknown key": signed(signing_key("Ed25519", "key-9")),
    "another algorithm": signed(signing_key("ES256")),
    "alg none": replying(200, unsigned(), content_type=SIGNED),
    "alg none with a signature": signed(header={"alg": "none"}),
    "a public key as a secret": symmetric(),
    "crit": signed(header={"crit": ["b64"], "b64": False}),
    "changed after it was signed": replying(
        200, KEY.token({}, iss=ISSUER).rsplit(".", 1)[0] + "." + b64(b"x" * 64), content_type=SIGNED
    ),
    "an access token": replying(200, KEY.token(), content_type=SIGNED),
    "an access token that says active": replying(
        200, KEY.token(good_claims(token_introspection={"active": True}, aud="api", iat=NOW)), content_type=SIGNED
    ),
    "encrypted": replying(200, "eyJhbGciOiJkaXIifQ..aaaa.bbbb.cccc", content_type=SIGNED),
    "active a string": signed(said={"active": "true", **good_claims()}),
    "nothing said": signed(said={}),
}


@pytest.mark.parametrize("behaviour", BAD_SIGNED_ANSWERS.values(), ids=BAD_SIGNED_ANSWERS)
async def test_bad_signed_answer_is_no_answer(endpoint: Endpoint, behaviour: Behaviour) -> None:
    endpoint.answer = behaviour
    async with asking(endpoint, signed=True) as introspector:
        assert await outcome(introspector) == "introspection_unavailable"


async def test_algorithm_of_a_signed_answer_must_be_one_of_the_issuer_s(endpoint: Endpoint) -> None:
    endpoint.answer = signed()
    async with asking(endpoint, signed=True, rules={"algorithms": ["RS256"]}) as introspector:
        with refused("introspection_unavailable", Unavailable) as refusal:
            await introspector.ask(OPAQUE)
    assert "algorithm" in refusal.value.detail


async def test_signed_answer_is_no_answer_where_the_keys_cannot_be_had(endpoint: Endpoint) -> None:
    endpoint.keys = []
    endpoint.answer = signed(iss=endpoint.origin)
    async with asking(endpoint, signed=True, issuer=endpoint.origin) as introspector:
        with refused("introspection_unavailable", Unavailable) as refusal:
            await introspector.ask(OPAQUE)
    assert "key" in refusal.value.detail


# --- Event loops ---


async def test_each_of_several_event_loops_gets_its_answer(endpoint: Endpoint) -> None:
    answers: list[str] = []
    async with asking(endpoint) as introspector:

        async def ask(number: int) -> None:
            answers.extend([await outcome(introspector, b"token-%d-%d" % (number, turn)) for turn in range(20)])
            await introspector._http.aclose()

        threads = [Thread(target=asyncio.run, args=(ask(number),)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            await anyio.to_thread.run_sync(thread.join)
    assert answers == ["active"] * 80
    assert endpoint.count == 80


def test_loop_that_was_closed_in_the_middle_of_a_question_harms_no_other(endpoint: Endpoint) -> None:
    async def ask_and_leave(introspector: Introspector) -> None:
        asyncio.ensure_future(introspector.ask(OPAQUE))  # noqa: RUF006  (nobody waits for it: that is the point)
        await endpoint.until(1)

    async def run() -> None:
        endpoint.answer = held(Event(), active())
        async with asking(endpoint, concurrency=1) as introspector:
            left = Thread(target=lambda: asyncio.run(ask_and_leave(introspector)))
            left.start()
            await anyio.to_thread.run_sync(left.join)
            endpoint.answer = active()
            assert await outcome(introspector) == "active"

    asyncio.run(run())


async def test_closed_loops_are_let_go_of(endpoint: Endpoint) -> None:
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []
    async with asking(endpoint, concurrency=1) as introspector:

        async def contend() -> None:
            loops.append(weakref.ref(asyncio.get_running_loop()))
            await asyncio.gather(*(outcome(introspector, b"token-%d" % number) for number in range(4)))
            await introspector._http.aclose()

        for _ in range(3):
            thread = Thread(target=lambda: asyncio.run(contend()))
            thread.start()
            await anyio.to_thread.run_sync(thread.join)
        await outcome(introspector)
        gc.collect()
        assert [loop() for loop in loops] == [None] * 3


async def test_client_of_the_application_s_own_is_asked_with(endpoint: Endpoint) -> None:
    async with httpx.AsyncClient(headers={"x-proxy-says": "hello"}, follow_redirects=True) as client:
        async with asking(endpoint, http=HTTP(client)) as introspector:
            assert await outcome(introspector) == "active"
            endpoint.answer = in_turn(replying(307, location="/introspect"), active())
            assert await outcome(introspector, b"another") == "introspection_unavailable"
    assert [question.headers.get("x-proxy-says") for question in endpoint.questions] == ["hello", "hello"]


async def test_unforeseen_failure_is_no_answer_and_no_traceback_for_those_who_wait(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with asking(endpoint) as introspector:
        monkeypatch.setattr(introspector, "_prove", lambda now: 1 / 0)
        waiting = [asyncio.create_task(outcome(introspector)) for _ in range(3)]
        assert await asyncio.gather(*waiting) == ["introspection_unavailable"] * 3
    assert any("unforeseen: ZeroDivisionError" in told for told in errors(caplog))
