"""The invented history's yields, target range, odds, projections, price indices, VIX and high-yield spread (t0, t1_1).

Belongs here: values and when each became known, with what goes wrong: a yield revised, one late, one that vanished, EFFR's own
gaps (in `synthetic`), a month never collected, vintages, a month whose release is late, a stale VIX. Seeded.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tests.dbt import raw_zone

UTC, DAY = dt.UTC, dt.timedelta(days=1)


def on(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), tzinfo=UTC)


def rows(sessions: Sequence[dt.date], seed: int = 11) -> pd.DataFrame:
    """Change log of these series over the given sessions."""
    rng = np.random.default_rng(seed)
    parts = [*_yields(rng, sessions), *_odds(rng, sessions), *_months(rng, sessions[0], sessions[-1]), *_stress(rng, sessions)]
    return pd.concat(parts, ignore_index=True)


def _yields(rng: np.random.Generator, sessions: Sequence[dt.date]) -> list[pd.DataFrame]:
    """Below EFFR, in waves, so that easing is priced and repriced; two of three bond holidays are not the exchange's."""
    open_days = [d for d in sessions if not (d.month == 10 and d.weekday() == 0 and 8 <= d.day <= 14) and (d.month, d.day) != (11, 11)]
    parts = []
    for series, slope in (("treasury.par_1y", 0.40), ("treasury.par_2y", 0.55)):
        values = []
        for i, day in enumerate(open_days):
            floor = 1.0 + 0.25 * ((day - sessions[0]).days // 200)
            wave = slope * math.sin(i / 37) + 0.05 * math.sin(i / 5)
            values.append(round(floor - 0.35 + wave + float(rng.normal(0, 0.02)), 2))
        parts.append(raw_zone.rows(series, [(d, v, _evening(d)) for d, v in zip(open_days, values, strict=True)]))
    one, two = parts[0], parts[1]
    _moved(one, "2020-04-20", on(dt.date(2020, 4, 23), 12))  # known after newer ones
    parts.append(raw_zone.rows("treasury.par_1y", [(dt.date(2020, 2, 21), 2.05, on(dt.date(2020, 3, 6), 15))]))  # revised to a low
    parts.append(raw_zone.rows("treasury.par_2y", [(dt.date(2020, 5, 20), None, on(dt.date(2020, 7, 22), 15))], "vanished"))
    gone = two["observation_date"].astype(str).between("2019-08-05", "2019-08-15")  # a hole of more than five days
    parts[1] = two[~gone]
    every_day = [sessions[0] + i * DAY for i in range((sessions[-1] - sessions[0]).days + 1)]
    for series, extra in (("fred.DFEDTARU", 0.25), ("fred.DFEDTARL", 0.0)):
        steps = [round(0.9 + extra + 0.25 * ((d - sessions[0]).days // 200), 2) for d in every_day]
        parts.append(raw_zone.rows(series, [(d, v, on(d, 5)) for d, v in zip(every_day, steps, strict=True)]))
    return parts


def _evening(day: dt.date) -> dt.datetime:
    """18:00 in New York: at the cut-off in summer, after it in winter."""
    return on(day, 22 if 4 <= day.month <= 10 else 23)


def _moved(frame: pd.DataFrame, day: str, moment: dt.datetime) -> None:
    chosen = frame["observation_date"].astype(str) == day
    assert chosen.sum() == 1, day
    frame.loc[chosen, ["known_at", "fetched_at"]] = pd.Timestamp(moment)


def _odds(rng: np.random.Generator, sessions: Sequence[dt.date]) -> list[pd.DataFrame]:
    """Windows 3 and 4 of the tracker (and a probability), from 2019 on: over several days on which the windows move."""
    days = [d for d in sessions if d >= dt.date(2019, 2, 1)]
    parts = []
    for series, offset in (("atlantafed.mean_3", -0.45), ("atlantafed.mean_4", -0.55), ("atlantafed.cut_1", 0.0)):
        values = []
        for i, day in enumerate(days):
            floor = 1.0 + 0.25 * ((day - sessions[0]).days // 200)
            values.append(round(floor + offset + 0.3 * math.sin(i / 29) + float(rng.normal(0, 0.01)), 4))
        if series == "atlantafed.cut_1":
            values = [min(99.0, 40 + 10 * v) for v in values]
        parts.append(raw_zone.rows(series, [(d, v, on(d + DAY, 20)) for d, v in zip(days, values, strict=True)]))
    projections = [(dt.date(2020, 1, 1), 1.6, on(dt.date(2019, 12, 11), 19)), (dt.date(2020, 1, 1), 0.1, on(dt.date(2020, 6, 10), 18)),
                   (dt.date(2021, 1, 1), 0.1, on(dt.date(2020, 6, 10), 18))]  # fmt: skip
    return [*parts, raw_zone.rows("alfred.FEDTARMD", projections)]


def _months(rng: np.random.Generator, first: dt.date, last: dt.date) -> list[pd.DataFrame]:
    """Core PCE in vintages (each release revises the month before), CPI with a month that was never collected."""
    months = pd.date_range(first.replace(day=1) - 800 * DAY, last, freq="MS").date
    level = 100 * np.exp(np.cumsum(0.0019 + 0.0009 * np.sin(np.arange(len(months)) / 9) + rng.normal(0, 0.0004, len(months))))
    vintages: list[tuple[dt.date, float | None, dt.datetime]] = []
    plain: list[tuple[dt.date, float | None, dt.datetime]] = []
    prices: list[tuple[dt.date, float | None, dt.datetime]] = []
    for i, (month, value) in enumerate(zip(months, level, strict=True)):
        released = on(month + 59 * DAY, 12, 30)
        if month == dt.date(2020, 9, 1):
            released = on(dt.date(2020, 11, 20), 13, 30)  # past what the month before may be carried to
        plain.append((month, round(float(value), 3), on(month + 65 * DAY, 12, 30)))
        if month >= dt.date(2019, 6, 1):
            vintages.append((month, round(float(value) * 1.0008, 3), released))
            vintages.append((month, round(float(value), 3), on(months[i] + 89 * DAY, 12, 30)))
        collected = month not in (dt.date(2019, 3, 1),)
        prices.append((month, round(2.3 * float(value), 3) if collected else None, on(month + 43 * DAY, 12, 30)))
    return [raw_zone.rows("fred.PCEPILFE", plain), raw_zone.rows("alfred.PCEPILFE", vintages), raw_zone.rows("fred.CPIAUCNS", prices)]


def _stress(rng: np.random.Generator, sessions: Sequence[dt.date]) -> list[pd.DataFrame]:
    """VIX with equal values in it and a stale week; the spread from 2019 on."""
    vix = [round(15 + 6 * math.sin(i / 60) + float(rng.normal(0, 1)), 1) for i in range(len(sessions))]
    log = raw_zone.rows("cboe.vix", [(d, v, on(d, 21, 30)) for d, v in zip(sessions, vix, strict=True)])
    stale = log["observation_date"].astype(str).between("2020-08-10", "2020-08-18")
    late = [d for d in sessions if d >= dt.date(2019, 1, 2)]
    spread = [round(4 + float(v), 2) for v in np.cumsum(rng.normal(0, 0.05, len(late)))]
    return [log[~stale], raw_zone.rows("fred.BAMLH0A0HYM2", [(d, v, on(d + DAY, 16)) for d, v in zip(late, spread, strict=True)])]
