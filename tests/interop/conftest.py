"""One authorization server for all interoperability tests, where Node can run it."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.interop.authorization_server import PROGRAM, AuthorizationServer, running
from tests.serving import free_port


def _why_not() -> str | None:
    if shutil.which("node") is None:
        return "Node is missing: nothing here is tried against a real authorization server"
    if not PROGRAM.with_name("node_modules").joinpath("oidc-provider").is_dir():
        return (
            "oidc-provider is not installed (`make test` does it): nothing is tried against a real authorization server"
        )
    return None


@pytest.fixture(scope="session")
def certified() -> None:
    """Skip where the authorization server cannot run; in CI fail, so that nobody overlooks it there."""
    why_not = _why_not()
    if why_not is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(why_not)
    pytest.skip(why_not)


@pytest.fixture(scope="session")
def authorization_server(certified: None) -> Iterator[AuthorizationServer]:
    """The certified authorization server, the same process for all tests."""
    with running(free_port()) as server:
        yield server
