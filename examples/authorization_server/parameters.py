"""A request's parameters, bounded: out of a form, a JSON object or a query (RFC 6749 sections 3.1 and 3.2)."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from examples.authorization_server.errors import OAuthError

MAX_BODY_BYTES = 16 * 1024
MAX_QUERY_CHARACTERS = 8 * 1024
MAX_PARAMETERS = 32

Parameters = dict[str, str]


async def body_parameters(request: Request) -> Parameters:
    """Return what the body says, be it a form, as OAuth has it, or a JSON object, as many APIs take it.

    Raises:
        OAuthError: `invalid_request`.
    """
    body = await _bounded_body(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded":
        return _from_form(body)
    if media_type == "application/json":
        return _from_json(body)
    raise OAuthError("invalid_request", "The body is neither a form nor JSON.")


def query_parameters(request: Request) -> Parameters:
    """Return what the query says.

    Raises:
        OAuthError: `invalid_request`.
    """
    if len(request.url.query) > MAX_QUERY_CHARACTERS:
        raise OAuthError("invalid_request", f"The query is longer than {MAX_QUERY_CHARACTERS} characters.", status=414)
    return _unique(request.query_params.multi_items())


def required(parameters: Parameters, name: str) -> str:
    """Return a parameter that must be there.

    Raises:
        OAuthError: `invalid_request`.
    """
    value = parameters.get(name)
    if value is None:
        raise OAuthError("invalid_request", f"The parameter '{name}' is missing.")
    return value


async def _bounded_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise OAuthError("invalid_request", f"The body is longer than {MAX_BODY_BYTES} bytes.", status=413)
    return bytes(body)


def _from_form(body: bytes) -> Parameters:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise OAuthError("invalid_request", f"The body is not a form of at most {MAX_PARAMETERS} parameters.") from None
    return _unique(pairs)


def _from_json(body: bytes) -> Parameters:
    try:
        members = msgspec.json.decode(body, type=dict[str, str | None])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise OAuthError("invalid_request", "The body is not a JSON object of strings.") from None
    return {name: value for name, value in members.items() if value}


def _unique(pairs: Iterable[tuple[str, str]]) -> Parameters:
    """A parameter without a value counts as left out; one that comes twice makes the request invalid."""
    parameters: Parameters = {}
    for name, value in pairs:
        if name in parameters:
            raise OAuthError("invalid_request", "A parameter is there more than once.")
        parameters[name] = value
    return {name: value for name, value in parameters.items() if value}
