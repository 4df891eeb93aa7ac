"""Swagger UI as a person uses it."""

from dataclasses import dataclass

from tests.examples.browser.chromium import Browser


@dataclass(frozen=True)
class Shown:
    """What the page shows of an answer."""

    status: str
    body: str
    headers: str


class DocumentationPage:
    """The page under `/docs`, newly opened."""

    def __init__(self, browser: Browser, api: str) -> None:
        self._browser = browser
        browser.open(f"{api}/docs")

    def log_in_as_client(self, client_id: str, secret: str, *, without: tuple[str, ...] = ()) -> None:
        """Authorize with client credentials, for all scopes but some."""
        self._open_dialog()
        self._browser.type("#client_id_clientCredentials", client_id)
        self._browser.type("#client_secret_clientCredentials", secret)
        for scope in without:
            self._browser.click(f'[id="{scope}-clientCredentials-checkbox-access_token"] + label .item')
        self._authorize("clientCredentials")
        self._close_dialog()

    def log_in_as_person(self, name: str, password: str) -> None:
        """Authorize with the authorization code flow and PKCE, in the window that it opens."""
        self._open_dialog()
        self._authorize("authorizationCode")
        driver = self._browser.driver
        page = driver.current_window_handle
        self._browser.wait(lambda: len(driver.window_handles) == 2)
        (popup,) = (handle for handle in driver.window_handles if handle != page)
        driver.switch_to.window(popup)
        self._browser.type("#name", name)
        self._browser.type("#password", password)
        self._browser.click("button[value=allow]")
        self._browser.wait(lambda: len(driver.window_handles) == 1)
        driver.switch_to.window(page)
        self._close_dialog()

    def call(self, operation: str) -> Shown:
        """Try an operation out."""
        block = f"#operations-default-{operation}"
        self._browser.click(f"{block} .opblock-summary-control")
        self._browser.click(f"{block} .try-out__btn")
        self._browser.click(f"{block} .execute")
        answer = f"{block} .live-responses-table .response"
        return Shown(
            self._browser.one(f"{answer} .response-col_status").text,
            *(element.text for element in self._browser.wait(lambda: self._browser.all(f"{answer} pre"))[:2]),
        )

    def _open_dialog(self) -> None:
        self._browser.click(".btn.authorize")

    def _authorize(self, flow: str) -> None:
        self._browser.click(f".auth-container:has(#client_id_{flow}) .btn.authorize")

    def _close_dialog(self) -> None:
        """Once the dialog shows that it has a token, which it then offers to forget."""
        self._browser.wait(
            lambda: [button for button in self._browser.all(".auth-btn-wrapper .btn") if button.text == "Logout"]
        )
        self._browser.click(".close-modal")
