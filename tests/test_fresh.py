"""`fresh=True`: the authorization server vouches for the token during this very request, once, and last of all."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Security, WebSocket
from starlette.testclient import TestClient, WebSocketDenialResponse

from jwtguard import AccessToken, ConfigurationError, Introspection, Issuer, ResourceServer
from jwtguard.fastapi import Guard
from jwtguard.middleware import GuardMiddleware
from tests.answers import reason_of
from tests.introspection_endpoint import (
    SECRET,
    Behaviour,
    Endpoint,
    active,
    inactive,
    introspection_endpoint,
    replying,
    saying,
)
from tests.resource_servers import KEY, Clock, bearer
from tests.serving import serving
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key

pytestmark = pytest.mark.anyio

OPAQUE = "opaque-token-0123456789"
JWT = KEY.token()
UNKNOWN_KEY = signing_key("Ed25519", "key-9").token()
EVERY_KIND = pytest.mark.parametrize("token", [JWT, OPAQUE, UNKNOWN_KEY], ids=["JWT", "opaque", "unknown key"])


@pytest.fixture(scope="module")
def server() -> Iterator[Endpoint]:
    with introspection_endpoint() as served:
        yield served


@pytest.fixture
def endpoint(server: Endpoint) -> Endpoint:
    return server.as_new()


def introspecting(endpoint: Endpoint, **options: Any) -> Issuer:
    introspection = Introspection(client_id="api", client_secret=SECRET, endpoint=endpoint.url, **options)
    return Issuer(ISSUER, keys=KEY.jwk_set, introspection=introspection)


def application(resource_server: ResourceServer, *, middleware: bool = True) -> FastAPI:
    """Routes that ask for more and more, each guarded several times over."""
    guard = Guard(resource_server)
    fresh = Depends(guard.require(fresh=True))
    app = FastAPI(lifespan=resource_server.lifespan, dependencies=[Depends(guard)])
    if middleware:
        app.add_middleware(GuardMiddleware, resource_server=resource_server)
    router = APIRouter(dependencies=[fresh])

    @app.get("/invoices")
    async def invoices(token: Annotated[AccessToken, Security(guard)]) -> str | None:
        return token.subject

    @router.get("/payouts", dependencies=[fresh])
    async def payouts(
        token: Annotated[AccessToken, Security(guard)],
        once_more: Annotated[AccessToken, Depends(guard.require(scopes=["invoices:read"], fresh=True))],
    ) -> str | None:
        assert token == once_more
        return token.subject

    @app.get("/admin", dependencies=[Depends(guard.require(scopes=["admin"], fresh=True))])
    async def admin() -> None: ...

    @app.websocket("/feed")
    async def feed(websocket: WebSocket, token: Annotated[AccessToken, fresh]) -> None:
        await websocket.accept()
        await websocket.send_text(token.subject or "")
        await websocket.close()

    app.include_router(router)
    return app


@asynccontextmanager
async def client(
    endpoint: Endpoint, *, middleware: bool = True, clock: Clock | None = None, **options: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, which runs on the test's own event loop."""
    resource_server = ResourceServer(introspecting(endpoint, **options), audience=AUDIENCE, clock=clock or Clock())
    transport = httpx.ASGITransport(application(resource_server, middleware=middleware))
    async with resource_server.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://api") as connected:
        yield connected


async def test_served_application_asks_anew_in_every_request(endpoint: Endpoint) -> None:
    resource_server = ResourceServer(introspecting(endpoint), audience=AUDIENCE, clock=Clock())
    with serving(application(resource_server)) as url:
        async with httpx.AsyncClient(base_url=url) as api:
            for asked in (1, 2, 3):
                assert (await api.get("/payouts", headers=bearer(JWT))).status_code == 200
                assert endpoint.count == asked


@pytest.mark.parametrize("middleware", [True, False], ids=["middleware and guards", "guards alone"])
@EVERY_KIND
async def test_one_question_for_each_request_however_many_guards_ask(
    endpoint: Endpoint, middleware: bool, token: str
) -> None:
    async with client(endpoint, middleware=middleware) as api:
        for asked in (1, 2, 3):
            answer = await api.get("/payouts", headers=bearer(token))
            assert (answer.status_code, answer.json()) == (200, "user-1")
            assert endpoint.count == asked


async def test_route_that_does_not_ask_for_it_causes_no_question(endpoint: Endpoint) -> None:
    async with client(endpoint) as api:
        assert (await api.get("/invoices", headers=bearer(JWT))).status_code == 200
    assert endpoint.count == 0


@EVERY_KIND
async def test_earlier_answer_does_not_count(endpoint: Endpoint, token: str) -> None:
    async with client(endpoint) as api:
        assert (await api.get("/payouts", headers=bearer(token))).status_code == 200
        endpoint.answer = inactive()
        answer = await api.get("/payouts", headers=bearer(token))
        assert (answer.status_code, reason_of(answer)) == (401, "inactive")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("token", [OPAQUE, UNKNOWN_KEY], ids=["opaque", "unknown key"])
async def test_token_that_was_asked_about_in_an_earlier_request_is_asked_about_anew(
    endpoint: Endpoint, token: str
) -> None:
    async with client(endpoint) as api:
        await api.get("/invoices", headers=bearer(token))
        await api.get("/invoices", headers=bearer(token))
        assert endpoint.count == 1
        assert (await api.get("/payouts", headers=bearer(token))).status_code == 200
        assert endpoint.count == 2


@pytest.mark.parametrize("token", [OPAQUE, UNKNOWN_KEY], ids=["opaque", "unknown key"])
async def test_refusal_is_remembered_for_routes_that_go_by_earlier_answers(endpoint: Endpoint, token: str) -> None:
    async with client(endpoint) as api:
        assert (await api.get("/invoices", headers=bearer(token))).status_code == 200
        endpoint.answer = inactive()
        assert (await api.get("/payouts", headers=bearer(token))).status_code == 401
        assert (await api.get("/invoices", headers=bearer(token))).status_code == 401
    assert endpoint.count == 2


@pytest.mark.parametrize("when", ["opaque", "unknown_key"])
async def test_it_is_asked_for_whatever_is_asked_otherwise(endpoint: Endpoint, when: str) -> None:
    async with client(endpoint, when=when) as api:
        assert (await api.get("/payouts", headers=bearer(JWT))).status_code == 200
    assert endpoint.count == 1


async def test_token_that_is_always_asked_about_is_not_asked_about_twice(endpoint: Endpoint) -> None:
    clock = Clock()
    async with client(endpoint, when="always", clock=clock) as api:
        assert (await api.get("/payouts", headers=bearer(JWT))).status_code == 200
        assert endpoint.count == 1
        assert (await api.get("/invoices", headers=bearer(JWT))).status_code == 200
        assert endpoint.count == 1
        assert (await api.get("/payouts", headers=bearer(JWT))).status_code == 200
        assert endpoint.count == 2


@pytest.mark.parametrize(
    ("token", "status", "reason"),
    [
        pytest.param(KEY.token(exp=NOW - 31), 401, "expired", id="expired"),
        pytest.param(KEY.token(aud="https://other.example"), 401, "audience_mismatch", id="for another audience"),
        pytest.param(JWT[:-4] + "AAAA", 401, "signature_mismatch", id="a bad signature"),
    ],
)
async def test_local_refusal_is_no_question(endpoint: Endpoint, token: str, status: int, reason: str) -> None:
    async with client(endpoint) as api:
        answer = await api.get("/payouts", headers=bearer(token))
    assert (answer.status_code, reason_of(answer)) == (status, reason)
    assert endpoint.count == 0


async def test_missing_scope_is_no_question(endpoint: Endpoint) -> None:
    async with client(endpoint) as api:
        answer = await api.get("/admin", headers=bearer(JWT))
    assert (answer.status_code, reason_of(answer)) == (403, "insufficient_scope")
    assert endpoint.count == 0


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(replying(500), id="500"),
        pytest.param(saying({"active": "true"}), id="active a string"),
        pytest.param(saying({"error": "invalid_client"}, 401), id="wrong credentials"),
        pytest.param(saying({"error": "unsupported_token_type"}, 400), id="declined"),
    ],
)
async def test_no_answer_is_503_with_retry_after(endpoint: Endpoint, behaviour: Behaviour) -> None:
    endpoint.answer = behaviour
    async with client(endpoint) as api:
        answer = await api.get("/payouts", headers=bearer(JWT))
    assert (answer.status_code, reason_of(answer)) == (503, "introspection_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert "www-authenticate" not in answer.headers
    assert endpoint.count == 1


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param({"aud": "https://other.example"}, "audience_mismatch", id="another audience"),
        pytest.param({"exp": NOW - 31}, "expired", id="expired"),
        pytest.param({"iss": "https://evil.example"}, "issuer_mismatch", id="another issuer"),
    ],
)
async def test_answer_that_breaks_the_rules_vouches_for_nothing(
    endpoint: Endpoint, members: dict[str, Any], reason: str
) -> None:
    endpoint.answer = active(**members)
    async with client(endpoint) as api:
        answer = await api.get("/payouts", headers=bearer(JWT))
    assert (answer.status_code, reason_of(answer)) == (401, reason)


async def test_requests_at_the_same_time_share_a_question(endpoint: Endpoint) -> None:
    resource_server = ResourceServer(introspecting(endpoint), audience=AUDIENCE, clock=Clock())
    token = await resource_server.validate(JWT)
    await asyncio.gather(*(resource_server.validation.confirm(JWT.encode(), token) for _ in range(1000)))
    await resource_server.aclose()
    assert endpoint.count == 1


def test_websocket_is_refused_before_it_is_accepted(endpoint: Endpoint) -> None:
    endpoint.answer = inactive()
    resource_server = ResourceServer(introspecting(endpoint), audience=AUDIENCE, clock=Clock())
    with TestClient(application(resource_server, middleware=False)) as api:
        with pytest.raises(WebSocketDenialResponse) as refusal:
            with api.websocket_connect("/feed", headers=bearer(JWT)):
                pass
        assert refusal.value.status_code == 401
        endpoint.answer = active()
        with api.websocket_connect("/feed", headers=bearer(JWT)) as feed:
            assert feed.receive_text() == "user-1"


# --- Where it cannot work ---


@pytest.mark.parametrize(
    "issuers",
    [
        pytest.param([Issuer(ISSUER, keys=KEY.jwk_set)], id="no introspection"),
        pytest.param(["https://login.example.org"], id="a URL alone"),
    ],
)
def test_issuer_without_introspection_is_named_at_once(issuers: list[Any]) -> None:
    guard = Guard(ResourceServer(issuers, audience=AUDIENCE))
    with pytest.raises(ConfigurationError, match=r"introspection=Introspection\(") as refusal:
        guard.require(fresh=True)
    assert (issuers[0] if isinstance(issuers[0], str) else ISSUER) in str(refusal.value)


def test_one_issuer_of_several_without_introspection_is_enough(endpoint: Endpoint) -> None:
    guard = Guard(ResourceServer([introspecting(endpoint), "https://login.example.org"], audience=AUDIENCE))
    with pytest.raises(ConfigurationError, match=r"missing for https://login\.example\.org$"):
        guard.require(fresh=True)


@pytest.mark.parametrize("introspection", [True, False], ids=["with introspection", "without introspection"])
async def test_tenant_s_issuer_is_asked_or_the_matter_is_left_open(endpoint: Endpoint, introspection: bool) -> None:
    async def resolver(name: str) -> Issuer:
        return introspecting(endpoint) if introspection else Issuer(ISSUER, keys=KEY.jwk_set)

    resource_server = ResourceServer(resolver=resolver, audience=AUDIENCE, clock=Clock())
    transport = httpx.ASGITransport(application(resource_server))
    async with resource_server.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://api") as api:
        answer = await api.get("/payouts", headers=bearer(JWT))
    if introspection:
        assert answer.status_code == 200
        assert endpoint.count == 1
    else:
        assert (answer.status_code, reason_of(answer)) == (503, "introspection_unavailable")


async def test_tenant_that_was_forgotten_during_the_request_is_looked_up_again(endpoint: Endpoint) -> None:
    async def resolver(name: str) -> Issuer:
        return introspecting(endpoint)

    clock = Clock()
    resource_server = ResourceServer(resolver=resolver, audience=AUDIENCE, clock=clock)
    token = await resource_server.validate(KEY.token(exp=NOW + 1_000_000))
    clock.now += 90_000
    endpoint.answer = active(exp=NOW + 1_000_000)
    await resource_server.validation.confirm(JWT.encode(), token)
    await resource_server.aclose()
    assert endpoint.count == 1
