"""Published keys through rotations, outages, floods and odd clocks: who waits, and what the issuer is asked."""

import asyncio
import gc
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event, Thread
from typing import Any

import pytest

from jwtguard.errors import InvalidToken, JWTGuardError, Unavailable
from jwtguard.fetched_keys import LONGEST_RETRY, LONGEST_WANTED_RETRY, OUTAGE_TOLERANCE, FetchedKeys
from jwtguard.freshness import DEFAULT_LIFETIME
from jwtguard.http import HTTP
from tests.loopback import (
    KEYS,
    MISBEHAVIOURS,
    AuthorizationServer,
    Exchange,
    authorization_server,
    gated,
    hanging,
    replying,
    replying_json,
)
from tests.resource_servers import Clock
from tests.signing import NOW, SigningKey, signing_key

pytestmark = pytest.mark.anyio

OLD, NEW = signing_key("ES256", "old", 1), signing_key("ES256", "new", 2)


class Source:
    """The keys of one authorization server, on a clock that stands, with jitter that always comes out at the middle.

    Attributes:
        server: where they come from.
        clock: what the keys think the time is.
        keys: the keys.
    """

    def __init__(self, server: AuthorizationServer, *, jwks_uri: str | None = None, keyless: bool = False) -> None:
        self.server = server
        self.clock = Clock()
        self.http = HTTP(timeout=60)
        self.keys = FetchedKeys(
            server.issuer,
            jwks_uri=jwks_uri,
            http=self.http,
            clock=self.clock,
            keyless=keyless,
            chance=lambda: 0.5,
        )

    async def outcome(self, kid: str | None, algorithm: str = "ES256") -> str:
        """What comes of looking for a key: its digest's beginning, or why there is none."""
        try:
            return (await self.keys.find(kid, algorithm)).kid or "unnamed"
        except JWTGuardError as error:
            return error.reason

    def known(self) -> list[str | None] | None:
        """The key IDs that serve now, without waiting."""
        keys = self.keys.known(self.clock())
        return None if keys is None else [key.kid for key in keys.keys]

    async def settled(self) -> None:
        """Wait for what is under way in the background."""
        await self.keys.refresh() if self.keys._flight.under_way else None

    def fetches(self) -> tuple[int, int]:
        """How often the metadata and the keys were asked for."""
        return self.server.count(self.server.rfc8414_path), self.server.count(KEYS)

    def health(self) -> Any:
        return self.keys.health(self.clock())


@asynccontextmanager
async def source(
    *published: SigningKey, warm: bool = True, timeout: float = 60, keyless: bool = False
) -> AsyncIterator[Source]:
    """Run an authorization server, and the keys that are fetched from it.

    Args:
        published: its keys.
        warm: have them fetched once.
        timeout: seconds for one fetch, after that.
        keyless: whether its metadata may name no `jwks_uri`.
    """
    with authorization_server(*(published or (OLD,))) as server:
        keys = Source(server, keyless=keyless)
        try:
            if warm:
                await keys.keys.refresh()
            keys.http.timeout = timeout
            yield keys
        finally:
            await keys.keys.stop()
            await keys.http.aclose()


# --- The first need ---


async def test_nothing_is_fetched_before_it_is_needed() -> None:
    async with source(warm=False) as keys:
        await asyncio.sleep(0)
        assert keys.server.requests == []


async def test_first_need_finds_the_keys_through_the_metadata() -> None:
    async with source(warm=False) as keys:
        assert await keys.outcome("old") == "old"
        assert [request.path for request in keys.server.requests] == [keys.server.rfc8414_path, KEYS]


async def test_configured_jwks_uri_is_fetched_without_metadata() -> None:
    with authorization_server(OLD) as server:
        keys = Source(server, jwks_uri=server.jwks_uri)
        assert await keys.outcome("old") == "old"
        assert await keys.keys.metadata() is None
        assert keys.fetches() == (0, 1)
        await keys.http.aclose()


async def test_500_needs_at_the_same_time_are_one_fetch() -> None:
    async with source(warm=False) as keys:
        gate = Event()
        keys.server.behaviours[KEYS] = gated(gate, replying_json(OLD.jwk_set))
        needs = [asyncio.create_task(keys.outcome("old")) for _ in range(500)]
        await keys.server.until(1)
        gate.set()
        assert set(await asyncio.gather(*needs)) == {"old"}
        assert keys.fetches() == (1, 1)


async def test_asking_what_is_known_does_not_wait_and_begins_the_first_fetch() -> None:
    async with source(warm=False) as keys:
        assert keys.known() is None
        await keys.settled()
        assert keys.known() == ["old"]


async def test_metadata_is_fetched_for_whoever_needs_only_that() -> None:
    async with source(warm=False) as keys:
        metadata = await keys.keys.metadata()
        assert metadata is not None
        assert metadata.jwks_uri == keys.server.jwks_uri
        await keys.keys.metadata()
        assert keys.fetches() == (1, 1)


async def test_metadata_that_cannot_be_had_is_none_and_not_asked_for_without_rest() -> None:
    async with source(warm=False) as keys:
        keys.server.behaviours[keys.server.rfc8414_path] = replying(500)
        assert [await keys.keys.metadata() for _ in range(10)] == [None] * 10
        assert keys.fetches() == (1, 0)


# --- Freshness ---


async def test_keys_are_refreshed_in_the_background_at_four_fifths_of_their_lifetime() -> None:
    async with source() as keys:
        keys.server.publish(NEW)
        keys.clock.now += 0.8 * DEFAULT_LIFETIME - 1
        assert keys.known() == ["old"]
        await keys.settled()
        assert keys.fetches() == (1, 1)
        keys.clock.now += 1
        assert keys.known() == ["old"]
        await keys.settled()
        assert (keys.known(), keys.fetches()) == (["new"], (2, 2))


async def test_refresh_that_hangs_makes_nobody_wait() -> None:
    async with source() as keys:
        keys.server.behaviours[KEYS] = hanging
        keys.clock.now += DEFAULT_LIFETIME
        found = [keys.known() for _ in range(100)]
        await keys.server.until(2)
        found += [[await keys.outcome("old")] for _ in range(100)]
        assert (found, keys.fetches()) == ([["old"]] * 200, (2, 2))


async def test_lifetime_that_the_issuer_states_counts() -> None:
    with authorization_server(OLD) as server:
        server.headers = {"Cache-Control": "max-age=7200"}
        keys = Source(server)
        await keys.keys.refresh()
        assert keys.health().next_refresh == NOW + 0.8 * 7200
        await keys.http.aclose()


def conditional(exchange: Exchange) -> None:
    """Answer as a server with an ETag does, and state a lifetime with the first answer only."""
    if exchange.request.headers.get("if-none-match") == '"one"':
        exchange.reply(304, headers={"ETag": '"one"'})
    else:
        exchange.reply(200, json.dumps(OLD.jwk_set).encode(), {"ETag": '"one"', "Cache-Control": "max-age=7200"})


async def test_key_set_that_has_not_changed_is_kept_on_304_for_another_lifetime() -> None:
    async with source(warm=False) as keys:
        keys.server.behaviours[KEYS] = conditional
        await keys.keys.refresh()
        before = keys.keys.known(keys.clock())
        keys.clock.now += 7200
        keys.known()
        await keys.settled()
        health = keys.health()
        assert keys.keys.known(keys.clock()) is before
        assert (health.last_success, health.next_refresh) == (NOW + 7200, NOW + 7200 + 0.8 * 7200)


async def test_key_set_without_an_etag_is_asked_for_by_its_date() -> None:
    async with source(warm=False) as keys:
        date = "Fri, 15 Jan 2027 00:00:00 GMT"
        keys.server.headers = {"Last-Modified": date}
        await keys.keys.refresh()
        await keys.keys.refresh()
        assert keys.server.requests[-1].headers["if-modified-since"] == date


async def test_same_document_again_is_the_same_key_set() -> None:
    async with source() as keys:
        before = keys.keys.known(keys.clock())
        await keys.keys.refresh()
        assert keys.keys.known(keys.clock()) is before
        assert keys.fetches() == (2, 2)


@pytest.mark.parametrize("etag", ['"é"', '"\x80"', '"' + "x" * 300 + '"'])
async def test_etag_that_cannot_be_sent_back_is_not_and_the_next_refresh_works(etag: str) -> None:
    async with source(warm=False) as keys:
        keys.server.headers = {"ETag": etag}
        await keys.keys.refresh()
        keys.server.publish(NEW)
        await keys.keys.refresh()
        assert keys.known() == ["new"]
        assert "if-none-match" not in keys.server.requests[-1].headers


async def test_304_to_a_request_without_a_condition_is_a_failure() -> None:
    async with source() as keys:
        keys.server.behaviours[KEYS] = replying(304)
        await keys.keys.refresh()
        assert "answered 304" in keys.health().last_error


# --- The metadata moves on with the keys ---


async def test_moved_jwks_uri_is_followed_and_the_condition_of_the_old_place_not_taken_along() -> None:
    async with source(warm=False) as keys:
        keys.server.headers = {"ETag": '"one"'}
        await keys.keys.refresh()
        keys.server.behaviours[keys.server.rfc8414_path] = replying_json(
            keys.server.metadata(jwks_uri=f"{keys.server.url}/moved")
        )
        keys.server.behaviours["/moved"] = replying_json(NEW.jwk_set)
        assert await keys.outcome("new") == "new"
        assert "if-none-match" not in keys.server.requests[-1].headers


async def test_place_of_the_metadata_is_remembered() -> None:
    async with source(warm=False) as keys:
        server = keys.server
        server.behaviours[server.rfc8414_path] = replying(404)
        server.behaviours[server.openid_path] = replying_json(server.metadata())
        for _ in range(3):
            await keys.keys.refresh()
        assert (server.count(server.rfc8414_path), server.count(server.openid_path), server.count(KEYS)) == (1, 3, 3)


async def test_fetch_leaves_no_connection_open_at_either_place() -> None:
    with authorization_server(OLD) as elsewhere:
        async with source(warm=False) as keys:
            keys.server.behaviours[keys.server.rfc8414_path] = replying_json(
                keys.server.metadata(jwks_uri=elsewhere.jwks_uri)
            )
            assert await keys.outcome("old") == "old"
            await keys.server.until_closed()
            await elsewhere.until_closed()


@pytest.mark.parametrize("misbehaviour", ["hanging", "500", "resetting", "HTML"])
async def test_keys_are_refreshed_from_the_known_place_while_the_metadata_cannot_be_had(misbehaviour: str) -> None:
    async with source(timeout=1) as keys:
        keys.server.behaviours[keys.server.rfc8414_path] = MISBEHAVIOURS[misbehaviour]
        keys.server.publish(NEW)
        await keys.keys.refresh()
        assert (keys.known(), keys.health().last_error) == (["new"], None)


def without_keys(server: AuthorizationServer) -> None:
    """Publish metadata without a `jwks_uri` (RFC 8414 section 2: it is optional)."""
    server.behaviours[server.rfc8414_path] = replying_json(server.metadata(jwks_uri=...))


async def test_issuer_that_publishes_no_keys_is_ready_where_it_need_not() -> None:
    async with source(warm=False, keyless=True) as keys:
        without_keys(keys.server)
        assert [await keys.outcome("old"), await keys.outcome(None)] == ["unknown_key", "unknown_key"]
        health = keys.health()
        assert (health.ready, health.keys, health.last_error, keys.server.count(KEYS)) == (True, 0, None, 0)


async def test_issuer_that_publishes_no_keys_is_unreachable_where_it_must() -> None:
    async with source(warm=False) as keys:
        without_keys(keys.server)
        assert await keys.outcome("old") == "issuer_unreachable"
        assert "no usable https URL as 'jwks_uri'" in keys.health().last_error


async def test_issuer_that_begins_to_publish_keys_is_noticed() -> None:
    async with source(warm=False, keyless=True) as keys:
        without_keys(keys.server)
        await keys.keys.refresh()
        before = keys.known()
        del keys.server.behaviours[keys.server.rfc8414_path]
        assert (before, await keys.outcome("old")) == ([], "old")


async def test_keys_stay_where_the_metadata_no_longer_names_a_place_for_them() -> None:
    async with source(keyless=True) as keys:
        without_keys(keys.server)
        await keys.keys.refresh()
        assert (keys.known(), await keys.outcome("old")) == (["old"], "old")
        assert "no usable https URL as 'jwks_uri': None" in keys.health().last_error


async def test_unusable_place_for_keys_is_refused_even_where_none_need_be_named() -> None:
    async with source(warm=False, keyless=True) as keys:
        keys.server.behaviours[keys.server.rfc8414_path] = replying_json(keys.server.metadata(jwks_uri="ftp://x"))
        assert await keys.outcome("old") == "issuer_unreachable"


async def test_metadata_that_names_another_issuer_stops_the_refresh_and_not_the_service() -> None:
    async with source() as keys:
        keys.server.behaviours[keys.server.rfc8414_path] = replying_json(
            keys.server.metadata(issuer="https://evil.example")
        )
        keys.server.publish(NEW)
        await keys.keys.refresh()
        assert (keys.known(), keys.server.count(KEYS)) == (["old"], 1)
        assert "'https://evil.example'" in keys.health().last_error


# --- Rotation ---


async def test_key_that_was_added_is_fetched_for_the_first_token_that_names_it() -> None:
    async with source() as keys:
        keys.server.publish(OLD, NEW)
        assert await keys.outcome("new") == "new"
        assert keys.fetches() == (2, 2)


async def test_key_that_was_removed_serves_until_the_next_refresh_and_no_longer() -> None:
    async with source(OLD, NEW) as keys:
        keys.server.publish(NEW)
        assert await keys.outcome("old") == "old"
        keys.clock.now += DEFAULT_LIFETIME
        keys.known()
        await keys.settled()
        assert await keys.outcome("old") == "unknown_key"


async def test_key_that_came_back_under_its_old_name_is_another_key() -> None:
    async with source() as keys:
        before = await keys.keys.find("old", "ES256")
        keys.server.publish(signing_key("ES256", "old", 3))
        await keys.keys.refresh()
        after = await keys.keys.find("old", "ES256")
        assert before.digest != after.digest
        known = keys.keys.known(keys.clock())
        assert known is not None
        assert before not in known.keys


@pytest.mark.parametrize(
    ("kid", "algorithm"),
    [
        pytest.param(None, "RS256", id="no kid, and no key for the algorithm"),
        pytest.param("old", "RS256", id="a kid that is published for another algorithm"),
        pytest.param("broken", "ES256", id="the kid of a published key that cannot serve"),
    ],
)
async def test_token_whose_key_a_fetch_cannot_bring_causes_none(kid: str | None, algorithm: str) -> None:
    async with source(warm=False) as keys:
        keys.server.behaviours[KEYS] = replying_json({"keys": [OLD.jwk, {"kty": "RSA", "kid": "broken"}]})
        await keys.keys.refresh()
        assert await keys.outcome(kid, algorithm) == "unknown_key"
        assert keys.fetches() == (1, 1)


async def test_token_without_kid_is_served_by_the_only_key_that_fits() -> None:
    async with source(OLD, signing_key("EdDSA", "other")) as keys:
        assert await keys.outcome(None) == "old"


async def test_token_without_kid_is_refused_where_several_keys_fit() -> None:
    async with source(OLD, NEW) as keys:
        assert await keys.outcome(None) == "key_ambiguous"


async def test_key_id_that_a_fetch_did_not_bring_causes_no_other_for_30_seconds() -> None:
    async with source() as keys:
        assert [await keys.outcome("forged") for _ in range(100)] == ["unknown_key"] * 100
        assert keys.fetches() == (2, 2)
        keys.clock.now += 30
        await keys.outcome("forged")
        assert keys.fetches() == (3, 3)


async def test_10_000_forged_key_ids_cost_the_issuer_three_fetches_and_a_rotation_amid_them_is_picked_up() -> None:
    async with source() as keys:
        for number in range(5000):
            await keys.outcome(f"forged-{number}")
        assert keys.fetches() == (4, 4)
        keys.server.publish(OLD, NEW)
        genuine = []
        for number in range(5000, 10_000):
            await keys.outcome(f"forged-{number}")
            if number % 100 == 0:
                genuine.append(await keys.outcome("new"))
        assert genuine == ["unknown_key"] + ["new"] * 49
        assert keys.fetches() == (5, 5)


async def test_1000_forged_key_ids_at_the_same_time_are_one_fetch() -> None:
    async with source() as keys:
        gate = Event()
        keys.server.behaviours[KEYS] = gated(gate, replying_json(OLD.jwk_set))
        forged = [asyncio.create_task(keys.outcome(f"forged-{number}")) for number in range(1000)]
        await keys.server.until(2)
        gate.set()
        assert set(await asyncio.gather(*forged)) == {"unknown_key"}
        # The first began the fetch; the others arrived while it was under way, so one of them may ask once more.
        assert keys.fetches() == (3, 3)
        # And they have not emptied the bucket by waiting for the same fetch.
        await keys.outcome("forged-anew")
        assert keys.fetches() == (4, 4)


async def test_key_id_whose_fetch_failed_is_not_taken_for_one_that_does_not_exist() -> None:
    async with source() as keys:
        keys.server.behaviours[KEYS] = replying(500)
        assert await keys.outcome("new") == "issuer_unreachable"
        del keys.server.behaviours[KEYS]
        keys.clock.now += 1
        await keys.keys.refresh()
        keys.server.publish(OLD, NEW)
        assert await keys.outcome("new") == "new"


async def test_fetch_that_began_before_the_key_was_published_proves_nothing() -> None:
    async with source() as keys:
        gate, answer = Event(), json.dumps(OLD.jwk_set).encode()
        keys.server.behaviours[KEYS] = gated(gate, lambda exchange: exchange.reply(200, answer))
        keys.clock.now += DEFAULT_LIFETIME
        keys.known()
        await keys.server.until(2)
        need = asyncio.create_task(keys.outcome("new"))
        await asyncio.sleep(0)
        del keys.server.behaviours[KEYS]
        keys.server.publish(OLD, NEW)
        gate.set()
        assert await need == "new"
        assert keys.fetches() == (3, 3)


async def test_fetch_under_way_that_brings_the_key_is_all_it_takes() -> None:
    async with source() as keys:
        gate = Event()
        keys.server.behaviours[KEYS] = gated(gate, replying_json({"keys": [OLD.jwk, NEW.jwk]}))
        keys.clock.now += DEFAULT_LIFETIME
        keys.known()
        await keys.server.until(2)
        needs = [asyncio.create_task(keys.outcome("new")) for _ in range(100)]
        await asyncio.sleep(0)
        gate.set()
        assert set(await asyncio.gather(*needs)) == {"new"}
        assert keys.fetches() == (2, 2)


# --- Outages ---


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
async def test_whatever_the_key_endpoint_does_the_keys_keep_serving(misbehaviour: str) -> None:
    async with source(timeout=0.3) as keys:
        before = keys.keys.known(keys.clock())
        keys.server.behaviours[KEYS] = MISBEHAVIOURS[misbehaviour]
        keys.clock.now += DEFAULT_LIFETIME
        assert keys.keys.known(keys.clock()) is before
        await keys.settled()
        assert keys.keys.known(keys.clock()) is before
        assert keys.health().last_error
        assert await keys.outcome("new") == "issuer_unreachable"


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
async def test_without_keys_whatever_the_key_endpoint_does_is_a_503(misbehaviour: str) -> None:
    async with source(timeout=0.3, warm=False) as keys:
        keys.server.behaviours[KEYS] = MISBEHAVIOURS[misbehaviour]
        with pytest.raises(Unavailable) as raised:
            await keys.keys.find("old", "ES256")
        error = raised.value
        assert (error.reason, error.retry_after) == ("issuer_unreachable", 1)
        assert f"no such key of {keys.server.issuer}: " in error.detail


async def test_outage_of_an_hour_costs_the_issuer_few_requests_and_nobody_notices() -> None:
    async with source() as keys:
        keys.server.behaviours[keys.server.rfc8414_path] = replying(503)
        keys.server.behaviours[KEYS] = replying(503)
        found = []
        for _ in range(3600):
            keys.clock.now += 1
            found.append(keys.known())
            await keys.settled()
        assert found == [["old"]] * 3600
        attempts = keys.server.count(KEYS) - 1
        assert 3600 / LONGEST_RETRY <= attempts <= 30
        assert keys.health().last_error == f"{keys.server.jwks_uri} answered 503"


async def test_recovery_is_noticed_within_the_longest_rest_and_all_is_as_before() -> None:
    async with source() as keys:
        keys.server.behaviours[KEYS] = replying(503)
        for _ in range(360):
            keys.clock.now += 10
            keys.known()
            await keys.settled()
        del keys.server.behaviours[KEYS]
        keys.server.publish(NEW)
        keys.clock.now += LONGEST_RETRY
        keys.known()
        await keys.settled()
        health = keys.health()
        assert (keys.known(), health.last_error, health.age) == (["new"], None, 0)
        assert health.next_refresh == keys.clock() + 0.8 * DEFAULT_LIFETIME


async def test_rests_double_while_keys_serve_and_stay_short_while_none_do() -> None:
    async with source() as keys:
        keys.server.refuse()
        rests = []
        for _ in range(12):
            await keys.keys.refresh()
            rests.append(keys.health().next_refresh - keys.clock())
        assert rests == [0.75 * rest for rest in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300)]
    async with source(warm=False) as keys:
        keys.server.refuse()
        for _ in range(12):
            await keys.keys.refresh()
        assert keys.health().next_refresh - keys.clock() == 0.75 * LONGEST_WANTED_RETRY


async def test_keys_serve_for_a_day_after_their_last_good_fetch_and_not_longer() -> None:
    async with source() as keys:
        keys.server.refuse()
        await keys.keys.refresh()
        keys.clock.now = NOW + OUTAGE_TOLERANCE - 1
        assert keys.known() == ["old"]
        await keys.settled()
        keys.clock.now = NOW + OUTAGE_TOLERANCE
        assert (keys.known(), keys.health().ready) == (None, False)
        await keys.settled()
        assert await keys.outcome("old") == "issuer_unreachable"
        keys.server.listen()
        keys.clock.now += LONGEST_WANTED_RETRY
        assert await keys.outcome("old") == "old"


async def test_keys_run_out_during_a_rest_and_not_after_it() -> None:
    async with source() as keys:
        keys.clock.now = NOW + OUTAGE_TOLERANCE - 1
        keys.server.refuse()
        for _ in range(12):
            await keys.keys.refresh()
        assert keys.known() == ["old"]
        keys.clock.now += 1
        assert keys.health().next_refresh > keys.clock() + 100
        assert keys.known() is None


async def test_requests_during_a_rest_cause_no_fetch_and_are_told_how_long_it_is() -> None:
    async with source(warm=False) as keys:
        keys.server.behaviours[KEYS] = replying(500)
        for _ in range(6):
            await keys.keys.refresh()
        assert {await keys.outcome("old") for _ in range(100)} == {"issuer_unreachable"}
        with pytest.raises(Unavailable) as raised:
            await keys.keys.find("old", "ES256")
        assert raised.value.retry_after == 12  # 15 s, less a quarter by chance, rounded up
        assert keys.server.count(KEYS) == 6


async def test_rotation_during_an_outage_is_picked_up_soon_after_it_without_hammering() -> None:
    async with source() as keys:
        keys.server.behaviours[KEYS] = replying(500)
        for _ in range(12):
            await keys.keys.refresh()
        attempts = keys.server.count(KEYS)
        assert {await keys.outcome("new") for _ in range(100)} == {"issuer_unreachable"}
        assert keys.server.count(KEYS) == attempts
        assert keys.health().next_refresh - keys.clock() > 200
        del keys.server.behaviours[KEYS]
        keys.server.publish(OLD, NEW)
        keys.clock.now += LONGEST_WANTED_RETRY
        assert await keys.outcome("new") == "new"
        assert keys.server.count(KEYS) == attempts + 1


async def test_outage_leaves_the_bucket_of_refetches_full() -> None:
    async with source() as keys:
        keys.server.behaviours[KEYS] = replying(500)
        await keys.keys.refresh()
        for number in range(1000):
            keys.clock.now += 0.01
            await keys.outcome(f"forged-{number}")
        del keys.server.behaviours[KEYS]
        await keys.keys.refresh()
        attempts = keys.server.count(KEYS)
        for number in range(1000):
            await keys.outcome(f"forged-anew-{number}")
        assert keys.server.count(KEYS) == attempts + 3


# --- Odd clocks ---


async def test_clock_set_back_is_a_reason_to_fetch_and_no_reason_to_refuse() -> None:
    async with source() as keys:
        keys.clock.now -= 3600
        keys.server.publish(NEW)
        assert (keys.known(), keys.health().age) == (["old"], 0)
        await keys.settled()
        assert (keys.known(), keys.fetches()) == (["new"], (2, 2))


async def test_clock_set_back_ends_a_rest() -> None:
    async with source(warm=False) as keys:
        keys.server.refuse()
        await keys.keys.refresh()
        keys.server.listen()
        keys.clock.now -= 3600
        assert await keys.outcome("old") == "old"


async def test_clock_set_back_does_not_make_keys_older_than_a_day_serve() -> None:
    async with source() as keys:
        keys.server.refuse()
        keys.clock.now -= 3600
        await keys.keys.refresh()
        keys.clock.now += OUTAGE_TOLERANCE
        assert keys.known() is None


async def test_clock_set_forward_beyond_a_day_costs_one_fetch() -> None:
    async with source() as keys:
        keys.clock.now += 10 * OUTAGE_TOLERANCE
        assert await keys.outcome("old") == "old"
        assert keys.fetches() == (2, 2)


# --- Callers that leave, and event loops that end ---


async def test_1000_requests_cancelled_mid_fetch_leave_a_fetch_that_the_next_one_uses() -> None:
    async with source(warm=False) as keys:
        gate = Event()
        keys.server.behaviours[KEYS] = gated(gate, replying_json(OLD.jwk_set))
        storm = [asyncio.create_task(keys.outcome("old")) for _ in range(1000)]
        await keys.server.until(1)
        for request in storm:
            request.cancel()
        await asyncio.wait(storm)
        assert all(request.cancelled() for request in storm)
        following = asyncio.create_task(keys.outcome("old"))
        gate.set()
        assert await following == "old"
        assert keys.fetches() == (1, 1)


async def test_error_of_an_unforeseen_kind_is_a_failure_like_any_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    async with source() as keys:
        with monkeypatch.context() as patched:
            patched.setattr("jwtguard.fetched_keys.fetch_key_set", broken)
            keys.clock.now += DEFAULT_LIFETIME
            assert keys.known() == ["old"]
            await keys.settled()
            assert keys.known() == ["old"]
            assert keys.health().last_error == "unforeseen: ZeroDivisionError"
            assert "ZeroDivisionError" in caplog.text
        keys.server.publish(NEW)
        keys.clock.now += 1
        keys.known()
        await keys.settled()
        gc.collect()
        assert (keys.known(), complaints) == (["new"], [])


async def test_stopping_mid_fetch_frees_those_who_wait_and_the_next_need_fetches_again() -> None:
    async with source(warm=False) as keys:
        keys.server.behaviours[KEYS] = hanging
        waiting = asyncio.create_task(keys.outcome("old"))
        await keys.server.until(1)
        await keys.keys.stop()
        assert await waiting == "issuer_unreachable"
        del keys.server.behaviours[KEYS]
        assert await keys.outcome("old") == "old"


def test_event_loop_that_ends_mid_fetch_leaves_the_keys_to_the_next() -> None:
    with authorization_server(OLD) as server:
        keys, gate = Source(server), Event()
        server.behaviours[KEYS] = gated(gate, replying(500))

        async def leave() -> None:
            keys.known()
            await server.until(1)

        asyncio.run(leave())
        gate.set()
        server.behaviours.clear()
        assert [asyncio.run(keys.outcome("old")) for _ in range(3)] == ["old"] * 3
        assert server.count(KEYS) == 2
        asyncio.run(server.until_closed())


def test_event_loops_in_several_threads_share_the_keys() -> None:
    with authorization_server(OLD) as server:
        keys, outcomes = Source(server), list[str]()

        async def needs() -> None:
            outcomes.extend(await asyncio.gather(*(keys.outcome("old") for _ in range(50))))

        threads = [Thread(target=asyncio.run, args=(needs(),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes == ["old"] * 400
        assert server.count(KEYS) <= 8
        before = server.count(KEYS)
        asyncio.run(needs())
        assert server.count(KEYS) == before


def test_slower_event_loop_does_not_bring_an_older_key_set_back() -> None:
    with authorization_server(OLD) as server:
        keys = Source(server)
        gate, answer = Event(), json.dumps(OLD.jwk_set).encode()
        server.behaviours[KEYS] = gated(gate, lambda exchange: exchange.reply(200, answer))
        slow = Thread(target=asyncio.run, args=(keys.keys.refresh(),))
        slow.start()
        asyncio.run(server.until(1))
        server.behaviours.clear()
        server.publish(NEW)
        asyncio.run(keys.keys.refresh())
        gate.set()
        slow.join()
        assert (keys.known(), server.count(KEYS)) == (["new"], 2)


# --- What the operator sees ---


async def test_health_before_the_first_fetch_is_not_ready_and_begins_none() -> None:
    async with source(warm=False) as keys:
        health = keys.health()
        assert (health.issuer, health.ready, health.keys, health.age) == (keys.server.issuer, False, 0, None)
        assert (health.last_success, health.last_error, health.next_refresh) == (None, None, NOW)
        assert not keys.keys._flight.under_way


async def test_health_tells_of_keys_age_and_next_refresh() -> None:
    async with source(warm=False) as keys:
        keys.server.behaviours[KEYS] = replying_json({"keys": [OLD.jwk, NEW.jwk, {"kty": "RSA", "kid": "broken"}]})
        await keys.keys.refresh()
        keys.clock.now += 60
        health = keys.health()
        assert (health.ready, health.keys, health.skipped, health.age) == (True, 2, 1, 60)
        assert (health.last_success, health.last_error) == (NOW, None)
        assert health.next_refresh == NOW + 0.8 * DEFAULT_LIFETIME


async def test_log_tells_of_new_keys_skipped_keys_failures_and_recovery(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "jwtguard.keys")
    async with source(warm=False) as keys:
        keys.server.behaviours[KEYS] = replying_json({"keys": [OLD.jwk, {"kty": "RSA", "kid": "broken"}]})
        await keys.keys.refresh()
        await keys.keys.refresh()
        keys.server.behaviours[KEYS] = replying(500)
        await keys.keys.refresh()
        del keys.server.behaviours[KEYS]
        await keys.keys.refresh()
        issuer = keys.server.issuer
        assert [record.getMessage() for record in caplog.records if record.name == "jwtguard.keys"] == [
            f"the keys of {issuer} are now 'old'",
            f"a key of {issuer} is skipped: number 1, 'n' is missing",
            f"the keys of {issuer} cannot be fetched (attempt 1): {keys.server.jwks_uri} answered 500",
            f"the keys of {issuer} can be fetched again",
            f"the keys of {issuer} are now 'old'",
        ]


async def test_refusal_of_a_token_says_which_key_was_looked_for_in_vain() -> None:
    async with source() as keys:
        with pytest.raises(InvalidToken, match="unknown_key"):
            await keys.keys.find("forged", "ES256")
