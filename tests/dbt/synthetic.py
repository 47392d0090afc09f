"""A small invented history with everything that goes wrong with data: revisions, late arrivals, gaps, vanished values.

Belongs here: the values and when each became known. Does not belong here: the shape on disk (`raw_zone`). Seeded, so the same
every time; nothing in it comes from a real market.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from tests.dbt import raw_zone, synthetic_currencies, synthetic_plumbing, synthetic_policy, synthetic_quarters
from tests.dbt.dbt_kit import PROJECT

UTC, DAY = dt.UTC, dt.timedelta(days=1)
FIRST, LAST = dt.date(2016, 1, 4), dt.date(2020, 12, 31)
Rule = Callable[[dt.date], dt.datetime]


def on(day: str | dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day) if isinstance(day, str) else day, dt.time(hour, minute), tzinfo=UTC)


def sessions(first: dt.date = FIRST, last: dt.date = LAST) -> list[dt.date]:
    """NYSE sessions of the calendar seed."""
    with (PROJECT / "seeds" / "calendar_holidays.csv").open(newline="") as file:
        closed = {row["day"] for row in csv.DictReader(file) if row["calendar"] == "nyse"}
    days = [first + i * DAY for i in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5 and day.isoformat() not in closed]


def _walk(rng: np.random.Generator, count: int, start: float, daily: float, drift: float = 0.0) -> list[float]:
    return [float(f"{p:.7g}") for p in start * np.exp(np.cumsum(rng.normal(drift, daily, count)))]


def history(seed: int = 4) -> pd.DataFrame:
    """The change log, columns raw_zone.COLUMNS, everything that is ever known up to the end of 2020."""
    rng = np.random.default_rng(seed)
    open_days, every_day = sessions(), [FIRST + i * DAY for i in range((LAST - FIRST).days + 1)]
    following = dict(pairwise(open_days))
    parts: list[pd.DataFrame] = []

    def add(series: str, days: Sequence[dt.date], values: Sequence[float], rule: Rule) -> None:
        parts.append(raw_zone.rows(series, [(d, v, rule(d)) for d, v in zip(days, values, strict=True)]))

    def close(day: dt.date) -> dt.datetime:
        return on(day, 21, 30)

    market = rng.normal(0.0009, 0.011, len(open_days))
    for series, start, beta, own in (
        ("yahoo.^GSPC.close", 2000.0, 1.0, 0.0),
        ("yahoo.QQQ.close", 110.0, 1.2, 0.006),
        ("yahoo.SMH.close", 50.0, 1.3, 0.01),
        ("yahoo.GLD.close", 105.0, 0.0, 0.009),
        ("yahoo.TLT.close", 120.0, -0.2, 0.008),
        ("yahoo.SPY.close", 200.0, 1.0, 0.0005),
    ):
        path = start * np.exp(np.cumsum(beta * market + rng.normal(0, own, len(open_days))))
        if series == "yahoo.SMH.close":  # two for one in the middle of the history
            path[open_days.index(dt.date(2018, 6, 15)) :] /= 2
        add(series, open_days, [float(f"{p:.7g}") for p in path], close)
    parts.append(raw_zone.rows("yahoo.SMH.split", [(dt.date(2018, 6, 15), 2.0, close(dt.date(2018, 6, 15)))]))
    for series, paid in (("yahoo.QQQ.dividend", 0.4), ("yahoo.TLT.dividend", 0.9)):
        add(series, open_days[20::63], [paid] * len(open_days[20::63]), close)
    add("fred.SP500", open_days[500:], _walk(rng, len(open_days[500:]), 2500, 0.01), lambda d: on(d, 21, 35))

    def bar(day: dt.date) -> dt.datetime:
        return on(day + DAY, 0)

    coins = rng.normal(0.001, 0.03, len(every_day))
    for series, start, own, skip in (("coinbase.BTC-USD", 400.0, 0.01, 0), ("coinbase.ETH-USD", 10.0, 0.03, 400)):
        path = start * np.exp(np.cumsum(coins + rng.normal(0, own, len(every_day))))
        add(series, every_day[skip:], [float(f"{p:.7g}") for p in path[skip:]], bar)

    funding_days = [day for day in open_days[:-1] if day >= dt.date(2017, 6, 1)]

    def morning(day: dt.date) -> dt.datetime:
        return on(following[day], 13, 30)

    steps = [round(1.0 + 0.25 * ((day - FIRST).days // 200), 2) for day in every_day]
    add("fred.IORB", every_day, steps, lambda d: on(d, 5))
    floor = dict(zip(every_day, steps, strict=True))
    stress = np.abs(rng.normal(0, 0.03, len(funding_days))) + 0.04 * np.sin(np.arange(len(funding_days)) / 90.0)
    sofr = [round(floor[day] + float(s), 2) for day, s in zip(funding_days, stress, strict=True)]
    for series, extra in (("nyfed.sofr", 0.0), ("nyfed.sofr_p99", 0.12), ("nyfed.tgcr", -0.02), ("nyfed.effr", 0.05)):
        noise = rng.integers(0, 6, len(funding_days)) / 100
        add(series, funding_days, [round(r + extra + float(n), 2) for r, n in zip(sofr, noise, strict=True)], morning)
    add("nyfed.sofr_volume", funding_days, [1000.0 + i % 50 for i in range(len(funding_days))], morning)
    add("nyfed.onrrp_award", funding_days, [round(floor[d] - 0.05, 2) for d in funding_days], lambda d: on(d, 18, 15))
    add("nyfed.onrrp_accepted", funding_days, [100.0 + i % 77 for i in range(len(funding_days))], lambda d: on(d, 18, 15))
    add("fiscaldata.tga_close", funding_days, _walk(rng, len(funding_days), 3e5, 0.02), lambda d: on(following[d], 21))
    weeks = [day for day in every_day if day.weekday() == 2]
    add("fred.WRESBAL", weeks, _walk(rng, len(weeks), 2.2e6, 0.01), lambda d: on(d + DAY, 20, 45))

    fixings = sessions(dt.date(2008, 1, 2))
    add("lbma.gold_pm", fixings, _walk(rng, len(fixings), 850, 0.009, 0.0001), lambda d: on(d, 15, 50))
    parts.append(synthetic_policy.rows(open_days))
    parts.append(synthetic_currencies.history(open_days))
    log = _happened(pd.concat(parts, ignore_index=True))
    return pd.concat([log, synthetic_plumbing.history(), *synthetic_quarters.pieces(sessions(dt.date(2013, 1, 2)))], ignore_index=True)


def _happened(log: pd.DataFrame) -> pd.DataFrame:
    """What was corrected, came late, was missing or vanished, before and after the middle of 2020."""

    def held(series: str, day: str) -> float:
        found = log[(log["series_id"] == series) & (log["observation_date"] == dt.date.fromisoformat(day))]
        return float(found["value"].iloc[0])

    extra: list[pd.DataFrame] = []
    for series, day, change, moment in (
        ("nyfed.sofr", "2020-03-02", lambda v: v + 0.31, on("2020-03-20", 18)),
        ("fred.WRESBAL", "2020-03-18", lambda v: v * 1.04, on("2020-04-02", 20, 45)),
        ("yahoo.QQQ.close", "2020-02-10", lambda v: v * 0.97, on("2020-02-25", 22, 0)),
        ("lbma.gold_pm", "2020-01-10", lambda v: v * 1.05, on("2020-02-03", 22, 30)),
        ("nyfed.tgcr", "2020-04-06", None, on("2020-04-15", 14)),
        ("nyfed.sofr", "2019-12-10", lambda v: v + 0.2, on("2020-07-15", 14)),
        ("yahoo.GLD.close", "2020-03-03", None, on("2020-08-03", 21, 45)),
        ("coinbase.BTC-USD", "2020-01-05", lambda v: v * 0.7, on("2020-09-01", 1)),
        ("lbma.gold_pm", "2020-05-05", None, on("2020-10-01", 9)),
        ("yahoo.^GSPC.close", "2020-02-03", lambda v: v * 1.01, on("2020-10-05", 9)),
    ):
        value = None if change is None else float(f"{change(held(series, day)):.7g}")
        extra.append(raw_zone.rows(series, [(dt.date.fromisoformat(day), value, moment)], "vanished"))
    late = {
        ("nyfed.effr", "2020-03-10"): on("2020-03-13", 14),  # after newer ones
        ("fred.IORB", "2020-05-12"): on("2020-05-14", 6),  # after the SOFR that is measured against it, though in order
        ("fred.IORB", "2020-05-13"): on("2020-05-14", 6, 30),
        ("fred.IORB", "2020-05-14"): on("2020-05-14", 7),
        ("lbma.gold_pm", "2020-03-17"): on("2020-03-19", 9),
        ("lbma.gold_pm", "2020-06-25"): on("2020-07-06", 9),
        ("yahoo.TLT.dividend", sessions()[20::63][17].isoformat()): on(sessions()[20::63][17] + 9 * DAY, 21),
    }
    day_text = log["observation_date"].astype(str)
    for (series, day), moment in late.items():
        chosen = (log["series_id"] == series) & (day_text == day)
        assert chosen.sum() == 1, (series, day)
        log.loc[chosen, ["known_at", "fetched_at"]] = pd.Timestamp(moment)
    missing = raw_zone.rows("nyfed.effr", [(dt.date(2020, 3, 10), None, on("2020-03-11", 14))])
    gone = log["series_id"].isin(["nyfed.sofr", "nyfed.sofr_p99"]) & (day_text >= "2020-06-04") & (day_text <= "2020-06-12")
    return pd.concat([log[~gone], missing, *extra], ignore_index=True)
