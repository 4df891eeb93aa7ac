"""ASGI applications on loopback ports, each on a thread of its own."""

import socket
import time
from threading import Thread
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

SECONDS_TO_STOP = 10


def listen(port: int = 0) -> socket.socket:
    """Take a port of this machine, so that its address is known before the application that will serve it.

    Args:
        port: which one; 0 for any that is free.

    Raises:
        OSError: where somebody else has it.
    """
    return socket.create_server(("127.0.0.1", port))


def url_of(listening: socket.socket) -> str:
    """Return the URL of whatever is served on a socket."""
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Return a server that is silent unless something is wrong."""
    return uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))


class Serving:
    """Serves an application on a thread, from entering to leaving or to `stop`."""

    def __init__(self, app: ASGIApp, listening: socket.socket) -> None:
        """Prepare to serve.

        Args:
            app: what to serve.
            listening: where; it is closed at the end.
        """
        self._server = server_of(app)
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Finish the requests under way, and close the port."""
        self._server.should_exit = True
        self._thread.join(SECONDS_TO_STOP)
