"""Swagger UI out of the installed package `fastapi-offline`: no content delivery network is asked for anything."""

from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

PAGE = "/docs"
REDIRECT = "/docs/oauth2-redirect"
"""Where the authorization server sends the browser back to; registered there as a redirect URI."""

_ASSETS = "/docs/assets"


def add_docs(api: FastAPI, *, authorize: dict[str, Any]) -> None:
    """Give an API, made with `docs_url=None`, its documentation page.

    Args:
        api: the API.
        authorize: what the Authorize dialog is filled with, `initOAuth` of Swagger UI.
    """
    api.mount(_ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs assets")

    @api.get(PAGE, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=api.openapi_url or "",
            title=api.title,
            swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{_ASSETS}/favicon.png",
            oauth2_redirect_url=REDIRECT,
            init_oauth=authorize,
        )

    @api.get(REDIRECT, include_in_schema=False)
    async def oauth2_redirect() -> HTMLResponse:
        return get_swagger_ui_oauth2_redirect_html()
