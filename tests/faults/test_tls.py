"""An issuer over https: private authorities, mutual TLS, and certificates that go bad, with either client library."""

from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import pytest

from jwtguard import Issuer, JWTGuardError, ResourceServer
from tests.certificates import client_tls, server_tls
from tests.faults.apis import A_WEEK, KEY, NEXT
from tests.loopback import AuthorizationServer, authorization_server
from tests.resource_servers import Clock
from tests.signing import AUDIENCE, NOW, SigningKey, good_claims

pytestmark = pytest.mark.anyio

CLIENTS = [
    pytest.param(httpx.AsyncClient, id="httpx"),
    pytest.param(httpx2.AsyncClient, id="httpx2"),
]


async def outcome(api: ResourceServer, server: AuthorizationServer, key: SigningKey = KEY) -> str | None:
    """Why a token is refused; None if it is accepted."""
    try:
        await api.validate(key.token(good_claims(now=NOW, iss=server.issuer, exp=NOW + A_WEEK)))
    except JWTGuardError as error:
        return error.reason
    return None


@pytest.mark.parametrize("client_of", CLIENTS)
async def test_issuer_behind_a_private_authority_and_mutual_tls_is_trusted_through_the_client(
    client_of: Callable[..., Any],
) -> None:
    tls = server_tls(clients_of="ours")
    async with client_of(verify=client_tls(certified_by="ours")) as client:
        with authorization_server(KEY, tls=tls) as server:
            api = ResourceServer(Issuer(server.issuer), audience=AUDIENCE, http_client=client, clock=Clock())
            async with api.lifespan():
                assert await outcome(api, server) is None
                server.publish(KEY, NEXT)
                assert await outcome(api, server, NEXT) is None
        assert not client.is_closed


@pytest.mark.parametrize("client_of", CLIENTS)
async def test_issuer_whose_certificate_goes_bad_keeps_its_good_tokens_and_gains_no_new_key(
    client_of: Callable[..., Any],
) -> None:
    clock = Clock()
    async with client_of(verify=client_tls()) as client:
        with authorization_server(KEY, tls=server_tls()) as server:
            api = ResourceServer(Issuer(server.issuer), audience=AUDIENCE, http_client=client, clock=clock)
            assert await outcome(api, server) is None
            server.tls = server_tls(by="nobody")
            server.publish(KEY, NEXT)
            await client._transport.aclose()  # the connection that was made with the good certificate
            assert await outcome(api, server) is None
            assert await outcome(api, server, NEXT) == "issuer_unreachable"
            assert "certificate verify failed" in str(api.last_health().issuers[0].last_error)


async def test_issuer_of_an_unknown_authority_is_not_trusted() -> None:
    with authorization_server(KEY, tls=server_tls(by="nobody")) as server:
        api = ResourceServer(Issuer(server.issuer), audience=AUDIENCE, clock=Clock())
        assert await outcome(api, server) == "issuer_unreachable"
        assert "certificate verify failed" in str(api.last_health().issuers[0].last_error)
        assert server.requests == []
        await api.aclose()
