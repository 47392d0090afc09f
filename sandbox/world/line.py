"""A series of a simulated world: its dates, its values, and when each becomes public.

Belongs here: the shared data shape and seeded noise. Does not belong here: any particular series.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zlib import crc32

import numpy as np

from sandbox.world.days import Days, Floats, Rule, as_date, public

PERSISTENCE = 0.35  # of the noise around the calm path, per day: short, so that only the script moves levels


@dataclass(frozen=True)
class Line:
    """One series to the horizon. nan = the source's missing marker. `first_print` = what was shown at the first release."""

    days: Days
    values: Floats
    rule: Rule
    decimals: int = 2
    first_print: Floats | None = None
    archived: bool = True  # whether ALFRED keeps its vintages

    @property
    def revises(self) -> bool:
        return self.first_print is not None

    @cached_property
    def texts(self) -> list[str]:
        return _texts(self.values, self.decimals)

    @cached_property
    def first_texts(self) -> list[str]:
        return self.texts if self.first_print is None else _texts(self.first_print, self.decimals)

    @cached_property
    def day_texts(self) -> list[str]:
        texts: list[str] = np.datetime_as_string(self.days).tolist()
        return texts

    def known(self, now: datetime) -> int:
        """How many observations are public at `now`."""
        return public(self.days, self.rule, now)

    def rows(self, count: int) -> list[tuple[str, str]]:
        """(ISO date, value text) of the first `count` observations, the newest as first printed."""
        texts = [*self.texts[: max(0, count - 1)], *self.first_texts[max(0, count - 1) : count]]
        return list(zip(self.day_texts[:count], texts, strict=True))

    def latest(self, day: date) -> float:
        """Newest value dated at or before `day`; nan before the first."""
        at = int(np.searchsorted(self.days, np.datetime64(day), side="right"))
        return float(self.values[at - 1]) if at else float("nan")


def _texts(values: Floats, decimals: int) -> list[str]:
    form = f"%.{decimals}f"
    return ["" if gone else form % value for value, gone in zip(values.tolist(), np.isnan(values).tolist(), strict=True)]


def rng(seed: int, *names: str) -> np.random.Generator:
    """A generator for one purpose: adding a series never moves another one's numbers."""
    return np.random.default_rng([seed, *(crc32(name.encode()) for name in names)])


def noise(seed: int, name: str, count: int, daily_sd: float, persistence: float = PERSISTENCE) -> Floats:
    """`count` values of a bounded mean-reverting noise whose one-step changes have about `daily_sd`."""
    shocks = np.clip(rng(seed, "noise", name).standard_normal(count), -2.2, 2.2) * daily_sd / np.sqrt(2 - 2 * persistence)
    shocks *= np.sqrt(1 - persistence**2)
    weights = persistence ** np.arange(40 if persistence < 0.9 else 400)
    return np.convolve(shocks, weights)[:count]


def on_days(source: Days, values: Floats, target: Days) -> Floats:
    """`values` of `source` days carried forward to `target` days (nan before the first)."""
    at = np.searchsorted(source, target, side="right") - 1
    return np.where(at >= 0, values[np.maximum(at, 0)], np.nan)


def rounded(values: Floats, decimals: int = 0) -> Floats:
    """`np.round` with its type kept."""
    return np.asarray(np.round(values, decimals), dtype=np.float64)


def day_range(line: Line, first: date, last: date) -> slice:
    """Indices of the observations dated first..last."""
    low = int(np.searchsorted(line.days, np.datetime64(first)))
    return slice(low, int(np.searchsorted(line.days, np.datetime64(last), side="right")))


__all__ = ["PERSISTENCE", "Line", "as_date", "day_range", "noise", "on_days", "rng", "rounded"]
