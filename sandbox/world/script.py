"""What happens in each world, and what a correct measurement must say about it.

Belongs here: the scripted regimes (calm, mania, recede), their dates and depths, and the expected verdicts.
Does not belong here: turning the script into prices (`prices`) and rates (`money`).

A shape is a broken line of (days from the S&P 500's high, log change against the calm path). The calm path carries a
small mean-reverting noise (about one daily move wide), so that nothing breaks unless the script says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np

from sandbox.world.days import Days, Floats

Shape = tuple[tuple[int, float], ...]
Verdict = Literal["holds", "contested", "fails", "not_tested", "no_data"]
GROUND_TRUTH_FROM, GROUND_TRUTH_TO = date(2026, 6, 1), date(2027, 12, 31)
FUNDING_TURN, FUNDING_END = date(2025, 10, 1), date(2029, 1, 1)
T0_FROM, T0_TO = date(2026, 11, 13), date(2026, 12, 4)  # a synchronised fall is a matter of days: claimed where one is scripted
T1_1_TO = date(2026, 12, 31)  # hopes cannot fade for ever
GROUPS = ("sp500", "crypto", "ai", "gold", "treasuries")


@dataclass(frozen=True)
class Episode:
    """One fall of the S&P 500 from its high on `start`; `scale` multiplies the depth of every shape."""

    start: date
    scale: float = 1.0


@dataclass(frozen=True)
class World:
    """One scripted history."""

    name: str
    about: str
    shapes: dict[str, Shape]
    gold_growth: tuple[float, float]  # log per year before and after 2015
    funding_stress: float  # +1: cash gets dearer from FUNDING_TURN on; -1: it gets cheaper
    verdicts: dict[str, Verdict]
    gold_dips: tuple[date, ...] = ()
    squalls: tuple[date, ...] = ()  # short falls of everything but the S&P 500 and gold: no episode, but synchronised
    short_rates: tuple[tuple[date, float], ...] = ()  # percentage points that the market adds to the 1- and 2-year yields
    episodes: tuple[Episode, ...] = field(
        default=(
            Episode(date(2018, 9, 20), 1.2),
            Episode(date(2020, 2, 19), 1.6),
            Episode(date(2022, 1, 4), 1.4),
            Episode(date(2025, 10, 29)),
        )
    )


_THESES: tuple[str, ...] = (
    "t0", "t1_1", "t1_2", "t1_3", "t2_0", "t2_1", "t2_2", "t2_3", "t3_1", "t3_2", "t4_1", "t4_2", "t4_3", "t4_4", "t4_5", "t5",
)  # fmt: skip
CLAIMED: dict[str, tuple[date, date]] = {  # where a verdict is scripted for a part of the ground truth's days only
    "t0": (T0_FROM, T0_TO),
    "t1_1": (GROUND_TRUTH_FROM, T1_1_TO),
    "t4_1": (GROUND_TRUTH_FROM, date(2026, 9, 16)),  # the phase of cuts ends
    "t4_2": (GROUND_TRUTH_FROM, date(2026, 12, 31)),
    "t5": (GROUND_TRUTH_FROM, date(2026, 9, 16)),  # in October the highs before the fall are more than a year old
}
SQUALL: dict[str, Shape] = {
    "crypto": ((0, 0.0), (10, -0.34), (30, -0.34), (75, 0.0)),
    "ai": ((0, 0.0), (10, -0.07), (30, -0.07), (60, 0.0)),
    "treasuries": ((0, 0.0), (10, -0.055), (30, -0.055), (60, 0.0)),
}

RECEDE = World(
    name="recede",
    about="crypto breaks first and deepest, then AI and tech beyond their beta, then gold and Treasuries, briefly; cash is dear",
    shapes={
        "sp500": ((0, 0.0), (16, -0.06), (24, -0.10), (75, 0.0)),
        "crypto": ((-26, 0.0), (-18, -0.22), (0, -0.26), (24, -0.95), (60, -0.90), (160, -0.65), (400, -0.25), (600, 0.0)),
        "ai": ((1, 0.0), (8, -0.09), (14, -0.14), (24, -0.22), (110, 0.0)),
        "gold": ((13, 0.0), (18, -0.06), (24, -0.125), (36, -0.04), (55, 0.0)),
        "treasuries": ((15, 0.0), (24, -0.085), (34, -0.03), (55, 0.0)),
    },
    gold_growth=(0.045, 0.085),
    funding_stress=1.0,
    verdicts=dict.fromkeys(_THESES, "holds"),
    # 14 to 16 months apart: every window of 504 London days holds a whole dip
    gold_dips=(
        date(2026, 3, 20), date(2027, 5, 1), date(2028, 9, 1), date(2030, 1, 1), date(2031, 5, 1), date(2032, 9, 1),
        date(2034, 1, 1), date(2035, 5, 1),
    ),
    squalls=(date(2026, 11, 2),),
    # many cuts are hoped for in spring, fewer every week until the year ends
    short_rates=((date(2026, 2, 1), 0.0), (date(2026, 4, 10), -2.1), (date(2027, 1, 31), -0.4), (date(2027, 12, 31), 0.0)),
)

COUNTERFACTUAL = World(
    name="counterfactual",
    about="gold and Treasuries break first and stay down, AI before crypto and within its beta, crypto last and mild; cash is easy",
    shapes={
        "sp500": ((0, 0.0), (10, -0.06), (24, -0.13), (100, 0.0)),
        "crypto": ((22, 0.0), (30, -0.14), (36, -0.05), (44, 0.0)),
        "ai": ((1, 0.0), (12, -0.085), (24, -0.115), (60, -0.03), (90, 0.0)),
        "gold": ((-26, 0.0), (-10, -0.13), (10, -0.23), (60, -0.25), (300, -0.16), (700, 0.0)),
        "treasuries": ((-22, 0.0), (-8, -0.12), (15, -0.18), (60, -0.19), (300, -0.10), (700, 0.0)),
    },
    gold_growth=(0.06, -0.035),
    funding_stress=-1.0,
    short_rates=((date(2025, 12, 31), 0.0), (date(2026, 3, 31), 0.25), (date(2027, 12, 31), 0.25)),  # none is hoped for
    verdicts=dict.fromkeys(_THESES, "fails"),
)

WORLDS: dict[str, World] = {world.name: world for world in (RECEDE, COUNTERFACTUAL)}


def path(shape: Shape, start: date, days: Days, scale: float = 1.0) -> Floats:
    """The shape's log change on each of `days`, zero before its first and after its last point."""
    offsets = (days - np.datetime64(start)).astype(float)
    at, change = zip(*shape, strict=True)
    return np.asarray(scale * np.interp(offsets, at, change, left=0.0, right=0.0))


def episode_path(world: World, group: str, days: Days) -> Floats:
    """Sum of the world's episodes for one group on `days`; gold also has its own dips. Log change, <= 0."""
    total = np.zeros(len(days))
    for episode in world.episodes:
        total += path(world.shapes[group], episode.start, days, episode.scale)
    for start in world.squalls:
        if group in SQUALL:
            total += path(SQUALL[group], start, days)
    if group == "gold":
        for start in world.gold_dips:
            total += path(((0, 0.0), (35, -0.16), (50, -0.14), (85, 0.0)), start, days)
    return total


def real_squeeze(world: World, days: Days) -> Floats:
    """What a squeeze adds to real yields, percent (without one: `real_climb`): up in early 2025 so that they stay above their
    mean of 500 days, easing until the cycle of cuts ends, then up again."""
    if world.funding_stress <= 0:
        return real_climb(days)
    marks = ("2025-01-01", "2025-06-01", "2026-09-16", "2029-01-01")
    axis = np.array(marks, dtype="datetime64[D]").astype(float)
    return np.asarray(np.interp(days.astype(float), axis, [0.0, 2.0, 1.9, 3.3]))


def real_climb(days: Days) -> Floats:
    """What real yields gain where cash is easy, percent: up all through the phase of cuts, so that they never turn down in it."""
    axis = np.array(["2025-06-01", "2026-09-30"], dtype="datetime64[D]").astype(float)
    return np.asarray(np.interp(days.astype(float), axis, [0.0, 1.6]))
def hoped(world: World, days: Days, years: float = 1.0) -> Floats:
    """What the market adds to the yield of a maturity on `days`, in percentage points: all of it at 1 and 2 years, none from 5."""
    if not world.short_rates:
        return np.zeros(len(days))
    points = np.array([day for day, _ in world.short_rates], dtype="datetime64[D]").astype(float)
    added = np.interp(days.astype(float), points, [change for _, change in world.short_rates], left=0.0)
    return np.asarray(added * min(1.0, years) * min(1.0, max(0.0, (5 - years) / 3)))


def claimed(world: World, day: date) -> dict[str, Verdict]:
    """The verdicts that are true on `day`."""
    spans = {thesis: CLAIMED.get(thesis, (GROUND_TRUTH_FROM, GROUND_TRUTH_TO)) for thesis in world.verdicts}
    return {thesis: verdict for thesis, verdict in world.verdicts.items() if spans[thesis][0] <= day <= spans[thesis][1]}


def ramp(days: Days, first: date, last: date) -> Floats:
    """0 before `first`, 1 after `last`, linear between."""
    span = (last - first) / timedelta(days=1)
    return np.asarray(np.clip((days - np.datetime64(first)).astype(float) / span, 0.0, 1.0))
