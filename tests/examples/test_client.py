"""The client as a program of its own: steps A to D, and what it does when somebody refuses."""

from collections.abc import Iterator
from subprocess import CompletedProcess

import pytest

from examples.demonstration import SERVICE
from tests.examples.party import AUDIENCE, TOKEN, Party
from tests.examples.programs import application, run
from tests.serving import free_port


@pytest.fixture(scope="module")
def api(_party: Party) -> Iterator[str]:
    with application("examples.quickstart.app", issuer=_party.issuer, audience=AUDIENCE) as url:
        yield url


def _run(served: Party, api: str, **environment: str) -> CompletedProcess[str]:
    defaults = {
        "CLIENT_ID": SERVICE,
        "CLIENT_SECRET": served.known.service,
        "TOKEN_URL": served.issuer + TOKEN,
        "API_URL": api,
    }
    return run("-m", "examples.client", **{**defaults, **environment})


def test_four_steps_end_in_the_answer_of_the_api(served: Party, api: str) -> None:
    program = _run(served, api)
    assert (program.returncode, program.stderr) == (0, "")
    assert [line[0] for line in program.stdout.splitlines()] == ["A", "B", "C", "D"]
    assert '"client":"invoice-service"' in program.stdout


def test_neither_the_secret_nor_the_token_is_shown(served: Party, api: str) -> None:
    program = _run(served, api)
    assert served.known.service not in program.stdout
    assert "eyJ" not in program.stdout


def test_missing_credentials_are_named(served: Party) -> None:
    program = run("-m", "examples.client", CLIENT_ID=SERVICE)
    assert (program.returncode, program.stderr) == (2, "Set the environment variable CLIENT_SECRET.\n")


def test_wrong_secret_shows_what_the_authorization_server_answers(served: Party, api: str) -> None:
    program = _run(served, api, CLIENT_SECRET="wrong")
    assert program.returncode == 1
    assert "401" in program.stderr
    assert "invalid_client" in program.stderr
    assert "Traceback" not in program.stderr


def test_api_that_cannot_be_reached_is_named(served: Party) -> None:
    program = _run(served, f"http://127.0.0.1:{free_port()}")
    assert program.returncode == 1
    assert "no answer from" in program.stderr
    assert "Traceback" not in program.stderr
