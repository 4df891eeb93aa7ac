"""examples/benchmarks: contestants run in turn, peers do validate, and the chart and the text say what was measured."""

import warnings
from xml.etree import ElementTree

import pytest

from examples.benchmarks import budget, chart, over_http, summary, validation
from examples.benchmarks.results import FOLDER, Results
from examples.benchmarks.rounds import Contestant, Timing, race
from examples.benchmarks.tokens import Signer

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that moves only when somebody works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def worker(self, name: str, seconds: list[float], order: list[str]) -> Contestant:
        """A contestant whose rounds take these times, for ten operations each."""

        async def run(number: int) -> None:
            order.append(name)
            self.now += seconds[number]

        return Contestant(name, run, 10)


async def test_contestants_run_once_a_round_and_none_always_behind_the_same_other() -> None:
    clock, order = Clock(), list[str]()
    workers = [clock.worker(name, [1.0] * 20, order) for name in ("a", "b", "c")]
    await race(workers, rounds=20, step=lambda _: None, clock=clock)
    rounds = ["".join(order[start : start + 3]) for start in range(0, 60, 3)]
    assert {"".join(sorted(ran)) for ran in rounds} == {"abc"}
    assert {ran[:2] for ran in rounds} == {"ab", "ac", "ba", "bc", "ca", "cb"}


async def test_timing_is_per_operation_and_its_least_and_median_are_those_of_the_rounds() -> None:
    clock = Clock()
    worker = clock.worker("a", [0.004, 0.001, 0.002], [])
    assert await race([worker], rounds=3, step=lambda _: None, clock=clock) == {"a": Timing(100.0, 200.0)}


def test_no_two_tokens_are_alike() -> None:
    signer = Signer.new("EdDSA")
    with warnings.catch_warnings(action="ignore"):
        assert len({*signer.tokens(20), *signer.tokens(20)}) == 40


async def test_contestants_all_accept_the_tokens_that_they_are_given() -> None:
    contestants = await validation.contestants(Signer.new("ES256"), rounds=1)
    timings = await race(contestants, rounds=1, step=lambda _: None)
    assert list(timings) == [validation.BARE, validation.NEW, validation.NEW_UNCACHED, validation.SEEN]


def test_peers_refuse_what_they_are_said_to_check() -> None:
    pytest.importorskip("authlib", reason="the peers are installed by `make bench`")
    from examples.benchmarks.peers import peers

    signer = Signer.new("RS256")
    claims = next(signer.claims())
    good = signer.token(claims)
    bad = {
        "signature": Signer.new("RS256").token(claims),
        "issuer": signer.token({**claims, "iss": "https://other.example.com"}),
        "audience": signer.token({**claims, "aud": "https://other.example.com"}),
        "expiry": signer.token({**claims, "exp": 1}),
    }
    for name, validate in peers(signer).items():
        assert dict(validate(good)) == claims, name
        for what, token in bad.items():
            with pytest.raises(Exception):  # noqa: B017, PT011  (each library has errors of its own)
                pytest.fail(f"{name} accepts a bad {what}: {validate(token)}")


@pytest.fixture
def results() -> Results:
    return Results.load()


def test_chart_and_text_are_those_of_the_results_beside_them(results: Results) -> None:
    assert (FOLDER / "chart.svg").read_text() == chart.drawn(results)
    assert (FOLDER / "summary.md").read_text() == summary.section(results)


def test_chart_shows_each_contestant_with_its_figure(results: Results) -> None:
    document = ElementTree.fromstring(chart.drawn(results))  # noqa: S314  (our own)
    texts = [element.text for element in document.iter("{http://www.w3.org/2000/svg}text")]
    for name, timing in results.validation["RS256"].items():
        if name not in (validation.NEW, validation.NEW_UNCACHED, validation.SEEN):
            assert texts[texts.index(name) + 1] == f"{timing.least:.1f}"
    assert over_http.INTROSPECTING in texts


def test_line_of_the_budget_holds_up_to_its_limit(results: Results) -> None:
    bare = results.validation["RS256"][validation.BARE].least
    for over, holds in ((7.0, True), (7.1, False)):
        results.validation["RS256"][validation.NEW_UNCACHED] = Timing(bare + over, bare + over)
        first = next(line for line in budget.lines(results) if line.what.startswith("RS256"))
        assert (first.measured, first.holds) == (f"+ {over} µs", holds)


def test_text_names_each_line_of_the_budget_that_was_not_kept(results: Results) -> None:
    text = summary.section(results)
    for line in budget.lines(results):
        assert (f"- {line.what}: {line.budget} are allowed, {line.measured} were measured" in text) is not line.holds
