"""Every block of Python in README runs, in the order in which a reader meets them."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient

from jwtguard.errors import REASONS
from jwtguard.settings import _READERS
from jwtguard.testing import TestIssuer
from tests.signing import signing_key

ROOT: Final = Path(__file__).parent.parent
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
FILE_NAME: Final = re.compile(r"# (\w+)\.py\n")


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the files that README speaks of, from which Python imports."""
    modules = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "key.pem").write_text(signing_key().pem)
    for block in BLOCKS:
        if named := FILE_NAME.match(block):
            (tmp_path / f"{named[1]}.py").write_text(block)
    yield tmp_path
    for name in set(sys.modules) - modules:
        if name in {path.stem for path in tmp_path.glob("*.py")}:
            del sys.modules[name]


async def run(block: str, names: dict[str, Any]) -> None:
    code = compile(block, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    outcome = eval(code, names)  # noqa: S307  (our own README)
    if inspect.isawaitable(outcome):
        await outcome


@pytest.mark.anyio
async def test_every_block_runs(reader: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWTGUARD_ISSUER", "https://auth.example.com")
    monkeypatch.setenv("JWTGUARD_AUDIENCE", "https://api.example.com")
    module = ModuleType("readme")
    monkeypatch.setitem(sys.modules, "readme", module)  # where pydantic looks the annotations up
    names = module.__dict__
    for number, block in enumerate(BLOCKS, 1):
        if (named := FILE_NAME.match(block)) and named[1] != "app":
            continue  # a file of its own, which another test runs
        try:
            await run(block, names)
        except Exception as error:
            raise AssertionError(f"block {number} of README does not run:\n{block}") from error


def test_first_application_answers_200_401_and_403(reader: Path) -> None:
    from app import app, resource_server  # type: ignore[import-not-found]  # the block that is named so

    with TestIssuer.standing_in(resource_server) as issuer, TestClient(app) as client:
        assert client.get("/invoices", headers=issuer.bearer(scopes=["invoices:read"])).json() == {"client": "client-1"}
        assert client.get("/invoices").status_code == 401
        assert client.get("/invoices", headers=issuer.bearer()).status_code == 403


def test_starlette_application_is_protected(reader: Path) -> None:
    from middleware import app, resource_server  # type: ignore[import-not-found]

    with TestIssuer.standing_in(resource_server) as issuer, TestClient(app) as client:
        answer = client.get("/invoices", headers=issuer.bearer(sub="alice", scopes=["invoices:read"]))
        assert answer.json() == {"subject": "alice"}
        assert client.get("/invoices").status_code == 401


def test_user_s_tests_pass(pytester: pytest.Pytester) -> None:
    files = {named[1]: block for block in BLOCKS if (named := FILE_NAME.match(block))}
    pytester.makepyfile(**files)
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-W", "error", "test_invoices.py").assert_outcomes(
        passed=2
    )


def test_every_reason_is_explained() -> None:
    _, _, troubleshooting = README.partition("\n## Why 401?")
    table, _, _ = troubleshooting.partition("\n## ")
    assert set(re.findall(r"`(\w+)`(?=[^|]*\|[^|]*\|)", table)) >= set(REASONS)


def test_every_setting_is_listed() -> None:
    assert {f"JWTGUARD_{name}" for name in _READERS} <= set(re.findall(r"JWTGUARD_\w+", README))


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", README))))
def test_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target.partition("#")[0]).exists()


def test_name_of_another_project_is_not_to_be_installed() -> None:
    assert not re.search(r"pip install [\"']?jwtguard(?!-asgi)", README)
