"""The budget of a request, counted instead of timed: what a token may cost, and what an import may load."""

import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated, Any, TypeVar

import msgspec
import pytest
from fastapi import FastAPI, Security
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message

import jwtguard.claims
from jwtguard import AccessToken, InvalidToken, Issuer, ResourceServer
from jwtguard.fastapi import Guard
from jwtguard.middleware import GuardMiddleware
from tests.resource_servers import KEY, resource_server
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key

T = TypeVar("T")
Counting = Callable[[], AbstractContextManager[Counter[str]]]

NEW_TOKEN = {"signature checks": 1, "JSON decodes": 1, "hashes": 1, "AccessTokens": 1}
"""What a token that never came before may cost, where another one of its key did."""
SEEN_TOKEN = {"hashes": 1}
"""What a token that came before may cost."""


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """Makes blocks that count what this thread spends on tokens within them."""
    spent: Counter[str] = Counter()

    def made(**members: Any) -> AccessToken:
        spent["AccessTokens"] += 1
        return AccessToken(**members)

    monkeypatch.setattr(jwtguard.claims, "AccessToken", made)

    def count(frame: Any, event: str, called: Any) -> None:
        if event == "c_call" and (what := _dear(called)):
            signed = what == "hashes" and frame.f_globals["__name__"] == "jwtguard.algorithms"
            spent["hashes of what is signed" if signed else what] += 1

    @contextmanager
    def block() -> Iterator[Counter[str]]:
        spent.clear()
        sys.setprofile(count)
        try:
            yield spent
        finally:
            sys.setprofile(None)

    return block


def _dear(called: Any) -> str | None:
    """Name what a function written in C is dear for."""
    name, of = called.__name__, getattr(called, "__self__", None)
    if name == "decode" and isinstance(of, msgspec.json.Decoder):
        return None if of.type is bytes else "JSON decodes"  # bytes are base64
    if name == "verify" and type(of).__module__.startswith("cryptography."):
        return "signature checks"
    return "hashes" if name.startswith("openssl_") else None


def at_once(awaitable: Awaitable[T]) -> T:
    """Await without an event loop: it fails where it would wait, or go to another thread."""
    steps = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waited")


def request(app: ASGIApp, token: str, *, scheme: bytes = b"Bearer ") -> int:
    """Send an application a request with a token, at once, and return the status of its answer."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"api.example.com"), (b"authorization", scheme + token.encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    at_once(app(scope, receive, send))
    return int(sent[0]["status"])


def guarded_starlette(server: ResourceServer) -> ASGIApp:
    async def home(_: Request) -> Response:
        return Response()

    app = Starlette(routes=[Route("/", home)])
    app.add_middleware(GuardMiddleware, resource_server=server)
    return app


def guarded_fastapi(server: ResourceServer) -> FastAPI:
    guard, app = Guard(server), FastAPI()

    @app.get("/")
    async def home(token: Annotated[AccessToken, Security(guard, scopes=["invoices:read"])]) -> Response:
        return Response()

    return app


def doubly_guarded(server: ResourceServer) -> ASGIApp:
    app = guarded_fastapi(server)
    app.add_middleware(GuardMiddleware, resource_server=server)
    return app


FACES = pytest.mark.parametrize(
    "face",
    [
        pytest.param(guarded_starlette, id="middleware"),
        pytest.param(guarded_fastapi, id="dependency"),
        pytest.param(doubly_guarded, id="middleware and dependency"),
    ],
)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_new_token_costs_one_signature_check_one_decode_one_hash_and_one_access_token(
    counting: Counting, algorithm: str
) -> None:
    key = signing_key(algorithm)
    server = resource_server(key)
    at_once(server.validate(key.token(jti="before")))
    with counting() as spent:
        at_once(server.validate(key.token(jti="new")))
    signed = 0 if algorithm == "EdDSA" else 1  # which is a part of the check, and Ed25519 does it by itself
    assert spent == Counter({**NEW_TOKEN, "hashes of what is signed": signed})


def test_first_token_of_a_key_costs_one_more_decode_for_its_header(counting: Counting) -> None:
    key = signing_key("Ed25519", "a key ID that no other test uses")
    server = resource_server(key)
    with counting() as spent:
        at_once(server.validate(key.token()))
    assert spent == NEW_TOKEN | {"JSON decodes": 2}


def test_token_that_came_before_costs_one_hash(counting: Counting) -> None:
    server = resource_server()
    at_once(server.validate(KEY.token()))
    with counting() as spent:
        at_once(server.validate(KEY.token()))
    assert spent == SEEN_TOKEN


def test_without_a_token_cache_nothing_is_hashed(counting: Counting) -> None:
    server = resource_server(token_cache=0)
    at_once(server.validate(KEY.token()))
    with counting() as spent:
        at_once(server.validate(KEY.token()))
    assert spent == Counter({**NEW_TOKEN, "hashes": 0})


def test_forged_token_costs_no_more_than_a_new_one_and_makes_no_access_token(counting: Counting) -> None:
    server = resource_server()
    at_once(server.validate(KEY.token()))
    forged = KEY.token()[:-86] + "A" * 86
    with counting() as spent, pytest.raises(InvalidToken, match="signature_mismatch"):
        at_once(server.validate(forged))
    assert spent == Counter({**NEW_TOKEN, "AccessTokens": 0})


@FACES
def test_request_with_a_new_token_costs_as_much_as_the_token_alone(
    counting: Counting, face: Callable[[ResourceServer], ASGIApp]
) -> None:
    app = face(resource_server())
    request(app, KEY.token(jti="before"))
    with counting() as spent:
        assert request(app, KEY.token(jti="new")) == 200
    assert spent == NEW_TOKEN


@FACES
@pytest.mark.parametrize("scheme", [b"bearer ", b"BEARER ", b"Bearer   "], ids=["lower", "upper", "spaces"])
def test_token_that_came_before_is_known_however_its_scheme_is_written_for_one_more_hash(
    counting: Counting, face: Callable[[ResourceServer], ASGIApp], scheme: bytes
) -> None:
    app = face(resource_server())
    request(app, KEY.token())
    with counting() as spent:
        assert request(app, KEY.token(), scheme=scheme) == 200
    assert spent == Counter({**SEEN_TOKEN, "hashes": 2})


@FACES
def test_token_that_came_before_without_a_request_is_known_in_one(
    counting: Counting, face: Callable[[ResourceServer], ASGIApp]
) -> None:
    server = resource_server()
    app = face(server)
    at_once(server.validate(KEY.token()))
    with counting() as spent:
        assert request(app, KEY.token()) == 200
    assert spent == SEEN_TOKEN


@FACES
def test_request_with_a_token_that_came_before_costs_one_hash(
    counting: Counting, face: Callable[[ResourceServer], ASGIApp]
) -> None:
    app = face(resource_server())
    request(app, KEY.token())
    with counting() as spent:
        assert request(app, KEY.token()) == 200
    assert spent == SEEN_TOKEN


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(resource_server(), id="one issuer"),
        pytest.param(
            ResourceServer(
                [Issuer(ISSUER, keys=KEY.jwk_set), Issuer("https://other.example.com", keys=KEY.jwk_set)],
                audience=AUDIENCE,
                profile="rfc9068",
                clock=lambda: NOW,
            ),
            id="two issuers, the strict profile",
        ),
    ],
)
def test_token_whose_key_is_known_is_validated_without_waiting(server: ResourceServer) -> None:
    assert at_once(server.validate(KEY.token())).subject == "user-1"


def modules_of(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after a statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        pytest.param(
            "import jwtguard",
            {"fastapi", "starlette", "pydantic", "httpx", "anyio", "http.cookiejar", "redis", "opentelemetry"},
            id="the core and the shell: no framework, and what fetches only when something is fetched",
        ),
        pytest.param("import jwtguard.middleware", {"fastapi", "httpx"}, id="the middleware: Starlette alone"),
        pytest.param("import jwtguard.fastapi", {"httpx"}, id="the dependency: FastAPI"),
    ],
)
def test_import_loads_nothing_that_it_does_not_need(statement: str, absent: set[str]) -> None:
    assert modules_of(statement) & absent == set()


def test_import_adds_few_packages_to_those_of_fastapi() -> None:
    added = modules_of("import fastapi, jwtguard.fastapi") - modules_of("import fastapi")
    assert {name.partition(".")[0] for name in added if not name.startswith("_")} - sys.stdlib_module_names == {
        "jwtguard", "starlette", "cachetools", "cryptography", "jose", "msgspec",
    }  # fmt: skip
