"""The documentation page in a real browser: its Authorize button gets tokens, and they open what they should."""

import json
import struct
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.examples.browser.chromium import WIDTH, Browser, asked_by_pages, chromium
from tests.examples.browser.documentation_page import DocumentationPage
from tests.examples.programs import Instructions

INVOICES = "invoices_invoices_get"
PAYOUT = "payout_payouts_post"


@pytest.fixture
def page(browser: Browser, serve: Instructions) -> DocumentationPage:
    return DocumentationPage(browser, serve.api)


def test_operation_without_a_token_is_refused(page: DocumentationPage) -> None:
    assert page.call(INVOICES).status == "401"


def test_client_credentials_open_an_operation(page: DocumentationPage, serve: Instructions) -> None:
    page.log_in_as_client("invoice-service", serve.secret_of("invoice-service"))
    shown = page.call(INVOICES)
    assert shown.status == "200"
    assert json.loads(shown.body) == {"client": "invoice-service", "subject": "invoice-service"}


def test_login_with_pkce_opens_an_operation(page: DocumentationPage, serve: Instructions) -> None:
    page.log_in_as_person("ada", serve.password)
    shown = page.call(INVOICES)
    assert shown.status == "200"
    assert json.loads(shown.body) == {"client": "invoice-app", "subject": "account-1"}


def test_token_without_the_scope_is_refused_and_the_page_tells_why(
    page: DocumentationPage, serve: Instructions
) -> None:
    page.log_in_as_client("invoice-service", serve.secret_of("invoice-service"), without=("payouts:write",))
    shown = page.call(PAYOUT)
    assert shown.status.split() == ["403"]
    assert json.loads(shown.body)["detail"]["error"] == "insufficient_scope"
    assert 'scope="payouts:write"' in shown.headers


def test_no_page_asks_anybody_but_these_two_servers(serve: Instructions, tmp_path: Path) -> None:
    with chromium(tmp_path) as browser:
        page = DocumentationPage(browser, serve.api)
        page.log_in_as_person("ada", serve.password)
        page.call(INVOICES)
    asked = asked_by_pages(tmp_path)
    assert asked >= {
        f"{serve.api}/docs/assets/swagger-ui-bundle.js",
        f"{serve.issuer}/authorize",
        f"{serve.api}/docs/oauth2-redirect",
        f"{serve.issuer}/api/v2/access/token",
        f"{serve.api}/invoices",
    }
    assert {f"http://{urlsplit(address).netloc}" for address in asked} == {serve.api, serve.issuer}


def test_page_looks_like_something(
    browser: Browser, page: DocumentationPage, serve: Instructions, tmp_path: Path
) -> None:
    page.log_in_as_person("ada", serve.password)
    page.call(INVOICES)
    picture = tmp_path / "swagger-ui.png"
    assert browser.driver.save_screenshot(picture)
    width, lines = _lines_of(picture.read_bytes())
    assert width == WIDTH
    assert len(set(lines)) > len(lines) / 4  # of an empty page, all lines are alike


def _lines_of(png: bytes) -> tuple[int, list[bytes]]:
    """The width of a picture and its lines, as they are filtered (PNG specification, section 4.5)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind = png[at + 4 : at + 8]
        chunks[kind] = chunks.get(kind, b"") + png[at + 8 : at + 8 + length]
        at += length + 12
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    pixels = zlib.decompress(chunks[b"IDAT"])
    line = len(pixels) // height
    return width, [pixels[begin : begin + line] for begin in range(0, len(pixels), line)]
