"""The quickstart's API as a process of its own, which writes down what its operator would want to know.

One JSON object a line on standard output: where it listens, then each refusal with its reason. The process ends when
its standard input does, so that it never outlives the demo.
"""

import json
import sys
from contextvars import ContextVar
from threading import Thread

import uvicorn
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from examples.quickstart.app import app, resource_server
from examples.serving import listen, server_of, url_of
from jwtguard.events import Event, RequestRefused

REQUEST_ID = "X-Request-ID"

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class Correlated:
    """Remembers the ID of the request under way, so that what is written down can name it."""

    def __init__(self, wrapped: ASGIApp) -> None:
        """Wrap an application."""
        self._app = wrapped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on (ASGI 3)."""
        if scope["type"] == "http":
            _request_id.set(Headers(scope=scope).get(REQUEST_ID))
        await self._app(scope, receive, send)


def main() -> None:
    """Serve until standard input ends."""
    resource_server.observation.on_event = _write_refusal
    listening = listen()
    server = server_of(Correlated(app))
    Thread(target=_stop_with_input, args=(server,), daemon=True).start()
    _write(event="listening", url=url_of(listening))
    server.run(sockets=[listening])


def _write_refusal(event: Event) -> None:
    if isinstance(event, RequestRefused):
        _write(event="refused", request=_request_id.get(), reason=event.error.reason, detail=event.error.detail)


def _write(**entry: str | None) -> None:
    print(json.dumps(entry), flush=True)


def _stop_with_input(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
