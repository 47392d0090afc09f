"""A second invented history, 2024 to 2027, around the day from which the AI stocks have a basket (t0, t1_1).

Belongs here: the five buckets' prices, the twelve stocks and the 2-year yield, with what goes wrong among them: a stock listed late,
one and then most without prices, a split, a dividend, a close revised, yields missing on bond holidays. Seeded.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from tests.dbt import raw_zone
from tests.dbt.synthetic import DAY, on, sessions

FIRST, LAST = dt.date(2024, 1, 2), dt.date(2027, 3, 31)
REVISED = "2026-09-15"  # the mart day that first knows the revised close
STOCKS = ("NVDA", "AVGO", "AMD", "TSM", "ASML", "MU", "MSFT", "GOOGL", "AMZN", "META", "ORCL", "PLTR")
WITHOUT = {  # series -> first and last day without a close: longer than a close is carried
    "yahoo.AMD.close": ("2026-04-13", "2026-04-24"),
    **{f"yahoo.{name}.close": ("2026-08-03", "2026-08-14") for name in STOCKS[:7]},
    "yahoo.PLTR.close": ("2024-01-02", "2026-03-13"),  # listed late: in the basket from April
    "treasury.par_2y": ("2026-06-15", "2026-06-17"),
    "yahoo.TLT.close": ("2026-10-05", "2026-10-16"),
}


def close(day: dt.date) -> dt.datetime:
    return on(day, 21, 30)


def history(seed: int = 7) -> pd.DataFrame:
    """The change log, columns raw_zone.COLUMNS."""
    rng = np.random.default_rng(seed)
    open_days = sessions(FIRST, LAST)
    every_day = [FIRST + i * DAY for i in range((LAST - FIRST).days + 1)]
    held: dict[str, list[tuple[dt.date, float]]] = {}
    market = rng.normal(0.0004, 0.011, len(open_days))
    paths = [("^GSPC", 4700.0, 1.0, 0.0), ("QQQ", 400.0, 1.2, 0.006), ("SMH", 170.0, 1.4, 0.01), ("GLD", 190.0, 0.0, 0.009), ("TLT", 98.0, -0.2, 0.008)]
    for name, start, beta, own in [*paths, *((stock, 80.0 + 10 * i, 1.5, 0.02) for i, stock in enumerate(STOCKS))]:
        path = start * np.exp(np.cumsum(beta * market + rng.normal(0, own, len(open_days))))
        if name == "NVDA":  # ten for one after the list was fixed
            path[open_days.index(dt.date(2026, 6, 10)) :] /= 10
        held[f"yahoo.{name}.close"] = [(d, float(f"{p:.7g}")) for d, p in zip(open_days, path, strict=True)]
    parts = [
        raw_zone.rows("yahoo.NVDA.split", [(dt.date(2026, 6, 10), 10.0, close(dt.date(2026, 6, 10)))]),
        raw_zone.rows("yahoo.MSFT.dividend", [(d, 2.5, close(d)) for d in open_days[30::63]]),
    ]
    coins = 42000 * np.exp(np.cumsum(rng.normal(0.001, 0.03, len(every_day))))
    parts.append(raw_zone.rows("coinbase.BTC-USD", [(d, float(f"{p:.7g}"), on(d + DAY, 0)) for d, p in zip(every_day, coins, strict=True)]))
    bond_days = [d for d in open_days if not (d.month == 10 and d.weekday() == 0 and 8 <= d.day <= 14) and (d.month, d.day) != (11, 11)]
    held["treasury.par_2y"] = [(d, round(4 + 0.5 * float(np.sin(i / 40)) + float(rng.normal(0, 0.04)), 2)) for i, d in enumerate(bond_days)]
    held["treasury.par_1y"] = [(d, round(v - 0.2, 2)) for d, v in held["treasury.par_2y"]]  # the table of betas begins with it
    for series, values in held.items():
        first, last = WITHOUT.get(series, ("9999", ""))
        parts.append(raw_zone.rows(series, [(d, v, close(d)) for d, v in values if not first <= d.isoformat() <= last]))
    wrong = dict(held["yahoo.AVGO.close"])[dt.date(2026, 5, 11)]
    parts.append(raw_zone.rows("yahoo.AVGO.close", [(dt.date(2026, 5, 11), round(wrong * 1.3, 2), on(REVISED, 12))]))
    return pd.concat(parts, ignore_index=True)
