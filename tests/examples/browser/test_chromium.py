"""A machine without Chromium: its tests say so, and do not pass for run."""

from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.examples.browser.chromium import require_programs

REASON = "chromium and chromedriver cannot be found: apt-get install chromium chromium-driver"


@pytest.fixture(autouse=True)
def without_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_machine_without_chromium_skips_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(Skipped, match=REASON):
        require_programs()


def test_continuous_integration_without_chromium_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Failed, match=REASON):
        require_programs()
