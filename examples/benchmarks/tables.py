"""The results as tables in the terminal."""

from rich.console import Console
from rich.table import Table

from examples.benchmarks import faces, introspection, validation
from examples.benchmarks.budget import Line, lines
from examples.benchmarks.results import Results
from examples.benchmarks.rounds import Timing


def show(results: Results, console: Console) -> None:
    """Print all tables, the budget last."""
    for kind, timings in results.validation.items():
        title = f"One token, {kind}, {results.token_bytes[kind]} bytes"
        console.print(_timings(title, timings, reference=validation.BARE))
    console.print(_timings("One token, locally or remotely", results.introspection, reference=introspection.LOCAL))
    console.print(_timings("One request, within the process", results.faces, reference=faces.STARLETTE))
    console.print(_over_http(results))
    each, by_default = results.memory["bytes per token"], results.memory["bytes by default"]
    console.print(
        f"A token in the cache takes {each} bytes, a full cache of the default size {by_default / 1e6:.1f} MB.\n"
    )
    console.print(_budget(lines(results)))


def _timings(title: str, timings: dict[str, Timing], *, reference: str) -> Table:
    table = Table(
        title=title, title_justify="left", caption=f"over and ratio: against “{reference}”, least against least"
    )
    table.add_column("")
    for column in ("least µs", "median µs", "over", "ratio"):
        table.add_column(column, justify="right")
    base = timings[reference].least
    for name, timing in timings.items():
        over, ratio = f"{timing.least - base:+.1f}", f"{timing.least / base:.2f}"
        style = "bold" if "jwtguard" in name or "Guard" in name else ""
        table.add_row(name, f"{timing.least:.1f}", f"{timing.median:.1f}", over, ratio, style=style)
    return table


def _over_http(results: Results) -> Table:
    table = Table(title="uvicorn, one worker unless named, 16 connections", title_justify="left")
    table.add_column("")
    table.add_column("requests/s", justify="right")
    table.add_column("processor µs per request", justify="right")
    for name, figures in results.over_http.items():
        requests, processor = figures["requests per second"], figures["processor µs per request"]
        table.add_row(name, f"{requests:,.0f}", f"{processor:.0f}", style="bold" if "Guard" in name else "")
    return table


def _budget(kept: list[Line]) -> Table:
    table = Table(title="The budget", title_justify="left")
    for column in ("", "budget", "measured", "holds"):
        table.add_column(column)
    for line in kept:
        table.add_row(
            line.what, line.budget, line.measured, "yes" if line.holds else "NO", style="" if line.holds else "red"
        )
    return table
