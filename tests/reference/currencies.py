"""What cash buys after its interest (t4_2), per currency and day, from daily rates compounded one calendar day after the other.

Belongs here: the purchasing_power rows of one day. Does not belong here: the list of series (read from the seed).
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .observations import Snapshot, get, newest_of

SPANS, GAP, CARRY, NEEDED = (1, 5, 10, 20), 9, 5, 4
START = dt.date(2000, 1, 1)
Overdue = Callable[[str, dt.date, dt.date], bool]


def load_series(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def back(month: dt.date, years: int) -> dt.date:
    return month.replace(year=month.year - years)


def splice(snapshot: Snapshot, listed: Sequence[dict[str, str]]) -> pd.Series:
    """Daily rates of one currency, each quantity inside its dates."""
    rates: dict[dt.date, float] = {}
    for entry in listed:
        for day, value in get(snapshot, entry["quantity"]).items():
            if entry["valid_from"] <= str(day) <= (entry["valid_to"] or "9999"):
                rates[day] = value
    return pd.Series(rates, dtype=float).sort_index()


def cash_log(rates: pd.Series, first: dt.date, last: dt.date) -> float | None:
    """Log growth of cash from `first` to `last`, or None where a day in between has no rate that may stand for it."""
    days = list(rates.index)
    if not days or days[-1] < last or days[0] > first:
        return None
    gap_at = {a: (b - a).days for a, b in pairwise(days)}
    total, held, gap = 0.0, None, 0
    place = 0
    for ordinal in range(days[0].toordinal(), last.toordinal()):
        day = dt.date.fromordinal(ordinal)
        if place < len(days) and days[place] == day:
            held, gap = rates.iloc[place], gap_at.get(day, 1)
            place += 1
        if day >= first:
            if held is None or gap > GAP:
                return None
            total += float(np.log1p(held / 36000))
    return total


def currency_row(
    snapshot: Snapshot, day: dt.date, currency: str, listed: Sequence[dict[str, str]], overdue: Overdue
) -> dict[str, Any]:
    """The purchasing_power_by_currency row of one day and currency. `overdue(quantity, month, day)`: may it still be the newest?"""
    own = [entry for entry in listed if entry["currency"] == currency and entry["quantity"]]
    indices = sorted((e for e in own if e["measure"] == "cpi"), key=lambda e: int(e["priority"]))
    rates = splice(snapshot, [e for e in own if e["measure"] == "cash"])
    row: dict[str, Any] = {"as_of_date": day, "currency": currency, "cpi_month": None, "cpi_index": None}
    fresh = []
    for entry in indices:
        series = get(snapshot, entry["quantity"])
        if len(series) and not overdue(entry["quantity"], series.index[-1], day):
            fresh.append((entry, series))
    for entry, series in fresh:
        if entry["min_years"] == "1" and row["cpi_month"] is None:
            row["cpi_month"], row["cpi_index"] = series.index[-1], series.iloc[-1]
    used: list[dt.date] = []
    for years in SPANS:
        for name in ("inflation", "cash", "real_cash"):
            row[f"{name}_{years}y_pct"] = None
        for entry, series in fresh:
            month = series.index[-1]
            if int(entry["min_years"]) > years or back(month, years) not in series.index:
                continue
            growth = series.iloc[-1] / series[back(month, years)]
            row[f"inflation_{years}y_pct"] = (growth ** (1 / years) - 1) * 100
            if years == 10:
                row["long_cpi_quantity"] = entry["quantity"]
                row["years_to_halve"] = np.log(2) / np.log(growth ** (1 / 10)) if growth > 1 else None
            earned = cash_log(rates, back(month, years), month)
            if earned is not None:
                row[f"cash_{years}y_pct"] = (np.exp(earned / years) - 1) * 100
                row[f"real_cash_{years}y_pct"] = ((np.exp(earned) / growth) ** (1 / years) - 1) * 100
                used += [month] * (years in (1, 10))
            break
    row["has_data"] = row["real_cash_1y_pct"] is not None and row["real_cash_10y_pct"] is not None
    row["oldest_input_date"] = min(used) if row["has_data"] else None
    row.update(dict.fromkeys(("purchasing_power_2000", "purchasing_power_with_interest_2000", "real_gold_2000_per_oz")))
    gold = _gold(snapshot, day, currency)
    row["gold_local_per_oz"] = gold
    for _, series in fresh:
        if START in series.index and series.index[-1] >= START:
            kept = series[START] / series.iloc[-1]
            earned = cash_log(rates, START, series.index[-1])
            row["purchasing_power_2000"] = 100 * kept
            row["purchasing_power_with_interest_2000"] = None if earned is None else 100 * kept * np.exp(earned)
            row["real_gold_2000_per_oz"] = None if gold is None else gold * kept
            break
    return row


def _gold(snapshot: Snapshot, day: dt.date, currency: str) -> float | None:
    def held(quantity: str) -> float | None:
        series = get(snapshot, quantity)
        found = newest_of(list(series.index), series.tolist(), day, CARRY)
        return found and found[1]

    ounce = held("gold_pm_usd_oz")
    per_dollar: float | None = 1.0
    if currency != "USD":
        dollar, other = held("usd_per_eur"), 1.0 if currency == "EUR" else held(f"{currency.lower()}_per_eur")
        per_dollar = None if dollar is None or other is None else other / dollar
    return None if ounce is None or per_dollar is None else ounce * per_dollar


def power_row(day: dt.date, currencies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The purchasing_power row of one day from the rows of its currencies."""
    counted = [row for row in currencies if row["has_data"]]
    row: dict[str, Any] = {"as_of_date": day, "currencies_listed": len(currencies), "currencies_with_data": len(counted)}
    for span in ("10y", "1y"):
        returns = [round(r[f"real_cash_{span}_pct"], 9) for r in counted]
        row[f"currencies_negative_{span}"] = sum(value < 0 for value in returns)
        row[f"real_cash_{span}_median_pct"] = float(np.median(returns)) if returns else None
        enough = len(counted) >= NEEDED
        row[f"negative_{span}_share_pct"] = 100 * row[f"currencies_negative_{span}"] / len(counted) if enough else None
    row["oldest_input_date"] = min((r["oldest_input_date"] for r in counted), default=None)
    return row
