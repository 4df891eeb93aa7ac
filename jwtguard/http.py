"""Bounded HTTP: one request, no redirects, so many bytes and seconds, one client per event loop. httpx's only door."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from inspect import isclass, iscoroutinefunction
from ipaddress import ip_address
from time import perf_counter, time
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import msgspec

from jwtguard.errors import ConfigurationError
from jwtguard.events import Exchange
from jwtguard.observation import Observation

TIMEOUT: Final = 5.0
"""Seconds for one exchange, from connecting to the last byte."""
MAX_BYTES: Final = 512 * 1024
MAX_CONTAINERS: Final = 10_000
"""Objects and arrays in one answer. Half a megabyte of them would keep the event loop for tens of milliseconds."""
MAX_CHUNKS: Final = 4096
"""Pieces that the body of one answer may come in."""
LONGEST_URL: Final = 2048
"""Characters. Whatever cannot be reached is named in the log, each time."""
_CHUNKS_A_TURN: Final = 8
_MAX_REASON: Final = 200


class HTTPClient(Protocol):
    """What is asked of a client: `httpx.AsyncClient` and `httpx2.AsyncClient` are two."""

    @property
    def stream(self) -> Callable[..., AbstractAsyncContextManager[Any]]:
        """Send a request, given its method and URL, and hand over the response before its body."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class ExchangeFailed(Exception):
    """No usable answer came; the text says what did, without anything of the request but its URL."""


class Answer(msgspec.Struct, frozen=True):
    """A complete response, small enough to be decoded on the event loop.

    Attributes:
        status: the HTTP status.
        headers: by name in lower case.
        body: at most `MAX_BYTES` bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Deadline:
    """When all of several requests must be over."""

    def __init__(self, seconds: float) -> None:
        """Set it, that many seconds from now."""
        self._clock = asyncio.get_running_loop().time
        self._at = self._clock() + seconds

    def left(self) -> float:
        """Return the seconds that are left, for a request without which nothing more can be done."""
        return max(0.0, self._at - self._clock())

    def half(self) -> float:
        """Return half of them, for a request without which something else can be tried."""
        return self.left() / 2


class HTTP:
    """Sends requests, on a given client or on one of its own for each event loop.

    A client's connections belong to the event loop that opened them, so loops never share one. Its TLS settings and its
    modules are loaded once, here, because that takes tens of milliseconds that no event loop should wait for.

    Attributes:
        timeout: seconds for one exchange.
    """

    def __init__(
        self,
        client: HTTPClient | None = None,
        *,
        timeout: float = TIMEOUT,
        tls: bool = True,
        observation: Observation | None = None,
    ) -> None:
        """Prepare to send.

        Args:
            client: a client to send all requests with; its owner closes it. Proxies, private certificate authorities
                and mutual TLS come with it. It serves the one event loop that it was made for.
            timeout: seconds for one exchange.
            tls: load what a client of its own needs; False where probably nothing will be sent.
            observation: what tells of each exchange.

        Raises:
            ConfigurationError: where the client is not an asynchronous one.
        """
        if client is not None and (isclass(client) or not iscoroutinefunction(getattr(client, "aclose", None))):
            kind = client.__name__ if isclass(client) else f"a {type(client).__name__}"
            raise ConfigurationError(f"http_client is an httpx.AsyncClient() or an httpx2.AsyncClient(), not {kind}")
        self._observation = observation or Observation()
        self._given = client
        self.timeout = timeout
        self._own: WeakKeyDictionary[asyncio.AbstractEventLoop, HTTPClient] = WeakKeyDictionary()
        self._tls = _prepared_tls() if tls and client is None else None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        seconds: float | None = None,
        keep_alive: bool = True,
        **options: Any,
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status. Redirects are not followed.

        Args:
            method: the HTTP method.
            url: where to, checked before by `check_url`.
            headers: beyond those that every request has.
            data: a form to send as the body.
            seconds: for this exchange, instead of `timeout`.
            keep_alive: False where no other request will follow soon: a client of its own then closes the connection,
                and an event loop that ends without `aclose` leaves none open.
            options: more for the client's own `stream`, `auth` for one.

        Raises:
            ExchangeFailed: where no complete answer came in time and within bounds.
        """
        began_at, began = time(), perf_counter()
        status: int | None = None
        failure: str | None = "broken off"
        try:
            answer = await self._exchange(
                method, url, headers=headers, data=data, seconds=seconds, keep_alive=keep_alive, options=options
            )
            status, failure = answer.status, None
        except ExchangeFailed as error:
            failure = str(error)
            raise
        finally:
            self._observation.tell(
                Exchange(method, url.partition("?")[0], began_at, perf_counter() - began, status, failure)
            )
        return answer

    async def _exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None,
        data: Mapping[str, str] | None,
        seconds: float | None,
        keep_alive: bool,
        options: dict[str, Any],
    ) -> Answer:
        within = self.timeout if seconds is None else seconds
        sent = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
        if not keep_alive and self._given is None:
            sent["Connection"] = "close"
        if data is not None:
            options["data"] = data
        try:
            async with (
                asyncio.timeout(within),
                self._client().stream(
                    method, url, headers=sent, follow_redirects=False, timeout=None, **options
                ) as response,
            ):
                return Answer(response.status_code, _lower(response.headers), await _bounded_body(url, response))
        except TimeoutError:
            raise ExchangeFailed(f"{url} did not answer within {within:.2g} s") from None
        except ExchangeFailed:
            raise
        except Exception as error:
            raise ExchangeFailed(f"{url}: {_reason(error)}") from error

    async def aclose(self) -> None:
        """Close the connections that this event loop's own client has open; a given client is its owner's to close."""
        client = self._own.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    def _client(self) -> HTTPClient:
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        client = self._own.get(loop)
        if client is None:
            # Open connections hold their loop, so that one which was closed around them would never leave by itself.
            for closed in [other for other in list(self._own) if other.is_closed()]:
                self._own.pop(closed, None)
            if self._tls is None:
                self._tls = _prepared_tls()
            client = self._own[loop] = _new_client(self._tls)
        return client


def _prepared_tls() -> Any:
    """Load TLS settings, and import what the first request would import on the event loop."""
    from anyio.from_thread import start_blocking_portal  # noqa: PLC0415  (dear, and not every application fetches)
    from httpx import create_ssl_context  # noqa: PLC0415

    tls = create_ssl_context()
    _new_client(tls)
    with start_blocking_portal():
        pass
    return tls


def _new_client(tls: Any) -> HTTPClient:
    from http.cookiejar import CookieJar, DefaultCookiePolicy  # noqa: PLC0415  (which httpx loads in any case)

    from httpx import AsyncClient, Limits  # noqa: PLC0415

    return AsyncClient(
        verify=tls,
        # Whoever asks keeps their own number bounded: questions that hang must not keep keys from being fetched.
        limits=Limits(max_connections=None, max_keepalive_connections=20),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # else a server could fill the memory with cookies
    )


def _reason(error: Exception) -> str:
    """Say what went wrong, without anything of the request: the operating system's own words, or the server's fault."""
    told: BaseException = error
    cause: BaseException | None = error
    for _ in range(10):
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        if isinstance(cause, OSError):
            told = cause
        cause = None if cause is None else cause.__cause__ or cause.__context__
    if str(told) and (isinstance(told, OSError) or type(error).__name__ == "RemoteProtocolError"):
        return f"{type(error).__name__}, {str(told)[:_MAX_REASON]!r}"
    return type(error).__name__


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


async def _bounded_body(url: str, response: Any) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ExchangeFailed(f"{url} answered compressed, though only 'identity' was asked for")
    body = bytearray()
    chunks = 0
    async for chunk in response.aiter_bytes():
        body += chunk
        chunks += 1
        if len(body) > MAX_BYTES:
            raise ExchangeFailed(f"{url} answered with more than {MAX_BYTES} bytes")
        if chunks > MAX_CHUNKS:
            raise ExchangeFailed(f"{url} answered in more than {MAX_CHUNKS} pieces")
        if chunks % _CHUNKS_A_TURN == 0:
            await asyncio.sleep(0)  # pieces of a byte each arrive by the thousand without one wait among them
    if body.count(b"{") + body.count(b"[") > MAX_CONTAINERS:
        raise ExchangeFailed(f"{url} answered with more than {MAX_CONTAINERS} objects and arrays")
    return bytes(body)


def answered(answer: Answer) -> str:
    """Say what a server answered where another status was hoped for."""
    remark = ", and redirects are not followed" if 300 <= answer.status < 400 and answer.status != 304 else ""
    return f"answered {answer.status}{remark}"


def check_url(url: Any, *, what: str, allow_http: bool) -> None:
    """Check that a URL may be sent requests: https, or http to this very machine.

    Args:
        url: the URL.
        what: what it is, for the error.
        allow_http: let plain http through to other machines too.

    Raises:
        ConfigurationError: where it may not; the text says what to write instead.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError(f"{what} is an https URL, not {url!r}") from None
    if (
        not isinstance(url, str)
        or not host
        or parts.username is not None
        or parts.fragment
        or not url.isprintable()
        or " " in url
    ):
        raise ConfigurationError(f"{what} is an https URL without user name and fragment, not {url!r}")
    if len(url) > LONGEST_URL:
        raise ConfigurationError(f"{what} is an https URL of at most {LONGEST_URL} characters, not of {len(url)}")
    if parts.scheme == "https" or (parts.scheme == "http" and (allow_http or _is_loopback(host))):
        return
    raise ConfigurationError(f"{what} is an https URL (http only on loopback, or with allow_http=True), not {url!r}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
