"""What the operator is told, and how much of it."""

import logging
from time import perf_counter
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from jwtguard import AccessToken, ConfigurationError, InvalidToken, Issuer, JWTGuardError, ResourceServer
from jwtguard.errors import CredentialsRequired
from jwtguard.events import Event, RequestRefused, TokenAccepted
from jwtguard.fastapi import Guard
from jwtguard.middleware import GuardMiddleware
from jwtguard.observation import BURST, LINES_PER_SECOND, LONGEST_NAME, Observation
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key

pytestmark = pytest.mark.anyio

KEY = signing_key()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "jwtguard.refusals")
    return caplog


def protected(events: list[Event]) -> FastAPI:
    """An application with everything on: middleware, guard, requirement."""
    server = ResourceServer(
        Issuer(ISSUER, keys=KEY.jwk_set), audience=AUDIENCE, clock=lambda: NOW, on_event=events.append
    )
    guard = Guard(server)
    app = FastAPI()
    app.add_middleware(GuardMiddleware, resource_server=server)

    @app.get("/", dependencies=[Depends(guard), Depends(guard.require(roles=["admin"]))])
    async def home() -> None: ...

    return app


def get(events: list[Event], token: str | None) -> int:
    with TestClient(protected(events)) as client:
        return client.get("/", headers={} if token is None else {"Authorization": f"Bearer {token}"}).status_code


def refusal(events: list[Event]) -> JWTGuardError:
    (event,) = (event for event in events if isinstance(event, RequestRefused))
    return event.error


def test_good_token_is_told_once_for_each_request() -> None:
    events: list[Event] = []
    assert get(events, KEY.token(roles=["admin"])) == 200
    (event,) = events
    assert isinstance(event, TokenAccepted)
    assert (event.issuer, event.cached) == (ISSUER, False)
    assert event.seconds > 0


def test_token_that_came_before_is_told_once_for_each_request_as_such() -> None:
    events: list[Event] = []
    with TestClient(protected(events), headers={"Authorization": f"Bearer {KEY.token(roles=['admin'])}"}) as client:
        for _ in range(3):
            client.get("/")
    assert [event.cached for event in events if isinstance(event, TokenAccepted)] == [False, True, True]
    assert {event.issuer for event in events if isinstance(event, TokenAccepted)} == {ISSUER}


def test_time_that_is_told_lies_within_that_of_the_request() -> None:
    events: list[Event] = []
    with TestClient(protected(events), headers={"Authorization": f"Bearer {KEY.token(roles=['admin'])}"}) as client:
        for _ in range(2):
            events.clear()
            began = perf_counter()
            client.get("/")
            took = perf_counter() - began
            assert [0 < event.seconds < took for event in events if isinstance(event, TokenAccepted)] == [True]


@pytest.mark.parametrize(
    ("token", "status", "reason", "kid", "client_id"),
    [
        (KEY.token(exp=NOW - 100), 401, "expired", "key-1", "client-1"),
        (KEY.token(exp=NOW - 100, client_id=7), 401, "expired", "key-1", None),
        (signing_key(number=1).token(), 401, "signature_mismatch", "key-1", None),
        (signing_key(kid="other").token(), 401, "unknown_key", "other", None),
        (KEY.token(), 403, "insufficient_roles", None, "client-1"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_refusal_is_told_once_with_its_issuer_and_with_the_client_only_if_the_signature_was_good(
    token: str, status: int, reason: str, kid: str | None, client_id: str | None
) -> None:
    events: list[Event] = []
    assert get(events, token) == status
    error = refusal(events)
    assert (error.reason, error.issuer, error.kid, error.client_id) == (reason, ISSUER, kid, client_id)


def test_token_of_an_issuer_that_nobody_trusts_is_told_without_its_name() -> None:
    events: list[Event] = []
    assert get(events, KEY.token(iss="https://evil.example")) == 401
    assert (refusal(events).reason, refusal(events).issuer) == ("issuer_mismatch", None)


async def test_validate_tells_what_the_faces_tell() -> None:
    events: list[Event] = []
    server = ResourceServer(
        Issuer(ISSUER, keys=KEY.jwk_set), audience=AUDIENCE, clock=lambda: NOW, on_event=events.append
    )
    await server.validate(KEY.token())
    await server.validate(KEY.token())
    with pytest.raises(InvalidToken):
        await server.validate("é")
    assert [event.cached for event in events if isinstance(event, TokenAccepted)] == [False, True]
    assert refusal(events).reason == "token_malformed"


async def test_what_is_told_of_a_refusal_does_not_lead_to_the_token() -> None:
    events: list[Event] = []
    server = ResourceServer(
        Issuer(ISSUER, keys=KEY.jwk_set), audience=AUDIENCE, clock=lambda: NOW, on_event=events.append
    )
    with pytest.raises(InvalidToken):
        await server.validate(KEY.token(exp=NOW - 100))
    error = refusal(events)
    assert (error.reason, error.client_id) == ("expired", "client-1")
    assert error.__traceback__ is None  # whose frames hold the token
    assert error.__cause__ is None
    assert error.__context__ is None


def test_hook_that_fails_harms_no_request_and_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    def on_event(event: Event) -> None:
        raise RuntimeError("out of order")

    server = ResourceServer(Issuer(ISSUER, keys=KEY.jwk_set), audience=AUDIENCE, clock=lambda: NOW, on_event=on_event)
    app = FastAPI()

    @app.get("/")
    async def home(token: AccessToken = Depends(Guard(server))) -> str | None:
        return token.subject

    with TestClient(app) as client:
        assert client.get("/", headers={"Authorization": f"Bearer {KEY.token()}"}).json() == "user-1"
    assert "out of order" in caplog.text


def test_hook_that_fails_each_time_is_reported_a_bounded_number_of_times(log: pytest.LogCaptureFixture) -> None:
    def on_event(event: Event) -> None:
        raise RuntimeError("out of order")

    observation = Observation(on_event, elapsed=lambda: 0.0)
    for _ in range(3 * BURST):
        observation.tell(RequestRefused(InvalidToken("expired")))
    assert len(log.records) == BURST


async def _listen(event: Event) -> None: ...


@pytest.mark.parametrize("on_event", [_listen, "log"], ids=["async", "text"])
def test_hook_that_could_take_no_event_is_refused(on_event: Any) -> None:
    with pytest.raises(ConfigurationError, match="on_event is a function that takes an event, and is not async"):
        ResourceServer(Issuer(ISSUER, keys=KEY.jwk_set), audience=AUDIENCE, on_event=on_event)


def test_refused_token_is_one_line_in_the_log_without_the_token(log: pytest.LogCaptureFixture) -> None:
    token = KEY.token(exp=NOW - 100)
    get([], token)
    (line,) = (record.getMessage() for record in log.records if record.name == "jwtguard.refusals")
    assert line.startswith("refused: expired: it expired at ")
    assert line.endswith(f"(issuer {ISSUER}, kid 'key-1', client 'client-1')")
    assert not any(segment in log.text for segment in token.split("."))


def test_request_without_a_token_is_no_line_in_the_log(log: pytest.LogCaptureFixture) -> None:
    events: list[Event] = []
    assert get(events, None) == 401
    assert isinstance(refusal(events), CredentialsRequired)
    assert not [record for record in log.records if record.name == "jwtguard.refusals"]


@pytest.mark.parametrize("kid", ["x" * 5000, "\r\nINFO forged line", "\x1b[2J", "\u202e"])
def test_name_that_an_attacker_chose_is_short_and_of_one_line(log: pytest.LogCaptureFixture, kid: str) -> None:
    get([], signing_key(kid=kid).token())
    (line,) = (record.getMessage() for record in log.records if record.name == "jwtguard.refusals")
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 300 + LONGEST_NAME


def test_flood_cannot_fill_a_disk_and_what_was_left_out_is_counted(log: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    observation = Observation(elapsed=lambda: now[0])
    for _ in range(10_000):
        observation.refused(InvalidToken("expired"))
    assert len(log.records) == BURST
    now[0] += 1 / LINES_PER_SECOND
    observation.refused(InvalidToken("expired"))
    assert log.records[-1].getMessage().endswith(f"; {10_000 - BURST} refusals before it were not logged")
    now[0] += 3600
    for _ in range(10_000):
        observation.refused(InvalidToken("expired"))
    assert len(log.records) == 2 * BURST + 1


def test_lines_that_nobody_wants_cost_nothing_of_the_allowance(caplog: pytest.LogCaptureFixture) -> None:
    observation = Observation(elapsed=lambda: 0.0)
    caplog.set_level(logging.WARNING, "jwtguard.refusals")
    for _ in range(BURST):
        observation.refused(InvalidToken("expired"))
    caplog.set_level(logging.INFO, "jwtguard.refusals")
    observation.refused(InvalidToken("expired"))
    assert len(caplog.records) == 1
