"""What was known when: reads a change log and answers with plain series per quantity.

Belongs here: the as-known snapshot, lookups by date, and readers of recorded answers (FRED CSV, Yahoo chart JSON, LBMA
JSON) that build a change log with simplified publication moments. Does not belong here: any measure.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

Snapshot = dict[str, pd.Series]
UTC = dt.UTC
DAY = dt.timedelta(days=1)


def cutoff(day: dt.date) -> dt.datetime:
    """The moment a mart day ends: 22:00 UTC of that day."""
    return dt.datetime.combine(day, dt.time(22), tzinfo=UTC)


def as_known(log: pd.DataFrame, quantities: Mapping[str, Sequence[str]], moment: dt.datetime) -> Snapshot:
    """Latest version of every observation with known_at <= moment, nulls dropped, merged per date by priority.

    log: series_id, observation_date, value, state, known_at, fetched_at. Returns {quantity: Series of float indexed by
    datetime.date, ascending}; a quantity without a known value is an empty Series.
    """
    wanted = {series for members in quantities.values() for series in members}
    rows = log[(log["known_at"] <= pd.Timestamp(moment)) & log["series_id"].isin(wanted)]
    rows = rows.sort_values(["known_at", "fetched_at"], kind="stable")
    newest = rows.drop_duplicates(["series_id", "observation_date"], keep="last")
    newest = newest[(newest["state"] == "value") & newest["value"].notna()]
    per_series: dict[str, dict[dt.date, float]] = {}
    for series, part in newest.groupby("series_id"):
        per_series[str(series)] = dict(zip(part["observation_date"], part["value"].astype(float), strict=True))
    snapshot: Snapshot = {}
    for quantity, members in quantities.items():
        merged: dict[dt.date, float] = {}
        for series in reversed(members):  # the first of the list is written last and wins
            merged.update(per_series.get(series, {}))
        ordered = sorted(merged)
        snapshot[quantity] = pd.Series([merged[d] for d in ordered], index=ordered, dtype=float)
    return snapshot


def get(snapshot: Mapping[str, pd.Series], quantity: str) -> pd.Series:
    """The quantity's series, empty when the snapshot does not have it."""
    return snapshot.get(quantity, pd.Series(dtype=float))


def newest(series: pd.Series, on: dt.date, max_age_days: int) -> tuple[dt.date, float] | None:
    """Newest (date, value) dated <= on and not older than max_age_days before it."""
    days = list(series.index)
    return newest_of(days, series.tolist(), on, max_age_days)


def newest_of(
    days: Sequence[dt.date], values: Sequence[float], on: dt.date, max_age_days: int
) -> tuple[dt.date, float] | None:
    """As newest(), on two ascending parallel lists (for loops over many days)."""
    place = bisect_right(days, on) - 1
    if place < 0 or (on - days[place]).days > max_age_days:
        return None
    return days[place], values[place]


# --- readers of recorded answers -------------------------------------------------------------------------------------


def rows(
    series_id: str, values: Mapping[dt.date, float | None], known: Callable[[dt.date], dt.datetime]
) -> pd.DataFrame:
    """A change log of first values: one row per date, known_at from the given rule."""
    return pd.DataFrame(
        [
            {
                "series_id": series_id,
                "observation_date": day,
                "value": math.nan if value is None else value,
                "state": "missing" if value is None else "value",
                "known_at": pd.Timestamp(known(day)),
                "fetched_at": pd.Timestamp(known(day)),
            }
            for day, value in sorted(values.items())
        ]
    )


def at(hour: int, minute: int = 0, days_later: int = 0) -> Callable[[dt.date], dt.datetime]:
    """Rule: public that many calendar days later at hour:minute UTC."""
    return lambda day: dt.datetime.combine(day + days_later * DAY, dt.time(hour, minute), tzinfo=UTC)


def next_business_day_at(hour: int, business_days: Iterable[dt.date]) -> Callable[[dt.date], dt.datetime]:
    """Rule: public on the first business day after the observation date, at hour UTC."""
    days = sorted(business_days)
    return lambda day: dt.datetime.combine(days[bisect_right(days, day)], dt.time(hour), tzinfo=UTC)


def load_fred_csv(path: Path) -> dict[dt.date, float | None]:
    """fredgraph CSV -> {date: value}, an empty or '.' cell -> None."""
    lines = path.read_text().strip().splitlines()[1:]
    cells = [line.split(",") for line in lines]
    return {dt.date.fromisoformat(day): (None if text.strip() in ("", ".") else float(text)) for day, text in cells}


def load_lbma_json(path: Path) -> dict[dt.date, float | None]:
    """LBMA price JSON -> {date: USD}."""
    return {dt.date.fromisoformat(row["d"]): row["v"][0] for row in json.loads(path.read_text())}


def load_yahoo_json(path: Path) -> dict[str, dict[dt.date, float | None]]:
    """Yahoo chart JSON -> {'close': raw close, 'dividend': per raw share, 'split': ratio}, dates in the exchange's zone.

    Yahoo's close is adjusted for every later split of the answer; the raw close multiplies them back, 7 digits kept.
    """
    result = json.loads(path.read_text())["chart"]["result"][0]
    offset = result["meta"]["gmtoffset"]

    def day_of(stamp: float) -> dt.date:
        return dt.datetime.fromtimestamp(stamp + offset, UTC).date()

    events = result.get("events", {})
    splits = {day_of(e["date"]): e["numerator"] / e["denominator"] for e in events.get("splits", {}).values()}

    def later_splits(day: dt.date) -> float:
        return math.prod(ratio for split_day, ratio in splits.items() if split_day > day)

    close: dict[dt.date, float | None] = {}
    for stamp, value in zip(result["timestamp"], result["indicators"]["quote"][0]["close"], strict=True):
        if value is not None:
            close[day_of(stamp)] = float(f"{value * later_splits(day_of(stamp)):.7g}")
    dividends: dict[dt.date, float | None] = {}
    for event in events.get("dividends", {}).values():
        day = day_of(event["date"])
        dividends[day] = float(f"{event['amount'] * later_splits(day):.7g}")
    return {"close": close, "dividend": dividends, "split": dict(splits)}


def recorded_log(upstream: Path, business_days: Iterable[dt.date]) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """The recorded archive as a change log (one bulk load) and its mapping quantity -> series ids.

    Publication moments are simplified: New York closes 21:30 UTC, SOFR/EFFR next business day 14:00 UTC, reserves next
    day 21:45 UTC, LBMA PM 16:00 UTC, IORB 05:00 UTC, crypto bars and their close at the next midnight UTC.
    """
    fred = upstream / "fred.stlouisfed.org" / "graph" / "fredgraph"
    yahoo = upstream / "query1.finance.yahoo.com" / "v8" / "finance" / "chart"
    overnight = next_business_day_at(14, business_days)
    parts: list[pd.DataFrame] = []
    mapping: dict[str, list[str]] = {}
    for quantity, name, rule in (
        ("sofr_pct", "SOFR", overnight),
        ("effr_pct", "EFFR", overnight),
        ("iorb_pct", "IORB", at(5)),
        ("reserves_usd_mn", "WRESBAL", at(21, 45, 1)),
        ("onrrp_usd_bn", "RRPONTSYD", at(19)),
        ("sp500_index", "SP500", at(21, 30)),
        ("ust_1y_pct", "DGS1", overnight),
        ("ust_2y_pct", "DGS2", overnight),
        ("target_upper_pct", "DFEDTARU", at(5)),
        ("target_lower_pct", "DFEDTARL", at(5)),
        ("core_pce_index", "PCEPILFE", at(13, 0, 65)),
        ("vix_close_index", "VIXCLS", at(21, 30)),
        ("hy_spread_pct", "BAMLH0A0HYM2", overnight),
    ):
        parts.append(rows(f"fred.{name}", load_fred_csv(fred / f"{name}.csv"), rule))
        mapping[quantity] = [f"fred.{name}"]
    stocks = ("NVDA", "AVGO", "AMD", "TSM", "ASML", "MU", "MSFT", "GOOGL", "AMZN", "META", "ORCL", "PLTR")
    for name in ("SPY", "QQQ", "SMH", "GLD", "TLT", "BTC-USD", "ETH-USD", *stocks):
        rule = at(0, 0, 1) if name.endswith("-USD") else at(21, 30)
        short = name.removesuffix("-USD").lower()
        answer = load_yahoo_json(yahoo / f"{name}_1d.json")
        for field, column in (("close", "close_usd"), ("dividend", "dividend_usd"), ("split", "split_ratio")):
            if answer[field]:
                parts.append(rows(f"yahoo.{name}.{field}", answer[field], rule))
            mapping[f"{short}_{column}"] = [f"yahoo.{name}.{field}"]
    gold = load_lbma_json(upstream / "prices.lbma.org.uk" / "json" / "gold_pm.json")
    parts.append(rows("lbma.gold_pm", gold, at(16)))
    mapping["gold_pm_usd_oz"] = ["lbma.gold_pm"]
    log = pd.concat(parts, ignore_index=True)
    log["known_at"] = pd.to_datetime(log["known_at"], utc=True)
    log["fetched_at"] = pd.to_datetime(log["fetched_at"], utc=True)
    return log, mapping
