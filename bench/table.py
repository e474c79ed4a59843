"""Medians, spread and ratios of the rounds, as text."""

import dataclasses
import statistics
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Measure:
    """One line of the table: what it is called, where a result has it, which way is better."""

    title: str
    load: str  # "closed" or "open"
    value: Callable[[dict], float]
    higher_is_better: bool = False


MEASURES = (
    Measure("thumbnails/s", "closed", lambda r: r["report"]["thumbs_per_second"], True),
    Measure("CPU ms a job", "closed", lambda r: r["cpu_ms_a_job"]),
    Measure("memory MB (peak PSS)", "closed", lambda r: r["memory_pss_bytes"] / 1e6),
    Measure("16 clients, p50 ms", "closed", lambda r: r["report"]["end_to_end_seconds"]["p50"] * 1e3),
    Measure("16 clients, p99 ms", "closed", lambda r: r["report"]["end_to_end_seconds"]["p99"] * 1e3),
    Measure("2/s, p50 ms", "open", lambda r: r["report"]["end_to_end_seconds"]["p50"] * 1e3),
    Measure("2/s, p99 ms", "open", lambda r: r["report"]["end_to_end_seconds"]["p99"] * 1e3),
    Measure("2/s, upload p50 ms", "open", lambda r: r["report"]["upload_seconds"]["p50"] * 1e3),
)


def number(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def spread(values: list[float]) -> str:
    """Median, and least and greatest: "24.1 (23.0-25.2)"."""
    if not values:
        return "-"
    text = number(statistics.median(values))
    return text if len(values) == 1 else f"{text} ({number(min(values))}-{number(max(values))})"


def quartiles(values: list[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper one of at least one value."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def ratio(ours: list[float], theirs: list[float], higher_is_better: bool) -> float | None:
    """How many times better ours is, by the medians; below 1: worse."""
    if not ours or not theirs:
        return None
    better, worse = statistics.median(ours), statistics.median(theirs)
    if not higher_is_better:
        better, worse = worse, better
    return better / worse if worse > 0 else None


def render(results: list[dict], systems: list[str]) -> str:
    """A table of all measures of all photos; the ratio is that of the first system to the second."""
    lines = [f"{'photo':<9}{'':<22}" + "".join(f"{name:>24}" for name in systems)
             + (f"{'better':>9}" if len(systems) > 1 else "")]
    for photo in dict.fromkeys(result["photo"] for result in results):
        name = photo
        for measure in MEASURES:
            values = [[measure.value(r) for r in results
                       if (r["photo"], r["system"], r["load"]) == (photo, system, measure.load)]
                      for system in systems]
            if not any(values):
                continue
            times = ratio(values[0], values[1], measure.higher_is_better) if len(values) > 1 else None
            lines.append(f"{name:<9}{measure.title:<22}" + "".join(f"{spread(v):>24}" for v in values)
                         + (f"{times:>8.2f}x" if times is not None else ""))
            name = ""
    return "\n".join(lines)
