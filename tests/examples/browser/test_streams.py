"""The WebSocket and the server-sent events from a script in a real browser, which cannot set a WebSocket's headers."""

import time
from typing import Any

import pytest

from tests.examples.browser.chromium import Browser
from tests.examples.party import Party

CONVERSE = """
const [url, protocols, done] = arguments;
const heard = [];
const socket = new WebSocket(url, protocols);
socket.onopen = () => socket.send("7");
socket.onmessage = ({data}) => heard.push(data);
socket.onclose = ({code, reason}) => done({protocol: socket.protocol, heard, code, reason});
"""

READ = """
const [url, token, done] = arguments;
fetch(url, {headers: {Authorization: `Bearer ${token}`}})
  .then(answer => answer.text())
  .then(done, error => done(String(error)));
"""


@pytest.fixture
def origin(browser: Browser, streams: str) -> str:
    """The program's address, from which the page comes that the script runs in."""
    browser.open(f"{streams}/openapi.json")
    return streams


def _converse(browser: Browser, url: str, *protocols: str) -> Any:
    return browser.run(CONVERSE, f"{url.replace('http', 'ws', 1)}/invoices", protocols)


def test_token_opens_a_websocket_until_it_expires(browser: Browser, served: Party, origin: str) -> None:
    token = served.access_token(exp=time.time() + 2)
    assert _converse(browser, origin, "bearer", token) == {
        "protocol": "bearer",
        "heard": ['{"invoice":"7","asked_by":"invoice-service"}'],
        "code": 1008,
        "reason": "expired",
    }


@pytest.mark.parametrize("protocols", [[], ["bearer"], ["bearer", "not-a-token"]], ids=str)
def test_websocket_without_a_good_token_is_never_open(browser: Browser, origin: str, protocols: list[str]) -> None:
    ended = _converse(browser, origin, *protocols)
    assert (ended["heard"], ended["code"]) == ([], 1006)  # a page is not told why


def test_server_sent_events_end_when_their_token_expires(browser: Browser, served: Party, origin: str) -> None:
    token = served.access_token(exp=time.time() + 2)
    text = browser.run(READ, f"{origin}/invoices/paid", token)
    assert text.startswith("event: paid\ndata: 1\n\n")
