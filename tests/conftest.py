"""What all tests share."""

import gc
from collections.abc import Iterator
from functools import cache
from itertools import cycle

import pytest
from hypothesis import HealthCheck, Phase, settings

from jwtguard import http
from jwtguard.testing import signing_key

pytest_plugins = ["pytester", "jwtguard.testing.pytest_plugin"]


# How long an example takes, or the first use of its tables of characters, is no property of what is tested.
_unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
# The same examples in every run, so that a change is never refused for what another one broke; by hand
# (`pytest tests/laws --hypothesis-profile=deep`) many more, and other ones each time.
settings.register_profile("ci", _unhurried, derandomize=True)
settings.register_profile("deep", _unhurried, max_examples=5_000)
# A mutant that a law notices is done for: nobody wants its smallest example.
settings.register_profile("mutation", _unhurried, derandomize=True, phases=[Phase.explicit, Phase.generate])
settings.load_profile("ci")


@pytest.fixture(autouse=True, scope="session")
def _tls_settings_loaded_once() -> Iterator[None]:
    """Loading the machine's certificate authorities takes 40 ms, and hundreds of tests make a client of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "_prepared_tls", cache(http._prepared_tls))
        yield


def pytest_collection_finish() -> None:
    """Keep what there is by now, ten thousand tests above all, from the garbage collector, which looks at it often."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _few_rsa_keys() -> Iterator[None]:
    """Making one takes 100 ms: the test kit's issuers, which all have one of their own, share eight of them in turn."""
    generate, made, turns = signing_key._generate, cache(lambda turn: generate("RS256")), cycle(range(8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            signing_key,
            "_generate",
            lambda algorithm: made(next(turns)) if algorithm in ("RS256", "PS256") else generate(algorithm),
        )
        yield


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, which is what ASGI servers run."""
    return "asyncio"
