"""The certified authorization server changes its keys, is restarted, is away: the API goes on."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from jwtguard import ResourceServer
from tests.answers import reason_of
from tests.interop.api import invoices_api, read_invoices
from tests.interop.authorization_server import AuthorizationServer, resource, running
from tests.serving import free_port, serving

US = resource("ES256")


@pytest.fixture
def api(authorization_server: AuthorizationServer) -> Iterator[str]:
    """The API, its keys fetched."""
    with serving(invoices_api(ResourceServer(authorization_server.url, audience=US, profile="rfc9068"))) as url:
        yield url


def new_token(authorization_server: AuthorizationServer) -> str:
    token: str = authorization_server.client_credentials(US)["access_token"]
    return token


def test_token_of_a_new_key_is_accepted_after_one_fetch(authorization_server: AuthorizationServer, api: str) -> None:
    assert read_invoices(api, new_token(authorization_server)).status_code == 200
    before = authorization_server.key_set_requests
    authorization_server.rotate()
    answers = [read_invoices(api, new_token(authorization_server)) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert authorization_server.key_set_requests == before + 1


def test_token_of_the_old_key_stays_good_while_that_key_is_published(
    authorization_server: AuthorizationServer, api: str
) -> None:
    old = new_token(authorization_server)
    authorization_server.rotate()
    answers = [read_invoices(api, token) for token in (old, new_token(authorization_server), old)]
    assert [answer.status_code for answer in answers] == [200] * 3


def test_token_of_a_key_no_longer_published_is_refused_even_where_it_was_accepted_before(
    authorization_server: AuthorizationServer, api: str
) -> None:
    old = new_token(authorization_server)
    assert read_invoices(api, old).status_code == 200
    authorization_server.rotate()
    authorization_server.retire()
    assert read_invoices(api, new_token(authorization_server)).status_code == 200
    answer = read_invoices(api, old)
    assert (answer.status_code, reason_of(answer)) == (401, "unknown_key")


@dataclass
class Restartable:
    """An authorization server on one port, and an API that has its keys."""

    port: int
    api: str
    token: str


@pytest.fixture
def away(certified: None) -> Iterator[Restartable]:
    """The API after its authorization server went away, and a token that was issued before."""
    port = free_port()
    with ExitStack() as stack:
        with running(port) as server:
            resource_server = ResourceServer(server.url, audience=US, profile="rfc9068")
            api = stack.enter_context(serving(invoices_api(resource_server)))
            token = new_token(server)
        yield Restartable(port, api, token)


def test_token_is_accepted_while_the_authorization_server_is_away(away: Restartable) -> None:
    assert read_invoices(away.api, away.token).status_code == 200


def test_token_is_accepted_at_once_after_the_authorization_server_came_back_with_other_keys(away: Restartable) -> None:
    with running(away.port) as authorization_server:
        assert read_invoices(away.api, new_token(authorization_server)).status_code == 200
