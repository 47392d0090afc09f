"""Slow data of the invented history: company filings, a real yield, editions of gold demand, official holdings, gold on exchanges.

Belongs here: values and when each became known, with restatements, late and missing quarters, editions that revise. Does not
belong here: the shape on disk (`raw_zone`). Seeded by itself, so that it moves no other series.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pandas as pd

from tests.dbt import raw_zone

DAY = dt.timedelta(days=1)
LAST = dt.date(2020, 12, 31)
DEMAND = {
    "wgc.jewellery_fabrication": 500.0, "wgc.technology": 80.0, "wgc.bar_and_coin": 280.0, "wgc.etf_flows": 20.0,
    "wgc.central_banks": 130.0, "wgc.mine_production": 880.0, "wgc.net_producer_hedging": -5.0, "wgc.recycled_gold": 300.0,
}  # fmt: skip
COUNTRIES = ["arg", "aus", "aut", "bel", "bra", "che", "chn", "cze", "deu", "dnk", "egy", "esp", "fra", "gbr", "grc", "hun", "idn", "ind", "ita", "jpn", "kaz", "kor"]
Piece = tuple[dt.date, float | None, dt.datetime]


def at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), tzinfo=dt.UTC)


def month_end(year: int, month: int) -> dt.date:
    return dt.date(year + month // 12, month % 12 + 1, 1) - DAY


def pieces(sessions: list[dt.date]) -> list[pd.DataFrame]:
    """Pieces of change log; `sessions` are NYSE sessions from 2013 to the end of 2020."""
    rng = np.random.default_rng(11)
    return [raw_zone.rows(series, rows) for source in (_filings(rng), _rates(rng, sessions), _gold(rng, sessions)) for series, rows in source]


def _filings(rng: np.random.Generator) -> Iterable[tuple[str, list[Piece]]]:
    """Quarters of five companies, filed a month later. ORCL's end in other months and one is filed after 140 days; AMZN lacks one for
    good; META restates one, before and after the middle of 2020, and one filing of GOOGL lacks the cash flow at first."""
    for place, company in enumerate(("MSFT", "GOOGL", "AMZN", "META", "ORCL")):
        ends = [month_end(year, month - (company == "ORCL")) for year in range(2014, 2021) for month in (3, 6, 9, 12)]
        ends = [end for end in ends if end <= dt.date(2020, 9, 30)]
        cash = 5e9 * np.exp(0.03 * np.arange(len(ends)) + rng.normal(0, 0.08, len(ends)))
        spent = cash * (0.3 + 0.012 * np.arange(len(ends)) + rng.normal(0, 0.03, len(ends)))
        filed = {end: at(end + (25 + 2 * place) * DAY, 1) for end in ends}
        if company == "ORCL":
            filed[dt.date(2019, 5, 31)] = at(dt.date(2019, 8, 20), 1)  # the quarter of February was too old from 19 July on
        missing = {dt.date(2017, 6, 30)} if company == "AMZN" else set()
        capex = [(end, float(round(v)), filed[end]) for end, v in zip(ends, spent, strict=True) if end not in missing]
        ocf = [(end, float(round(v)), filed[end]) for end, v in zip(ends, cash, strict=True)]
        if company == "META":
            capex += [(dt.date(2019, 12, 31), 3.3e9, at(dt.date(2020, 6, 10), 1)), (dt.date(2019, 9, 30), 3.1e9, at(dt.date(2020, 10, 28), 1))]
        if company == "GOOGL":
            ocf = [(end, value, at(dt.date(2020, 5, 20), 1) if end == dt.date(2020, 3, 31) else known) for end, value, known in ocf]
        yield f"sec.{company}.capex", capex
        yield f"sec.{company}.operating_cash_flow", ocf
        if company in ("MSFT", "META"):
            late = 30 if company == "META" else 0
            yield f"sec.{company}.finance_lease_assets", [(e, float(round(v / 10)), k + late * DAY) for e, v, k in capex if e.year > 2017]


def _rates(rng: np.random.Generator, sessions: list[dt.date]) -> Iterable[tuple[str, list[Piece]]]:
    """A real yield, mostly negative at times, with a gap of eight days, a revision and a late value."""
    level = np.round(0.3 + np.cumsum(rng.normal(0, 0.03, len(sessions))), 2)
    rows: list[Piece] = []
    for day, value in zip(sessions, level.tolist(), strict=True):
        if dt.date(2020, 4, 14) <= day <= dt.date(2020, 4, 22):
            continue
        known = at(dt.date(2020, 3, 17), 21) if day == dt.date(2020, 3, 11) else at(day + DAY, 20, 30)
        rows.append((day, value, known))
    rows.append((dt.date(2020, 2, 12), 0.77, at(dt.date(2020, 5, 13), 20)))
    yield "fred.DFII10", rows


def _gold(rng: np.random.Generator, sessions: list[dt.date]) -> Iterable[tuple[str, list[Piece]]]:
    yield from _editions(rng)
    months = [(year, month) for year in range(2014, 2021) for month in range(1, 13)]
    months = [m for m in months if m <= (2020, 9)]
    for place, country in enumerate(COUNTRIES):
        held = 3e6 * (1 + place) + np.cumsum(rng.normal(2000, 9000, len(months)))
        rows: list[Piece] = []
        for (year, month), ounces in zip(months, held.tolist(), strict=True):
            first = dt.date(year, month, 1)
            if (place * 7 + month + year) % 41:  # a hole in the reporting now and then
                rows.append((first, round(ounces, 3), at(first + 92 * DAY, 23, 59)))
        if country == "chn":
            rows.append((dt.date(2020, 3, 1), 4.4e7, at(dt.date(2020, 7, 20), 12)))
        yield f"imf.irfcl_gold_{country}", rows
    yield "imf.il_gold_uzb", [(dt.date(y, m, 1), 1e7 + 5e4 * n, at(dt.date(y, m, 1) + 92 * DAY, 23, 59)) for n, (y, m) in enumerate(months)]
    yield "imf.il_gold_world", [(dt.date(y, m, 1), 1.1e9, at(dt.date(y, m, 1) + 92 * DAY, 23, 59)) for y, m in months]
    quarters = [month_end(year, month) for year in range(2015, 2020) for month in (3, 6, 9, 12)]
    yield "wgc.official_gold_dza", [(day, 173.6 + n, at(dt.date(2020, 4, 1), 23, 59)) for n, day in enumerate(quarters)]
    trust = np.round(800 * np.exp(np.cumsum(rng.normal(0, 0.003, len(sessions)))), 2).tolist()
    yield "spdr.gld_tonnes", [(d, v, at(d + DAY, 20)) for d, v in zip(sessions, trust, strict=True) if not dt.date(2020, 2, 3) <= d <= dt.date(2020, 2, 12)]
    weeks = [day for day in sessions if day.weekday() == 1]
    for series, scale in (("managed_money_net", 90_000), ("open_interest", 500_000)):
        values = np.round(scale * np.exp(np.cumsum(rng.normal(0, 0.02, len(weeks))))).tolist()
        yield f"cftc.gold_{series}", [(d, v, at(d + 3 * DAY, 20, 30)) for d, v in zip(weeks, values, strict=True)]
    ends = [month_end(year, month) for year in (2019, 2020) for month in range(1, 13)][:-1]
    for region, start in (("north_america", 1300.0), ("europe", 1200.0), ("asia", 80.0), ("other", 35.0)):
        yield f"wgc.etf_monthly_holdings_{region}", [
            (end, round(start * (1 + 0.02 * min(n, 20) - 0.03 * max(n - 20, 0)), 2), at(end + 10 * DAY, 23, 59)) for n, end in enumerate(ends)
        ]


def _editions(rng: np.random.Generator) -> Iterable[tuple[str, list[Piece]]]:
    """Supply and demand from 2008 on, an edition a quarter from 2016 on; each moves the four quarters before by some percent. The one of
    early 2019 came three months late, and one edition lacks bars and coins of its newest quarter."""
    quarters = [dt.date(year, month, 1) for year in range(2008, 2021) for month in (1, 4, 7, 10)]
    known = {quarter: at(month_end(quarter.year, quarter.month + 2) + 30 * DAY, 23, 59) for quarter in quarters}
    known[dt.date(2018, 10, 1)] = at(dt.date(2019, 4, 29), 23, 59)
    rows: dict[str, list[Piece]] = {series: [] for series in [*DEMAND, "wgc.total_supply"]}
    final = {series: np.round(mean + abs(mean) * (0.004 * np.arange(len(quarters)) + rng.normal(0, 0.25, len(quarters))), 3) for series, mean in DEMAND.items()}
    final["wgc.etf_flows"][38:42] *= 30  # paper joins in
    final["wgc.central_banks"][44:] *= -0.5  # from 2019 on they sell
    first_edition = quarters.index(dt.date(2015, 10, 1))
    for edition in range(first_edition, len(quarters)):
        moment = known[quarters[edition]]
        if moment.date() > LAST:
            break
        reach = range(edition + 1) if edition == first_edition else range(edition - 4, edition + 1)
        for n in reach:
            shown = {series: round(float(values[n] * (1 + 0.02 * (4 - edition + n) * (edition - n < 4))), 3) for series, values in final.items()}
            shown["wgc.total_supply"] = round(shown["wgc.mine_production"] + shown["wgc.net_producer_hedging"] + shown["wgc.recycled_gold"], 3)
            for series, value in shown.items():
                if not (series == "wgc.bar_and_coin" and n == edition and quarters[n] == dt.date(2017, 1, 1)):
                    rows[series].append((quarters[n], value, moment))
    return rows.items()
