"""What a connection came with: it stays with the headers that it came in, and a log that shows it shows no token."""

import gc
import weakref
from collections.abc import AsyncIterator, Callable

import pytest
from rich.pretty import pretty_repr

from jwtguard import Introspection, Issuer
from jwtguard.claims import Rules, check_claims
from jwtguard.frozen import FrozenDict
from jwtguard.jws import parse
from jwtguard.presented import Awaited, Presented, awaited_token, presented_token, validated_token
from jwtguard.resource_server import ResourceServer
from tests.introspection_endpoint import SECRET, active, introspection_endpoint
from tests.resource_servers import KEY, resource_server
from tests.signing import AUDIENCE, ISSUER, NOW, good_claims, signing_key

pytestmark = pytest.mark.anyio

TEXT = KEY.token().encode()
WITHOUT_KID = KEY.token(header={"alg": KEY.algorithm}).encode()
"""Which key is to verify it takes more than a look to say."""
HEADERS = [(b"authorization", b"Bearer " + TEXT)]
ACCESS_TOKEN = check_claims(good_claims(), FrozenDict(), Rules(issuer=ISSUER, audience=AUDIENCE), now=NOW)


@pytest.mark.parametrize("shown", [repr, str, pretty_repr], ids=["repr", "str", "rich"])
@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(Presented(HEADERS, b"Bearer " + TEXT, ACCESS_TOKEN), id="a good token"),
        pytest.param(
            Awaited(HEADERS, b"Bearer " + TEXT, b"digest", parse(TEXT, max_bytes=len(TEXT)), 0.0),
            id="one that takes waiting",
        ),
    ],
)
def test_what_is_kept_of_a_connection_shows_no_part_of_its_token(
    kept: Presented | Awaited, shown: Callable[[object], str]
) -> None:
    text = shown(kept)
    assert text.startswith(type(kept).__name__)
    assert not [part for part in TEXT.decode().split(".") if part in text]


async def test_token_that_is_awaited_while_the_headers_are_replaced_is_not_taken_for_one_that_came_in_those() -> None:
    headers = [(b"authorization", b"Bearer " + WITHOUT_KID)]
    server, scope = resource_server(), {"type": "http", "headers": headers}
    awaited = presented_token(scope, server)
    assert isinstance(awaited, Awaited)
    scope["headers"] = [(b"authorization", b"Bearer another")]
    await awaited_token(scope, server, awaited)
    assert validated_token(scope, server) is None


class State:
    """What an application keeps of a request."""


@pytest.fixture
async def introspecting() -> AsyncIterator[ResourceServer]:
    with introspection_endpoint() as endpoint:
        endpoint.answer = active()
        introspection = Introspection(client_id="api", client_secret=SECRET, endpoint=endpoint.url)
        issuer = Issuer(ISSUER, keys=KEY.jwk_set, introspection=introspection)
        server = ResourceServer(issuer, audience=AUDIENCE, clock=lambda: NOW, token_cache=0)
        yield server
        await server.aclose()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"opaque", id="opaque"),
        pytest.param(b"abcdef.ghijkl.mnopqr", id="opaque, in three segments"),
        pytest.param(b"e30..iv.ciphertext.tag", id="encrypted"),
        pytest.param(signing_key("Ed25519", "key-9").token().encode(), id="of an unknown key"),
        pytest.param(WITHOUT_KID, id="without a key ID"),
    ],
)
async def test_nothing_of_a_request_stays_once_its_token_has_been_awaited(
    introspecting: ResourceServer, text: bytes
) -> None:
    async def request() -> "weakref.ref[State]":
        state = State()
        scope = {"type": "http", "headers": [(b"authorization", b"Bearer " + text)], "state": state}
        awaited = presented_token(scope, introspecting)
        assert isinstance(awaited, Awaited)
        await awaited_token(scope, introspecting, awaited)
        return weakref.ref(state)

    await request()  # what comes of the first question is kept, and the second is answered from there
    gc.disable()
    try:
        state = await request()
        assert state() is None
    finally:
        gc.enable()
