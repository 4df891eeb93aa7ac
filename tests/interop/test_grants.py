"""The three grants of the certified authorization server, each ending at a protected route over real sockets."""

import httpx
import pytest

from jwtguard import Issuer, ResourceServer
from tests.interop.api import invoices_api, read_invoices
from tests.interop.authorization_server import SHARED_SECRET, AuthorizationServer, resource
from tests.serving import serving

ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519"]


def strict(authorization_server: AuthorizationServer, algorithm: str) -> ResourceServer:
    """A resource server of the RFC 9068 profile that takes one algorithm only."""
    return ResourceServer(
        Issuer(authorization_server.url, algorithms=algorithm), audience=resource(algorithm), profile="rfc9068"
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_token_of_the_client_credentials_grant_is_accepted(
    authorization_server: AuthorizationServer, algorithm: str
) -> None:
    response = authorization_server.client_credentials(resource(algorithm))
    with serving(invoices_api(strict(authorization_server, algorithm))) as api:
        answer = read_invoices(api, response["access_token"])
    assert (answer.status_code, answer.json()) == (
        200,
        {"subject": "machine", "client_id": "machine", "scopes": ["invoices:read"]},
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_token_of_the_authorization_code_grant_with_pkce_is_accepted(
    authorization_server: AuthorizationServer, algorithm: str
) -> None:
    response = authorization_server.authorization_code(
        resource(algorithm), subject="alice", scope="invoices:read invoices:write"
    )
    with serving(invoices_api(strict(authorization_server, algorithm))) as api:
        answer = read_invoices(api, response["access_token"])
    assert (answer.status_code, answer.json()) == (
        200,
        {"subject": "alice", "client_id": "application", "scopes": ["invoices:read", "invoices:write"]},
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_refreshed_token_is_accepted_like_the_first(authorization_server: AuthorizationServer, algorithm: str) -> None:
    first = authorization_server.authorization_code(resource(algorithm), subject="alice")
    refreshed = authorization_server.refresh(first["refresh_token"], resource(algorithm))
    assert refreshed["access_token"] != first["access_token"]
    with serving(invoices_api(strict(authorization_server, algorithm))) as api:
        answers = [read_invoices(api, response["access_token"]) for response in (first, refreshed)]
    assert [(answer.status_code, answer.json()["subject"]) for answer in answers] == [(200, "alice")] * 2


def test_one_resource_server_takes_tokens_of_all_four_algorithms(authorization_server: AuthorizationServer) -> None:
    resource_server = ResourceServer(
        authorization_server.url, audience=[resource(algorithm) for algorithm in ALGORITHMS], profile="rfc9068"
    )
    with serving(invoices_api(resource_server)) as api:
        answers = [
            read_invoices(api, authorization_server.client_credentials(resource(algorithm))["access_token"])
            for algorithm in ALGORITHMS
        ]
    assert [answer.status_code for answer in answers] == [200] * 4


def test_token_signed_with_a_shared_secret_is_accepted_by_who_shares_it(
    authorization_server: AuthorizationServer,
) -> None:
    issuer = Issuer(authorization_server.url, keys=SHARED_SECRET.encode(), algorithms="HS256")
    resource_server = ResourceServer(issuer, audience=resource("HS256"), profile="rfc9068")
    response = authorization_server.client_credentials(resource("HS256"))
    with serving(invoices_api(resource_server)) as api:
        answer = read_invoices(api, response["access_token"])
    assert answer.status_code == 200


def test_scope_that_was_not_granted_is_demanded_by_name(authorization_server: AuthorizationServer) -> None:
    token = authorization_server.client_credentials(resource("ES256"), scope="invoices:read")["access_token"]
    with serving(invoices_api(strict(authorization_server, "ES256"))) as api:
        answer = httpx.post(f"{api}/invoices", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="invoices:write"' in answer.headers["www-authenticate"]
