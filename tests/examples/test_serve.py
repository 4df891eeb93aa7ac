"""Both servers left running: what is printed works as printed, and the documentation page needs no network."""

import os
import re
import signal
import subprocess
import sys

import httpx
import pytest

from examples.serving import listen, url_of
from tests.examples.programs import REPOSITORY, Instructions, run, started


def test_printed_client_command_works(serve: Instructions) -> None:
    found = re.search(r"^  (CLIENT_ID=.*) \\\n +(.*)$", serve.text, re.MULTILINE)
    assert found
    command = f"{found[1]} {found[2]}".replace(".venv/bin/python", sys.executable)
    program = subprocess.run(
        ["sh", "-c", command],
        cwd=REPOSITORY,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert program.returncode == 0, program.stderr
    assert program.stdout.splitlines()[-1] == 'D  200: {"client":"invoice-service","subject":"invoice-service"}'


@pytest.mark.parametrize("client_id", ["invoice-service", "opaque-service"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/invoices"), ("POST", "/payouts")])
def test_tokens_of_both_printed_clients_are_accepted(
    serve: Instructions, client_id: str, method: str, path: str
) -> None:
    credentials, form = (client_id, serve.secret_of(client_id)), {"grant_type": "client_credentials"}
    with httpx.Client(trust_env=False) as http:
        granted = http.post(f"{serve.issuer}/api/v2/access/token", data=form, auth=credentials).json()
        headers = {"Authorization": f"Bearer {granted['access_token']}"}
        assert http.request(method, serve.api + path, headers=headers).status_code == 200


def test_documentation_page_loads_from_the_api_alone(serve: Instructions) -> None:
    with httpx.Client(base_url=serve.api, trust_env=False) as http:
        page = http.get("/docs").text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert len(loaded) == 3
        assert all(url.startswith("/docs/") for url in loaded)
        for url in [*loaded, "/openapi.json", "/docs/oauth2-redirect"]:
            assert http.get(url).status_code == 200, url


def test_authorize_button_is_told_where_the_tokens_are(serve: Instructions) -> None:
    document = httpx.get(f"{serve.api}/openapi.json", trust_env=False).json()
    flows = document["components"]["securitySchemes"]["access_token"]["flows"]
    assert flows.keys() == {"clientCredentials", "authorizationCode"}
    assert flows["clientCredentials"]["tokenUrl"] == f"{serve.issuer}/api/v2/access/token"
    assert flows["authorizationCode"]["authorizationUrl"] == f"{serve.issuer}/authorize"
    assert document["paths"]["/payouts"]["post"]["security"] == [{"access_token": ["payouts:write"]}]


def test_page_of_the_api_may_ask_for_a_token(serve: Instructions) -> None:
    answer = httpx.post(
        f"{serve.issuer}/api/v2/access/token",
        data={"grant_type": "client_credentials", "scope": "invoices:read"},
        auth=("invoice-service", serve.secret_of("invoice-service")),
        headers={"Origin": serve.api, "X-Requested-With": "XMLHttpRequest"},
        trust_env=False,
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == serve.api


def test_browser_may_come_back_to_the_documentation_page(serve: Instructions) -> None:
    query = {
        "response_type": "code",
        "client_id": "invoice-app",
        "redirect_uri": f"{serve.api}/docs/oauth2-redirect",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    page = httpx.get(f"{serve.issuer}/authorize", params=query, trust_env=False)
    assert page.status_code == 200
    assert serve.api in page.headers["content-security-policy"]


def test_taken_port_is_said_plainly() -> None:
    with listen() as taken:
        port = url_of(taken).rpartition(":")[2]
        program = run("-m", "examples.serve", "--api-port", port, "--issuer-port", "0")
    assert program.returncode == 1
    assert program.stderr.startswith("A port is taken")
    assert "Traceback" not in program.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_signal_ends_it_well(number: signal.Signals) -> None:
    with started("-m", "examples.serve", "--api-port", "0", "--issuer-port", "0") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(30) == 0
