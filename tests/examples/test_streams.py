"""The WebSocket and the server-sent events, as a program of their own: who may connect, and for how long."""

import json
import time
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.examples.party import Party


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _connect(url: str, *protocols: str, token: str | None = None, query: str = "") -> ClientConnection:
    return connect(
        f"{url.replace('http', 'ws', 1)}/invoices{query}",
        additional_headers=_bearer(token) if token else None,
        subprotocols=[Subprotocol(protocol) for protocol in protocols] or None,
        proxy=None,
    )


def _ask(websocket: ClientConnection, number: str) -> Any:
    websocket.send(number)
    return json.loads(websocket.recv(10))


def test_websocket_takes_a_token_from_the_header(served: Party, streams: str) -> None:
    with _connect(streams, token=served.access_token()) as websocket:
        assert _ask(websocket, "7") == {"invoice": "7", "asked_by": "invoice-service"}
        assert websocket.subprotocol is None


def test_websocket_takes_a_token_from_the_subprotocols_and_does_not_echo_it(served: Party, streams: str) -> None:
    token = served.access_token()
    with _connect(streams, "bearer", token) as websocket:
        assert _ask(websocket, "7") == {"invoice": "7", "asked_by": "invoice-service"}
        assert websocket.subprotocol == "bearer"
        assert websocket.response is not None
        assert token not in str(websocket.response.headers)


def test_websocket_stays_open_for_as_long_as_its_token_is_good(served: Party, streams: str) -> None:
    with _connect(streams, "bearer", served.access_token()) as websocket:
        assert [_ask(websocket, number)["invoice"] for number in "123"] == ["1", "2", "3"]
        with pytest.raises(TimeoutError):
            websocket.recv(1.5)  # longer than the tokens live that are said to expire


@pytest.mark.parametrize(
    ("offered", "status", "challenge"),
    [
        pytest.param([], 401, "Bearer", id="no token"),
        pytest.param(["graphql-ws"], 401, "Bearer", id="another subprotocol"),
        pytest.param(["bearer"], 400, 'Bearer error="invalid_request"', id="no token behind the subprotocol"),
        pytest.param(["bearer", "not-a-token"], 401, 'Bearer error="invalid_token"', id="no good token behind it"),
    ],
)
def test_websocket_without_a_good_token_is_refused_before_it_is_accepted(
    streams: str, offered: list[str], status: int, challenge: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        _connect(streams, *offered)
    answer = refused.value.response
    assert answer.status_code == status
    assert answer.headers["WWW-Authenticate"].partition(",")[0] == challenge


def test_token_in_the_address_is_none(served: Party, streams: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        _connect(streams, query=f"?access_token={served.access_token()}")
    assert refused.value.response.status_code == 401


def test_token_in_both_places_is_refused(served: Party, streams: str) -> None:
    token = served.access_token()
    with pytest.raises(InvalidStatus) as refused:
        _connect(streams, "bearer", token, token=token)
    assert refused.value.response.status_code == 400


def test_websocket_takes_the_scope(served: Party, streams: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        _connect(streams, "bearer", served.access_token(scope="payouts:write"))
    answer = refused.value.response
    assert answer.status_code == 403
    assert 'scope="invoices:read"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("place", ["header", "subprotocol"])
def test_websocket_is_closed_with_1008_when_its_token_expires(served: Party, streams: str, place: str) -> None:
    token = served.access_token(exp=time.time() + 1)
    with _connect(streams, token=token) if place == "header" else _connect(streams, "bearer", token) as websocket:
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(30)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "expired")


def _events(served: Party, streams: str, token: str | None) -> AbstractContextManager[httpx.Response]:
    """The events without waiting for their end."""
    return served.http.stream("GET", f"{streams}/invoices/paid", headers=_bearer(token) if token else None)


def test_server_sent_events_come_one_by_one(served: Party, streams: str) -> None:
    with _events(served, streams, served.access_token()) as answer:
        assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(6)] == ["event: paid", "data: 1", "", "event: paid", "data: 2", ""]


def test_server_sent_events_end_when_their_token_expires(served: Party, streams: str) -> None:
    token = served.access_token(exp=time.time() + 1)
    with _events(served, streams, token) as answer:
        lines = list(islice(answer.iter_lines(), 30))  # of ten seconds, if it goes on
    assert lines[:3] == ["event: paid", "data: 1", ""]
    assert len(lines) < 30


def test_server_sent_events_take_a_token(served: Party, streams: str) -> None:
    with _events(served, streams, None) as answer:
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_server_sent_events_take_the_scope(served: Party, streams: str) -> None:
    with _events(served, streams, served.access_token(scope="payouts:write")) as answer:
        assert answer.status_code == 403
