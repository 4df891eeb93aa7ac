"""Issuers that a resolver vouches for: asked once, remembered, bounded, and robust against whoever makes names up."""

import asyncio
import logging
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import pytest

from jwtguard import ConfigurationError, Issuer, JWTGuardError, ResourceServer, tenants
from jwtguard.tenants import OUTAGE_TOLERANCE, REFUSAL_SECONDS, REPEAT_SECONDS, TENANT_SECONDS
from tests.loopback import KEYS, authorization_server, hanging
from tests.resource_servers import Clock
from tests.signing import AUDIENCE, NOW, SigningKey, good_claims, signing_key

pytestmark = pytest.mark.anyio

KEY = signing_key("ES256")


def tenant(number: int) -> str:
    return f"https://tenant-{number}.example"


@dataclass
class Directory:
    """The resolver: knows tenants, counts the questions, and fails on demand.

    Attributes:
        known: the issuers, by name.
        asked: the names it was asked about, in order.
        failure: what it raises instead of answering.
        gate: what it waits for before it answers, if anything.
    """

    known: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    failure: BaseException | None = None
    gate: asyncio.Event | None = None

    async def __call__(self, name: str) -> Any:
        self.asked.append(name)
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return self.known.get(name)

    def add(self, *numbers: int, key: SigningKey = KEY) -> None:
        for number in numbers:
            self.known[tenant(number)] = Issuer(tenant(number), keys=key.jwk_set)


@dataclass
class Tenancy:
    """A resource server with a resolver, on a clock that stands."""

    directory: Directory = field(default_factory=Directory)
    clock: Clock = field(default_factory=Clock)
    issuers: tuple[Issuer, ...] = ()
    server: ResourceServer = field(init=False)

    def __post_init__(self) -> None:
        self.directory.add(1, 2)
        self.server = ResourceServer(
            self.issuers, audience=AUDIENCE, resolver=self.directory, clock=self.clock, token_cache=0
        )

    async def outcome(self, issuer: Any, *, key: SigningKey = KEY) -> str | None:
        """Why a token of that issuer is refused; None if it is accepted."""
        try:
            await self.server.validate(key.token(good_claims(now=self.clock(), iss=issuer)))
        except JWTGuardError as error:
            return error.reason
        return None


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


# --- Who is asked about what ---


async def test_tenant_is_resolved_once_and_its_tokens_are_accepted() -> None:
    tenancy = Tenancy()
    assert [await tenancy.outcome(tenant(1)) for _ in range(10)] == [None] * 10
    assert tenancy.directory.asked == [tenant(1)]


async def test_tenant_that_is_known_is_found_without_a_question() -> None:
    tenancy = Tenancy()
    await tenancy.outcome(tenant(1))
    assert tenancy.server.validation.trusted._tenants is not None
    found = await tenancy.server.validation.trusted._tenants.find(tenant(1))
    assert found is not None
    assert (found.configured.url, tenancy.directory.asked) == (tenant(1), [tenant(1)])


async def test_key_of_one_tenant_does_not_validate_the_tokens_of_another_with_equal_kid() -> None:
    tenancy = Tenancy()
    tenancy.directory.add(3, key=signing_key("ES256", KEY.kid, 3))
    assert await tenancy.outcome(tenant(3)) == "signature_mismatch"


async def test_configured_issuer_is_not_asked_about() -> None:
    tenancy = Tenancy(issuers=(Issuer(tenant(9), keys=KEY.jwk_set),))
    assert (await tenancy.outcome(tenant(9)), tenancy.directory.asked) == (None, [])


async def test_500_requests_of_a_new_tenant_at_the_same_time_are_one_question() -> None:
    tenancy = Tenancy()
    tenancy.directory.gate = asyncio.Event()
    requests = [asyncio.create_task(tenancy.outcome(tenant(1))) for _ in range(500)]
    await settle()
    tenancy.directory.gate.set()
    assert set(await asyncio.gather(*requests)) == {None}
    assert tenancy.directory.asked == [tenant(1)]


async def test_cancelled_requests_leave_the_question_to_the_others() -> None:
    tenancy = Tenancy()
    tenancy.directory.gate = asyncio.Event()
    requests = [asyncio.create_task(tenancy.outcome(tenant(1))) for _ in range(1000)]
    await settle()
    for request in requests[1:]:
        request.cancel()
    await settle()
    tenancy.directory.gate.set()
    assert (await requests[0], tenancy.directory.asked) == (None, [tenant(1)])


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("https://tenant-1.example\n", id="a line break"),
        pytest.param("https://tenant-1.example\x00", id="a NUL"),
        pytest.param("https://tenant-1.example\u202e", id="a direction mark"),
        pytest.param("https://" + "x" * 2050, id="too long"),
        pytest.param(["https://tenant-1.example"], id="a list"),
        pytest.param(None, id="null"),
    ],
)
async def test_hostile_name_is_refused_and_never_reaches_the_resolver(name: Any) -> None:
    tenancy = Tenancy()
    assert (await tenancy.outcome(name), tenancy.directory.asked) == ("issuer_mismatch", [])


@pytest.mark.parametrize("name", [f"{tenant(1)}/", tenant(1).upper(), "../../etc/passwd", "'; drop table tenants;--"])
async def test_name_is_asked_about_to_the_letter(name: str) -> None:
    tenancy = Tenancy()
    assert (await tenancy.outcome(name), tenancy.directory.asked) == ("issuer_mismatch", [name])


# --- What is remembered ---


async def test_refusal_is_remembered_for_a_minute() -> None:
    tenancy = Tenancy()
    assert {await tenancy.outcome(tenant(7)) for _ in range(100)} == {"issuer_mismatch"}
    assert len(tenancy.directory.asked) == 1
    tenancy.directory.add(7)
    tenancy.clock.now += REFUSAL_SECONDS
    assert await tenancy.outcome(tenant(7)) is None


async def test_answer_is_asked_for_again_in_the_background_before_it_lapses() -> None:
    tenancy = Tenancy()
    await tenancy.outcome(tenant(1))
    tenancy.clock.now += 0.8 * TENANT_SECONDS
    tenancy.directory.gate = asyncio.Event()  # never opened: whoever waited would wait for ever
    assert [await tenancy.outcome(tenant(1)) for _ in range(10)] == [None] * 10
    await settle()
    assert len(tenancy.directory.asked) == 2
    await tenancy.server.aclose()


async def test_answer_that_has_lapsed_is_waited_for() -> None:
    tenancy = Tenancy()
    await tenancy.outcome(tenant(1))
    del tenancy.directory.known[tenant(1)]
    tenancy.clock.now += TENANT_SECONDS
    assert await tenancy.outcome(tenant(1)) == "issuer_mismatch"


async def test_tenant_that_left_is_refused_as_soon_as_the_resolver_says_so() -> None:
    tenancy = Tenancy()
    await tenancy.outcome(tenant(1))
    del tenancy.directory.known[tenant(1)]
    tenancy.clock.now += 0.8 * TENANT_SECONDS
    await tenancy.outcome(tenant(1))
    await settle()
    assert await tenancy.outcome(tenant(1)) == "issuer_mismatch"


async def test_changed_configuration_takes_effect_and_the_same_one_keeps_its_keys() -> None:
    tenancy = Tenancy()
    await tenancy.outcome(tenant(1))
    found = tenancy.server.validation.trusted._tenants
    assert found is not None
    before = found.known(tenant(1), NOW)
    tenancy.clock.now += TENANT_SECONDS
    await tenancy.outcome(tenant(1))
    assert found.known(tenant(1), tenancy.clock()) is before
    tenancy.directory.known[tenant(1)] = Issuer(tenant(1), keys=KEY.jwk_set, audience="https://other.example")
    tenancy.clock.now += TENANT_SECONDS
    assert await tenancy.outcome(tenant(1)) == "audience_mismatch"


async def test_clock_set_back_is_a_reason_to_ask_again_and_no_reason_to_refuse() -> None:
    tenancy = Tenancy()
    await tenancy.outcome(tenant(1))
    tenancy.clock.now -= 3600
    assert await tenancy.outcome(tenant(1)) is None
    await settle()
    assert len(tenancy.directory.asked) == 2


async def test_refusal_from_a_future_that_a_clock_set_back_took_away_is_none() -> None:
    tenancy = Tenancy()
    await tenancy.outcome(tenant(7))
    tenancy.directory.add(7)
    tenancy.clock.now -= 3600
    assert await tenancy.outcome(tenant(7)) is None


async def test_flood_of_unknown_names_pushes_no_tenant_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "MOST_TENANTS", 2)
    monkeypatch.setattr(tenants, "MOST_REFUSED", 100)
    tenancy = Tenancy()
    for number in (1, 2):
        await tenancy.outcome(tenant(number))
    for number in range(1000):
        await tenancy.outcome(f"https://forged-{number}.example")
    asked = len(tenancy.directory.asked)
    assert [await tenancy.outcome(tenant(number)) for number in (1, 2)] == [None, None]
    assert len(tenancy.directory.asked) == asked == 1002
    assert tenancy.server.validation.trusted._tenants is not None
    assert len(tenancy.server.validation.trusted._tenants._refusals) == 100


async def test_tenant_longest_unused_makes_room_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "MOST_TENANTS", 2)
    tenancy = Tenancy()
    tenancy.directory.add(3)
    for number in (1, 2, 1, 3, 1):
        assert await tenancy.outcome(tenant(number)) is None
    await tenancy.server.health()  # looks at all of them, and uses none
    await tenancy.outcome(tenant(2))
    await tenancy.outcome(tenant(1))
    assert tenancy.directory.asked == [tenant(number) for number in (1, 2, 3, 2)]


# --- A resolver that fails ---


@pytest.mark.parametrize("failure", [RuntimeError("no database"), TimeoutError(), KeyError("x"), OSError("gone")])
async def test_failing_resolver_is_a_503_and_is_left_alone_for_a_second(failure: Exception) -> None:
    tenancy = Tenancy()
    tenancy.directory.failure = failure
    assert {await tenancy.outcome(tenant(1)) for _ in range(100)} == {"issuer_unreachable"}
    assert len(tenancy.directory.asked) == 1
    tenancy.directory.failure = None
    tenancy.clock.now += 1
    assert await tenancy.outcome(tenant(1)) is None


async def test_resolver_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "LOOKUP_SECONDS", 0.05)
    tenancy = Tenancy()
    tenancy.directory.gate = asyncio.Event()
    assert await tenancy.outcome(tenant(1)) == "issuer_unreachable"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Issuer(tenant(2), keys=KEY.jwk_set), id="another issuer"),
        pytest.param(tenant(1), id="a string"),
        pytest.param(True, id="a boolean"),
        pytest.param(Issuer(tenant(1), keys=KEY.jwk_set, algorithms=["RS256"]), id="an issuer whose rules cannot work"),
    ],
)
async def test_resolver_that_is_mistaken_is_a_503_and_said_to_be(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    tenancy = Tenancy()
    tenancy.directory.known[tenant(1)] = answer
    assert {await tenancy.outcome(tenant(1)) for _ in range(10)} == {"issuer_unreachable"}
    assert len(tenancy.directory.asked) == 1
    assert len([record for record in caplog.records if record.name == "jwtguard.tenants"]) == 1


async def test_resolver_that_is_cancelled_from_within_is_a_503() -> None:
    tenancy = Tenancy()
    tenancy.directory.failure = asyncio.CancelledError()
    assert await tenancy.outcome(tenant(1)) == "issuer_unreachable"
    tenancy.directory.failure = None
    assert await tenancy.outcome(tenant(1)) is None


async def test_failing_resolver_leaves_known_tenants_alone_for_a_day() -> None:
    tenancy = Tenancy()
    await tenancy.outcome(tenant(1))
    tenancy.directory.failure = RuntimeError("no database")
    outcomes = []
    for _ in range(int(OUTAGE_TOLERANCE // 60) - 1):
        tenancy.clock.now += 60
        outcomes.append(await tenancy.outcome(tenant(1)))
        await settle()
    assert set(outcomes) == {None}
    assert len(tenancy.directory.asked) <= OUTAGE_TOLERANCE / REPEAT_SECONDS
    tenancy.clock.now += 60
    assert await tenancy.outcome(tenant(1)) == "issuer_unreachable"


async def test_failing_resolver_is_logged_once_and_again_after_it_worked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "jwtguard.tenants")
    tenancy = Tenancy()
    tenancy.directory.failure = RuntimeError("no database")
    for number in range(100):
        await tenancy.outcome(f"https://forged-{number}.example")
    tenancy.directory.failure = None
    await tenancy.outcome(tenant(1))
    tenancy.directory.failure = RuntimeError("no database")
    await tenancy.outcome("https://forged-again.example")
    assert len(caplog.records) == 2


async def test_names_that_make_the_resolver_fail_are_not_logged_each_however_they_are_mixed_with_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR, "jwtguard.tenants")
    tenancy = Tenancy()
    for number in range(100):
        tenancy.directory.failure = ValueError("Invalid IPv6 URL")
        assert await tenancy.outcome(f"https://[{number}") == "issuer_unreachable"
        tenancy.directory.failure = ConfigurationError(f"an issuer has no query, but 'https://a.example?{number}' has")
        assert await tenancy.outcome(f"https://a.example?{number}") == "issuer_unreachable"
        tenancy.directory.failure = None
        assert await tenancy.outcome(f"https://forged-{number}.example") == "issuer_mismatch"
    assert len(caplog.records) == 2


async def test_more_questions_than_may_be_open_are_503_and_known_tenants_are_asked_about_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tenants, "MOST_LOOKUPS", 3)
    tenancy = Tenancy()
    await tenancy.outcome(tenant(1))
    tenancy.directory.gate = asyncio.Event()
    flood = [asyncio.create_task(tenancy.outcome(f"https://forged-{number}.example")) for number in range(10)]
    await settle()
    assert len(tenancy.directory.asked) == 1 + 3
    tenancy.clock.now += TENANT_SECONDS
    lapsed = asyncio.create_task(tenancy.outcome(tenant(1)))
    await settle()
    assert tenancy.directory.asked[-1] == tenant(1)
    tenancy.directory.gate.set()
    assert await lapsed is None
    outcomes = await asyncio.gather(*flood)
    assert (outcomes.count("issuer_mismatch"), outcomes.count("issuer_unreachable")) == (3, 7)


def test_event_loops_in_several_threads_share_the_tenants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "MOST_TENANTS", 20)
    tenancy, outcomes = Tenancy(), list[str | None]()
    tenancy.directory.add(*range(40))

    async def requests() -> None:
        for number in [*range(40)] * 5:
            outcomes.append(await tenancy.outcome(tenant(number)))

    threads = [Thread(target=asyncio.run, args=(requests(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [None] * 4 * 200


# --- Tenants whose keys are fetched ---


async def test_tenant_that_made_room_has_no_more_keys_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "MOST_TENANTS", 1)
    with authorization_server(KEY) as first, authorization_server(KEY) as second:
        tenancy = Tenancy()
        for server in (first, second):
            tenancy.directory.known[server.issuer] = Issuer(server.issuer)
        assert await tenancy.outcome(first.issuer) is None
        assert await tenancy.outcome(second.issuer) is None
        for _ in range(10):
            tenancy.clock.now += 1000
            health = await tenancy.server.health()
            await tenancy.outcome(second.issuer)
            await asyncio.sleep(0.01)
        assert [issuer.issuer for issuer in health.issuers] in ([second.issuer], [])
        assert (first.count(), second.count() > 5) == (1, True)
        await tenancy.server.aclose()


async def test_tenant_that_nobody_uses_any_more_has_no_more_keys_fetched() -> None:
    with authorization_server(KEY) as server:
        tenancy = Tenancy()
        tenancy.directory.known[server.issuer] = Issuer(server.issuer)
        await tenancy.outcome(server.issuer)
        tenancy.clock.now += TENANT_SECONDS
        for _ in range(10):
            tenancy.clock.now += 1000
            assert (await tenancy.server.health()).issuers == ()
        assert server.count() == 1
        await tenancy.server.aclose()


async def test_tenant_whose_issuer_is_down_does_not_make_the_application_unready() -> None:
    with authorization_server(KEY) as server:
        server.refuse()
        tenancy = Tenancy()
        tenancy.directory.known[server.issuer] = Issuer(server.issuer)
        assert await tenancy.outcome(server.issuer) == "issuer_unreachable"
        health = await tenancy.server.health()
        assert (health.ready, [issuer.ready for issuer in health.issuers]) == (True, [False])
        await tenancy.server.aclose()


async def test_closing_ends_the_questions_and_the_fetches_of_every_tenant() -> None:
    with authorization_server(KEY) as server:
        server.behaviours[KEYS] = hanging
        tenancy = Tenancy()
        tenancy.directory.known[server.issuer] = Issuer(server.issuer)
        await tenancy.outcome(tenant(2))
        before = asyncio.all_tasks()
        requests = [asyncio.create_task(tenancy.outcome(server.issuer))]
        await server.until(1)
        tenancy.directory.gate = asyncio.Event()
        requests.append(asyncio.create_task(tenancy.outcome(tenant(1))))
        tenancy.clock.now += TENANT_SECONDS
        requests.append(asyncio.create_task(tenancy.outcome(tenant(2))))
        await settle()
        assert len(asyncio.all_tasks() - before) == 6
        await tenancy.server.aclose()
        await settle()
        assert asyncio.all_tasks() == before
        assert {request.result() for request in requests} == {"issuer_unreachable"}
        trusted = tenancy.server.validation.trusted._tenants
        assert trusted is not None
        fetching = trusted.known(server.issuer, NOW)
        assert fetching is not None
        assert fetching.keys.health(NOW).last_error is None  # it was broken off, and did not fail
