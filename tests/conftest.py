"""What all tests share."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester", "jwtguard.testing.pytest_plugin"]


# How long an example takes, or the first use of its tables of characters, is no property of what is tested.
settings.register_profile("no wall clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no wall clock")


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, which is what ASGI servers run."""
    return "asyncio"
