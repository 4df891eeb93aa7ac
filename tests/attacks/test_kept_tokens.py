"""That a resource server keeps no token it was sent, nor the part that makes it one (RFC 9700 section 4.9.3).

What was asked of an introspection endpoint, tests/test_introspector.py looks after.
"""

import gc
from collections.abc import Iterator
from contextlib import suppress
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Final

import msgspec
import pytest

from jwtguard import InvalidToken, Issuer, ResourceServer
from tests.attacks.case import key, signed
from tests.signing import AUDIENCE, ISSUER, NOW, signing_key

pytestmark = pytest.mark.anyio

BEYOND: Final = (ModuleType, type, FunctionType, BuiltinFunctionType)
"""By way of these everything in the process can be reached, the test itself included."""


def texts_within(root: object) -> Iterator[bytes]:
    """All texts and octets that an object leads to."""
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        here = waiting.pop()
        if id(here) in seen or isinstance(here, BEYOND):
            continue
        seen[id(here)] = here
        if isinstance(here, str):
            yield here.encode(errors="replace")
        elif isinstance(here, (bytes, bytearray, memoryview)):
            yield bytes(here)
        waiting += gc.get_referents(here)
        if isinstance(here, msgspec.Struct):  # the collector is told not to look into some
            waiting += [getattr(here, name) for name in here.__struct_fields__]


async def texts_kept_of(token: str) -> list[bytes]:
    """All texts that a resource server leads to when the token has come twice."""
    resource_server = ResourceServer(Issuer(ISSUER, keys=key().jwk_set), audience=AUDIENCE, clock=lambda: NOW)
    for _ in range(2):
        with suppress(InvalidToken):
            await resource_server.validate(token)
    return list(texts_within(resource_server))


async def test_search_finds_what_is_kept_of_a_token() -> None:
    assert b"told-by-its-jti" in await texts_kept_of(signed(jti="told-by-its-jti"))


@pytest.mark.parametrize(
    "token",
    [signed(), signing_key("ES256", number=1).token(), signed(exp=NOW - 3600), "opaque-token-of-somebody"],
    ids=["good", "signed by somebody else", "expired", "opaque"],
)
async def test_token_is_not_kept(token: str) -> None:
    signature = token.rpartition(".")[2].encode()  # without it a JWT opens nothing
    assert not [text for text in await texts_kept_of(token) if signature in text]
