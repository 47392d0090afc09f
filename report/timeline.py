"""Verdict timelines as inline SVG: no script needed, and the height of a bar says what its colour says.

Belongs here: drawing runs of states. Does not belong here: reading them (`verdicts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from report.verdicts import VERDICTS, Run
from report.words import Words

LEVEL = {"holds": 0, "contested": 1, "fails": 2, "not_tested": 3, "no_data": 4}
WIDTH = 1000


def _x(day: date, first: date, last: date) -> float:
    return WIDTH * (day - first).days / max(1, (last - first).days)


def strip(runs: Sequence[Run], first: date, last: date, words: Words) -> Markup:
    """A row's small timeline: the higher and taller the bar the better the claim stands; nothing tested is a thin line."""
    shapes = {"holds": (0, 18), "contested": (6, 12), "fails": (12, 6), "not_tested": (16.5, 1.5), "no_data": (17, 1)}
    parts = [
        Markup('<rect class="v-{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
            run.verdict, _x(max(run.start, first), first, last), *_around(shapes.get(run.verdict, (17, 1)), _x(_after(run, runs, last), first, last) - _x(max(run.start, first), first, last))
        )
        for run in runs if run.end >= first
    ]  # fmt: skip
    label = words("page.strip_alt", first=first.isoformat(), last=last.isoformat())
    return Markup('<svg class="strip" viewBox="0 0 {} 18" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>').format(WIDTH, label, Markup("").join(parts))


def _around(shape: tuple[float, float], width: float) -> tuple[float, float, float]:
    return shape[0], max(width, 0.8), shape[1]


def _after(run: Run, runs: Sequence[Run], last: date) -> date:
    """A state lasts until the next begins: weekends leave no gaps."""
    later = [r.start for r in runs if r.start > run.start]
    return min(later, default=last)


@dataclass(frozen=True)
class Lane:
    verdict: str
    svg: Markup


@dataclass(frozen=True)
class Timeline:
    """A thesis' whole history: one lane per state it ever had, ticks as (percent, text)."""

    lanes: list[Lane]
    ticks: list[tuple[float, str]]
    first: date
    last: date


def timeline(raw: Sequence[Run], settled: Sequence[Run], words: Words) -> Timeline | None:
    """Lanes with the raw state as a full bar and the settled one as a line below it; None without any day."""
    if not raw:
        return None
    first, last = raw[0].start, raw[-1].end
    lanes = []
    for verdict in VERDICTS:
        mine = [r for r in raw if r.verdict == verdict]
        calm = [r for r in settled if r.verdict == verdict]
        if not mine and not calm:
            continue
        bars = [_rect(r, raw, first, last, 0, 11, f"v-{verdict}", words) for r in mine] + [_rect(r, settled, first, last, 13, 3, "settled", words) for r in calm]
        alt = words("page.lane_alt", verdict=words(f"verdict.{verdict}"), runs=len(mine))
        lanes.append(Lane(verdict, Markup('<svg viewBox="0 0 {} 17" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>').format(WIDTH, alt, Markup("").join(bars))))
    return Timeline(lanes, _ticks(first, last), first, last)


def _rect(run: Run, runs: Sequence[Run], first: date, last: date, y: int, height: int, name: str, words: Words) -> Markup:
    x = _x(run.start, first, last)
    width = max(_x(_after(run, runs, last), first, last) - x, 0.8)
    title = escape(f"{words('verdict.' + run.verdict)} {run.start} – {run.end}")
    return Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>').format(name, x, y, width, height, title)


def _ticks(first: date, last: date) -> list[tuple[float, str]]:
    years = last.year - first.year
    step = 1 if years <= 8 else 2 if years <= 16 else 5 if years <= 35 else 10
    return [(round(_x(date(y, 1, 1), first, last) / 10, 2), str(y)) for y in range(first.year + 1, last.year + 1) if y % step == 0]
