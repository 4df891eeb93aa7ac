"""What a run measured, on what machine, with what versions; kept as JSON."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.backends.openssl import backend

from examples.benchmarks.rounds import Timing

FOLDER = Path(__file__).parent / "results"

_PACKAGES = (
    *(
        "jwtguard-asgi",
        "python-jose",
        "cryptography",
        "msgspec",
        "starlette",
        "fastapi",
        "uvicorn",
        "uvloop",
        "httptools",
    ),
    *("PyJWT", "joserfc", "Authlib", "httpx"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All that one run measured.

    Attributes:
        when: the day.
        machine: processor, cores, operating system, Python, OpenSSL.
        versions: of the packages that took part.
        validation: by kind of token, each contestant's time for one.
        token_bytes: by kind of token, how long one is.
        faces: time of one request within the process, by application.
        introspection: time of one token, by way of deciding on it.
        over_http: by application, requests per second and processor time per request.
        memory: of the token cache.
        startup: processor time of the imports.
        fetches: what an issuer at its worst brought about.
    """

    when: str
    machine: dict[str, str]
    versions: dict[str, str]
    validation: dict[str, dict[str, Timing]]
    token_bytes: dict[str, int]
    faces: dict[str, Timing]
    introspection: dict[str, Timing]
    over_http: dict[str, dict[str, float]]
    memory: dict[str, int]
    startup: dict[str, Timing]
    fetches: dict[str, dict[str, float | bool]]

    def save(self) -> None:
        """Write the results down."""
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / "results.json").write_bytes(
            msgspec.json.format(msgspec.json.encode(_rounded(self)), indent=2) + b"\n"
        )

    @classmethod
    def load(cls) -> "Results":
        """Read the results of the last run."""
        return msgspec.json.decode((FOLDER / "results.json").read_bytes(), type=cls)


def today() -> str:
    """Return the date."""
    return datetime.now(UTC).date().isoformat()


def machine() -> dict[str, str]:
    """Name what the benchmark runs on."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "OpenSSL": f"{backend.openssl_version_text().removeprefix('OpenSSL ').partition(' ')[0]} (in cryptography)",
    }


def versions() -> dict[str, str]:
    """Name the packages that take part."""
    return {name: version(name) for name in _PACKAGES}


def _processor() -> str:
    names = Path("/proc/cpuinfo")
    if names.exists():
        for line in names.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _rounded(results: Results) -> Any:
    """Three digits after the point are more than anyone can measure here."""
    return _round(msgspec.to_builtins(results))


def _round(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _round(inner) for name, inner in value.items()}
    return round(value, 3) if isinstance(value, float) else value
