"""Official gold buying (t4_3) and metal against paper (t4_4), one day at a time, from what was known that day.

Belongs here: the official_buying and physical_vs_paper rows of one day. Does not belong here: the verdicts (scorecard).
A quarter of gold demand is dated by its first day and may stand until 130 + 5 days after the next quarter's first day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from statistics import fmean
from typing import Any

import pandas as pd

from .observations import Snapshot, get, newest

OUNCES, LAG, CARRY = 32_150.7466, 130, 5
PRECEDING, LEAST, REPORTERS = 40, 20, 20
Quarters = dict[int, float]
DEMAND = ("gold_jewellery_fabrication_tonnes", "gold_technology_tonnes", "gold_bar_and_coin_tonnes", "gold_etf_flows_tonnes",
          "gold_central_banks_tonnes")  # fmt: skip


def number(day: dt.date) -> int:
    return day.year * 4 + (day.month - 1) // 3


def first_day(quarter: int) -> dt.date:
    return dt.date(quarter // 4, quarter % 4 * 3 + 1, 1)


def quarters(snapshot: Snapshot, quantity: str) -> Quarters:
    return {number(day): value for day, value in get(snapshot, quantity).items()}


def added(*parts: Quarters) -> Quarters:
    """Sum of the parts, quarters that all have."""
    shared = set(parts[0]).intersection(*parts[1:])
    return {quarter: sum(part[quarter] for part in parts) for quarter in shared}


def four(values: Mapping[int, float], last: int) -> float | None:
    """Sum of four quarters up to `last`; None when one is missing."""
    chosen = [values.get(last - back) for back in range(4)]
    return None if None in chosen else sum(v for v in chosen if v is not None)


def usable(last: int | None, day: dt.date) -> bool:
    return last is not None and day <= first_day(last + 1) + dt.timedelta(days=LAG + CARRY)


def reported(snapshot: Snapshot) -> dict[int, tuple[int, float]]:
    """Quarter -> (countries with both ends, sum of their changes in tonnes), the first source that has both ends."""
    ends: dict[tuple[str, int], dict[int, float]] = {}
    for quantity, series in snapshot.items():
        for order, (head, scale) in enumerate((("irfcl_gold_", OUNCES), ("il_gold_", OUNCES), ("wgc_official_gold_", 1.0))):
            if quantity.startswith(head) and "world" not in quantity:
                country = quantity.removeprefix(head)[:3]
                ends[country, order] = {number(d): v / scale for d, v in series.items() if d.month % 3 == 0}
    changes: dict[tuple[str, int], float] = {}
    for (country, _), held in sorted(ends.items(), key=lambda item: item[0][1]):
        for quarter, tonnes in held.items():
            if quarter - 1 in held:
                changes.setdefault((country, quarter), tonnes - held[quarter - 1])
    found: dict[int, tuple[int, float]] = {}
    for (_, quarter), change in changes.items():
        count, total = found.get(quarter, (0, 0.0))
        found[quarter] = count + 1, total + change
    return found


def official_row(snapshot: Snapshot, day: dt.date) -> dict[str, Any]:
    """The official_buying row of one mart day; None = missing."""
    bought = quarters(snapshot, "gold_central_banks_tonnes")
    row: dict[str, Any] = dict.fromkeys(
        ("quarter_start_date", "net_purchases_tonnes", "trailing_4q_tonnes", "trailing_4q_mean_tonnes", "preceding_sums",
         "trailing_vs_mean_tonnes", "trailing_4q_year_earlier_tonnes", "trailing_yoy_pct", "net_buying_quarters",
         "share_of_demand_pct", "trailing_value_usd_bn", "reported_4q_tonnes", "estimated_4q_tonnes", "reporting_countries")
    )  # fmt: skip
    row["as_of_date"] = day
    last = max(bought, default=None)
    if last is None or not usable(last, day):
        return row
    row |= {"quarter_start_date": first_day(last), "net_purchases_tonnes": bought[last], "trailing_4q_tonnes": four(bought, last)}
    sums = [total for back in range(1, PRECEDING + 1) if (total := four(bought, last - back)) is not None]
    row["preceding_sums"] = len(sums)
    run = 0
    while bought.get(last - run, 0.0) > 0:
        run += 1
    row["net_buying_quarters"] = run
    trailing, earlier = row["trailing_4q_tonnes"], four(bought, last - 4)
    row["trailing_4q_year_earlier_tonnes"] = earlier
    row["trailing_4q_mean_tonnes"] = fmean(sums) if len(sums) >= LEAST else None
    reports = reported(snapshot)
    row["reporting_countries"] = reports[last][0] if last in reports else None
    if trailing is None:
        return row
    if len(sums) >= LEAST:
        row["trailing_vs_mean_tonnes"] = trailing - fmean(sums)
    if earlier:
        row["trailing_yoy_pct"] = (trailing - earlier) / abs(earlier) * 100
    demand = four(added(*(quarters(snapshot, name) for name in DEMAND)), last)
    row["share_of_demand_pct"] = trailing / demand * 100 if demand else None
    fixings = get(snapshot, "gold_pm_usd_oz")
    by_quarter = fixings.groupby([number(d) for d in fixings.index]).mean() if len(fixings) else pd.Series(dtype=float)
    values = [bought[last - back] * by_quarter[last - back] for back in range(4) if last - back in by_quarter.index]
    row["trailing_value_usd_bn"] = sum(values) * OUNCES / 1e9 if len(values) == 4 else None
    enough = {quarter: total for quarter, (count, total) in reports.items() if count >= REPORTERS}
    row["reported_4q_tonnes"] = four(enough, last)
    if row["reported_4q_tonnes"] is not None:
        row["estimated_4q_tonnes"] = trailing - row["reported_4q_tonnes"]
    return row


def physical_row(snapshot: Snapshot, day: dt.date) -> dict[str, Any]:
    """The physical_vs_paper row of one mart day; None = missing."""
    official, coins, funds = (
        quarters(snapshot, f"gold_{name}_tonnes") for name in ("central_banks", "bar_and_coin", "etf_flows")
    )
    physical = added(official, coins)
    row: dict[str, Any] = dict.fromkeys(
        ("quarter_start_date", "physical_tonnes", "physical_4q_tonnes", "physical_4q_mean_tonnes", "physical_vs_mean_tonnes", "etf_4q_tonnes",
         "etf_share_of_physical_pct", "gld_holdings_tonnes", "gld_change_365d_tonnes")
    )  # fmt: skip
    row["as_of_date"] = day
    for column, quantity, carry in (
        ("gld_holdings_tonnes", "gld_holdings_tonnes", 5),
        ("managed_money_net_contracts", "gold_managed_money_net_contracts", 9),
        ("open_interest_contracts", "gold_futures_open_interest_contracts", 9),
    ):
        found = newest(get(snapshot, quantity), day, carry)
        row[column] = found[1] if found else None
        if found and column == "gld_holdings_tonnes":
            before = newest(get(snapshot, quantity), found[0] - dt.timedelta(days=365), 7)
            row["gld_change_365d_tonnes"] = found[1] - before[1] if before else None
    last = max(set(physical) & set(funds), default=None)
    if last is None or not usable(last, day):
        return row
    row |= {"quarter_start_date": first_day(last), "physical_tonnes": physical[last], "physical_4q_tonnes": four(physical, last)}
    sums = [total for back in range(PRECEDING) if (total := four(physical, last - back)) is not None]
    row["physical_4q_mean_tonnes"] = fmean(sums) if len(sums) >= LEAST else None
    row["etf_4q_tonnes"] = four(funds, last)
    if row["physical_4q_tonnes"] is not None:
        if row["physical_4q_mean_tonnes"] is not None:
            row["physical_vs_mean_tonnes"] = row["physical_4q_tonnes"] - row["physical_4q_mean_tonnes"]
        if row["etf_4q_tonnes"] is not None:
            row["etf_share_of_physical_pct"] = row["etf_4q_tonnes"] / row["physical_4q_tonnes"] * 100
    return row
