"""Keys that came with the configuration: they serve, they stay, and nothing is fetched for them."""

import pytest

from jwtguard import InvalidToken, KeySet
from jwtguard.key_source import ConfiguredKeys, IssuerHealth, KeySource
from tests.signing import ISSUER, NOW, signing_key

pytestmark = pytest.mark.anyio

KEY = signing_key("ES256")
KEYS = KeySet.from_jwk_set({"keys": [KEY.jwk, {"kty": "RSA"}]})


async def test_configured_keys_serve_at_any_time() -> None:
    source = ConfiguredKeys(ISSUER, KEYS)
    assert [source.known(now) for now in (0, NOW, 10 * NOW)] == [KEYS] * 3
    assert (await source.find("key-1", "ES256")).kid == "key-1"


async def test_key_that_is_not_configured_is_unknown() -> None:
    with pytest.raises(InvalidToken, match="unknown_key"):
        await ConfiguredKeys(ISSUER, KEYS).find("other", "ES256")


async def test_configured_keys_have_neither_metadata_nor_anything_to_refresh_or_stop() -> None:
    source: KeySource = ConfiguredKeys(ISSUER, KEYS)
    await source.refresh()
    await source.stop()
    assert await source.metadata() is None


async def test_configured_keys_are_always_ready_and_have_no_age() -> None:
    assert ConfiguredKeys(ISSUER, KEYS).health(NOW) == IssuerHealth(issuer=ISSUER, ready=True, keys=1, skipped=1)
