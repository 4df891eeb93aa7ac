"""Serves a test's authorization server on a real loopback port."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from jwtguard.testing.endpoints import Response

Respond = Callable[[str, str, bytes], Response | None]
"""Takes method, URL and body; returns None for a server that cannot be reached."""

MOST_BYTES = 1_000_000


class LoopbackServer(ThreadingHTTPServer):
    """A server whose answers come from a function.

    Attributes:
        respond: that function.
    """

    daemon_threads = True
    respond: Respond | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: LoopbackServer

    def _answer(self) -> None:
        length = min(int(self.headers.get("Content-Length", "0")), MOST_BYTES)
        body = self.rfile.read(length)
        respond = self.server.respond
        response = None if respond is None else respond(self.command, f"{self.server.url}{self.path}", body)
        if response is None:
            self.close_connection = True  # without an answer
            return
        status, headers, content = response
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer  # noqa: N815  (http.server's names)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (http.server's name)
        """Write nothing to a test's output."""


@contextmanager
def serving() -> Iterator[LoopbackServer]:
    """Run a server within a `with` block, in a thread of its own."""
    with LoopbackServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
