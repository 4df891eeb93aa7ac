"""What all tests share."""

from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

from jwtguard import http

pytest_plugins = ["pytester", "jwtguard.testing.pytest_plugin"]


# How long an example takes, or the first use of its tables of characters, is no property of what is tested.
settings.register_profile("no wall clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no wall clock")


@pytest.fixture(autouse=True, scope="session")
def _tls_settings_loaded_once() -> Iterator[None]:
    """Loading the machine's certificate authorities takes 40 ms, and hundreds of tests make a client of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "_prepared_tls", cache(http._prepared_tls))
        yield


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, which is what ASGI servers run."""
    return "asyncio"
