"""The part of the invented history that the rate cycle and purchasing power stand on: real yields, prices, policy rates, euro rates.

Belongs here: those values and when each became known, with what goes wrong with them. Does not belong here: other series
(`synthetic`), the shape on disk (`raw_zone`). Seeded; nothing in it comes from a real market.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.dbt import raw_zone

DAY = dt.timedelta(days=1)
FIRST, LAST = dt.date(2005, 1, 1), dt.date(2020, 12, 31)
Rule = Callable[[dt.date], dt.datetime]


def _at(day: dt.date | str, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day) if isinstance(day, str) else day, dt.time(hour, minute), tzinfo=dt.UTC)


def _months(first: dt.date) -> list[dt.date]:
    return [stamp.date() for stamp in pd.date_range(first, LAST, freq="MS")]


def history(open_days: list[dt.date], seed: int = 41) -> pd.DataFrame:
    """Change log, columns raw_zone.COLUMNS; `open_days`: the sessions of the invented market."""
    rng = np.random.default_rng(seed)
    parts: list[pd.DataFrame] = []

    def add(series: str, days: list[dt.date], values: np.ndarray | list[float], rule: Rule) -> None:
        rows = [(d, None if np.isnan(v) else float(v), rule(d)) for d, v in zip(days, values, strict=True)]
        parts.append(raw_zone.rows(series, rows))

    def later(days: int, hour: int) -> Rule:
        return lambda day: _at(day + days * DAY, hour)

    # bond holidays leave sessions without a yield; published after the cut-off of the day itself
    bond_days = [day for i, day in enumerate(open_days) if i % 61 != 7]
    add("treasury.real_10y", bond_days, np.round(0.4 + np.cumsum(rng.normal(0, 0.04, len(bond_days))), 2), lambda d: _at(d, 23))

    for series, first, growth, lag in (
        ("fred.CPIAUCNS", dt.date(2005, 1, 1), 0.0019, 45),
        ("eurostat.hicp_ea", dt.date(2005, 1, 1), 0.0016, 48),
        ("ons.D7BT", dt.date(2005, 1, 1), 0.0022, 50),
        ("oecd.cpi_jpn", dt.date(2005, 1, 1), 0.0002, 65),
        ("oecd.cpi_che", dt.date(2005, 1, 1), 0.0004, 65),
        ("eurostat.hicp_ch", dt.date(2015, 1, 1), 0.0003, 48),
        ("oecd.cpi_chn", dt.date(2012, 1, 1), 0.002, 65),
    ):
        months = _months(first)
        if series == "oecd.cpi_che":  # ends without a word
            months = [month for month in months if month <= dt.date(2019, 12, 1)]
        values = np.round(100 * np.exp(np.cumsum(rng.normal(growth, 0.003, len(months)))), 2)
        if series == "ons.D7BT":  # a month that never came out
            values[months.index(dt.date(2019, 4, 1))] = np.nan
        add(series, months, values, later(lag, 11))
    years = [dt.date(year, 1, 1) for year in range(2000, 2020)]
    annual = np.round(100 * np.exp(np.cumsum(rng.normal(0.02, 0.01, len(years)))), 3)
    add("worldbank.cpi_chn", years, annual, later(560, 18))
    add("worldbank.cpi_che", years, annual[::-1], later(560, 18))

    every_day = [FIRST + i * DAY for i in range((LAST - FIRST).days + 1)]
    weekdays = [day for day in every_day if day.weekday() < 5]
    for series, days, level, lag in (
        ("fred.DFF", every_day, 1.5, 1), ("fred.ECBDFR", every_day, -0.2, 0), ("bis.policy_xm", weekdays, 1.2, 7),
        ("bis.policy_gb", weekdays, 1.0, 7), ("bis.policy_jp", weekdays, 0.05, 7), ("bis.policy_ch", weekdays, -0.3, 7),
        ("bis.policy_cn", weekdays, 4.0, 7),
    ):  # fmt: skip
        steps = np.round(level + 0.25 * np.cumsum(rng.integers(-1, 2, len(days) // 180 + 1)), 2)
        add(series, days, np.repeat(steps, 180)[: len(days)], later(lag, 14))
    for series, level, skip in (("ecb.USD", 1.1, 9), ("ecb.JPY", 120.0, 13), ("ecb.GBP", 0.85, 17), ("ecb.CHF", 1.08, 19), ("ecb.CNY", 7.6, 23)):
        days = [day for i, day in enumerate(weekdays) if day >= dt.date(2016, 1, 4) and i % 97 != skip]
        add(series, days, np.round(level * np.exp(np.cumsum(rng.normal(0, 0.004, len(days)))), 4), lambda d: _at(d, 15))
    return _happened(pd.concat(parts, ignore_index=True))


def _happened(log: pd.DataFrame) -> pd.DataFrame:
    """What was corrected, came late or is missing, before and after the middle of 2020."""
    day_text = log["observation_date"].astype(str)

    def held(series: str, day: str) -> float:
        return float(log.loc[(log["series_id"] == series) & (day_text == day), "value"].iloc[0])

    extra = []
    for series, day, change, moment in (
        ("treasury.real_10y", "2020-02-12", lambda v: v + 0.35, _at("2020-03-05", 20)),
        ("treasury.real_10y", "2019-11-05", None, _at("2020-09-10", 20)),
        ("eurostat.hicp_ea", "2019-03-01", lambda v: v * 1.02, _at("2020-04-20", 9)),
        ("eurostat.hicp_ea", "2010-05-01", lambda v: v * 0.99, _at("2020-10-20", 9)),
        ("bis.policy_jp", "2018-06-04", lambda v: v + 1.0, _at("2020-08-06", 14)),
        ("ecb.USD", "2020-06-29", lambda v: v * 1.01, _at("2020-06-30", 12)),
        ("ecb.CHF", "2020-06-30", None, _at("2020-06-30", 20)),
    ):
        value = None if change is None else round(change(held(series, day)), 4)
        extra.append(raw_zone.rows(series, [(dt.date.fromisoformat(day), value, moment)], "vanished"))
    for series, day, moment in (
        ("treasury.real_10y", "2020-05-20", _at("2020-05-27", 20)),  # after newer ones
        ("oecd.cpi_jpn", "2020-02-01", _at("2020-06-10", 9)),
        ("fred.DFF", "2019-12-31", _at("2020-01-06", 9)),
    ):
        chosen = (log["series_id"] == series) & (day_text == day)
        assert chosen.sum() == 1, (series, day)
        log.loc[chosen, ["known_at", "fetched_at"]] = pd.Timestamp(moment)
    hole = (log["series_id"] == "bis.policy_gb") & (day_text >= "2020-03-20") & (day_text <= "2020-04-08")
    return pd.concat([log[~hole], *extra], ignore_index=True)
