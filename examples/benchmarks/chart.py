"""The results as a picture, SVG by hand: readable on light and on dark pages, and without any font of its own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from examples.benchmarks import over_http, validation
from examples.benchmarks.results import FOLDER, Results

_WIDTH, _LABELS, _VALUES = 880, 325, 75
_BAR, _GAP, _HEADING, _FOOT = 20, 9, 62, 44

_STYLE = """
  text { font: 14px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 16px; }
  .muted { fill: #59636e; font-size: 12.5px; }
  .ours { font-weight: 600; }
  rect { fill: #b4bcc5; }
  rect.ours { fill: #0969da; }
  rect.floor { fill: #d8dee4; stroke: #8c959f; stroke-dasharray: 4 3; }
  line { stroke: #8c959f; stroke-dasharray: 4 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .muted { fill: #9198a1; }
    rect { fill: #59626d; }
    rect.ours { fill: #4493f8; }
    rect.floor { fill: #2a313c; stroke: #9198a1; }
    line { stroke: #9198a1; }
  }"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        label: what stands before it.
        value: how long it is.
        text: what stands behind it.
        kind: "ours", "floor" for what nobody can go below (or above), or nothing.
    """

    label: str
    value: float
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars under one heading.

    Attributes:
        title: the heading.
        explanation: the line under it.
        bars: from the top down.
    """

    title: str
    explanation: str
    bars: list[Bar]

    @property
    def height(self) -> int:
        """In pixels."""
        return _HEADING + len(self.bars) * (_BAR + _GAP)


def save(results: Results) -> None:
    """Write the chart."""
    (FOLDER / "chart.svg").write_text(drawn(results))


def drawn(results: Results) -> str:
    """Return the chart of what a run measured."""
    return draw([_tokens(results), _requests(results)], foot=_foot(results))


def draw(panels: Iterable[Panel], *, foot: str) -> str:
    """Return the SVG document of several panels, one under the other."""
    several = list(panels)
    height = sum(panel.height for panel in several) + _FOOT
    described = ". ".join(panel.title for panel in several)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(described)}">',
        f"<style>{_STYLE}\n</style>",
    ]
    top = 0
    for panel in several:
        lines += _panel(panel, top)
        top += panel.height
    lines += [f'<text class="muted" x="8" y="{top + 28}">{escape(foot)}</text>', "</svg>\n"]
    return "\n".join(lines)


def _panel(panel: Panel, top: int) -> Iterator[str]:
    longest = max(bar.value for bar in panel.bars)
    yield f'<text class="title" x="8" y="{top + 26}">{escape(panel.title)}</text>'
    yield f'<text class="muted" x="8" y="{top + 46}">{escape(panel.explanation)}</text>'
    first = top + _HEADING
    for number, bar in enumerate(panel.bars):
        y = first + number * (_BAR + _GAP)
        width = max(2.0, bar.value / longest * (_WIDTH - _LABELS - _VALUES))
        if bar.kind == "floor" and bar.value < longest:
            bottom = first + len(panel.bars) * (_BAR + _GAP) - _GAP
            x = _LABELS + width
            yield f'<line x1="{x:.1f}" y1="{first}" x2="{x:.1f}" y2="{bottom}"/>'
        yield f'<text class="{bar.kind}" x="{_LABELS - 10}" y="{y + 15}" text-anchor="end">{escape(bar.label)}</text>'
        yield f'<rect class="{bar.kind}" x="{_LABELS}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="3"/>'
        yield f'<text class="{bar.kind}" x="{_LABELS + width + 8:.1f}" y="{y + 15}">{escape(bar.text)}</text>'


def _tokens(results: Results) -> Panel:
    timings = results.validation["RS256"]
    labels = {validation.NEW: "jwtguard, new token", validation.SEEN: "jwtguard, token seen before"}
    ours = {*labels, validation.NEW_UNCACHED}
    shown = [(name, timing) for name, timing in timings.items() if name != validation.NEW_UNCACHED]
    return Panel(
        "Validating an access token, in microseconds",
        f"RS256, {results.token_bytes['RS256']} bytes; the shorter the better. Dashed: the signature check alone.",
        [
            Bar(labels.get(name, name), timing.least, f"{timing.least:.1f}", _kind(name, ours, validation.BARE))
            for name, timing in sorted(shown, key=lambda item: item[1].least)
        ],
    )


def _requests(results: Results) -> Panel:
    ours = {over_http.GUARD, over_http.MIDDLEWARE, over_http.GUARD_UNCACHED}
    shown = {name: figures for name, figures in results.over_http.items() if "two workers" not in name}
    per_core = {name: 1e6 / figures["processor µs per request"] for name, figures in shown.items()}
    return Panel(
        "Requests in a second of processor time",
        "A FastAPI route that answers a few bytes, behind uvicorn; the longer the better. Dashed: unprotected.",
        [
            Bar(name, requests, f"{requests:,.0f}", _kind(name, ours, over_http.UNPROTECTED))
            for name, requests in per_core.items()
        ],
    )


def _kind(name: str, ours: set[str], floor: str) -> str:
    if name == floor:
        return "floor"
    return "ours" if name in ours else ""


def _foot(results: Results) -> str:
    machine = results.machine
    return f"{machine['processor']}, {machine['cores']} cores · {machine['Python']} · {results.when} · make bench"
