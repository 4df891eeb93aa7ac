"""The middleware: what it refuses, how it answers, and what it leaves to the application."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, SimpleUser, requires
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from jwtguard import ConfigurationError, InvalidRequest, InvalidToken, Issuer, JWTGuardError, ResourceServer
from jwtguard.answer import answer_headers
from jwtguard.errors import REASONS
from jwtguard.middleware import GuardMiddleware, TokenBearer
from jwtguard.presented import STATE_KEY, presented_token, validated_token
from tests.resource_servers import KEY, CountedKeys, bearer, resource_server
from tests.signing import AUDIENCE, ISSUER, NOW

GOOD = bearer(KEY.token())
EXPIRED = bearer(KEY.token(exp=NOW - 3600))


async def whoami(request: Request) -> JSONResponse:
    user = request.user
    return JSONResponse(
        {
            "authenticated": user.is_authenticated,
            "name": user.display_name,
            "scopes": sorted(request.auth.scopes),
            "kind": type(user).__name__,
        }
    )


async def greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json({"name": websocket.user.display_name, "scopes": sorted(websocket.auth.scopes)})
    await websocket.close()


ROUTES = [
    Route("/", whoami, methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
    Route("/health", whoami),
    WebSocketRoute("/socket", greet),
    WebSocketRoute("/public/socket", greet),
    Mount("/mounted", routes=[Route("/inner", whoami)]),
]


def client(
    *outside: Middleware, server: ResourceServer | None = None, routes: Any = ROUTES, **options: Any
) -> TestClient:
    """A client of an application behind the middleware.

    Args:
        outside: middleware that stands before it.
        server: what decides on tokens.
        routes: of the application.
        options: more for `GuardMiddleware`.
    """
    guard = Middleware(GuardMiddleware, resource_server=server or resource_server(), **options)
    return TestClient(Starlette(routes=routes, middleware=[*outside, guard]))


# --- Everything is protected ---


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"])
@pytest.mark.parametrize("path", ["/", "/mounted/inner", "/health", "/nowhere", "/mounted", "/socket"])
def test_without_rules_every_method_of_every_path_takes_a_token(method: str, path: str) -> None:
    assert client().request(method, path).status_code == 401


def test_existence_of_a_path_is_told_to_token_bearers_only() -> None:
    guarded = client()
    assert [guarded.get("/nowhere").status_code, guarded.get("/nowhere", headers=GOOD).status_code] == [401, 404]


def test_public_path_takes_no_token() -> None:
    guarded = client(public={"/health"})
    assert [guarded.get(path).status_code for path in ("/health", "/")] == [200, 401]


def test_bad_token_does_not_matter_on_a_public_path() -> None:
    assert client(public={"/health"}).get("/health", headers=EXPIRED).status_code == 200


def test_documentation_of_a_fastapi_application_is_protected_unless_it_is_public() -> None:
    def statuses(**options: Any) -> list[int]:
        app = FastAPI()
        app.add_middleware(GuardMiddleware, resource_server=resource_server(), **options)
        return [TestClient(app).get(path).status_code for path in ("/docs", "/openapi.json", "/redoc")]

    assert (statuses(), statuses(public={"/docs*", "/openapi.json"})) == ([401, 401, 401], [200, 200, 401])


@pytest.mark.anyio
async def test_connection_of_a_kind_yet_to_be_invented_does_not_reach_the_application() -> None:
    reached = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        return {}

    guarded = GuardMiddleware(app, resource_server=resource_server())
    with suppress(Exception):  # there is no way to answer it
        await guarded({"type": "webtransport", "path": "/", "headers": []}, nothing, nothing)
    assert reached == []


def test_lifespan_reaches_the_application() -> None:
    seen = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        seen.append("started")
        yield {"greeting": "from the lifespan"}
        seen.append("ended")

    async def greeting(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.state.greeting)

    guard = Middleware(GuardMiddleware, resource_server=resource_server())
    app = Starlette(routes=[Route("/", greeting)], middleware=[guard], lifespan=lifespan)
    with TestClient(app) as guarded:
        assert guarded.get("/", headers=GOOD).text == "from the lifespan"
    assert seen == ["started", "ended"]


# --- The answers of RFC 6750 section 3, to the letter ---

INVALID_TOKEN = 'Bearer error="invalid_token", error_description="{}"'
INVALID_REQUEST = 'Bearer error="invalid_request", error_description="{}"'
REFUSALS = [
    pytest.param({}, 401, None, "credentials_missing", "Bearer", id="no token"),
    pytest.param({"Authorization": "Basic dTpw"}, 401, None, "scheme_unsupported", "Bearer", id="another scheme"),
    pytest.param(bearer("a b"), 400, "invalid_request", "credentials_malformed", INVALID_REQUEST, id="two tokens"),
    pytest.param({"Authorization": ""}, 400, "invalid_request", "credentials_malformed", INVALID_REQUEST, id="empty"),
    pytest.param(
        {"Authorization": "Bearer"}, 400, "invalid_request", "credentials_malformed", INVALID_REQUEST, id="scheme alone"
    ),
    pytest.param(
        [*GOOD.items(), *GOOD.items()],
        400,
        "invalid_request",
        "credentials_repeated",
        INVALID_REQUEST,
        id="two headers",
    ),
    pytest.param(EXPIRED, 401, "invalid_token", "expired", INVALID_TOKEN, id="expired"),
    pytest.param(bearer("opaque"), 401, "invalid_token", "token_opaque", INVALID_TOKEN, id="opaque"),
    pytest.param(
        bearer(KEY.token(aud="urn:other")), 401, "invalid_token", "audience_mismatch", INVALID_TOKEN, id="audience"
    ),
    pytest.param(
        bearer(KEY.token()[:-4] + "AAAA"), 401, "invalid_token", "signature_mismatch", INVALID_TOKEN, id="signature"
    ),
]


@pytest.mark.parametrize(("headers", "status", "error", "reason", "challenge"), REFUSALS)
def test_refusal_is_answered_as_rfc_6750_has_it(
    headers: Any, status: int, error: str | None, reason: str, challenge: str
) -> None:
    answer = client().get("/", headers=headers)
    description = REASONS[reason]
    assert answer.status_code == status
    assert answer.headers.get_list("WWW-Authenticate") == [challenge.format(description)]
    assert answer.json() == {"detail": ({} if error is None else {"error": error}) | {"error_description": description}}
    assert answer.headers.get_list("Cache-Control") == ["no-store"]
    assert answer.headers.get_list("Content-Type") == ["application/json"]
    assert "Retry-After" not in answer.headers


def test_what_cannot_be_decided_is_answered_503_without_a_challenge() -> None:
    nowhere = Issuer(ISSUER, jwks_uri="http://127.0.0.1:9/jwks")
    with client(server=ResourceServer(nowhere, audience=AUDIENCE)) as guarded:
        answer = guarded.get("/", headers=GOOD)
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        {"error_description": REASONS["issuer_unreachable"]},
    )
    assert int(answer.headers["Retry-After"]) >= 1
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        pytest.param({}, 'Bearer realm="the \\"API\\" \\\\o/"', id="no token"),
        pytest.param(
            EXPIRED,
            f'Bearer realm="the \\"API\\" \\\\o/", error="invalid_token", error_description="{REASONS["expired"]}"',
            id="bad token",
        ),
    ],
)
def test_realm_is_named_first_and_quoted(headers: dict[str, str], challenge: str) -> None:
    answer = client(server=resource_server(realm='the "API" \\o/')).get("/", headers=headers)
    assert answer.headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
@pytest.mark.parametrize("spaces", [1, 2, 5])
def test_scheme_is_taken_in_any_case_with_any_number_of_spaces(scheme: str, spaces: int) -> None:
    authorization = scheme + " " * spaces + KEY.token()
    assert client().get("/", headers={"Authorization": authorization}).status_code == 200


@pytest.mark.parametrize(
    "request_options",
    [
        pytest.param({"params": {"access_token": KEY.token()}}, id="query"),
        pytest.param({"data": {"access_token": KEY.token()}}, id="form body"),
        pytest.param({"headers": {"Cookie": f"access_token={KEY.token()}"}}, id="cookie"),
        pytest.param({"headers": {"X-Authorization": f"Bearer {KEY.token()}"}}, id="another header"),
        pytest.param({"headers": {"Proxy-Authorization": f"Bearer {KEY.token()}"}}, id="the proxy's header"),
    ],
)
def test_token_is_read_from_the_authorization_header_alone(request_options: Any) -> None:
    assert client().post("/", **request_options).status_code == 401


@pytest.mark.parametrize("headers", [EXPIRED, bearer("bm90.YW55.dG9rZW4"), {"Authorization": "Basic c2VjcmV0"}])
def test_answer_holds_nothing_of_what_was_presented(headers: dict[str, str]) -> None:
    answer = client().get("/", headers=headers)
    presented = headers["Authorization"].split(" ")[1]
    told = answer.text + str(answer.headers)
    assert not any(part in told for part in (presented, *presented.split(".")))


# --- An answer of one's own ---


def plain_problem(connection: HTTPConnection, error: JWTGuardError) -> Response:
    body = {"title": error.description, "reason": error.reason, "instance": connection.url.path}
    return JSONResponse(
        body, error.status, headers=answer_headers(error, realm="mine"), media_type="application/problem+json"
    )


async def problem(connection: HTTPConnection, error: JWTGuardError) -> Response:
    return plain_problem(connection, error)


@pytest.mark.parametrize("replacement", [problem, plain_problem, lambda *given: problem(*given)])
def test_answer_can_be_replaced(replacement: Any) -> None:
    answer = client(answer=replacement).get("/nowhere", headers=EXPIRED)
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()) == (
        401,
        "application/problem+json",
        {"title": REASONS["expired"], "reason": "expired", "instance": "/nowhere"},
    )
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="mine", error="invalid_token"')


def test_replaced_answer_serves_a_websocket_too() -> None:
    with pytest.raises(WebSocketDenialResponse) as refused, client(answer=problem).websocket_connect("/socket"):
        pass
    assert refused.value.json()["reason"] == "credentials_missing"


# --- WebSockets ---


def without_denial(app: ASGIApp) -> ASGIApp:
    """The application on a server that cannot answer a handshake with a response of one's own."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    return served


def test_websocket_with_a_good_token_is_let_through() -> None:
    with client().websocket_connect("/socket", headers=dict(GOOD)) as websocket:
        assert websocket.receive_json() == {"name": "user-1", "scopes": ["invoices:read", "invoices:write"]}


@pytest.mark.parametrize(
    ("headers", "status", "error", "reason", "challenge"),
    [case for case in REFUSALS if case.id != "two headers"],  # the test client's websockets have each header once
)
def test_websocket_is_denied_with_the_answer_that_a_request_would_get(
    headers: Any, status: int, error: str | None, reason: str, challenge: str
) -> None:
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        client().websocket_connect("/socket", headers=dict(headers)),
    ):
        pass
    assert refused.value.status_code == status
    assert refused.value.headers["WWW-Authenticate"] == challenge.format(REASONS[reason])
    assert refused.value.json()["detail"]["error_description"] == REASONS[reason]


def test_websocket_is_closed_before_it_is_accepted_where_no_answer_can_be_given() -> None:
    guarded = client(Middleware(without_denial))
    with pytest.raises(WebSocketDisconnect) as refused, guarded.websocket_connect("/socket", headers=dict(EXPIRED)):
        pass
    assert (type(refused.value), refused.value.code, refused.value.reason) == (WebSocketDisconnect, 1008, "expired")


@pytest.mark.parametrize("reason", REASONS)
def test_reason_of_a_refusal_fits_into_a_close_frame(reason: str) -> None:
    assert len(reason.encode()) <= 123  # RFC 6455 section 5.5


def test_websocket_on_a_public_path_takes_no_token() -> None:
    with client(public={"/public/*"}).websocket_connect("/public/socket") as websocket:
        assert websocket.receive_json() == {"name": "", "scopes": []}


# --- WebSockets of browsers, which cannot set headers ---


async def greet_browser(websocket: WebSocket) -> None:
    await websocket.accept(subprotocol=websocket.scope["subprotocols"][-1])
    await websocket.send_json([websocket.user.display_name, websocket.scope["subprotocols"]])
    await websocket.close()


BROWSER = [WebSocketRoute("/socket", greet_browser), Route("/", whoami)]


@pytest.mark.parametrize(
    ("subprotocols", "headers", "left"),
    [
        pytest.param(["bearer", KEY.token()], {}, ["bearer"], id="after the configured one"),
        pytest.param(["chat", "bearer", KEY.token()], {}, ["chat", "bearer"], id="with another before"),
        pytest.param(["chat"], GOOD, ["chat"], id="in the header after all"),
    ],
)
def test_token_may_come_as_a_subprotocol_and_is_not_offered_to_the_application_as_one(
    subprotocols: list[str], headers: dict[str, str], left: list[str]
) -> None:
    guarded = client(routes=BROWSER, websocket_protocol="bearer")
    with guarded.websocket_connect("/socket", subprotocols=subprotocols, headers=dict(headers)) as websocket:
        assert websocket.receive_json() == ["user-1", left]


@pytest.mark.parametrize(
    ("protocol", "subprotocols", "headers", "status"),
    [
        pytest.param(None, ["bearer", KEY.token()], {}, 401, id="none is configured"),
        pytest.param("jwt", ["bearer", KEY.token()], {}, 401, id="another is configured"),
        pytest.param("bearer", ["Bearer", KEY.token()], {}, 401, id="in another case"),
        pytest.param("bearer", [KEY.token()], {}, 401, id="token alone"),
        pytest.param("bearer", ["bearer"], {}, 400, id="no token after it"),
        pytest.param("bearer", [KEY.token(), "bearer"], {}, 400, id="token before it"),
        pytest.param("bearer", ["bearer", KEY.token(), KEY.token()], {}, 400, id="two tokens after it"),
        pytest.param("bearer", ["bearer", KEY.token()], GOOD, 400, id="in the header as well"),
        pytest.param("bearer", ["bearer", KEY.token(exp=1)], {}, 401, id="expired"),
    ],
)
def test_subprotocol_that_presents_no_good_token_is_refused(
    protocol: str | None, subprotocols: list[str], headers: dict[str, str], status: int
) -> None:
    guarded = client(routes=BROWSER, websocket_protocol=protocol)
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        guarded.websocket_connect("/socket", subprotocols=subprotocols, headers=dict(headers)),
    ):
        pass
    assert refused.value.status_code == status


@pytest.mark.anyio
async def test_subprotocol_that_the_server_could_not_decode_is_refused() -> None:
    scope = {
        "type": "websocket",
        "headers": [(b"sec-websocket-protocol", b"bearer, \xff")],
        "subprotocols": ["bearer", "\udcff"],  # as surrogateescape has it
    }
    with pytest.raises(InvalidRequest):
        presented_token(scope, resource_server(), "bearer")


def test_subprotocol_presents_no_token_for_a_request() -> None:
    headers = {"Sec-WebSocket-Protocol": f"bearer, {KEY.token()}"}
    assert client(routes=BROWSER, websocket_protocol="bearer").get("/", headers=headers).status_code == 401


# --- Who the application is told it is ---


def test_bearer_and_scopes_are_handed_to_the_application() -> None:
    assert client().get("/", headers=GOOD).json() == {
        "authenticated": True,
        "name": "user-1",
        "scopes": ["invoices:read", "invoices:write"],
        "kind": "TokenBearer",
    }


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        pytest.param({}, "user-1", id="subject"),
        pytest.param({"sub": ...}, "client-1", id="client"),
        pytest.param({"sub": ..., "client_id": ...}, "", id="neither"),
    ],
)
def test_bearer_is_named_by_its_subject_or_else_by_its_client(claims: Any, name: str) -> None:
    assert client().get("/", headers=bearer(KEY.token(**claims))).json()["name"] == name


@pytest.mark.anyio
async def test_bearer_holds_the_token() -> None:
    token = await resource_server().validate(KEY.token())
    token_bearer = TokenBearer(token)
    assert (token_bearer.token, token_bearer.identity) == (token, "user-1")


ANONYMOUS = {"authenticated": False, "name": "", "scopes": [], "kind": "UnauthenticatedUser"}


def test_user_of_a_public_path_is_anonymous() -> None:
    assert client(public={"/health"}).get("/health").json() == ANONYMOUS


def test_scopes_that_a_handler_gives_an_anonymous_user_do_not_outlive_the_request() -> None:
    async def generous(request: Request) -> JSONResponse:
        before = list(request.auth.scopes)
        request.auth.scopes.append("everything")
        request.user.is_administrator = True
        return JSONResponse(before)

    guarded = client(routes=[Route("/", generous), Route("/health", whoami)], optional=True)
    assert [guarded.get("/").json(), guarded.get("/").json()] == [[], []]


def test_scopes_that_a_handler_gives_a_bearer_do_not_outlive_the_request() -> None:
    async def generous(request: Request) -> JSONResponse:
        before = sorted(request.auth.scopes)
        request.auth.scopes.append("everything")
        return JSONResponse(before)

    guarded = client(routes=[Route("/", generous)])
    answers = [guarded.get("/", headers=GOOD).json() for _ in range(2)]
    assert answers == [["invoices:read", "invoices:write"]] * 2


class Session:
    """Another middleware, outside, that knows users of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["auth"], scope["user"] = AuthCredentials(["session"]), SimpleUser("ada")
        await self.app(scope, receive, send)


@pytest.mark.parametrize(
    ("path", "options", "headers", "identity"),
    [
        pytest.param("/health", {"public": {"/health"}}, {}, "ada", id="public path"),
        pytest.param("/", {"optional": True}, {}, "ada", id="optional token"),
        pytest.param("/", {"optional": True}, GOOD, "user-1", id="token presented"),
    ],
)
def test_user_whom_another_middleware_knows_stays_unless_a_token_is_presented(
    path: str, options: Any, headers: dict[str, str], identity: str
) -> None:
    guarded = client(Middleware(Session), **options)
    assert guarded.get(path, headers=headers).json()["name"] == identity


@requires("invoices:read")
async def read(request: Request) -> PlainTextResponse:
    return PlainTextResponse("read")


@requires(["invoices:read", "invoices:write"])
def write(request: Request) -> PlainTextResponse:
    return PlainTextResponse("written")


@requires("invoices:read")
async def watch(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


REQUIRING = [Route("/read", read), Route("/write", write), WebSocketRoute("/watch", watch)]


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        pytest.param("invoices:read invoices:write", [200, 200], id="both scopes"),
        pytest.param("invoices:read", [200, 403], id="one of them"),
        pytest.param("invoices", [403, 403], id="another"),
        pytest.param(..., [403, 403], id="none"),
    ],
)
def test_requires_of_starlette_works(scope: Any, statuses: list[int]) -> None:
    guarded = client(routes=REQUIRING)
    headers = bearer(KEY.token(scope=scope))
    assert [guarded.get(path, headers=headers).status_code for path in ("/read", "/write")] == statuses


def test_requires_of_starlette_refuses_the_anonymous() -> None:
    assert client(routes=REQUIRING, optional=True).get("/read").status_code == 403
    assert client(routes=REQUIRING, public={"/read"}).get("/read").status_code == 403


def test_requires_of_starlette_works_on_websockets() -> None:
    guarded = client(routes=REQUIRING)
    with guarded.websocket_connect("/watch", headers=dict(GOOD)):
        pass
    with (
        pytest.raises(WebSocketDisconnect),
        guarded.websocket_connect("/watch", headers=bearer(KEY.token(scope="invoices"))),
    ):
        pass


# --- Optional tokens ---


def test_request_without_a_token_is_anonymous_where_tokens_are_optional() -> None:
    assert client(optional=True).get("/").json() == ANONYMOUS


def test_token_that_is_presented_counts_where_tokens_are_optional() -> None:
    assert client(optional=True).get("/", headers=GOOD).json()["name"] == "user-1"


@pytest.mark.parametrize(("headers", "status", "error", "reason", "challenge"), REFUSALS[1:])
def test_whatever_else_is_presented_is_refused_where_tokens_are_optional(
    headers: Any, status: int, error: str | None, reason: str, challenge: str
) -> None:
    answer = client(optional=True).get("/", headers=headers)
    assert (answer.status_code, answer.json()["detail"]["error_description"]) == (status, REASONS[reason])


def test_websocket_without_a_token_is_anonymous_where_tokens_are_optional() -> None:
    with client(optional=True).websocket_connect("/socket") as websocket:
        assert websocket.receive_json() == {"name": "", "scopes": []}


# --- CORS ---

ORIGIN = "https://app.example.com"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization",
}
CORS = Middleware(CORSMiddleware, allow_origins=[ORIGIN], allow_headers=["Authorization"])


def test_preflight_reaches_the_application_that_answers_it_itself() -> None:
    answer = client().options("/", headers=PREFLIGHT)
    assert (answer.status_code, answer.json()) == (200, ANONYMOUS)


@pytest.mark.parametrize("place", ["outside", "inside"])
def test_preflight_is_answered_by_the_cors_middleware(place: str) -> None:
    guard = Middleware(GuardMiddleware, resource_server=resource_server())
    middleware = [CORS, guard] if place == "outside" else [guard, CORS]
    answer = TestClient(Starlette(routes=ROUTES, middleware=middleware)).options("/", headers=PREFLIGHT)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)


def test_refusal_can_be_read_by_scripts_of_an_allowed_origin_where_the_cors_middleware_is_outside() -> None:
    answer = client(CORS).get("/", headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, ORIGIN)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        pytest.param("OPTIONS", {}, id="plain OPTIONS"),
        pytest.param("OPTIONS", {"Origin": ORIGIN}, id="origin alone"),
        pytest.param("OPTIONS", {"Access-Control-Request-Method": "GET"}, id="requested method alone"),
        pytest.param("GET", PREFLIGHT, id="headers of a preflight on a GET"),
        pytest.param("POST", PREFLIGHT, id="headers of a preflight on a POST"),
        pytest.param("options", PREFLIGHT, id="method in lower case"),
    ],
)
def test_what_is_no_preflight_takes_a_token(method: str, headers: dict[str, str]) -> None:
    statuses = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("reached")(scope, receive, send)

    class AsSent:
        """The test client writes methods in upper case; this restores what was meant."""

        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self.app({**scope, "method": method}, receive, send)

    guarded = TestClient(AsSent(GuardMiddleware(app, resource_server=resource_server())))
    statuses.append(guarded.request(method, "/", headers=headers).status_code)
    statuses.append(guarded.request(method, "/", headers={**headers, **GOOD}).status_code)
    assert statuses == [401, 200]


def test_headers_of_a_preflight_let_no_websocket_through() -> None:
    with pytest.raises(WebSocketDisconnect), client().websocket_connect("/socket", headers=dict(PREFLIGHT)):
        pass


# --- Every token is decided on once ---


def test_signature_is_checked_once_however_many_middlewares_ask_the_same_resource_server() -> None:
    counted = CountedKeys()
    server = counted.resource_server()
    guard = Middleware(GuardMiddleware, resource_server=server)
    app = Starlette(routes=[Mount("/mounted", routes=ROUTES, middleware=[guard])], middleware=[guard, guard])
    assert TestClient(app).get("/mounted/", headers=GOOD).status_code == 200
    assert counted.checks == 1


def test_each_resource_server_decides_for_itself() -> None:
    lenient, strict = resource_server(audience=[AUDIENCE, "urn:other"]), resource_server(audience="urn:other")
    guarded = client(Middleware(GuardMiddleware, resource_server=lenient), server=strict)
    statuses = [
        guarded.get("/", headers=bearer(KEY.token(aud=audience))).status_code for audience in (AUDIENCE, "urn:other")
    ]
    assert statuses == [401, 200]


def test_what_is_kept_for_the_request_does_not_print_its_token() -> None:
    async def show(request: Request) -> PlainTextResponse:
        return PlainTextResponse(repr(request.scope[STATE_KEY]))

    shown = client(routes=[Route("/", show)]).get("/", headers=GOOD).text
    assert "user-1" in shown
    assert KEY.token().rsplit(".", 1)[1] not in shown


def test_bearer_whom_a_middleware_let_through_stays_where_one_further_inside_would_let_everybody_through() -> None:
    outside = Middleware(GuardMiddleware, resource_server=resource_server())
    assert client(outside, public={"/"}).get("/", headers=GOOD).json()["name"] == "user-1"


def test_request_that_was_let_through_leaves_nothing_for_the_next() -> None:
    guarded = client()
    assert [guarded.get("/", headers=headers).status_code for headers in (GOOD, {}, GOOD)] == [200, 401, 200]


OTHERS = KEY.token(sub="user-2")


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        pytest.param([], [401, None], id="none"),
        pytest.param([(b"authorization", b"Bearer nonsense")], [401, None], id="a bad one"),
        pytest.param([(b"authorization", b"Bearer " + OTHERS.encode())], [200, "user-2"], id="another's"),
    ],
)
def test_request_that_a_handler_makes_out_of_its_own_is_decided_on_by_the_token_that_it_has(
    headers: list[tuple[bytes, bytes]], answer: list[Any]
) -> None:
    assert answers_to_a_batch(headers) == [answer, "user-1"]


@pytest.mark.parametrize("options", [{"optional": True}, {"public": {"/"}}], ids=["optional", "public"])
def test_request_that_a_handler_makes_out_of_its_own_is_anonymous_where_it_has_no_token(options: Any) -> None:
    assert answers_to_a_batch([], **options) == [[200, ""], "user-1"]


def answers_to_a_batch(headers: list[tuple[bytes, bytes]], **options: Any) -> Any:
    """What a handler is answered that hands its scope on with other headers; and whose token its own then is.

    Args:
        headers: the other ones.
        options: for the middleware that decides on those.
    """
    server = resource_server()
    guarded = GuardMiddleware(Starlette(routes=ROUTES), resource_server=server, **options)

    async def batch(request: Request) -> JSONResponse:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await guarded({**request.scope, "path": "/", "headers": headers}, request.receive, send)
        start, body = sent
        answer = [start["status"], json.loads(body["body"]).get("name")]
        own = validated_token(request.scope, server)
        return JSONResponse([answer, own and own.subject])

    return client(server=server, routes=[Route("/batch", batch)]).get("/batch", headers=GOOD).json()


def test_body_of_a_refused_request_is_not_parsed() -> None:
    app = FastAPI()

    @app.post("/")
    async def route(body: dict[str, int]) -> None: ...

    app.add_middleware(GuardMiddleware, resource_server=resource_server())
    malformed: Any = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    assert TestClient(app).post("/", **malformed).status_code == 401


def test_error_of_the_application_is_not_taken_for_a_refusal() -> None:
    async def failing(request: Request) -> Response:
        raise InvalidToken("expired")

    guarded = TestClient(
        Starlette(
            routes=[Route("/", failing)], middleware=[Middleware(GuardMiddleware, resource_server=resource_server())]
        ),
        raise_server_exceptions=False,
    )
    assert guarded.get("/", headers=GOOD).status_code == 500


# --- What cannot work is refused when it is built ---


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"resource_server": ISSUER}, r"a ResourceServer\(issuer, audience=…\), not str", id="issuer's URL"
        ),
        pytest.param({"resource_server": None}, "not NoneType", id="no resource server"),
        pytest.param({"resource_server": ResourceServer}, "not type", id="the class"),
        pytest.param({"public": "/health"}, "public is a set of paths", id="path instead of a set"),
        pytest.param({"public": None}, "public is a set of paths", id="no set of paths"),
        pytest.param({"websocket_protocol": "a b"}, "websocket_protocol is a name", id="no name of a subprotocol"),
        pytest.param({"answer": "no"}, "answer is a function", id="text for an answer"),
        pytest.param({"optional": "false"}, "optional is True or False, not 'false'", id="text for a truth value"),
    ],
)
def test_configuration_that_cannot_work_is_refused(options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        GuardMiddleware(Starlette(), **{"resource_server": resource_server(), **options})
