"""What a connection came with: it stays with the headers that it came in, and a log that shows it shows no token."""

from collections.abc import Callable

import pytest
from rich.pretty import pretty_repr

from jwtguard.claims import Rules, check_claims
from jwtguard.frozen import FrozenDict
from jwtguard.jws import parse
from jwtguard.presented import Awaited, Presented, awaited_token, presented_token, validated_token
from tests.resource_servers import KEY, resource_server
from tests.signing import AUDIENCE, ISSUER, NOW, good_claims

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
        pytest.param(Presented(HEADERS, TEXT, ACCESS_TOKEN), id="a good token"),
        pytest.param(
            Awaited(HEADERS, TEXT, b"digest", parse(TEXT, max_bytes=len(TEXT)), 0.0), id="one that takes waiting"
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
