"""One bounded exchange: what comes back, what is refused, and what stays behind, over real sockets."""

import asyncio
import gc
import socket
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import uvloop

from jwtguard import http as our_http
from jwtguard.errors import ConfigurationError
from jwtguard.http import HTTP, MAX_BYTES, MAX_CONTAINERS, Answer, Deadline, ExchangeFailed, check_url
from tests.certificates import authority_file, client_tls, server_tls
from tests.loopback import (
    KEYS,
    MISBEHAVIOURS,
    AuthorizationServer,
    Behaviour,
    authorization_server,
    hanging,
    replying,
)

pytestmark = pytest.mark.anyio


async def fetch(server: AuthorizationServer, http: HTTP | None = None, **options: Any) -> Answer:
    """Send one GET for the server's keys, on a client that is closed afterwards."""
    http = http or HTTP(timeout=2)
    try:
        return await http.request("GET", server.jwks_uri, **options)
    finally:
        await http.aclose()


async def failure(behaviour: Behaviour, *, timeout: float = 2) -> str:
    """What is said of a fetch that fails."""
    with authorization_server() as server:
        server.behaviours[KEYS] = behaviour
        with pytest.raises(ExchangeFailed) as raised:
            await fetch(server, HTTP(timeout=timeout))
    return str(raised.value)


# --- What comes back ---


@pytest.mark.parametrize("status", [200, 302, 404, 500])
async def test_answer_is_handed_over_whole_whatever_its_status(status: int) -> None:
    with authorization_server() as server:
        server.behaviours[KEYS] = replying(status, b"body", ETag='"one"', Cache_Control="max-age=60")
        answer = await fetch(server)
    assert (answer.status, answer.body) == (status, b"body")
    assert (answer.headers["etag"], answer.headers["cache-control"]) == ('"one"', "max-age=60")


async def test_redirect_is_not_followed() -> None:
    with authorization_server() as server:
        server.behaviours[KEYS] = replying(302, Location="/elsewhere")
        await fetch(server)
    assert (server.count(), server.count("/elsewhere")) == (1, 0)


async def test_request_asks_for_json_uncompressed_and_carries_what_it_is_given() -> None:
    with authorization_server() as server:
        await fetch(server, headers={"If-None-Match": '"one"'})
    sent = server.requests[0].headers
    assert (sent["accept"], sent["accept-encoding"], sent["if-none-match"]) == ("application/json", "identity", '"one"')


async def test_cookies_of_a_server_are_not_kept() -> None:
    http = HTTP(timeout=2)
    with authorization_server() as server:
        server.behaviours[KEYS] = replying(200, b"{}", Set_Cookie="session=1; Path=/")
        await http.request("GET", server.jwks_uri)
        await fetch(server, http)
    assert "cookie" not in server.requests[1].headers


# --- What is refused ---


async def test_body_of_half_a_mebibyte_is_taken_and_one_byte_more_is_not() -> None:
    with authorization_server() as server:
        server.behaviours[KEYS] = replying(200, b" " * MAX_BYTES)
        assert len((await fetch(server)).body) == MAX_BYTES
    assert "more than 524288 bytes" in await failure(replying(200, b" " * (MAX_BYTES + 1)))


async def test_body_with_so_many_arrays_is_taken_and_one_more_is_not() -> None:
    with authorization_server() as server:
        server.behaviours[KEYS] = replying(200, b"[" * MAX_CONTAINERS)
        assert (await fetch(server)).status == 200
    assert "more than 10000 objects and arrays" in await failure(replying(200, b"{" + b"[" * MAX_CONTAINERS))


@pytest.mark.parametrize(
    ("misbehaviour", "said"),
    [
        ("hanging", "did not answer within 0.3 s"),
        ("resetting", "ReadError"),
        ("random bytes in place of HTTP", "RemoteProtocolError"),
        ("nothing at all", "Server disconnected"),
        ("10 MB", "more than 524288 bytes"),
        ("a body without end", "more than 524288 bytes"),
        ("one-byte chunks", "more than 4096 pieces"),
        ("a slow drip", "did not answer within 0.3 s"),
        ("headers without end", "RemoteProtocolError"),
        ("interim answers without end", "did not answer within 0.3 s"),
        ("a gzip bomb", "answered compressed"),
        ("too short a body", "peer closed connection without sending complete message body"),
        ("two lengths", "RemoteProtocolError"),
        ("a broken chunk", "RemoteProtocolError"),
        ("half a megabyte of empty arrays", "objects and arrays"),
    ],
)
async def test_answer_that_is_none_fails_with_what_was_wrong(misbehaviour: str, said: str) -> None:
    text = await failure(MISBEHAVIOURS[misbehaviour], timeout=0.3)
    assert text.startswith("http://127.0.0.1:")
    assert said in text
    assert len(text) < 400


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.1", "127.0.0.2"]], ids=["one", "two"])
async def test_refused_connection_fails_in_the_words_of_the_operating_system(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(_: Any, port: int, *__: Any, **___: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    with authorization_server() as server:
        server.refuse()
        http = HTTP(timeout=2)
        with pytest.raises(ExchangeFailed, match=r"ConnectError, .*Errno"):
            await http.request("GET", f"http://auth.example.com:{server.port}/")
        await http.aclose()


async def test_failure_tells_nothing_of_what_was_sent() -> None:
    with authorization_server() as server:
        with pytest.raises(ExchangeFailed) as raised:
            await fetch(server, headers={"Authorization": "Bearer sesame\n"})
    assert "sesame" not in str(raised.value)


async def test_seconds_of_one_exchange_count_instead_of_the_usual() -> None:
    with authorization_server() as server:
        server.behaviours[KEYS] = hanging
        with pytest.raises(ExchangeFailed, match=r"within 0\.1 s"):
            await fetch(server, HTTP(timeout=3600), seconds=0.1)


async def test_cancelled_request_is_cancelled_and_leaves_no_connection() -> None:
    with authorization_server() as server:
        server.behaviours[KEYS] = hanging
        http = HTTP(timeout=60)
        request = asyncio.create_task(http.request("GET", server.jwks_uri))
        await server.until(1)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        server.behaviours.clear()
        assert (await fetch(server, http)).status == 200


# --- TLS, and clients that are handed in ---

CLIENTS = [
    pytest.param(httpx.AsyncClient, id="httpx"),
    pytest.param(httpx2.AsyncClient, id="httpx2"),
]


async def test_certificate_of_an_unknown_authority_is_refused_and_said_to_be() -> None:
    with authorization_server(tls=server_tls(by="nobody")) as server:
        with pytest.raises(ExchangeFailed, match="certificate verify failed"):
            await fetch(server)
    assert server.requests == []


async def test_settings_that_were_not_loaded_ahead_verify_certificates_all_the_same() -> None:
    with authorization_server(tls=server_tls(by="nobody")) as server:
        with pytest.raises(ExchangeFailed, match="certificate verify failed"):
            await fetch(server, HTTP(timeout=2, tls=False))


async def test_private_authority_named_by_ssl_cert_file_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file(tmp_path)))
    monkeypatch.setattr(our_http, "_prepared_tls", our_http._prepared_tls.__wrapped__)  # type: ignore[attr-defined]
    with authorization_server(tls=server_tls()) as server:
        assert (await fetch(server)).status == 200


@pytest.mark.parametrize("client_of", CLIENTS)
async def test_client_that_is_handed_in_brings_a_private_authority(client_of: Callable[..., Any]) -> None:
    async with client_of(verify=client_tls()) as client:
        with authorization_server(tls=server_tls()) as server:
            assert (await fetch(server, HTTP(client))).status == 200


@pytest.mark.parametrize("client_of", CLIENTS)
@pytest.mark.parametrize(("certified_by", "served"), [("ours", 1), ("others", 0), (None, 0)])
async def test_client_that_is_handed_in_brings_its_certificate_for_mutual_tls(
    client_of: Callable[..., Any], certified_by: str | None, served: int
) -> None:
    tls = client_tls(certified_by=certified_by)
    async with client_of(verify=tls) as client:
        with authorization_server(tls=server_tls(clients_of="ours")) as server:
            http = HTTP(client, timeout=5)
            if served:
                assert (await fetch(server, http)).status == 200
            else:
                with pytest.raises(ExchangeFailed):
                    await fetch(server, http)
    assert len(server.requests) == served


@pytest.mark.parametrize("client_of", CLIENTS)
async def test_client_that_is_handed_in_keeps_to_our_bounds(client_of: Callable[..., Any]) -> None:
    async with client_of(timeout=3600, follow_redirects=True) as client:
        http = HTTP(client, timeout=0.3)
        with authorization_server() as server:
            for misbehaviour in ("hanging", "10 MB", "a slow drip", "a gzip bomb"):
                server.behaviours[KEYS] = MISBEHAVIOURS[misbehaviour]
                with pytest.raises(ExchangeFailed):
                    await http.request("GET", server.jwks_uri)
            server.behaviours[KEYS] = replying(302, Location="/elsewhere")
            assert (await http.request("GET", server.jwks_uri)).status == 302
    assert server.count("/elsewhere") == 0


@pytest.mark.parametrize("client_of", CLIENTS)
async def test_client_that_is_handed_in_is_its_owners_to_close(client_of: Callable[..., Any]) -> None:
    async with client_of() as client:
        with authorization_server() as server:
            await fetch(server, HTTP(client))
            assert not client.is_closed


@pytest.mark.parametrize("client", [httpx.Client(), httpx.AsyncClient, "client", object()])
def test_client_that_is_not_an_asynchronous_one_is_refused_at_once(client: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"http_client is an httpx\.AsyncClient"):
        HTTP(client)


# --- What stays behind ---


async def test_connection_is_kept_for_the_next_request() -> None:
    http = HTTP(timeout=2)
    with authorization_server() as server:
        await http.request("GET", server.jwks_uri)
        await fetch(server, http)
    assert (len(server.requests), server.connections) == (2, 1)


async def test_connection_that_no_request_will_need_soon_is_closed() -> None:
    http = HTTP(timeout=2)
    with authorization_server() as server:
        await http.request("GET", server.jwks_uri, keep_alive=False)
        await fetch(server, http)
    assert server.connections == 2


NEW_LOOP = [
    pytest.param(asyncio.new_event_loop, id="asyncio"),
    pytest.param(uvloop.new_event_loop, id="uvloop"),
]


@pytest.mark.parametrize("new_loop", NEW_LOOP)
def test_each_event_loop_has_a_client_of_its_own_and_is_not_held_by_it(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    http, ended = HTTP(timeout=2), []
    with authorization_server() as server:
        for _ in range(3):
            with asyncio.Runner(loop_factory=new_loop) as runner:
                answer = runner.run(http.request("GET", server.jwks_uri, keep_alive=False))
                assert answer.status == 200
                ended.append(weakref.ref(runner.get_loop()))
            del runner
    gc.collect()
    assert [loop() for loop in ended] == [None, None, None]


def test_client_with_open_connections_is_forgotten_with_its_closed_event_loop() -> None:
    http = HTTP(timeout=2)
    with authorization_server() as server:
        closed = asyncio.new_event_loop()
        closed.run_until_complete(http.request("GET", server.jwks_uri))
        clients: list[Any] = list(http._own.values())
        open_connections = closed.run_until_complete(_abandon(clients[0]))
        closed.close()
        asyncio.run(fetch(server, http))
    assert open_connections
    assert closed not in http._own


async def _abandon(client: Any) -> bool:
    """Close the sockets without the client's knowledge, so that the test leaves none; whether there were any."""
    connections = list(client._transport._pool.connections)
    for connection in connections:
        await connection.aclose()
    return bool(connections)


async def test_deadline_counts_down_to_nothing() -> None:
    past, ahead = Deadline(-1), Deadline(3600)
    assert (past.left(), past.half()) == (0, 0)
    assert 1799 < ahead.half() <= 1800 < ahead.left() <= 3600


# --- Which URLs are sent requests at all ---


@pytest.mark.parametrize(
    "url",
    [
        "https://auth.example.com",
        "https://auth.example.com:8443/realms/one?a=b",
        "http://127.0.0.1:8000/keys",
        "http://[::1]/keys",
        "http://localhost:8000",
    ],
)
def test_https_url_and_plain_http_on_loopback_are_usable(url: str) -> None:
    check_url(url, what="jwks_uri", allow_http=False)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://auth.example.com", id="plain http"),
        pytest.param("http://127.0.0.1.example.com", id="a name that begins like loopback"),
        pytest.param("http://localhost.example.com", id="a name that begins like localhost"),
        pytest.param("http://10.0.0.1", id="plain http within the network"),
        pytest.param("ftp://auth.example.com", id="another scheme"),
        pytest.param("file:///etc/keys.json", id="a file"),
        pytest.param("auth.example.com", id="no scheme"),
        pytest.param("https://", id="no host"),
        pytest.param("https:///keys", id="no host, but a path"),
        pytest.param("https://name:word@auth.example.com", id="a user name"),
        pytest.param("https://auth.example.com/#part", id="a fragment"),
        pytest.param("https://auth.example.com:99999", id="no such port"),
        pytest.param("https://[::1", id="half an address"),
        pytest.param("https://auth.example.com/a b", id="a space"),
        pytest.param("https://auth.example.com/a\nb", id="a line break"),
        pytest.param("https://auth.example.com/" + "x" * 2025, id="2049 characters"),
        pytest.param("", id="nothing"),
        pytest.param(None, id="None"),
        pytest.param(b"https://auth.example.com", id="bytes"),
        pytest.param(["https://auth.example.com"], id="a list"),
        pytest.param(7, id="a number"),
    ],
)
def test_url_that_is_not_to_be_trusted_is_refused_with_what_it_should_be(url: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^jwks_uri is an https URL"):
        check_url(url, what="jwks_uri", allow_http=False)


def test_url_of_2048_characters_is_taken() -> None:
    check_url("https://auth.example.com/" + "x" * 2023, what="jwks_uri", allow_http=False)


def test_plain_http_to_other_machines_must_be_allowed() -> None:
    check_url("http://auth.internal", what="jwks_uri", allow_http=True)


@pytest.mark.parametrize("url", ["ftp://auth.internal", "http://name@auth.internal"])
def test_allowing_plain_http_allows_nothing_else(url: str) -> None:
    with pytest.raises(ConfigurationError):
        check_url(url, what="jwks_uri", allow_http=True)
