"""Charts as inline SVG: drawn offline, coloured by the page, the same bytes every time.

Colours are written as CSS variables, so that light, dark and print are the page's choice; shape
tells the series apart as well as colour does. Every chart has a text alternative.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colours that matplotlib draws with → the page's variables that they become.
_INK, _SOFT, _GRID, _OLD, _NEW = "#010203", "#010204", "#010205", "#010206", "#010207"
_VARIABLES = {
    _INK: "var(--ink)",
    _SOFT: "var(--soft)",
    _GRID: "var(--grid)",
    _OLD: "var(--entered)",
    _NEW: "var(--restated)",
}
_WIDTH = 5.2
_LONGEST_NAME = 26


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart: a share with its interval, and where it stood before (if it did)."""

    name: str
    estimate: float | None
    low: float | None = None
    high: float | None = None
    before: float | None = None


def mix_chart(bars: Sequence[Bar], name: str, alt: str) -> str:
    """Draw each value's share as entered (hollow square) and restated (dot with interval)."""
    with _drawing(name, 0.36 * len(bars) + 1.0) as drawing:
        axes = drawing.axes
        for place, bar in enumerate(reversed(bars)):
            if bar.estimate is not None and bar.before is not None:
                axes.plot([bar.before, bar.estimate], [place] * 2, color=_GRID, lw=4, zorder=1)
            _point(axes, bar, place)
            if bar.before is not None:
                axes.plot(bar.before, place, "s", mfc="none", mec=_OLD, mew=1.8, ms=8, zorder=3)
        _rows(axes, bars)
        axes.set_xlim(left=0)
        _key(axes)
    return drawing.svg(alt)


def share_chart(bars: Sequence[Bar], name: str, alt: str, overall: float | None) -> str:
    """Draw shares with intervals, one row each, and the overall share as a dashed line."""
    with _drawing(name, 0.34 * len(bars) + 0.7) as drawing:
        axes = drawing.axes
        for place, bar in enumerate(reversed(bars)):
            _point(axes, bar, place)
            if bar.estimate is None:
                axes.text(0.01, place, "too few", color=_SOFT, va="center", fontsize=9)
        if overall is not None:
            axes.axvline(overall, color=_SOFT, lw=1, ls=(0, (4, 3)), zorder=0)
        _rows(axes, bars)
        axes.set_xlim(0, 1)
    return drawing.svg(alt)


def trend_chart(series: Sequence[tuple[str, Sequence[Bar]]], name: str, alt: str) -> str:
    """Draw up to two series of shares over the same periods."""
    with _drawing(name, 2.9) as drawing:
        axes = drawing.axes
        for (label, bars), color, mark in zip(series, (_NEW, _OLD), "os", strict=False):
            known = [(k, bar.estimate) for k, bar in enumerate(bars) if bar.estimate is not None]
            axes.plot(*zip(*known, strict=True), color=color, lw=2, marker=mark)
            for k, bar in enumerate(bars):
                if bar.low is not None and bar.high is not None:
                    axes.plot([k, k], [bar.low, bar.high], color=color, lw=1.2)
            if known:
                axes.annotate(
                    label,
                    known[-1],
                    xytext=(0, 10),
                    textcoords="offset points",
                    ha="right",
                    color=_INK,
                    fontsize=9,
                )
        periods = [bar.name for bar in series[0][1]]
        axes.set_xticks(range(len(periods)), periods)
        axes.set_xlim(-0.3, len(periods) - 0.7)
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(_percent)
        axes.grid(axis="y", color=_GRID, lw=0.8)
    return drawing.svg(alt)


class _Drawing:
    """A figure in the page's colours that becomes an SVG element."""

    def __init__(self, name: str, height: float) -> None:
        from matplotlib.figure import Figure

        self._name = name
        self._figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        self.axes = self._figure.add_subplot()
        self.axes.set_axisbelow(True)
        self.axes.tick_params(colors=_INK, length=0, labelsize=10)
        for side in self.axes.spines.values():
            side.set_visible(False)

    def finish(self) -> None:
        buffer = io.StringIO()
        silent: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        self._figure.savefig(buffer, format="svg", transparent=True, metadata=silent)
        self._text = buffer.getvalue()

    def svg(self, alt: str) -> str:
        body = self._text[self._text.index("<svg") :]
        head, rest = body.split(">", 1)
        box = re.search(r'viewBox="[^"]+"', head)
        for color, variable in _VARIABLES.items():
            rest = rest.replace(color, variable)
        rest = rest.replace("font-family: 'DejaVu Sans'", "font-family: system-ui, sans-serif")
        # Ids are shared by all charts of a page: each gets its chart's name.
        rest = re.sub(r'( id="|"#|\(#)([A-Za-z]\w*)', rf"\1{self._name}-\2", rest)
        view = box.group(0) if box else ""
        return (
            f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" class="chart" {view} role="img" '
            f'aria-label="{escape(alt)}">{rest}'
        )


@contextmanager
def _drawing(name: str, height: float) -> Iterator[_Drawing]:
    """Give a drawing, and render it with settings of its own."""
    from matplotlib import rc_context

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.family": "DejaVu Sans",
        "text.parse_math": False,
    }
    with rc_context(settings):
        drawing = _Drawing(name, height)
        yield drawing
        drawing.finish()


def _point(axes: Axes, bar: Bar, place: int) -> None:
    if bar.estimate is None:
        return
    if bar.low is not None and bar.high is not None:
        axes.plot([bar.low, bar.high], [place] * 2, color=_NEW, lw=1.8, zorder=2)
    axes.plot(bar.estimate, place, "o", color=_NEW, ms=7, zorder=4)


def _rows(axes: Axes, bars: Sequence[Bar]) -> None:
    from matplotlib.ticker import MaxNLocator

    # Whole percents only: 2.5 % would be written as 2 %.
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    axes.set_yticks(range(len(bars)), [_short(bar.name) for bar in reversed(bars)])
    axes.set_ylim(-0.6, len(bars) - 0.4)
    axes.xaxis.set_major_formatter(_percent)
    axes.grid(axis="x", color=_GRID, lw=0.8)


def _key(axes: Axes) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], ls="", marker="s", mfc="none", mec=_OLD, mew=1.8, ms=8, label="as entered"),
        Line2D([], [], color=_NEW, marker="o", ms=7, label="restated, with 95 % interval"),
    ]
    axes.legend(
        handles=marks,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=2,
        frameon=False,
        labelcolor=_INK,
        fontsize=10,
    )


def _percent(value: float, _: object = None) -> str:
    return f"{value:.0%}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
