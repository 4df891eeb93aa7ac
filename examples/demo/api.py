"""The invoices API as a process of its own, which writes down what its operator would want to know.

One JSON object a line on standard output: where it listens, each refusal with its reason, each warning of jwtguard's.
The process ends when its standard input does, so that it never outlives the demo. JWTGUARD_ISSUER, JWTGUARD_AUDIENCE,
JWTGUARD_INTROSPECTION_CLIENT_ID and JWTGUARD_INTROSPECTION_CLIENT_SECRET configure it.
"""

import json
import logging
import os
import sys
from contextvars import ContextVar
from threading import Thread

import uvicorn
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from examples.invoices import create_api
from examples.serving import listen, server_of, url_of
from jwtguard import Introspection, Issuer, ResourceServer
from jwtguard.events import Event, RequestRefused

REQUEST_ID = "X-Request-ID"
FORWARD_EVERY_TOKEN = "--forward-every-token"
"""Has it ask about every token with every request, to compare with."""
ACTIVE_SECONDS = 2
"""How long it may use an answer about an active token again: much less than by default, so that one can wait for it."""

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


class Warnings(logging.Handler):
    """Writes down what the operator should know though no request asks for it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        _write(event="warning", message=record.getMessage())


def main() -> None:
    """Serve until standard input ends."""
    logging.getLogger("jwtguard").addHandler(Warnings(logging.WARNING))
    listening = listen()
    server = server_of(Correlated(create_api(_resource_server())))
    Thread(target=_stop_with_input, args=(server,), daemon=True).start()
    _write(event="listening", url=url_of(listening))
    server.run(sockets=[listening])


def _resource_server() -> ResourceServer:
    forwards = FORWARD_EVERY_TOKEN in sys.argv
    introspection = Introspection(
        client_id=os.environ["JWTGUARD_INTROSPECTION_CLIENT_ID"],
        client_secret=os.environ["JWTGUARD_INTROSPECTION_CLIENT_SECRET"],
        when="always" if forwards else "undecided",
        active_seconds=0 if forwards else ACTIVE_SECONDS,
    )
    return ResourceServer(
        Issuer(os.environ["JWTGUARD_ISSUER"], introspection=introspection),
        audience=os.environ["JWTGUARD_AUDIENCE"],
        on_event=_write_refusal,
    )


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
