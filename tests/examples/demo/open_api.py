"""An API for the demo that lets everybody in: what the demo must notice."""

import json
import sys
from threading import Thread

from fastapi import FastAPI

from examples.serving import listen, server_of, url_of

app = FastAPI()


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ready": True}


@app.get("/invoices")
async def invoices() -> dict[str, str]:
    return {"client": "invoice-service", "subject": "invoice-service"}


@app.post("/payouts")
async def payout() -> dict[str, str]:
    return {"payout": "accepted"}


def _stop_with_input() -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    listening = listen()
    server = server_of(app)
    Thread(target=_stop_with_input, daemon=True).start()
    print(json.dumps({"event": "listening", "url": url_of(listening)}), flush=True)  # noqa: T201  (read by the demo)
    server.run(sockets=[listening])
