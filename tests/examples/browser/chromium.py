"""Debian's Chromium without a screen, and the log of all that it asked over a network."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PROGRAMS = ("chromium", "chromedriver")
PATIENCE = 30
WIDTH, HEIGHT = 1200, 1600
NET_LOG = "net-log.json"

_FLAGS = (
    "--headless",
    "--no-sandbox",  # root has no other way, and the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    f"--window-size={WIDTH},{HEIGHT}",
)

_T = TypeVar("_T")


def require_programs() -> tuple[str, str]:
    """Return the paths of Chromium and its driver; without them the test is skipped, or fails where CI says so."""
    found = [shutil.which(program) for program in PROGRAMS]
    chromium, driver = found
    if chromium is not None and driver is not None:
        return chromium, driver
    missing = " and ".join(program for program, path in zip(PROGRAMS, found, strict=True) if path is None)
    reason = f"{missing} cannot be found: apt-get install chromium chromium-driver"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Browser:
    """A browser with one window."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        """Go to an address."""
        self.driver.get(url)

    def wait(self, condition: Callable[[], _T]) -> _T:
        """Return what a condition comes to, once that is something."""
        redrawn = (StaleElementReferenceException,)
        return WebDriverWait(self.driver, PATIENCE, ignored_exceptions=redrawn).until(lambda _: condition())

    def all(self, selector: str) -> list[WebElement]:
        """Return the elements that are there now."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """Return the one element that a selector names, once it is shown."""
        (element,) = self.wait(lambda: [element for element in self.all(selector) if element.is_displayed()])
        return element

    def click(self, selector: str) -> None:
        """Click the one element that a selector names."""
        self.one(selector).click()

    def type(self, selector: str, text: str) -> None:
        """Write something in a field, instead of what is there."""
        field = self.one(selector)
        field.clear()
        field.send_keys(text)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page, which calls the last of its arguments when it is done."""
        return self.driver.execute_async_script(script, *arguments)


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Start a browser.

    Args:
        folder: an empty one, for its profile and its log.
    """
    path, driver_path = require_programs()
    options = ChromeOptions()
    options.binary_location = path
    for flag in (*_FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / NET_LOG}"):
        options.add_argument(flag)
    driver = Chrome(options=options, service=Service(driver_path))
    try:
        driver.set_script_timeout(PATIENCE)
        yield Browser(driver)
    finally:
        driver.quit()


def asked_by_pages(folder: Path) -> set[str]:
    """Return the addresses, without their queries, that pages asked in a browser that has ended.

    What the browser asks of its own accord is not among them; the rules for host names keep it from leaving.

    Args:
        folder: the browser's.
    """
    log = json.loads((folder / NET_LOG).read_text())
    begin = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    asked = set()
    for event in log["events"]:
        match event:
            case {"type": kind, "params": {"url": url, "initiator": initiator}} if kind == begin:
                if urlsplit(initiator).scheme in ("http", "https"):
                    asked.add(url.partition("?")[0])
    return asked
