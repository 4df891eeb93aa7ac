"""One authorization server for all tests of the examples; what a test does to it is of that test's own tokens."""

from collections.abc import Iterator

import pytest

from tests.examples.party import Party, party


@pytest.fixture(scope="session")
def _party() -> Iterator[Party]:
    with party() as served:
        yield served


@pytest.fixture
def served(_party: Party) -> Iterator[Party]:
    """The authorization server, at the real time."""
    yield _party
    _party.clock.passed = 0
