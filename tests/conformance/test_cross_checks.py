"""The cross-checks of two sources: silent on agreement and on absence, loud on a difference; every series exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

from ingest.registry import load

PROJECT = Path(__file__).resolve().parent.parent.parent / "dbt_project"
CHECKS = sorted((PROJECT / "tests").glob("cross_check_*.sql"))
DAY, MONTH = "2026-05-28", "2026-04-01"
# values that agree, day by day, and one series moved so that they do not
AGREE: dict[str, tuple[str, dict[str, float], dict[str, float]]] = {
    "sofr": (DAY, {"nyfed.sofr": 4.31, "fred.SOFR": 4.31}, {"fred.SOFR": 4.32}),
    "effr": (DAY, {"nyfed.effr": 4.33, "fred.EFFR": 4.33}, {"nyfed.effr": 4.83}),
    "cpi": (
        MONTH,
        {"bls.CUSR0000SA0": 321.465, "fred.CPIAUCSL": 321.465, "bls.CUUR0000SA0": 322.0, "fred.CPIAUCNS": 322.0},
        {"fred.CPIAUCNS": 322.01},
    ),
    "bitcoin": (
        DAY,
        {"coinbase.BTC-USD": 80_000.0, "kraken.BTC-USD": 80_400.0, "yahoo.BTC-USD.close": 81_000.0},
        {"kraken.BTC-USD": 82_000.0},
    ),
    "gold": (DAY, {"lbma.gold_pm": 4500.0, "yahoo.GC=F.close": 4550.0}, {"yahoo.GC=F.close": 4800.0}),
    "gold_nav": (
        DAY,
        {"lbma.gold_pm": 4500.0, "spdr.gld_nav": 4501.0e7, "spdr.gld_ounces": 1e7},
        {"spdr.gld_ounces": 1.01e7},
    ),
    "stablecoins": (
        DAY,
        {
            "defillama.stablecoins.total": 320e9, "defillama.stablecoins.usdt": 185e9,
            "defillama.stablecoins.usdc": 75e9, "defillama.stablecoins.dai": 5e9,
            "defillama.stablecoins.ethereum": 170e9, "defillama.stablecoins.tron": 80e9,
            "defillama.stablecoins.bsc": 15e9, "defillama.stablecoins.solana": 15e9,
            "defillama.stablecoins.arbitrum": 8e9, "defillama.stablecoins.base": 5e9,
        },
        {"defillama.stablecoins.usdt": 185e6},
    ),
}  # fmt: skip


class Check:
    """One cross-check as SQL, and what its header declares."""

    def __init__(self, name: str) -> None:
        self.declared: dict[str, Any] = {}

        def config(**options: Any) -> str:
            self.declared = options
            return ""

        macros = (PROJECT / "macros" / "cross_checks.sql").read_text()
        text = macros + (PROJECT / "tests" / f"cross_check_{name}.sql").read_text()
        self.sql = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"]).from_string(text).render(
            config=config, ref=lambda model: model, as_of=lambda: "timestamptz '2026-06-02 22:00:00+00'"
        )  # fmt: skip

    @property
    def series(self) -> list[str]:
        return list(self.declared["meta"]["cross_check"])


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for domain in ("rates", "funding", "market", "crypto", "onchain", "filings", "gold", "inflation"):
            connection.execute(
                f"create table stg_{domain}__observations (series_id varchar, observation_date date, value double, "
                "state varchar, known_at timestamptz, fetched_at timestamptz, fetch_id varchar)"
            )
        yield connection


def put(warehouse: duckdb.DuckDBPyConnection, day: str, values: Mapping[str, float], hour: int = 1) -> None:
    """A version of each value, known on 2026-05-30 at `hour`."""
    for name, value in values.items():
        domain = load().series[name][0].domain if name in load().series else "market"
        moment = f"2026-05-30 {hour:02}:00:00+00"
        warehouse.execute(
            f"insert into stg_{domain}__observations values (?, ?, ?, 'value', ?, ?, 'x')", [name, day, value, moment, moment]
        )


def test_each_check_has_a_case() -> None:
    assert [path.stem.removeprefix("cross_check_") for path in CHECKS] == sorted(AGREE)


@pytest.mark.parametrize("name", AGREE)
def test_silent_on_agreement_and_loud_on_a_difference(warehouse: duckdb.DuckDBPyConnection, name: str) -> None:
    check, (day, agree, differ) = Check(name), AGREE[name]
    assert warehouse.execute(check.sql).fetchall() == []  # no rows at all
    put(warehouse, day, agree)
    assert warehouse.execute(check.sql).fetchall() == []
    put(warehouse, day, differ, hour=2)  # a revision: the newest version counts
    assert len(warehouse.execute(check.sql).fetchall()) == 1
    put(warehouse, day, agree, hour=3)
    assert warehouse.execute(check.sql).fetchall() == []


@pytest.mark.parametrize("name", AGREE)
def test_every_series_exists_and_is_read(name: str) -> None:
    check = Check(name)
    assert check.declared["severity"] == "warn"
    unknown = set(check.series) - set(load().series)
    assert unknown <= set(check.declared["meta"].get("optional", [])), unknown
    for series_id in check.series:
        assert f"'{series_id}'" in check.sql
        domain = load().series[series_id][0].domain if series_id in load().series else "market"
        assert f"stg_{domain}__observations\n        where series_id = '{series_id}'" in check.sql


def test_a_part_that_is_late_or_never_came_is_not_compared(warehouse: duckdb.DuckDBPyConnection) -> None:
    day, agree, _ = AGREE["stablecoins"]
    check = Check("stablecoins")
    put(warehouse, day, {name: value for name, value in agree.items() if not name.endswith("usdt")})
    assert warehouse.execute(check.sql).fetchall() == []
    put(warehouse, "2026-05-27", {name: value for name, value in agree.items() if name.endswith("usdt")})
    assert warehouse.execute(check.sql).fetchall() == []
