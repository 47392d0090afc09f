"""The recorded archive as one change log: what the comparison with tests/reference builds from.

Belongs here: which recorded files, their series and simplified moments of publication. Does not belong here: any measure, and
readers of the common formats (`tests.reference.observations`).
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ingest.sources._xlsx import Workbook  # cells only: what they mean is worked out here
from tests.dbt import raw_zone
from tests.reference import observations

LAST = dt.date(2026, 5, 28)
D = dt.date.fromisoformat
LABELS = {"Total bar and coin": "bar_and_coin", "ETFs & similar products": "etf_flows", "Central banks & other inst.": "central_banks",
          "Jewellery fabrication": "jewellery_fabrication", "Technology": "technology"}  # fmt: skip


def log(upstream: Path) -> pd.DataFrame:
    """Columns raw_zone.COLUMNS: everything known by the evening of LAST."""
    market, _ = observations.recorded_log(upstream, [day.date() for day in pd.bdate_range("1968-01-01", "2030-12-31")])
    parts = [market, *_rates(upstream), *_demand(upstream), *_holdings(upstream), *_stablecoins(upstream)]
    merged = pd.concat(parts, ignore_index=True)
    for column in ("known_at", "fetched_at"):
        merged[column] = pd.to_datetime(merged[column], utc=True)
    return merged[merged["known_at"] <= pd.Timestamp(f"{LAST}T22:00", tz="UTC")]


def _rates(upstream: Path) -> Iterator[pd.DataFrame]:
    """Real yield, the dollar's rate, euro and franc prices, known by the registry's lags."""
    for name, later in (("DFII10", 1), ("DFF", 1), ("CP0000EZCCM086NEST", 58), ("CP0000CHM086NEST", 58)):
        values = observations.load_fred_csv(upstream / "fred.stlouisfed.org" / "graph" / "fredgraph" / f"{name}.csv")
        yield observations.rows(f"fred.{name}", values, observations.at(20, 30, later))


def _demand(upstream: Path) -> Iterator[pd.DataFrame]:
    """Two editions of gold demand and the official holdings."""
    for file in sorted((upstream / "dropbox" / "wgc" / "gdt_tables").glob("202[56]*.xlsx")):
        moment = dt.datetime.combine(D(file.name[:10]), dt.time(23, 59, 59), tzinfo=dt.UTC)
        rows = list(Workbook(file.read_bytes()).rows("Gold Balance"))
        header = next(row for row in rows if len(row) > 2 and str(row[-1]).startswith("Q"))
        for row in rows:
            if row and row[0] in LABELS:
                days = {dt.date(2000 + int(str(h)[3:]), 3 * int(str(h)[1]) - 2, 1): n for n, h in enumerate(header) if str(h).startswith("Q")}
                yield raw_zone.rows(f"wgc.{LABELS[str(row[0])]}", [(day, float(str(row[n])), moment) for day, n in days.items()])
    moment = dt.datetime(2026, 4, 1, 23, 59, tzinfo=dt.UTC)  # earlier than the file, so that the archive's last edition meets it
    with (upstream / "dropbox/wgc/official_reserves/2026-05-31_official_gold_by_country.csv").open(newline="") as handle:
        held: dict[str, list[tuple[dt.date, float | None, dt.datetime]]] = {}
        for line in csv.DictReader(handle):
            held.setdefault(line["Country"].lower(), []).append((D(line["Date"]), float(line["Tonnes"]), moment))
    known = raw_zone.registry()
    for country, months in held.items():
        if f"wgc.official_gold_{country}" in known:
            yield raw_zone.rows(f"wgc.official_gold_{country}", months)


def _holdings(upstream: Path) -> Iterator[pd.DataFrame]:
    """Tonnes of the gold trust and positions in gold futures."""
    trust = list(Workbook((upstream / "api.spdrgoldshares.com/historical-archive_gld.xlsx").read_bytes()).rows("US GLD Historical Archive"))
    place, tonnes = trust[0].index("Tonnes of Gold"), {}
    for row in trust[1:]:
        try:
            tonnes[dt.datetime.strptime(str(row[0]), "%d-%b-%Y").date()] = float(str(row[place]))
        except (ValueError, IndexError):
            continue  # holidays say so in words
    yield observations.rows("spdr.gld_tonnes", tonnes, observations.at(20, 0, 1))
    reports = json.loads((upstream / "publicreporting.cftc.gov/resource/72hh-3qpy_088691.json").read_text())
    for series, fields in (("open_interest", ["open_interest_all"]), ("managed_money_net", ["m_money_positions_long_all", "m_money_positions_short_all"])):
        values = {D(r["report_date_as_yyyy_mm_dd"][:10]): float(r[fields[0]]) - sum(float(r[f]) for f in fields[1:]) for r in reports}
        yield observations.rows(f"cftc.gold_{series}", values, observations.at(20, 30, 3))


def _stablecoins(upstream: Path) -> Iterator[pd.DataFrame]:
    """Total supply and prices; supply by coin was not recorded."""
    llama = upstream / "stablecoins.llama.fi"
    points = json.loads((llama / "stablecoincharts" / "all.json").read_text())
    total = {_day(point["date"]): point["totalCirculatingUSD"]["peggedUSD"] for point in points}
    yield observations.rows("defillama.stablecoins.total", total, observations.at(12, 0, 1))
    prices = json.loads((llama / "stablecoinprices.json").read_text())
    for coin, name in (("usdt", "tether"), ("usdc", "usd-coin"), ("dai", "dai"), ("busd", "binance-usd")):
        closes = {_day(p["date"]): p["prices"][name] for p in prices if p["prices"].get(name) is not None}
        yield observations.rows(f"defillama.price.{coin}", closes, observations.at(12, 0, 1))


def _day(stamp: str | int) -> dt.date:
    return dt.datetime.fromtimestamp(int(stamp), dt.UTC).date()
