"""Spending of five companies against their cash (t1_3), one day at a time, from what was known that day.

Belongs here: the ai_cash_flow row of one day and each company's figures. Does not belong here: the verdict (scorecard).
"""

from __future__ import annotations

import datetime as dt
from statistics import fmean
from typing import Any

from .observations import Snapshot, get, newest, newest_of

COMPANIES = ("MSFT", "GOOGL", "AMZN", "META", "ORCL")
MAX_AGE, CARRY, MEAN = 140, 5, 500
ERP = 5.0  # the project's assumption, a constant
GROWTH, TERMINAL, YEARS = 0.10, 0.02, 10


def company(snapshot: Snapshot, name: str) -> dict[str, Any] | None:
    """Trailing figures of the newest four quarters in a row with both legs, and of the four before; None without such four."""
    spent, cash, leased = (
        get(snapshot, f"{name.lower()}_{what}_usd") for what in ("capex", "operating_cash_flow", "finance_lease_assets")
    )
    ends = sorted(set(spent.index) & set(cash.index))

    def four(last: int) -> list[dt.date] | None:
        chosen = ends[last - 3 : last + 1] if last >= 3 else []
        return chosen if chosen and 250 <= (chosen[-1] - chosen[0]).days <= 300 else None

    for last in reversed(range(len(ends))):
        now = four(last)
        if now:
            before = four(last - 4) if last >= 7 and 350 <= (ends[last] - ends[last - 4]).days <= 380 else None
            has_leases = all(end in leased.index for end in now)
            return {
                "end": now[-1],
                "capex": sum(spent[end] for end in now),
                "ocf": sum(cash[end] for end in now),
                "leases": sum(leased[end] for end in now) if has_leases else None,
                "capex_before": sum(spent[end] for end in before) if before else None,
                "ocf_before": sum(cash[end] for end in before) if before else None,
            }
    return None


def stream(rate_pct: float) -> tuple[float, float] | None:
    """(value, modified duration in years) of 1 today growing ten years, then for ever; each payment weighed by its time."""
    rate = rate_pct / 100
    if rate <= TERMINAL:
        return None
    payments = [(t, ((1 + GROWTH) / (1 + rate)) ** t) for t in range(1, YEARS + 1)]
    x = (1 + TERMINAL) / (1 + rate)
    tail = payments[-1][1]  # each later payment is the one before times x
    value = sum(v for _, v in payments) + tail * x / (1 - x)
    weighed = sum(t * v for t, v in payments) + tail * (YEARS * x / (1 - x) + x / (1 - x) ** 2)
    return value, weighed / value / (1 + rate)


def two_years_before(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year - 2)
    except ValueError:
        return day.replace(year=day.year - 2, day=28)


def cash_flow_row(snapshot: Snapshot, day: dt.date) -> dict[str, Any]:
    """The ai_cash_flow row of one mart day; None = missing."""
    found = {name: company(snapshot, name) for name in COMPANIES}
    fresh = {name: f for name, f in found.items() if f and (day - f["end"]).days <= MAX_AGE}
    row: dict[str, Any] = {
        "as_of_date": day,
        "companies_available": len(fresh),
        "companies_with_leases": sum(f["leases"] is not None for f in fresh.values()),
    }
    names = ("capex_ttm_usd", "ocf_ttm_usd", "fcf_ttm_usd", "capex_incl_leases_ttm_usd", "capex_ocf_ratio", "capex_growth_pct",
             "ocf_growth_pct", "growth_gap_pp", "capex_per_new_ocf_ratio", "quarters_joined")  # fmt: skip
    row |= dict.fromkeys(names)
    if len(fresh) == len(COMPANIES):
        capex, ocf = (sum(f[key] for f in fresh.values()) for key in ("capex", "ocf"))
        row |= {
            "capex_ttm_usd": capex, "ocf_ttm_usd": ocf, "fcf_ttm_usd": ocf - capex, "capex_ocf_ratio": capex / ocf,
            "capex_incl_leases_ttm_usd": capex + sum(f["leases"] or 0.0 for f in fresh.values()),
            "quarters_joined": ", ".join(f"{name} {fresh[name]['end']}" for name in COMPANIES),
        }  # fmt: skip
        if all(f["capex_before"] is not None for f in fresh.values()):
            earlier, cash_earlier = (sum(f[key] for f in fresh.values()) for key in ("capex_before", "ocf_before"))
            row["capex_growth_pct"], row["ocf_growth_pct"] = (capex / earlier - 1) * 100, (ocf / cash_earlier - 1) * 100
            row["growth_gap_pp"] = row["capex_growth_pct"] - row["ocf_growth_pct"]
            row["capex_per_new_ocf_ratio"] = capex / (ocf - cash_earlier) if ocf > cash_earlier else None
    rate_date = _rate(get(snapshot, "tips_10y_pct"), day, row)
    dates = [f["end"] for f in fresh.values()] + ([rate_date] if rate_date else [])
    row["oldest_input_date"] = min(dates) if dates else None
    return row


def _rate(yields: Any, day: dt.date, row: dict[str, Any]) -> dt.date | None:
    names = ("discount_rate_pct", "discount_rate_500d_mean_pct", "discount_rate_gap_pp", "discount_rate_2y_low_pct", "stream_value_ratio",
             "stream_value_change_pct", "stream_duration_years", "stream_duration_at_low_years")  # fmt: skip
    row |= dict.fromkeys(names)
    today = newest(yields, day, CARRY)
    if today is None:
        return None
    dates, rates = list(yields.index), [value + ERP for value in yields.tolist()]
    row["discount_rate_pct"] = rate = rates[-1]
    if len(rates) >= MEAN:
        row["discount_rate_500d_mean_pct"] = fmean(rates[-MEAN:])
        row["discount_rate_gap_pp"] = round(rate - row["discount_rate_500d_mean_pct"], 9)
    valued = stream(rate)
    if valued:
        row["stream_value_ratio"], row["stream_duration_years"] = valued
    since = two_years_before(today[0])
    if newest_of(dates, rates, since, 10**6):
        row["discount_rate_2y_low_pct"] = low = min(r for d, r in zip(dates, rates, strict=True) if d >= since)
        at_low = stream(low)
        if at_low and valued:
            row["stream_duration_at_low_years"] = at_low[1]
            row["stream_value_change_pct"] = (valued[0] / at_low[0] - 1) * 100
    return today[0]
