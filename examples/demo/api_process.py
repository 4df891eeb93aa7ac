"""The API's process as the demo sees it: started, listened to, ended."""

import json
import os
import subprocess
import sys
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from examples.demonstration import API

SECONDS_TO_START = 30
SECONDS_TO_LOG = 5
SECONDS_TO_STOP = 10


class APIProcess:
    """Runs an API in another process, and reads its log.

    Attributes:
        url: where it listens.
        warnings: what its log has said besides the refusals, up to the last refusal that was looked up.
    """

    def __init__(self, module: str, *options: str, issuer: str, audience: str, client_secret: str) -> None:
        """Prepare to start it.

        Args:
            module: what to run, such as `examples.demo.api`.
            options: its command-line options.
            issuer: whom it is to trust.
            audience: who it is.
            client_secret: what it proves that with, where it asks about tokens.
        """
        self.url = ""
        self.warnings: list[str] = []
        self._module = module
        self._options = options
        self._environment = os.environ | {
            "JWTGUARD_ISSUER": issuer,
            "JWTGUARD_AUDIENCE": audience,
            "JWTGUARD_INTROSPECTION_CLIENT_ID": API,
            "JWTGUARD_INTROSPECTION_CLIENT_SECRET": client_secret,
            "NO_PROXY": "127.0.0.1",
        }
        self._refusals: dict[str, dict[str, str]] = {}
        self._logged = Condition()
        self._ended = False

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            [sys.executable, "-m", self._module, *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            text=True,
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        with self._logged:
            self._logged.wait_for(lambda: self.url or self._ended, SECONDS_TO_START)
        if not self.url:
            self._stop()
            raise RuntimeError(f"{self._module} did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def refusal(self, request_id: str) -> dict[str, str]:
        """Return what the log says of a refused request, `reason` and `detail`; nothing if it does not mention it."""
        with self._logged:
            self._logged.wait_for(lambda: request_id in self._refusals or self._ended, SECONDS_TO_LOG)
            return self._refusals.get(request_id, {})

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            entry = json.loads(line)
            with self._logged:
                if entry["event"] == "listening":
                    self.url = entry["url"]
                elif entry["event"] == "warning":
                    self.warnings.append(entry["message"])
                else:
                    self._refusals[entry["request"]] = entry
                self._logged.notify_all()
        with self._logged:
            self._ended = True
            self._logged.notify_all()

    def _stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
