"""That a key, or a URL of one, which a token brings along is never even asked for (RFC 8725 section 3.10)."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from jwtguard import Issuer, ResourceServer
from tests.attacks.case import header
from tests.attacks.headers import ATTACKER
from tests.refusals import refused
from tests.serving import serving
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key

pytestmark = pytest.mark.anyio


class Attacker:
    """An HTTP server that publishes the attacker's key, and counts who asks for it.

    Attributes:
        url: where the key set is.
        requests: the paths that were asked for.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[str] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._publish)])

    async def _publish(self, request: Request) -> JSONResponse:
        self.requests.append(request.url.path)
        return JSONResponse(ATTACKER.jwk_set)


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    it = Attacker()
    with serving(it.app) as it.url:
        yield it


@pytest.mark.parametrize("parameter", ["jku", "x5u", "iss", "jwks_uri"])
async def test_url_in_a_header_is_not_asked(attacker: Attacker, parameter: str) -> None:
    resource_server = ResourceServer(
        Issuer(ISSUER, keys=signing_key("ES256").jwk_set), audience=AUDIENCE, clock=lambda: NOW
    )
    token = ATTACKER.token(None, header(**{parameter: f"{attacker.url}/jwks"}))
    with refused("signature_mismatch"):
        await resource_server.validate(token)
    assert attacker.requests == []


async def test_issuer_that_is_not_trusted_is_not_asked(attacker: Attacker) -> None:
    async with ResourceServer(attacker.url, audience=AUDIENCE, clock=lambda: NOW).lifespan():
        asked_at_the_start = len(attacker.requests)
    assert asked_at_the_start > 0, "the attacker's server does not count"
    attacker.requests.clear()
    resource_server = ResourceServer(
        Issuer(ISSUER, keys=signing_key("ES256").jwk_set), audience=AUDIENCE, clock=lambda: NOW
    )
    with refused("issuer_mismatch"):
        await resource_server.validate(ATTACKER.token(iss=attacker.url))
    assert attacker.requests == []
