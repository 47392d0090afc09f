"""What must hold for every published table, whichever there are: it can be traced to bytes, and its export leaks nothing."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from lowtide.home import Home
from lowtide.theses import load_theses
from orchestration.manifest import load
from publish import export_public, manifest, trace

VOCABULARY = {"estimated", "provisional", "stale_input", "proxy", "simulated", "unofficial_source", "licence_internal"}


@pytest.fixture(scope="module")
def home(first_load) -> Home:
    return Home.of("sandbox", first_load[0].home)


def test_the_first_and_last_row_of_every_table_lead_to_bytes(home):
    tables = manifest(home)["tables"]
    assert {t.split(".")[0] for t in tables} == {"marts", "scorecard", "meta"}
    for table, entry in tables.items():
        rows = pq.read_table(home.current / "parquet" / f"{table}.parquet", columns=entry["key"]).to_pylist()
        for row in (rows[0], rows[-1]) if rows else ():
            key = {name: "" if value is None else str(value) for name, value in row.items()}
            found = trace(home, table, key, theses=load_theses())
            stored = [i for i in found.inputs if i.landing_path is not None]
            assert all(i.landing_path.is_file() for i in stored), (table, key)
            assert table.startswith("meta.") or (found.lineage[0] == table and any(m.startswith("staging.") for m in found.lineage)), table
            planned = load_theses()[row["thesis_id"]].status == "planned" if "thesis_id" in row else False
            traceable = not planned and not (table == "meta.series" and rows) and table != "meta.gate_results"
            assert stored or not traceable or row is rows[0], (table, key)  # before the first observation nothing was known


def test_the_command_takes_composite_keys(first_load):
    used, told = first_load
    ((with_sign,),) = used.rows("select max(series_id) from meta.series where contains(series_id, '=')")
    for table, key in (("scorecard.legs", f"t4_5,{told['mart_day']},b"), ("scorecard.verdicts", f"thesis_id=t4_5 as_of_date={told['mart_day']}"),
                       ("meta.series", with_sign or "nyfed.sofr")):  # fmt: skip
        shown = json.loads(used.lowtide("trace", table, *key.split(" "), "--json").stdout)
        assert shown["table"] == table and (shown["inputs"] or table == "meta.series")
    revised = used.rows("select quantity, observation_date::varchar, versions from marts.revisions where not is_source_change order by versions desc limit 1")
    if revised:
        (quantity, day, versions), = revised
        shown = json.loads(used.lowtide("trace", "marts.revisions", quantity, day, "--json").stdout)
        assert len(shown["inputs"]) >= versions and all(i["quantity"] == quantity and i["observation_date"] == day for i in shown["inputs"])


def test_every_measure_carries_its_warnings(home):
    tables = manifest(home)["tables"]
    sources = pq.read_table(home.current / "parquet" / "meta.series.parquet").to_pandas().set_index("quantity")
    sources = sources[sources["observations"] > 0]  # a source that brought nothing warns of nothing
    for table in (t for t in tables if t.split(".")[0] != "meta"):
        column = pq.read_table(home.current / "parquet" / f"{table}.parquet", columns=["usage_warnings"]).to_pandas()["usage_warnings"]
        words = set(", ".join(column.dropna().unique()).split(", ")) if len(column) else {"simulated"}
        assert words <= VOCABULARY and "simulated" in words, table
        # what dbt's SQL reads, against what the registry says of the theses: two ways to the same words
        mine = sources.loc[sources.index.intersection(tables[table]["inputs"])]
        if len(column) and table.startswith("marts.") and table != "marts.revisions":
            sql = next(n["raw_code"] for n in load()["nodes"].values() if f"{n['schema']}.{n.get('alias')}" == table)
            derived = {"unofficial_source": mine["unofficial"].any(), "licence_internal": (mine["licence_tier"] != "open").any()}
            for word, applies in derived.items():  # a model that names the word has a rule per row for it
                assert not applies or word in words or f"'{word}'" in sql, (table, word)


def _withheld(home: Home) -> pd.DataFrame:
    """Dates x series of everything in the raw zone that is not open."""
    sources = pq.read_table(home.current / "parquet" / "meta.series.parquet").to_pandas()
    closed = set(sources.loc[sources["licence_tier"] != "open", "series_id"])
    parts = []
    for path in home.raw.glob("observations/*/*.parquet"):
        frame = pq.read_table(path, columns=["series_id", "observation_date", "value"]).to_pandas()
        parts.append(frame[frame["series_id"].isin(closed) & frame["value"].notna()])
    held = pd.concat(parts).drop_duplicates(["series_id", "observation_date"], keep="last")
    wide = held.pivot(index="observation_date", columns="series_id", values="value")
    wide.index = pd.to_datetime(wide.index)
    return wide.loc[:, (wide.count() > 100) & (wide.nunique() > 20)]


def _given_away(column: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Which of the series (one a column) `column` is, scaled and shifted at most (or their logarithms)."""
    known = np.isfinite(column)
    column, series = column[known][:, None], series[known]
    both = np.isfinite(series)
    enough, positive = both.sum(axis=0) >= 60, ~(both & ((column <= 0) | (series <= 0))).any(axis=0)
    with np.errstate(all="ignore"):
        return enough & (_alike(column, series, both) | positive & _alike(np.log(column), np.log(series), both))


def _alike(column: np.ndarray, series: np.ndarray, both: np.ndarray) -> np.ndarray:
    """Where both are known they correlate; what is constant correlates with nothing."""
    left, right = (np.where(both, values, np.nan) for values in (column, series))
    moved = [np.fmax.reduce(part, axis=0, initial=-np.inf) > np.fmin.reduce(part, axis=0, initial=np.inf) for part in (left, right)]
    left, right = (np.nan_to_num(part - np.nansum(part, axis=0) / both.sum(axis=0)) for part in (left, right))
    correlation = (left * right).sum(axis=0) / np.sqrt((left**2).sum(axis=0) * (right**2).sum(axis=0))
    return moved[0] & moved[1] & (np.abs(correlation) > 0.99999)


def test_no_value_of_a_closed_series_leaves_with_the_public_export(home, tmp_path):
    done = export_public(home, tmp_path / "public", theses=load_theses())
    closed = _withheld(home)
    assert len(closed.columns) > 10 and any(e.withheld or not e.columns for e in done.values())
    gold = pq.read_table(home.current / "parquet" / "marts.gold_drawdown.parquet").to_pandas().set_index("as_of_date")["gold_pm_usd_oz"]
    aligned = closed.reindex(pd.to_datetime(gold.index)).to_numpy()
    found = closed.columns[_given_away(gold.to_numpy() * 3 + 7, aligned)]
    assert "lbma.gold_pm" in found, "the search must find what was not withheld"
    seen = 0
    for path in (tmp_path / "public" / "parquet").iterdir():
        data = pq.read_table(path).to_pandas()
        if "as_of_date" in data:
            groups = data.groupby([c for c in ("thesis_id", "leg_id") if c in data]) if "leg_id" in data else [("", data)]
            for _, part in groups:
                by_day = closed.reindex(pd.to_datetime(part["as_of_date"]))
                lags = [by_day.shift(lag).to_numpy() for lag in (0, 1)]
                for name in part.select_dtypes("number"):
                    seen += 1
                    guilty = [s for lagged in lags for s in closed.columns[_given_away(part[name].to_numpy(float), lagged)]]
                    assert not guilty, f"{path.stem}.{name} is {guilty[0]}"
        if "reason" in data:
            open_theses = set(data.loc[data["reason"].notna(), "thesis_id"])
            kept = data[data["thesis_id"].isin({t for t, thesis in load_theses().items() if "marts.gold_drawdown" in thesis.tables})]
            assert "t4_5" not in open_theses and not kept["reason"].str.contains(re.compile(r"\d\.\d")).any()
    assert seen > 10
