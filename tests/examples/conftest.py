"""The programs that several modules try; what a test does to the authorization server is of that test's own tokens."""

from collections.abc import Iterator

import pytest

from tests.examples.party import AUDIENCE, Party, party
from tests.examples.programs import Instructions, application
from tests.examples.programs import serve as both_servers


@pytest.fixture(scope="session")
def _party() -> Iterator[Party]:
    with party() as served:
        yield served


@pytest.fixture
def served(_party: Party) -> Iterator[Party]:
    """The authorization server, at the real time."""
    yield _party
    _party.clock.passed = 0


@pytest.fixture(scope="session")
def streams(_party: Party) -> Iterator[str]:
    """The URL of `examples.streams`."""
    with application("examples.streams.app", issuer=_party.issuer, audience=AUDIENCE) as url:
        yield url


@pytest.fixture(scope="session")
def serve() -> Iterator[Instructions]:
    """`examples.serve`, left running."""
    with both_servers() as instructions:
        yield instructions
