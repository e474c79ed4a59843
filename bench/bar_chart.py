"""Bar charts as SVG that needs nothing else: panels below each other, in each of which groups of bars stand side by side.

Each bar has its value above it and a line from its lower to its upper quartile; limits are dashed lines across a group.
"""

import dataclasses
import math
from collections.abc import Callable
from xml.sax.saxutils import escape

import table

WIDTH = 960
LEFT = 50
PLOT_HEIGHT = 130
TITLE_HEIGHT = 28  # room for the values above the highest bars, too
LABEL_HEIGHT = 20
LEGEND_HEIGHT = 30
GAP = 0.4  # between groups, in bars
LOG_FLOOR = 0.25
# Okabe and Ito's, which the color-blind can tell apart.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#999999")
LIMIT_COLORS = ("#000000", "#777777", "#bb0000")


@dataclasses.dataclass(frozen=True)
class Group:
    """Bars by series: lower quartile, value, upper quartile. Marks by limit."""

    label: str
    bars: dict[str, tuple[float, float, float]]
    marks: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Panel:
    title: str
    groups: list[Group]


@dataclasses.dataclass(frozen=True)
class Axis:
    ticks: list[float]
    height_of: Callable[[float], float]  # in pixels from the base


def linear_axis(most: float) -> Axis:
    step = 10.0 ** math.floor(math.log10(most))
    step = next(step * part for part in (0.2, 0.5, 1, 2) if most / (step * part) <= 5)
    ticks = [step * i for i in range(math.floor(most / step) + 1)]
    return Axis(ticks, lambda value: value / most * PLOT_HEIGHT)


def log_axis(most: float) -> Axis:
    """From LOG_FLOOR: what is less has no height."""
    span = math.log(max(most, 1) / LOG_FLOOR)
    ticks = [tick for tick in (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128) if tick <= most]
    return Axis(ticks, lambda value: max(0.0, math.log(value / LOG_FLOOR) / span * PLOT_HEIGHT))


def _bar(x: float, width: float, base: float, color: str, values: tuple[float, float, float], axis: Axis) -> str:
    low, middle, high = (base - axis.height_of(value) for value in values)
    center = x + width / 2
    return (f'<rect x="{x:.1f}" y="{middle:.1f}" width="{width:.1f}" height="{base - middle:.1f}" fill="{color}"/>'
            f'<path d="M{center:.1f} {low:.1f}V{high:.1f}" stroke="#000"/>'
            f'<text x="{center:.1f}" y="{min(high, middle) - 3:.1f}" text-anchor="middle" font-size="9">'
            f'{table.number(values[1])}</text>\n')


def _panel(panel: Panel, top: float, series: list[str], limits: list[str], make_axis: Callable[[float], Axis]) -> str:
    base = top + TITLE_HEIGHT + PLOT_HEIGHT
    axis = make_axis(max(high for group in panel.groups for _, _, high in group.bars.values()))
    svg = f'<text x="{LEFT}" y="{top + 12:.0f}" font-weight="bold">{escape(panel.title)}</text>\n'
    for tick in axis.ticks:
        y = base - axis.height_of(tick)
        svg += (f'<path d="M{LEFT} {y:.1f}H{WIDTH}" stroke="#ddd"/>'
                f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{table.number(tick)}</text>\n')
    slots = sum(len(group.bars) + GAP for group in panel.groups)
    width = min(40.0, (WIDTH - LEFT) / slots)
    x = LEFT + width * GAP / 2
    for group in panel.groups:
        begin = x
        for name in (name for name in series if name in group.bars):
            svg += _bar(x + 1, width - 2, base, COLORS[series.index(name) % len(COLORS)], group.bars[name], axis)
            x += width
        for name, value in group.marks.items():
            y = base - axis.height_of(value)
            color = LIMIT_COLORS[limits.index(name) % len(LIMIT_COLORS)]
            svg += f'<path d="M{begin:.1f} {y:.1f}H{x:.1f}" stroke="{color}" stroke-width="1.5" stroke-dasharray="5 3"/>\n'
        svg += f'<text x="{(begin + x) / 2:.1f}" y="{base + 14:.1f}" text-anchor="middle">{escape(group.label)}</text>\n'
        x += width * GAP
    return svg


def _legend(panels: list[Panel], series: list[str], limits: list[str], name_of: Callable[[str], str]) -> str:
    """Of those that the panels show."""
    shown = {name for panel in panels for group in panel.groups for name in (*group.bars, *group.marks)}
    svg, x = "", LEFT
    for i, name in enumerate([*series, *limits]):
        if name not in shown:
            continue
        if name in series:
            svg += f'<rect x="{x}" y="8" width="12" height="12" fill="{COLORS[i % len(COLORS)]}"/>'
        else:
            color = LIMIT_COLORS[limits.index(name) % len(LIMIT_COLORS)]
            svg += f'<path d="M{x} 14H{x + 12}" stroke="{color}" stroke-width="1.5" stroke-dasharray="5 3"/>'
        svg += f'<text x="{x + 16}" y="18">{escape(name_of(name))}</text>\n'
        x += 30 + 7 * len(name_of(name))
    return svg


def chart(panels: list[Panel], series: list[str], limits: list[str], name_of: Callable[[str], str],
          make_axis: Callable[[float], Axis] = linear_axis) -> str:
    """One SVG file. `series` and `limits` are in the order of the legend; a group need not have all of them."""
    panel_height = TITLE_HEIGHT + PLOT_HEIGHT + LABEL_HEIGHT + 10
    height = LEGEND_HEIGHT + panel_height * len(panels)
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">\n'
           f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n' + _legend(panels, series, limits, name_of))
    for i, panel in enumerate(panels):
        svg += _panel(panel, LEGEND_HEIGHT + i * panel_height, series, limits, make_axis)
    return svg + "</svg>\n"
