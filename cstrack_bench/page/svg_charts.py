"""Charts as inline SVG: lines, strips of intervals, stacked bars.

Colours are custom properties of the page's style sheet, so that a chart follows it into
the dark and onto paper.
"""

import collections.abc as abc
import math
from dataclasses import dataclass, field

from cstrack_bench.page.html_nodes import Node, node
from cstrack_bench.report.words import number

#: Units of a chart; its width on a phone, so that letters keep their size there.
WIDTH, HEIGHT = 340, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 10, 10, 34
COLOURS = 6


def colour(index: int) -> str:
    """The colour of a series, by its number."""
    return f"var(--c{index % COLOURS + 1})"


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Attributes:
        name: for the legend.
        points: (x, y), ascending in x.
        colour: number of its colour.
        dashed: for print beside ours.
        spread: (low, high) of each point; empty without.
    """

    name: str
    points: abc.Sequence[tuple[float, float]]
    colour: int
    dashed: bool = False
    spread: abc.Sequence[tuple[float, float] | None] = ()


@dataclass(frozen=True)
class Axes:
    """What the axes of a chart are.

    Attributes:
        x, y: their names.
        log_x: whether x grows by factors.
        levels: name -> y of horizontal lines.
        whole_x: whether ticks of x are whole numbers.
    """

    x: str
    y: str
    log_x: bool = False
    levels: abc.Mapping[str, float] = field(default_factory=dict)
    whole_x: bool = False


class _Scale:
    """Values to units of the chart."""

    def __init__(
        self, values: abc.Sequence[float], start: float, stop: float, log: bool = False
    ) -> None:
        self._log = log
        low, high = min(values), max(values)
        if not log:
            pad = 0.06 * (high - low) or 0.5 * (abs(high) or 1.0)
            low, high = low - pad, high + pad
        elif low == high:
            low, high = low / 2, high * 2
        self.low, self.high = low, high
        self._start, self._stop = start, stop

    def __call__(self, value: float) -> float:
        low, high, at = self.low, self.high, value
        if self._log:
            low, high, at = math.log(low), math.log(high), math.log(value)
        return self._start + (at - low) / (high - low) * (self._stop - self._start)

    def ticks(self, whole: bool = False) -> list[float]:
        """Round values within the scale."""
        if self._log:
            low, high = math.floor(math.log10(self.low)), math.log10(self.high)
            decades = [10.0**k for k in range(low, math.ceil(high) + 1)]
            return [x for x in decades if self.low <= x <= self.high * 1.001]
        step = (self.high - self.low) / 4
        power = 10.0 ** math.floor(math.log10(step))
        step = min((power * k for k in (1, 2, 5, 10)), key=lambda s: abs(s - step))
        if whole:
            step = max(1.0, round(step))
        first = math.ceil(self.low / step)
        return [k * step for k in range(first, math.floor(self.high / step) + 1)]


def line_chart(series: abc.Sequence[Series], axes: Axes) -> Node:
    """A chart of lines with its legend.

    Args:
        series: one or more, each with a point.
        axes: names and lines across.
    """
    every = [point for one in series for point in one.points]
    spreads = [ends for one in series for ends in one.spread if ends is not None]
    heights = [y for _, y in every] + [end for ends in spreads for end in ends]
    x = _Scale([x for x, _ in every], _LEFT, WIDTH - _RIGHT, axes.log_x)
    y = _Scale([*heights, *axes.levels.values()], HEIGHT - _BOTTOM, _TOP)
    svg = node(
        "svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        class_="chart",
        role="img",
        aria_label=f"{axes.y} over {axes.x}: {', '.join(s.name for s in series)}",
    )
    _grid(svg, x, y, axes)
    for name, level in axes.levels.items():
        at = y(level)
        svg.append(
            node("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=at, y2=at, class_="level")
        )
        svg.append(node("text", name, x=WIDTH - _RIGHT, y=at - 3, class_="label end"))
    for one in series:
        _draw(svg, one, x, y)
    return node("div", svg, _legend(series))


def _grid(svg: Node, x: _Scale, y: _Scale, axes: Axes) -> None:
    for value in y.ticks():
        at = y(value)
        svg.append(
            node("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=at, y2=at, class_="grid")
        )
        svg.append(
            node("text", _tick(value), x=_LEFT - 4, y=at + 3.5, class_="label end")
        )
    for value in x.ticks(axes.whole_x):
        at = x(value)
        bottom = HEIGHT - _BOTTOM
        svg.append(node("line", x1=at, x2=at, y1=_TOP, y2=bottom, class_="grid"))
        svg.append(
            node("text", _tick(value), x=at, y=bottom + 13, class_="label middle")
        )
    centre = (_LEFT + WIDTH - _RIGHT) / 2
    svg.append(node("text", axes.x, x=centre, y=HEIGHT - 6, class_="label middle"))
    svg.append(node("text", axes.y, x=2, y=_TOP, class_="label"))


def _tick(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _draw(svg: Node, one: Series, x: _Scale, y: _Scale) -> None:
    style = f"stroke: {colour(one.colour)}"
    points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in one.points)
    kind = "line dashed" if one.dashed else "line"
    svg.append(node("polyline", points=points, class_=kind, style=style))
    for (a, _), ends in zip(one.points, one.spread, strict=False):
        if ends is not None:
            svg.append(
                node(
                    *("line",),
                    x1=x(a),
                    x2=x(a),
                    y1=y(ends[0]),
                    y2=y(ends[1]),
                    class_="line",
                    style=style,
                )
            )
    fill = "var(--page)" if one.dashed else colour(one.colour)
    for a, b in one.points:
        mark = node("circle", cx=x(a), cy=y(b), r=2.6, class_="mark")
        mark.set("style", f"fill: {fill}; {style}")
        svg.append(mark)


def _legend(series: abc.Sequence[Series]) -> Node:
    return node(
        "ul",
        *(
            node(
                "li",
                node(
                    "span",
                    class_="swatch dashed" if one.dashed else "swatch",
                    style=f"border-color: {colour(one.colour)}",
                ),
                one.name,
            )
            for one in series
        ),
        class_="legend",
    )


@dataclass(frozen=True)
class Bend:
    """A scale that is straight near zero and logarithmic far from it.

    Attributes:
        most: the largest distance from zero.
        straight: up to where it is about straight.
    """

    most: float
    straight: float

    def __call__(self, value: float) -> float:
        """0 to 100 of the strip's width; zero lies at 50."""
        share = math.asinh(value / self.straight) / math.asinh(
            self.most / self.straight
        )
        return 50.0 + 48.0 * max(-1.0, min(1.0, share))


@dataclass(frozen=True)
class Interval:
    """A difference in print and here.

    Attributes:
        printed: in print.
        ours: here; low, high: ends of its interval, None without.
        margin: smaller differences are negligible.
        verdict: a word that the style sheet colours.
    """

    printed: float
    ours: float
    low: float | None
    high: float | None
    margin: float
    verdict: str


def strip(one: Interval, scale: Bend) -> Node:
    """A difference and its interval on a strip as wide as its column."""
    left, right = scale(-one.margin), scale(one.margin)
    band = node("rect", x=f"{left:.2f}%", width=f"{right - left:.2f}%", y=0, height=22)
    band.set("class", "band")
    svg = node("svg", band, width="100%", height=22, class_="strip", aria_hidden="true")
    svg.append(node("line", x1="50%", x2="50%", y1=0, y2=22, class_="zero"))
    at = f"{scale(one.printed):.2f}%"
    svg.append(node("circle", cx=at, cy=6, r=3.6, class_="printed"))
    kind = f"ours {one.verdict.replace(' ', '-')}"
    if one.low is not None and one.high is not None:
        svg.append(
            node(
                "line",
                x1=f"{scale(one.low):.2f}%",
                x2=f"{scale(one.high):.2f}%",
                y1=15,
                y2=15,
                class_=kind,
            )
        )
    svg.append(node("circle", cx=f"{scale(one.ours):.2f}%", cy=15, r=4, class_=kind))
    return svg


def strip_axis(scale: Bend) -> Node:
    """The ticks under strips."""
    steps = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]
    ticks = [s for s in steps if scale.straight * 0.9 <= s <= scale.most]
    # Neighbours that would touch on a phone are left out.
    shown: list[float] = [0.0]
    for tick in reversed(ticks):
        if all(abs(scale(tick) - scale(other)) > 7 for other in shown):
            shown.append(tick)
    shown = sorted({*shown, *(-one for one in shown)})
    svg = node("svg", width="100%", height=16, class_="strip", aria_hidden="true")
    for tick in shown:
        text = number(tick, 0) if tick <= 0 else f"+{number(tick, 0)}"
        svg.append(
            node("text", text, x=f"{scale(tick):.2f}%", y=12, class_="label middle")
        )
    return svg


def stacked_bar(
    parts: abc.Sequence[tuple[str, float]], most: float, start: float = 0.0
) -> Node:
    """A bar of parts on a line from 0 to ``most``.

    Args:
        parts: name and length of each, coloured by number.
        most: what the whole width is.
        start: where the first part begins.
    """
    svg = node("svg", width="100%", height=18, class_="strip", role="img")
    svg.set("aria-label", ", ".join(f"{name} {number(x, 1)}" for name, x in parts))
    at = start
    for index, (name, length) in enumerate(parts):
        left, right = sorted((at, at + length))
        bar = node(
            "rect",
            node("title", f"{name}: {number(length, 1)}"),
            x=f"{100 * max(0.0, left) / most:.2f}%",
            width=f"{100 * max(0.0, right - left) / most:.2f}%",
            y=2,
            height=14,
        )
        bar.set("style", f"fill: {colour(index)}")
        svg.append(bar)
        at += length
    return svg


def names_legend(names: abc.Iterable[str]) -> Node:
    """Names with the colours that their numbers have."""
    return node(
        "ul",
        *(
            node(
                "li",
                node("span", class_="block", style=f"background: {colour(index)}"),
                name,
            )
            for index, name in enumerate(names)
        ),
        class_="legend",
    )


def labelled_bars(
    rows: abc.Iterable[tuple[str, abc.Sequence[tuple[str, float]], float]],
    most: float,
    decimals: int,
) -> Node:
    """Bars with their names and totals."""
    return node(
        "div",
        *(
            node(
                "div",
                node("span", name, class_="name"),
                node("span", stacked_bar(parts, most), class_="plot"),
                node("span", number(total, decimals), class_="value"),
                class_="bar-row",
            )
            for name, parts, total in rows
        ),
        class_="bars",
    )
