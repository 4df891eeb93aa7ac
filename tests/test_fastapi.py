"""The FastAPI dependency: where it may stand, what it hands over, refuses and documents, and how it is overridden."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request, Security, WebSocket
from fastapi.exceptions import FastAPIError
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import SecurityScopes
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from typing_extensions import TypedDict

from jwtguard import AccessToken, ConfigurationError, Introspection, Issuer, ResourceServer
from jwtguard.errors import REASONS
from jwtguard.fastapi import Guard, Refusal
from jwtguard.middleware import GuardMiddleware
from tests import postponed_annotations
from tests.resource_servers import KEY, CountedKeys, bearer, resource_server
from tests.signing import AUDIENCE, ISSUER, NOW

GOOD = bearer(KEY.token())
EXPIRED = bearer(KEY.token(exp=NOW - 3600))

guard = Guard(resource_server())


def application(*dependencies: Any, **options: Any) -> FastAPI:
    """An application whose one route, for HTTP and WebSocket, has the dependencies.

    Args:
        dependencies: of the route.
        options: for `FastAPI`.
    """
    app = FastAPI(**options)

    @app.get("/", dependencies=dependencies)
    async def http() -> str:
        return "reached"

    @app.websocket("/", dependencies=dependencies)
    async def websocket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("reached")
        await websocket.close()

    return app


def client(*dependencies: Any, **options: Any) -> TestClient:
    """A client of such an application."""
    return TestClient(application(*dependencies, **options))


# --- Where it may stand ---


def on_a_route() -> FastAPI:
    app = FastAPI()
    app.add_api_route("/a/b", lambda: "reached", dependencies=[Depends(guard)])
    return app


def on_a_parameter() -> FastAPI:
    app = FastAPI()

    @app.get("/a/b")
    async def route(token: Annotated[AccessToken, Depends(guard)]) -> str:
        return "reached"

    return app


def on_a_default() -> FastAPI:
    app = FastAPI()

    @app.get("/a/b")
    async def route(token: AccessToken = Security(guard)) -> str:
        return "reached"

    return app


def on_a_router() -> FastAPI:
    app, router = FastAPI(), APIRouter(prefix="/a", dependencies=[Depends(guard)])
    router.add_api_route("/b", lambda: "reached")
    app.include_router(router)
    return app


def on_an_inclusion() -> FastAPI:
    app, router = FastAPI(), APIRouter()
    router.add_api_route("/b", lambda: "reached")
    app.include_router(router, prefix="/a", dependencies=[Security(guard)])
    return app


def on_an_outer_router() -> FastAPI:
    app, outer, inner = FastAPI(), APIRouter(dependencies=[Depends(guard.require())]), APIRouter()
    inner.add_api_route("/b", lambda: "reached")
    outer.include_router(inner, prefix="/a")
    app.include_router(outer)
    return app


def on_the_application() -> FastAPI:
    app = FastAPI(dependencies=[Depends(guard)])
    app.add_api_route("/a/b", lambda: "reached")
    return app


def on_a_mounted_application() -> FastAPI:
    app, mounted = FastAPI(), FastAPI(dependencies=[Depends(guard)])
    mounted.add_api_route("/b", lambda: "reached")
    app.mount("/a", mounted)
    return app


def on_a_dependency_of_a_dependency() -> FastAPI:
    app = FastAPI()

    async def current_tenant(token: Annotated[AccessToken, Depends(guard)]) -> str:
        return str(token.claims.get("tenant"))

    def repository(tenant: Annotated[str, Depends(current_tenant)]) -> list[str]:
        return [tenant]

    app.add_api_route("/a/b", lambda: "reached", dependencies=[Depends(repository)])
    return app


PLACES = [
    on_a_route,
    on_a_parameter,
    on_a_default,
    on_a_router,
    on_an_inclusion,
    on_an_outer_router,
    on_the_application,
    on_a_mounted_application,
    on_a_dependency_of_a_dependency,
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_guard_protects_wherever_it_stands(place: Any) -> None:
    guarded = TestClient(place())
    statuses = [guarded.get("/a/b", headers=headers).status_code for headers in ({}, EXPIRED, GOOD)]
    assert statuses == [401, 401, 200]


def test_routes_without_it_stay_open() -> None:
    app = on_a_route()
    app.add_api_route("/open", lambda: "reached")
    assert TestClient(app).get("/open").status_code == 200


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_token_is_handed_to_the_route(kind: str) -> None:
    app = FastAPI()

    async def asynchronous(token: Annotated[AccessToken, Depends(guard)]) -> Any:
        return [token.subject, token.client_id, sorted(token.scopes), dict(token.claims)["jti"]]

    def synchronous(token: Annotated[AccessToken, Depends(guard)]) -> Any:
        return [token.subject, token.client_id, sorted(token.scopes), dict(token.claims)["jti"]]

    app.add_api_route("/", asynchronous if kind == "async" else synchronous)
    answer = TestClient(app).get("/", headers=GOOD)
    assert answer.json() == ["user-1", "client-1", ["invoices:read", "invoices:write"], "token-1"]


def test_token_is_handed_over_by_a_requirement_too() -> None:
    app = FastAPI()

    @app.get("/")
    async def route(token: Annotated[AccessToken, Depends(guard.require(scopes=["invoices:read"]))]) -> str | None:
        return token.subject

    assert TestClient(app).get("/", headers=GOOD).json() == "user-1"


@pytest.mark.parametrize(
    ("path", "claims", "status"),
    [
        ("/subject", {}, 200),
        ("/subject", {"exp": 1}, 401),
        ("/delete", {}, 403),
        ("/delete", {"scope": "invoices:delete"}, 200),
        ("/tenant", {}, 403),
        ("/tenant", {"tenant": "a"}, 200),
    ],
)
def test_it_works_where_annotations_are_postponed(path: str, claims: Any, status: int) -> None:
    headers = bearer(KEY.token(**claims))
    assert TestClient(postponed_annotations.app).get(path, headers=headers).status_code == status


def test_it_works_on_websockets_where_annotations_are_postponed() -> None:
    with TestClient(postponed_annotations.app).websocket_connect("/socket", headers=dict(GOOD)) as websocket:
        assert websocket.receive_text() == "user-1"


# --- The answers ---

PRESENTED = {
    "nothing": {},
    "another scheme": {"Authorization": "Basic dTpw"},
    "empty header": {"Authorization": ""},
    "scheme alone": {"Authorization": "Bearer"},
    "two tokens": bearer("a b"),
    "two headers": [*GOOD.items(), *GOOD.items()],
    "opaque token": bearer("opaque"),
    "expired token": EXPIRED,
    "token of another issuer": bearer(KEY.token(iss="https://evil.example")),
    "damaged token": bearer(KEY.token()[:-4] + "AAAA"),
}


@pytest.mark.parametrize("headers", PRESENTED.values(), ids=PRESENTED)
@pytest.mark.parametrize("realm", [None, 'the "API"'])
def test_refusal_is_the_very_answer_that_the_middleware_gives(headers: Any, realm: str | None) -> None:
    server = resource_server(realm=realm)
    behind_middleware = FastAPI()
    behind_middleware.add_middleware(GuardMiddleware, resource_server=server)
    answers = [
        guarded.get("/", headers=headers) for guarded in (client(Depends(Guard(server))), TestClient(behind_middleware))
    ]
    by_guard, by_middleware = [
        (answer.status_code, answer.json(), sorted(answer.headers.multi_items())) for answer in answers
    ]
    assert by_guard[0] in (400, 401)
    assert by_guard[:2] == by_middleware[:2]
    assert [header for header in by_guard[2] if header[0] != "content-length"] == [
        header for header in by_middleware[2] if header[0] != "content-length"
    ]  # the two write JSON with and without spaces


def test_token_that_lacks_a_scope_is_answered_403_with_the_scopes_that_would_do() -> None:
    answer = client(Security(guard, scopes=["invoices:read", "invoices:delete"])).get("/", headers=GOOD)
    description = REASONS["insufficient_scope"]
    assert answer.status_code == 403
    assert answer.json() == {"detail": {"error": "insufficient_scope", "error_description": description}}
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer error="insufficient_scope", error_description="{description}", scope="invoices:read invoices:delete"'
    )
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_cannot_be_decided_is_answered_503_without_a_challenge() -> None:
    server = ResourceServer(Issuer(ISSUER, jwks_uri="http://127.0.0.1:9/jwks"), audience=AUDIENCE)
    with client(Depends(Guard(server)), lifespan=server.lifespan) as guarded:
        answer = guarded.get("/", headers=GOOD)
    assert (answer.status_code, answer.json()["detail"]) == (503, {"error_description": REASONS["issuer_unreachable"]})
    assert int(answer.headers["Retry-After"]) >= 1
    assert "WWW-Authenticate" not in answer.headers


def test_bad_token_is_told_before_invalid_parameters() -> None:
    app = FastAPI()

    @app.post("/{number}", dependencies=[Depends(guard)])
    async def route(number: int, size: int) -> None: ...

    guarded = TestClient(app)
    answers = [guarded.post("/none?size=none", headers=headers).status_code for headers in (EXPIRED, GOOD)]
    assert answers == [401, 422]


def test_handler_is_not_run_for_a_refused_request() -> None:
    reached = []
    app = FastAPI()

    @app.get("/", dependencies=[Depends(guard)])
    async def route(background: BackgroundTasks) -> None:
        reached.append("route")

    assert TestClient(app).get("/").status_code == 401
    assert reached == []


def test_exception_handler_may_answer_refusals_in_another_form() -> None:
    app = application(Security(guard, scopes=["invoices:delete"]))

    @app.exception_handler(Refusal)
    async def problem(request: Request, refusal: Refusal) -> JSONResponse:
        return JSONResponse({"reason": refusal.error.reason}, refusal.status_code, refusal.headers)

    guarded = TestClient(app)
    answers = [guarded.get("/", headers=headers) for headers in ({}, EXPIRED, GOOD)]
    assert [(answer.status_code, answer.json()["reason"]) for answer in answers] == [
        (401, "credentials_missing"),
        (401, "expired"),
        (403, "insufficient_scope"),
    ]
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_exception_handler_for_all_http_errors_finds_status_and_headers() -> None:
    app = application(Depends(guard))

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse("no", error.status_code, error.headers)

    answer = TestClient(app).get("/")
    assert (answer.status_code, answer.json(), answer.headers["WWW-Authenticate"]) == (401, "no", "Bearer")


def test_exception_handler_for_a_status_serves_refusals() -> None:
    app = application(Depends(guard))

    @app.exception_handler(401)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse("no", error.status_code, error.headers)

    assert TestClient(app).get("/").json() == "no"


# --- Scopes ---


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("a b", 200),
        ("b a c", 200),
        ("a", 403),
        ("A B", 403),
        ("ab", 403),
        ("a,b", 403),
        ("", 403),
        (..., 403),
    ],
)
def test_token_must_have_every_scope_to_the_letter(scope: Any, status: int) -> None:
    headers = bearer(KEY.token(scope=scope))
    assert client(Security(guard, scopes=["a", "b"])).get("/", headers=headers).status_code == status
    assert client(Depends(guard.require(scopes=["a", "b"]))).get("/", headers=headers).status_code == status


def nested() -> FastAPI:
    """Scopes asked for by the application, a router, a route and two dependencies beneath one another."""

    async def reader(token: Annotated[AccessToken, Security(guard, scopes=["inner"])]) -> None: ...

    async def writer(read: Annotated[None, Security(reader, scopes=["outer"])]) -> None: ...

    app = FastAPI(dependencies=[Security(guard, scopes=["application"])])
    router = APIRouter(dependencies=[Depends(guard.require(scopes=["router"]))])

    @router.get("/", dependencies=[Security(writer, scopes=["route"])])
    async def route() -> str:
        return "reached"

    app.include_router(router)
    return app


NESTED_SCOPES = ["application", "router", "route", "outer", "inner"]


@pytest.mark.parametrize("missing", [None, *NESTED_SCOPES])
def test_scopes_of_nested_dependencies_are_all_asked_for(missing: str | None) -> None:
    scope = " ".join(scope for scope in NESTED_SCOPES if scope != missing)
    answer = TestClient(nested()).get("/", headers=bearer(KEY.token(scope=scope)))
    assert answer.status_code == (200 if missing is None else 403)
    assert missing is None or missing in answer.headers["WWW-Authenticate"].partition('scope="')[2].strip('"').split()


def test_challenge_names_the_scopes_that_nested_dependencies_add_up_to() -> None:
    async def reader(token: Annotated[AccessToken, Security(guard, scopes=["inner"])]) -> None: ...

    answer = client(Security(reader, scopes=["outer"])).get("/", headers=GOOD)
    assert answer.headers["WWW-Authenticate"].endswith(', scope="outer inner"')


def test_scopes_around_a_requirement_are_asked_for_too() -> None:
    guarded = client(Security(guard.require(scopes=["a"]), scopes=["b"]))
    statuses = [guarded.get("/", headers=bearer(KEY.token(scope=scope))).status_code for scope in ("a", "b", "a b")]
    assert statuses == [403, 403, 200]


def test_one_route_does_not_lend_its_scopes_to_another() -> None:
    app = FastAPI()
    app.add_api_route("/read", lambda: "", dependencies=[Security(guard, scopes=["read"])])
    app.add_api_route("/write", lambda: "", dependencies=[Security(guard, scopes=["write"])])
    guarded = TestClient(app)
    headers = bearer(KEY.token(scope="read"))
    assert [guarded.get(path, headers=headers).status_code for path in ("/read", "/write", "/read")] == [200, 403, 200]


# --- Requirements ---


@pytest.mark.parametrize(("scope", "status"), [("a", 200), ("b c", 200), ("c", 403), ("", 403)])
def test_token_must_have_one_of_several_scopes(scope: str, status: int) -> None:
    answer = client(Depends(guard.require(any_scope=["a", "b"]))).get("/", headers=bearer(KEY.token(scope=scope)))
    assert answer.status_code == status
    assert status == 200 or answer.headers["WWW-Authenticate"].endswith(', scope="a b"')


CLAIMS = [
    pytest.param("a", "a", 200, id="equal text"),
    pytest.param("a", "A", 403, id="text in another case"),
    pytest.param("a", ["a"], 403, id="array with the text"),
    pytest.param("a", ..., 403, id="absent"),
    pytest.param(1, 1, 200, id="equal number"),
    pytest.param(1, True, 403, id="true for 1"),
    pytest.param(True, 1, 403, id="1 for true"),
    pytest.param(True, True, 200, id="equal boolean"),
    pytest.param(1, 1.0, 403, id="1.0 for 1"),
    pytest.param(1, "1", 403, id="text for a number"),
    pytest.param(None, None, 200, id="null"),
    pytest.param(None, ..., 403, id="absent for null"),
    pytest.param(False, ..., 403, id="absent for false"),
    pytest.param("", ..., 403, id="absent for empty"),
    pytest.param(["a", "b"], ["a", "b"], 200, id="equal array"),
    pytest.param(["a", "b"], ["b", "a"], 403, id="array in another order"),
    pytest.param(["a"], ["a", "b"], 403, id="longer array"),
    pytest.param([1], [True], 403, id="array with true for 1"),
    pytest.param([], [], 200, id="empty array"),
    pytest.param({"a": [1]}, {"a": [1]}, 200, id="equal object"),
    pytest.param({"a": 1}, {"a": 1, "b": 2}, 403, id="larger object"),
    pytest.param({"a": 1}, {"a": True}, 403, id="object with true for 1"),
    pytest.param({"a": 1}, ["a"], 403, id="array for an object"),
    pytest.param(lambda value: value in {"a", "b"}, "b", 200, id="function, met"),
    pytest.param(lambda value: value in {"a", "b"}, "c", 403, id="function, not met"),
    pytest.param(lambda value: True, ..., 403, id="function, absent"),
    pytest.param(lambda value: None, "a", 403, id="function that returns nothing"),
]


@pytest.mark.parametrize(("expected", "value", "status"), CLAIMS)
def test_token_must_have_the_claim_as_required(expected: Any, value: Any, status: int) -> None:
    headers = bearer(KEY.token(tenant=value))
    assert client(Depends(guard.require(claims={"tenant": expected}))).get("/", headers=headers).status_code == status


def test_lacking_claim_is_answered_403_without_a_scope() -> None:
    answer = client(Depends(guard.require(claims={"tenant": "a"}))).get("/", headers=GOOD)
    description = REASONS["insufficient_claims"]
    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer error="insufficient_scope", error_description="{description}"'
    )


def test_every_claim_must_be_as_required() -> None:
    guarded = client(Depends(guard.require(claims={"tenant": "a", "level": 2})))
    statuses = [
        guarded.get("/", headers=bearer(KEY.token(**claims))).status_code
        for claims in ({"tenant": "a"}, {"level": 2}, {"tenant": "a", "level": 2})
    ]
    assert statuses == [403, 403, 200]


def test_requirement_is_not_changed_by_changing_what_it_was_made_of() -> None:
    scopes, claims = ["a"], {"tenant": "a"}
    guarded = client(Depends(guard.require(scopes=scopes, claims=claims)))
    scopes.clear()
    claims.clear()
    assert guarded.get("/", headers=bearer(KEY.token(scope=""))).status_code == 403
    assert guarded.get("/", headers=bearer(KEY.token(scope="a"))).status_code == 403


# --- Every token is decided on once ---


def counted_app(counted: CountedKeys, other: ResourceServer | None = None) -> FastAPI:
    """Middleware, application, nested routers, requirements and parameters that all ask the same resource server."""
    server = counted.resource_server()
    one, another = Guard(server), Guard(other or server)
    app = FastAPI(dependencies=[Depends(one)])
    app.add_middleware(GuardMiddleware, resource_server=server)
    outer = APIRouter(dependencies=[Security(one, scopes=["invoices:read"])])
    inner = APIRouter(dependencies=[Depends(one.require(claims={"sub": "user-1"}))])

    @inner.get("/", dependencies=[Security(another, scopes=["invoices:write"])])
    async def http(token: Annotated[AccessToken, Depends(one, use_cache=False)]) -> None: ...

    @inner.websocket("/")
    async def websocket(websocket: WebSocket, token: Annotated[AccessToken, Security(another)]) -> None:
        await websocket.accept()
        await websocket.close()

    outer.include_router(inner)
    app.include_router(outer)
    return app


def test_signature_is_checked_once_for_each_request_whoever_asks() -> None:
    counted = CountedKeys()
    guarded = TestClient(counted_app(counted))
    checks = []
    for _ in range(3):
        assert guarded.get("/", headers=GOOD).status_code == 200
        checks.append(counted.checks)
    assert checks == [1, 2, 3]


def test_signature_is_checked_once_for_each_websocket_whoever_asks() -> None:
    counted = CountedKeys()
    with TestClient(counted_app(counted)).websocket_connect("/", headers=dict(GOOD)):
        pass
    assert counted.checks == 1


def test_guard_of_another_resource_server_decides_for_itself_and_disturbs_no_one() -> None:
    counted, counted_elsewhere = CountedKeys(), CountedKeys()
    guarded = TestClient(counted_app(counted, other=counted_elsewhere.resource_server()))
    assert guarded.get("/", headers=GOOD).status_code == 200
    assert (counted.checks, counted_elsewhere.checks) == (1, 1)


def test_token_that_is_good_for_one_resource_server_is_not_for_another() -> None:
    guarded = TestClient(counted_app(CountedKeys(), other=resource_server(audience="urn:other")))
    assert guarded.get("/", headers=GOOD).status_code == 401


def test_optional_middleware_leaves_the_decision_to_the_guard() -> None:
    app = FastAPI()
    app.add_middleware(GuardMiddleware, resource_server=guard._resource_server, optional=True)
    app.add_api_route("/", lambda: "", dependencies=[Depends(guard)])
    app.add_api_route("/open", lambda: "")
    guarded = TestClient(app)
    assert [guarded.get(path).status_code for path in ("/open", "/")] == [200, 401]


# --- WebSockets ---


def test_websocket_with_a_good_token_is_let_through() -> None:
    with client(Security(guard, scopes=["invoices:read"])).websocket_connect("/", headers=dict(GOOD)) as websocket:
        assert websocket.receive_text() == "reached"


@pytest.mark.parametrize("times", [pytest.param(1, id="new"), pytest.param(3, id="seen before")])
def test_guard_alone_takes_a_token_that_comes_as_a_subprotocol(times: int) -> None:
    guarded = client(Depends(Guard(resource_server(), websocket_protocol="bearer")))
    for _ in range(times):
        with guarded.websocket_connect("/", subprotocols=["bearer", KEY.token()]) as websocket:
            assert websocket.receive_text() == "reached"


@pytest.mark.parametrize(
    ("dependency", "headers", "status", "challenge"),
    [
        pytest.param(Depends(guard), {}, 401, "Bearer", id="no token"),
        pytest.param(Depends(guard), EXPIRED, 401, 'Bearer error="invalid_token"', id="bad token"),
        pytest.param(
            Security(guard, scopes=["a"]), GOOD, 403, 'Bearer error="insufficient_scope"', id="insufficient scope"
        ),
        pytest.param(
            Depends(guard.require(claims={"tenant": "a"})),
            GOOD,
            403,
            'Bearer error="insufficient_scope"',
            id="insufficient claims",
        ),
    ],
)
def test_websocket_is_denied_with_the_answer_that_a_request_would_get(
    dependency: Any, headers: dict[str, str], status: int, challenge: str
) -> None:
    guarded = client(dependency)
    expected = guarded.get("/", headers=headers)
    with pytest.raises(WebSocketDenialResponse) as refused, guarded.websocket_connect("/", headers=dict(headers)):
        pass
    answer = refused.value
    assert (answer.status_code, answer.json()) == (expected.status_code, expected.json())
    assert answer.status_code == status
    assert answer.headers["WWW-Authenticate"] == expected.headers["WWW-Authenticate"]
    assert answer.headers["WWW-Authenticate"].startswith(challenge)


class WithoutDenial:
    """A server that cannot answer a handshake with a response of one's own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, "extensions": {}}, receive, send)


@pytest.mark.parametrize(
    ("dependency", "reason"),
    [
        pytest.param(Depends(guard), "credentials_missing", id="no token"),
        pytest.param(Depends(guard.require(scopes=["a"])), "credentials_missing", id="no token for a requirement"),
    ],
)
def test_websocket_is_closed_before_it_is_accepted_where_no_answer_can_be_given(dependency: Any, reason: str) -> None:
    app = application(dependency)
    app.add_middleware(WithoutDenial)
    with pytest.raises(WebSocketDisconnect) as refused, TestClient(app).websocket_connect("/"):
        pass
    assert (type(refused.value), refused.value.code, refused.value.reason) == (WebSocketDisconnect, 1008, reason)


def test_websocket_that_another_dependency_has_accepted_is_closed() -> None:
    async def accepted(websocket: WebSocket) -> None:
        await websocket.accept()

    with client(Depends(accepted), Depends(guard)).websocket_connect("/") as websocket:
        assert websocket.receive() == {"type": "websocket.close", "code": 1008, "reason": "credentials_missing"}


# --- OpenAPI ---


def operation(*dependencies: Any, of: Guard[Any] = guard, **options: Any) -> dict[str, Any]:
    """What OpenAPI says of a route with the dependencies."""
    app = FastAPI()
    app.add_api_route("/", lambda: "", dependencies=dependencies, **options)
    described: dict[str, Any] = app.openapi()["paths"]["/"]["get"]
    return described


@pytest.mark.parametrize(
    ("dependencies", "scopes"),
    [
        pytest.param([Depends(guard)], [], id="Depends"),
        pytest.param([Security(guard, scopes=["a", "b"])], ["a", "b"], id="Security"),
        pytest.param([Depends(guard.require(scopes=["a", "b"]))], ["a", "b"], id="require"),
        pytest.param([Depends(guard.require(any_scope=["a", "b"]))], [], id="require any"),
        pytest.param([Depends(guard), Security(guard, scopes=["a"])], ["a"], id="with and without scopes"),
        pytest.param([Security(guard.require(scopes=["a"]), scopes=["b"])], ["b", "a"], id="around a requirement"),
    ],
)
def test_operation_names_the_scheme_with_its_scopes(dependencies: Any, scopes: list[str]) -> None:
    assert operation(*dependencies)["security"] == [{"access_token": scopes}]


def test_operation_names_the_scopes_of_nested_dependencies_once_each() -> None:
    [security] = nested().openapi()["paths"]["/"]["get"]["security"]
    assert sorted(security["access_token"]) == sorted(NESTED_SCOPES)


def test_operation_without_the_guard_names_no_scheme() -> None:
    assert "security" not in operation()


def test_scheme_is_a_bearer_token_in_jwt_format() -> None:
    scheme = on_a_route().openapi()["components"]["securitySchemes"]["access_token"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")


def test_scheme_with_flows_is_oauth2_so_that_swagger_ui_can_ask_for_a_token() -> None:
    token_url = ISSUER + "/token"
    flows = OAuthFlows(clientCredentials=OAuthFlowClientCredentials(tokenUrl=token_url, scopes={"a": "All"}))
    app = FastAPI()
    named = Guard(resource_server(), flows=flows, scheme_name="corporate")
    app.add_api_route("/", lambda: "", dependencies=[Security(named, scopes=["a"])])
    document = app.openapi()
    assert document["components"]["securitySchemes"] == {
        "corporate": {"type": "oauth2", "flows": {"clientCredentials": {"scopes": {"a": "All"}, "tokenUrl": token_url}}}
    }
    assert document["paths"]["/"]["get"]["security"] == [{"corporate": ["a"]}]


@pytest.mark.parametrize("place", ["route", "router", "application"])
def test_refusals_are_documented_where_the_responses_are_passed_on(place: str) -> None:
    def options(here: str) -> dict[str, Any]:
        return {"dependencies": [Depends(guard)], "responses": guard.responses} if here == place else {}

    app, router = FastAPI(**options("application")), APIRouter(**options("router"))
    router.add_api_route("/", lambda: "", **options("route"))
    app.include_router(router)
    responses = app.openapi()["paths"]["/"]["get"]["responses"]
    assert responses.keys() == {"200", "401", "403"}
    for status in ("401", "403"):
        assert "WWW-Authenticate" in responses[status]["headers"]
        detail = responses[status]["content"]["application/json"]["schema"]["properties"]["detail"]
        assert detail["properties"].keys() == {"error", "error_description"}


def test_documented_answers_of_one_guard_are_not_those_of_another() -> None:
    one, another = Guard(resource_server()), Guard(resource_server())
    one.responses[401]["description"] = "changed"
    one.responses[418] = {"description": "A teapot."}
    assert (another.responses.keys(), another.responses[401]["description"]) != (one.responses.keys(), "changed")
    assert 418 not in another.responses


# --- Overrides in tests ---

STAND_IN: AccessToken[Any] = AccessToken(
    subject="stand-in",
    client_id=None,
    issuer=ISSUER,
    audience=(AUDIENCE,),
    scopes=frozenset({"a"}),
    expires_at=NOW + 60,
    issued_at=None,
    token_id=None,
    claims={"tenant": "a"},
    header={},  # type: ignore[arg-type]
)


def overridable(requirement: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def route(token: Annotated[AccessToken, Depends(requirement)]) -> str | None:
        return token.subject

    return app


@pytest.mark.parametrize(
    ("requirement", "status"),
    [
        pytest.param(guard, 200, id="guard"),
        pytest.param(guard.require(claims={"tenant": "a"}), 200, id="claims, met"),
        pytest.param(guard.require(any_scope=["a", "b"]), 200, id="scopes, met"),
        pytest.param(guard.require(claims={"tenant": "b"}), 403, id="claims, not met"),
        pytest.param(guard.require(scopes=["b"]), 403, id="scopes, not met"),
    ],
)
def test_guard_can_be_overridden_and_requirements_then_judge_the_token_that_stands_in(
    requirement: Any, status: int
) -> None:
    app = overridable(requirement)
    app.dependency_overrides[guard] = lambda: STAND_IN
    answer = TestClient(app).get("/")
    assert answer.status_code == status
    assert status != 200 or answer.json() == "stand-in"


def test_overridden_guard_counts_for_more_than_what_the_middleware_has_seen() -> None:
    app = overridable(guard.require(claims={"tenant": "a"}))
    app.add_middleware(GuardMiddleware, resource_server=guard._resource_server)
    app.dependency_overrides[guard] = lambda: STAND_IN
    assert TestClient(app).get("/", headers=GOOD).json() == "stand-in"


def test_authorization_server_cannot_be_asked_about_a_token_that_stands_in() -> None:
    introspection = Introspection(client_id="api", client_secret="s", endpoint="http://127.0.0.1:9/introspect")
    asking = Guard(ResourceServer(Issuer(ISSUER, keys=KEY.jwk_set, introspection=introspection), audience=AUDIENCE))
    app = overridable(asking.require(fresh=True))
    app.dependency_overrides[asking] = lambda: STAND_IN
    with pytest.raises(ConfigurationError, match="override it too"):
        TestClient(app).get("/")


class Claims(TypedDict):
    tenant: str


@pytest.mark.parametrize(("tenant", "status"), [("a", 200), ("b", 403)])
@pytest.mark.parametrize("is_overridden", [True, False])
def test_requirements_beside_typed_claims_judge_the_claims_as_they_came(
    tenant: str, status: int, is_overridden: bool
) -> None:
    typed = Guard(resource_server(), claims=Claims)
    app = overridable(typed.require(claims={"tenant": "a"}))
    if is_overridden:
        app.dependency_overrides[typed] = lambda: msgspec.structs.replace(STAND_IN, claims={"tenant": tenant})
    headers = {} if is_overridden else bearer(KEY.token(tenant=tenant))
    assert TestClient(app).get("/", headers=headers).status_code == status


def test_requirement_can_be_overridden() -> None:
    requirement = guard.require(scopes=["b"])
    app = overridable(requirement)
    app.dependency_overrides[requirement] = lambda: STAND_IN
    assert TestClient(app).get("/").json() == "stand-in"


def test_override_may_look_at_the_scopes_that_are_asked_for() -> None:
    asked = []

    def stand_in(security_scopes: SecurityScopes) -> AccessToken[Any]:
        asked.append(security_scopes.scopes)
        return STAND_IN

    app = overridable(guard.require(scopes=["a"]))
    app.dependency_overrides[guard] = stand_in
    TestClient(app).get("/")
    assert asked == [["a"]]


# --- With the rest of FastAPI ---


def test_background_tasks_run_after_a_guarded_request() -> None:
    done: list[str | None] = []
    app = FastAPI()

    @app.get("/")
    async def route(token: Annotated[AccessToken, Depends(guard)], background: BackgroundTasks) -> None:
        background.add_task(done.append, token.subject)

    TestClient(app).get("/", headers=GOOD)
    assert done == ["user-1"]


def test_dependencies_that_yield_are_entered_after_and_left_around_the_guard() -> None:
    steps = []

    async def session(token: Annotated[AccessToken, Depends(guard)]) -> AsyncIterator[str]:
        steps.append("entered")
        yield "session"
        steps.append("left")

    guarded = client(Depends(session))
    guarded.get("/")
    assert steps == []
    guarded.get("/", headers=GOOD)
    assert steps == ["entered", "left"]


@pytest.mark.anyio
async def test_tokens_of_concurrent_requests_are_not_mixed_up() -> None:
    requests = 30
    all_are_in = asyncio.Event()
    arrived = []
    app = FastAPI()

    @app.get("/")
    async def meet(token: Annotated[AccessToken, Depends(guard.require(any_scope=["a", "b"]))]) -> str | None:
        arrived.append(token)
        if len(arrived) == requests:
            all_are_in.set()
        await asyncio.wait_for(all_are_in.wait(), 20)
        return token.subject

    async def ask(client: httpx.AsyncClient, number: int) -> Any:
        token = KEY.token(sub=f"user-{number}", scope="ab"[number % 2])
        return (await client.get("/", headers=bearer(token))).json()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example.com") as client:
        answers = await asyncio.gather(*(ask(client, number) for number in range(requests)))
    assert answers == [f"user-{number}" for number in range(requests)]


def test_guarded_route_may_stream() -> None:
    app = FastAPI()

    async def chunks() -> AsyncIterator[str]:
        yield "first "
        yield "last"

    @app.get("/", dependencies=[Depends(guard)])
    async def route() -> StreamingResponse:
        return StreamingResponse(chunks())

    assert TestClient(app).get("/", headers=GOOD).text == "first last"


def test_it_works_with_and_without_the_lifespan() -> None:
    server = resource_server()
    guarded = client(Depends(Guard(server)), lifespan=server.lifespan)
    statuses = [guarded.get("/", headers=GOOD).status_code]
    with guarded:
        statuses.append(guarded.get("/", headers=GOOD).status_code)
    statuses.append(guarded.get("/", headers=GOOD).status_code)
    assert statuses == [200, 200, 200]


# --- Slips ---


ANY_SERVER: Any = resource_server()


@pytest.mark.parametrize(
    ("slip", "error", "message"),
    [
        pytest.param(lambda: Depends(guard.require), ConfigurationError, "with its parentheses", id="no parentheses"),
        pytest.param(lambda: Security(guard.require), ConfigurationError, "with its parentheses", id="nor on Security"),
        pytest.param(lambda: Depends(Guard), FastAPIError, "ResourceServer", id="the class"),
        pytest.param(lambda: Depends(ANY_SERVER), AssertionError, "callable", id="the resource server"),
    ],
)
def test_dependency_that_would_protect_nothing_fails_when_the_route_is_made(
    slip: Any, error: type[Exception], message: str
) -> None:
    app = FastAPI()
    with pytest.raises(error, match=message):
        app.add_api_route("/", lambda: "", dependencies=[slip()])


def test_token_parameter_without_a_dependency_fails_when_the_route_is_made() -> None:
    app = FastAPI()
    with pytest.raises(FastAPIError):

        @app.get("/")
        async def route(token: AccessToken) -> None: ...


async def async_condition(value: Any) -> bool:
    return False


class AsyncCondition:
    def __await__(self) -> Any:
        yield


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"scopes": ["a b"]}, "a scope is printable ASCII without space", id="two scopes in one"),
        pytest.param({"scopes": [""]}, "a scope is", id="empty scope"),
        pytest.param({"scopes": ['a"\r\nSet-Cookie: x']}, "a scope is", id="header injection"),
        pytest.param({"scopes": [1]}, "a scope is", id="number for a scope"),
        pytest.param({"any_scope": ["a b"]}, "a scope is", id="two of any scopes in one"),
        pytest.param({"any_scope": []}, "any_scope is empty", id="none of no scopes"),
        pytest.param({"any_scope": iter(())}, "any_scope is empty", id="iterator of no scopes"),
        pytest.param({"claims": ["tenant"]}, "claims is {'name': value}", id="names of claims"),
        pytest.param({"claims": {1: "a"}}, "the name of a claim is a string", id="number for a name"),
        pytest.param({"claims": {"tenant": {"a", "b"}}}, "lambda value: value in", id="set"),
        pytest.param({"claims": {"tenant": ("a",)}}, "compared with a JSON value", id="tuple"),
        pytest.param({"claims": {"tenant": [{"a"}]}}, "compared with a JSON value", id="set in an array"),
        pytest.param({"claims": {"tenant": {1: "a"}}}, "compared with a JSON value", id="number for a member"),
        pytest.param({"claims": {"tenant": str}}, "compared with a JSON value", id="class"),
        pytest.param({"claims": {"tenant": async_condition}}, "a plain function", id="async function"),
    ],
)
def test_requirement_that_nothing_or_everything_satisfies_is_refused(options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        guard.require(**options)


def test_condition_that_turns_out_to_be_async_lets_nobody_through() -> None:
    guarded = client(Depends(guard.require(claims={"sub": lambda value: AsyncCondition()})))
    with pytest.raises(ConfigurationError, match="must not be async"):
        guarded.get("/", headers=GOOD)


def test_single_scope_may_be_given_as_text() -> None:
    guarded = client(Depends(guard.require(scopes="invoices:read", any_scope="invoices:write")))
    assert [guarded.get("/", headers=headers).status_code for headers in ({}, GOOD)] == [401, 200]


@pytest.mark.parametrize("scope", ["a b", 'a"', "a\r\nSet-Cookie: x", "\N{EURO SIGN}"])
def test_scope_that_no_token_can_have_is_told_to_the_developer(scope: str) -> None:
    guarded = client(Security(guard, scopes=[scope]))
    with pytest.raises(ConfigurationError, match="a scope is printable ASCII"):
        guarded.get("/", headers=GOOD)


@pytest.mark.parametrize("resource_server", [ISSUER, None, {}, ResourceServer])
def test_guard_of_anything_but_a_resource_server_is_refused(resource_server: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"a Guard takes a ResourceServer\(issuer, audience=…\), not"):
        Guard(resource_server)
