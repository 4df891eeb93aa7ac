"""Fixtures for pytest, there wherever jwtguard is installed."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jwtguard.resource_server import ResourceServer
    from jwtguard.testing import TestIssuer


@pytest.fixture
def jwtguard_resource_server() -> "ResourceServer | None":
    """The resource server whose issuer `jwtguard_issuer` stands in for: override it to return the application's."""
    return None


@pytest.fixture
def jwtguard_issuer(jwtguard_resource_server: "ResourceServer | None") -> "Iterator[TestIssuer]":
    """An authorization server of which the test holds the keys."""
    from jwtguard.testing import TestIssuer  # noqa: PLC0415  (every pytest session loads this module, few need that one)

    if jwtguard_resource_server is None:
        yield TestIssuer()
        return
    with TestIssuer.standing_in(jwtguard_resource_server) as issuer:
        yield issuer


@pytest.fixture
def bearer(jwtguard_issuer: "TestIssuer") -> Callable[..., dict[str, str]]:
    """Makes the header of a good token: `bearer(sub="alice", scopes=["invoices:read"])`."""
    return jwtguard_issuer.bearer
