"""Serves an ASGI application with uvicorn on a free loopback port, for tests over real sockets."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from time import sleep
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    """Ends when it is told to; uvicorn's own looks ten times a second whether it was, and sleeps once more then."""

    def end(self) -> None:
        """Tell it to end, from another thread."""
        with suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._ending.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), 1)
                return

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.001)
        await self.lifespan.shutdown()


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """Serve the application in a thread of its own, with an event loop of its own; yield its URL.

    Args:
        app: the ASGI application; its lifespan runs.
        options: more for `uvicorn.Config`.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(uvicorn.Config(app, log_level="warning", access_log=False, **options))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the server ended before it served"
                sleep(0.005)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.end()
            thread.join()


def free_port() -> int:
    """Return a loopback port that nothing listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
