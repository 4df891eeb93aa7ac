"""Measures everything, shows it, and keeps it: `make bench`."""

import asyncio
import warnings
from argparse import ArgumentParser
from collections.abc import Callable
from time import perf_counter, thread_time

from joserfc.errors import SecurityWarning
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from examples.benchmarks import (
    chart,
    faces,
    fetches,
    introspection,
    memory,
    over_http,
    peers,
    startup,
    summary,
    tables,
    validation,
)
from examples.benchmarks.results import Results, machine, today, versions
from examples.benchmarks.rounds import Contestant, Timing, race
from examples.benchmarks.tokens import Signer

KINDS = {
    "RS256": ("RS256", 0),
    "PS256": ("PS256", 0),
    "ES256": ("ES256", 0),
    "EdDSA": ("EdDSA", 0),
    "RS256, 4 kB": ("RS256", 60),
}
ROUNDS = 400
ROUNDS_OVER_HTTP = 4
ROUNDS_OF_IMPORTS = 10


async def run(progress: Progress) -> Results:
    """Measure everything, one subject after the other."""
    token_bytes, by_kind = {}, {}
    for kind, (algorithm, groups) in KINDS.items():
        signer = Signer.new(algorithm)
        others = peers.peers(signer) if kind == "RS256" else {}
        contestants = await validation.contestants(signer, rounds=ROUNDS, groups=groups, peers=others)
        by_kind[kind] = await _race(f"one token, {kind}", contestants, progress)
        token_bytes[kind] = len(signer.tokens(1, groups=groups)[0])
    signer = Signer.new("RS256")
    within_requests = await _race("one request", faces.contestants(signer, rounds=ROUNDS), progress)
    async with introspection.contestants(signer, rounds=ROUNDS) as contestants:
        locally_or_remotely = await _race("local or remote", contestants, progress, clock=perf_counter)
    task = progress.add_task("over HTTP", total=over_http.NUMBER * (ROUNDS_OVER_HTTP + 1))
    http = await over_http.measure(signer, rounds=ROUNDS_OVER_HTTP, step=lambda _: progress.advance(task))
    importing = progress.add_task("imports", total=startup.NUMBER * (ROUNDS_OF_IMPORTS + 1))
    imports = startup.measure(rounds=ROUNDS_OF_IMPORTS, step=lambda _: progress.advance(importing))
    rest = progress.add_task("memory and fetches", total=2)
    held = await memory.measure()
    progress.advance(rest)
    fetched = await fetches.measure()
    progress.advance(rest)
    return Results(
        when=today(),
        machine=machine(),
        versions=versions(),
        validation=by_kind,
        token_bytes=token_bytes,
        faces=within_requests,
        introspection=locally_or_remotely,
        over_http=http,
        memory=held,
        startup=imports,
        fetches=fetched,
    )


async def _race(
    name: str, contestants: list[Contestant], progress: Progress, *, clock: Callable[[], float] = thread_time
) -> dict[str, Timing]:
    task = progress.add_task(name, total=ROUNDS)
    return await race(contestants, rounds=ROUNDS, step=lambda _: progress.advance(task), clock=clock)


def measured(console: Console) -> Results:
    """Measure, with progress bars, and keep the results."""
    warnings.simplefilter("ignore", SecurityWarning)  # joserfc prefers the name Ed25519 to EdDSA
    columns = (TextColumn("{task.description:22}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, refresh_per_second=2) as progress:
        results = asyncio.run(run(progress))
    results.save()
    return Results.load()  # rounded: what is shown is what anyone can make of the file again


def main() -> None:
    """Measure, or take the last results again, and show them as tables, as a chart and as a section of README."""
    parser = ArgumentParser(prog="python -m examples.benchmarks", description=__doc__)
    parser.add_argument("--last", action="store_true", help="show the last results again, and measure nothing")
    console = Console()
    results = Results.load() if parser.parse_args().last else measured(console)
    chart.save(results)
    summary.save(results)
    tables.show(results, console)
    console.print("In examples/benchmarks/results: results.json, chart.svg, summary.md.")


if __name__ == "__main__":
    main()
