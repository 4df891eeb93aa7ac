"""The quickstart's API as a process of its own, which writes down what its operator would want to know.

One JSON object a line on standard output: where it listens, then each refusal with its reason. The process ends when
its standard input does, so that it never outlives the demo.
"""

import json
import sys
from threading import Thread

import uvicorn
from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from examples.quickstart.app import app
from examples.serving import listen, server_of, url_of
from jwtguard import JWTGuardError
from jwtguard.answer import answer_detail, answer_headers
from jwtguard.fastapi import Refusal
from jwtguard.middleware import GuardMiddleware

REQUEST_ID = "X-Request-ID"


def main() -> None:
    """Serve until standard input ends."""
    log_refusals(app)
    listening = listen()
    server = server_of(app)
    Thread(target=_stop_with_input, args=(server,), daemon=True).start()
    _log(event="listening", url=url_of(listening))
    server.run(sockets=[listening])


def log_refusals(api: FastAPI) -> None:
    """Have both faces of jwtguard tell why they refuse: the middleware by `answer=`, the guard by its exception."""
    for middleware in api.user_middleware:
        if isinstance(middleware.cls, type) and issubclass(middleware.cls, GuardMiddleware):
            middleware.kwargs["answer"] = _answer
    api.add_exception_handler(Refusal, _handle)


async def _answer(connection: HTTPConnection, error: JWTGuardError) -> Response:
    _log_refusal(connection, error)
    return JSONResponse({"detail": answer_detail(error)}, status_code=error.status, headers=answer_headers(error))


async def _handle(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    _log_refusal(request, refusal.error)
    return await http_exception_handler(request, refusal)


def _log_refusal(connection: HTTPConnection, error: JWTGuardError) -> None:
    _log(event="refused", request=connection.headers.get(REQUEST_ID), reason=error.reason, detail=error.detail)


def _log(**entry: str | None) -> None:
    print(json.dumps(entry), flush=True)


def _stop_with_input(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
