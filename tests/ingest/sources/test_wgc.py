"""Files of the World Gold Council: layouts, vintages, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.dropbox import Drop
from ingest.errors import EmptyPayload, NotConfigured, SchemaDrift, SourceError
from ingest.guards import inspect
from ingest.model import Request
from ingest.registry import load
from ingest.sources import wgc

from .xlsx_kit import workbook

SUPPLY = [
    ("Mine production", 900.0),
    ("Net producer hedging", -10.0),
    ("Recycled gold", 300.0),
    ("Total supply", 1190.0),
]
DEMAND = [("Jewellery fabrication", 500.0), ("Technology", 80.0), ("Total bar and coin", 300.0),
          ("ETFs & similar products", -20.0), ("Central banks & other inst.", 230.0)]  # fmt: skip


def balance(
    rows: list[tuple[str, float]], heads: tuple[Any, ...] = ("Q4'25", 2025, "Q1'26"), sheet: str = "Gold Balance"
) -> bytes:
    table: list[list[Any]] = [["Gold supply and demand (tonnes)"], [], [None, *heads]]
    return workbook({sheet: [*table, *([label, value, 4 * value, value] for label, value in rows), ["Notes"]]})


def etf(days: list[date], header: tuple[str, ...] = ("Date", "North America", "Europe", "Asia", "Other")) -> bytes:
    rows = [list(header), *([str(day), 2000.0, 1400.0, 500.0, 70.0][: len(header)] for day in days)]
    return workbook({"Holdings tonnes": rows, "Flows tonnes": rows})


FULL = balance([*DEMAND, *SUPPLY])
MONTHS = [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
FRIDAYS = [date(2026, 5, 15) + timedelta(7 * n) for n in range(3)]
COUNTRIES = "Date,Country,Tonnes\n2025-12-31,POL,550.0\n2025-12-31,XYZ,1.0\n2025-09-30,POL,515.4\n"


def file(folder: str, content: bytes | str, name: str = "2026-05-31_tables.xlsx") -> Drop:
    return Drop(f"file://dropbox/wgc/{folder}/{quote(name)}", content.encode() if isinstance(content, str) else content)


def takers(drop: Drop) -> list[str]:
    folder = drop.url.split("/")[4]
    return [
        d.id for d in load().datasets.values()
        if d.provider == "wgc" and d.request["folder"] == folder and wgc.SOURCE.mine(d, drop)
    ]  # fmt: skip


def values(bench: Any, dataset_id: str, drop: Drop) -> dict[str, dict[date, float | None]]:
    found: dict[str, dict[date, float | None]] = bench(dataset_id).values(drop.content, drop.request)
    return found


def test_supply_and_demand(bench: Any) -> None:
    drop = file("gdt_tables", FULL)
    assert takers(drop) == ["wgc_demand_trends"]
    found = values(bench, "wgc_demand_trends", drop)
    assert found["wgc.net_producer_hedging"] == {date(2025, 10, 1): -10.0, date(2026, 1, 1): -10.0}
    assert len(found) == 9
    rows = bench("wgc_demand_trends").rows(drop.content, drop.request)
    assert {row.vintage for row in rows} == {datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC)}


def test_an_older_extract_is_an_older_vintage(bench: Any) -> None:
    drop = file("gdt_tables", balance(DEMAND[-1:]), "2026-01-29_central banks.xlsx")
    assert takers(drop) == ["wgc_demand_trends"]
    with pytest.raises(SchemaDrift, match="in a file dated 2025-12-31"):
        values(bench, "wgc_demand_trends", file("gdt_tables", drop.content, "2025-12-31_x.xlsx"))
    assert values(bench, "wgc_demand_trends", drop) == {
        "wgc.central_banks": {date(2025, 10, 1): 230.0, date(2026, 1, 1): 230.0}
    }


def test_etf_files_are_told_apart_by_their_dates(bench: Any) -> None:
    monthly, weekly = file("etf_holdings", etf(MONTHS)), file("etf_holdings", etf(FRIDAYS))
    assert (takers(monthly), takers(weekly)) == (["wgc_etf_monthly"], ["wgc_etf_weekly"])
    both_ends = [date(2026, 1, 30), date(2026, 2, 6)]  # a Friday that nearly ends a month
    assert takers(file("etf_holdings", etf(both_ends))) == ["wgc_etf_weekly"]
    found = values(bench, "wgc_etf_weekly", weekly)
    assert len(found) == 8 and found["wgc.etf_weekly_holdings_asia"][FRIDAYS[0]] == 500.0


def test_official_holdings(bench: Any) -> None:
    drop = file("official_reserves", COUNTRIES, "2026-05-31_by_country.csv")
    assert takers(drop) == ["wgc_official"]
    assert values(bench, "wgc_official", drop) == {
        "wgc.official_gold_pol": {date(2025, 9, 30): 515.4, date(2025, 12, 31): 550.0}
    }


@pytest.mark.parametrize(
    ("folder", "content"),
    [
        ("gdt_tables", workbook({"Consumer": [["x"]]})),
        ("official_reserves", "Country,Tonnes\nPoland,496.8\n"),
        ("official_reserves", "year,net_purchases_tonnes,vintage_or_citation\n2024,1092.4,x\n"),
    ],
)
def test_known_files_that_are_left_alone(folder: str, content: bytes | str) -> None:
    assert takers(file(folder, content)) == []


CSV = COUNTRIES.replace("XYZ", "SWE")


@pytest.mark.parametrize(
    ("dataset_id", "content", "name", "said"),
    [
        ("wgc_demand_trends", FULL, "tables.xlsx", "called YYYY-MM-DD"),
        ("wgc_demand_trends", FULL, "2026-13-01_tables.xlsx", "called YYYY-MM-DD"),
        ("wgc_demand_trends", FULL, "2026-05-31_tables.pdf", "called YYYY-MM-DD"),
        ("wgc_demand_trends", FULL[:200], "", "not a whole XLSX"),
        ("wgc_demand_trends", b"%PDF-1.7\x80", "", "neither a workbook nor CSV"),
        ("wgc_demand_trends", "<html>\n", "", "no known layout"),
        ("wgc_demand_trends", balance(DEMAND + SUPPLY, sheet="Balance 2"), "", "no known layout: sheets 'Balance 2'"),
        ("wgc_demand_trends", balance(DEMAND[1:] + SUPPLY), "", "'Jewellery fabrication' is not there exactly once"),
        ("wgc_demand_trends", balance(DEMAND + DEMAND[:1] + SUPPLY), "", "'Jewellery fabrication' is not there"),
        ("wgc_demand_trends", balance(DEMAND[1:]), "", "no known layout"),
        ("wgc_demand_trends", balance([*DEMAND, *SUPPLY[:3], ("Total supply", 1250.0)]), "", "does not add up"),
        ("wgc_demand_trends", balance(DEMAND + SUPPLY, ("2024", "2025", "x")), "", "no row of quarters"),
        ("wgc_demand_trends", balance(DEMAND + SUPPLY, ("Q1'26", "x", "Q4'25")), "", "not in order"),
        ("wgc_demand_trends", balance(DEMAND + SUPPLY, ("Q1'26", "x", "Q3'26")), "", "a figure for 2026-07-01"),
        ("wgc_etf_monthly", etf([date(2026, 2, 27), *MONTHS]), "", "2026-02-27 is not the end of a month"),
        ("wgc_etf_monthly", etf([]), "", "no known layout"),
        ("wgc_etf_weekly", etf([date(2026, 5, 14), *FRIDAYS[1:]]), "", "2026-05-14 is not the end of a week"),
        ("wgc_etf_weekly", etf(FRIDAYS, ("Date", "North America", "Europe", "Asia")), "", "0 columns called 'Other'"),
        ("wgc_official", CSV.replace("POL", "Poland"), "", "not an ISO3"),
        ("wgc_official", CSV.replace("2025-09-30", "2025-09-29"), "", "not the end of a quarter"),
        ("wgc_official", CSV.replace("550.0", "1,2"), "", "rows of one width"),
        ("wgc_official", CSV.replace("550.0", "lots"), "", "not a number"),
        ("wgc_official", CSV[:-1], "", "cut short"),
        ("wgc_official", CSV.replace("Tonnes", "Ounces"), "", "no known layout"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_somebody_says_so(
    bench: Any, dataset_id: str, content: bytes | str, name: str, said: str
) -> None:
    drop = file(load().datasets[dataset_id].request["folder"], content, name or "2026-05-31_tables.xlsx")
    assert len(takers(drop)) == 1
    with pytest.raises(SchemaDrift, match=said):
        values(bench, dataset_id, drop)


def test_no_figure_at_all(bench: Any) -> None:
    with pytest.raises(EmptyPayload):
        values(bench, "wgc_official", file("official_reserves", "Date,Country,Tonnes\n2025-12-31,POL,\n"))
    with pytest.raises(EmptyPayload):
        bench("wgc_official").rows("Date,Country,Tonnes\n", file("official_reserves", "").request)


def test_no_host_is_ever_asked(bench: Any) -> None:
    with pytest.raises(NotConfigured, match="drop folder"):
        bench("wgc_official").first()


def test_the_recorded_files(upstream: Path, bench: Any) -> None:
    """All that feed a dataset; three are known and left alone (see docs/drop-folder.md)."""
    want = {  # file -> dataset, and per series rows, first and last date
        "2025-10-08_central_banks_extract.xlsx": ("wgc_demand_trends", 5, "2024-04-01", "2025-04-01"),
        "2026-04-29_GDT_Tables_Q126_EN.xlsx": ("wgc_demand_trends", 65, "2010-01-01", "2026-01-01"),
        "2026-05-31_ETF_holdings_flows_monthly.xlsx": ("wgc_etf_monthly", 89, "2018-12-31", "2026-04-30"),
        "2026-05-31_ETF_holdings_flows_weekly.xlsx": ("wgc_etf_weekly", 387, "2019-01-04", "2026-05-29"),
        "2026-05-31_official_gold_by_country.csv": ("wgc_official", None, "2010-09-30", "2025-12-31"),
    }
    seen = 0
    for path in sorted((upstream / "dropbox/wgc").glob("*/*")):
        drop = file(path.parent.name, path.read_bytes(), path.name)
        assert takers(drop) == [want[path.name][0]] if path.name in want else takers(drop) == []
        if path.name not in want:
            continue
        dataset_id, each, first, last = want[path.name]
        b = bench(dataset_id)
        rows = b.rows(drop.content, drop.request)
        days = [row.observation_date for row in rows]
        assert (str(min(days)), str(max(days))) == (first, last)
        assert all(row.value is not None for row in rows) and not inspect(b.dataset, [], rows)
        if each is None:
            assert len(rows) == 575 and len({row.series_id for row in rows}) == len(b.dataset.series)
        else:
            assert {sum(row.series_id == name for row in rows) for name in {row.series_id for row in rows}} == {each}
        seen += 1
    assert seen == len(want)


SEEDS = [("wgc_demand_trends", FULL), ("wgc_etf_monthly", etf(MONTHS)), ("wgc_official", COUNTRIES.encode())]


@pytest.mark.parametrize(("dataset_id", "seed"), SEEDS)
@given(at=st.integers(0, 10_000), length=st.integers(0, 20), noise=st.binary(max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes(bench: Any, dataset_id: str, seed: bytes, at: int, length: int, noise: bytes) -> None:
    at %= len(seed)
    url = file(load().datasets[dataset_id].request["folder"], b"").url
    for content in (noise, seed[:at], seed[:at] + noise + seed[at + length :]):
        wgc.SOURCE.mine(load().datasets[dataset_id], Drop(url, content))
        try:
            bench(dataset_id).rows(content, Request(url, method="FILE"))
        except SourceError as error:
            assert "\n" not in str(error)
