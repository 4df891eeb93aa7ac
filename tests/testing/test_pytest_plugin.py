"""The plugin in a pytest of its own, as in a user's project."""

import pytest

APPLICATION = """
from typing import Annotated

from fastapi import FastAPI, Security

from jwtguard import AccessToken, ResourceServer
from jwtguard.fastapi import Guard

resource_server = ResourceServer("https://auth.example.com", audience="https://api.example.com")
guard = Guard(resource_server)
app = FastAPI(lifespan=resource_server.lifespan)


@app.get("/invoices")
async def invoices(token: Annotated[AccessToken, Security(guard, scopes=["invoices:read"])]) -> str | None:
    return token.client_id
"""

TESTS = """
import pytest
from fastapi.testclient import TestClient
from application import app, resource_server

@pytest.fixture
def jwtguard_resource_server():
    return resource_server

def test_invoices_need_a_token_with_their_scope(bearer):
    with TestClient(app) as client:
        assert client.get("/invoices", headers=bearer(scopes=["invoices:read"])).status_code == 200
        assert client.get("/invoices").status_code == 401
        assert client.get("/invoices", headers=bearer()).status_code == 403
"""


def test_user_s_test_file_of_at_most_15_lines_tests_200_401_and_403(pytester: pytest.Pytester) -> None:
    assert len(TESTS.strip().splitlines()) <= 15
    pytester.makepyfile(application=APPLICATION, test_invoices=TESTS)
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=1)


def test_issuer_stands_alone_where_no_resource_server_is_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio
        from jwtguard import ResourceServer

        def test_alone(jwtguard_issuer):
            server = ResourceServer(
                jwtguard_issuer.url, audience=jwtguard_issuer.audience, http_client=jwtguard_issuer.http_client()
            )
            assert asyncio.run(server.validate(jwtguard_issuer.token(sub="alice"))).subject == "alice"
        """
    )
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-W", "error").assert_outcomes(passed=1)


def test_plugin_is_found_by_its_entry_point(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--fixtures", "-q")
    result.stdout.fnmatch_lines(["jwtguard_issuer*", "bearer*"])
