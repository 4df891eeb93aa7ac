"""The two pages that a resource owner may see."""

from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from examples.authorization_server.errors import NO_STORE
from examples.authorization_server.state import AuthorizationRequest

_FOLDER = Path(__file__).parent
_LOGIN = Template((_FOLDER / "login.html").read_text(encoding="utf-8"))
_REFUSAL = Template((_FOLDER / "refusal.html").read_text(encoding="utf-8"))


def login_page(asked: AuthorizationRequest, transaction: str, *, problem: str = "") -> HTMLResponse:
    """Show who asks for what, and ask for a decision.

    Args:
        asked: the client's request.
        transaction: stands for it in the form.
        problem: what went wrong the time before.
    """
    scopes = "".join(f"<li>{escape(scope)}</li>" for scope in sorted(asked.scopes))
    html = _LOGIN.substitute(
        client=escape(asked.client_id),
        resource=escape(asked.resource),
        scopes=scopes,
        transaction=escape(transaction),
        problem=escape(problem),
    )
    # Browsers hold the redirect after a form to `form-action` too.
    parts = urlsplit(asked.redirect_uri)
    return _page(html, form_action=f"'self' {parts.scheme}://{parts.netloc}")


def refusal_page(why: str) -> HTMLResponse:
    """Say why there is nothing to decide on."""
    return _page(_REFUSAL.substitute(why=escape(why)), form_action="'none'", status=400)


def _page(html: str, *, form_action: str, status: int = 200) -> HTMLResponse:
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {form_action}"
    )
    headers = {"Content-Security-Policy": policy, "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(html, status_code=status, headers=headers | NO_STORE)
