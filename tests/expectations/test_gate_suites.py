"""Suites and SQL checks as files: complete, well-formed, known to Great Expectations."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from expectations import checks, suites
from expectations.model import TableMeta
from expectations.tables import from_manifest
from ingest import registry as registries
from lowtide.errors import LowtideError
from tests.expectations.synthetic import DESCRIPTIONS

MODELS = Path(__file__).resolve().parents[2] / "dbt_project" / "models"
PUBLISHED = sorted({name for path in MODELS.rglob("*.yml") for name in re.findall(r"^ *published: (\S+)$", path.read_text(), flags=re.MULTILINE)})


def test_every_published_table_has_a_suite_and_every_suite_a_table() -> None:
    published = set(PUBLISHED)
    assert {"marts.episodes", "scorecard.verdicts", "meta.fetches"} <= published
    assert {p.stem for p in suites.FOLDER.glob("*.yml")} == published
    assert suites.orphans(published) == [] and checks.orphans(published) == []
    assert suites.orphans(published - {"marts.episodes"}) == ["marts.episodes.yml"]
    assert "episode_dates_in_order.sql" in checks.orphans(published - {"marts.episodes"})


def test_base_comes_first_and_follows_the_contract() -> None:
    table = TableMeta("marts", "x", ("a", "b"), "a", not_null=("c",))
    rules = [(e.type.removeprefix("expect_"), e.column) for e in suites.base(table, origin="live", newest=date(2024, 5, 31))]
    assert rules == [
        ("table_row_count_to_be_between", None), ("column_to_exist", "a"), ("column_to_exist", "b"),
        *[("column_values_to_not_be_null", c) for c in ("a", "b", "c", "origin")],
        ("compound_columns_to_be_unique", "a, b"), ("column_max_to_be_between", "a"), ("column_values_to_be_in_set", "origin"),
    ]
    events = suites.base(TableMeta("marts", "x", ("a",)), origin="live", newest=date(2024, 5, 31))
    assert not any("max" in e.type for e in events) and any(e.type == "expect_column_values_to_be_unique" for e in events)


def test_every_expectation_has_a_reason_of_its_own() -> None:
    for table in PUBLISHED:
        for rule in suites.specific(table):
            assert re.fullmatch(r"expect_[a-z_]+", rule.type) and rule.columns and len(rule.reason) > 5


def test_what_a_rule_needs_is_in_the_registry_and_belongs_to_its_columns() -> None:
    known = {series.quantity for _, series in registries.load().series.values()}
    for table in PUBLISHED:
        for entry in yaml.safe_load((suites.FOLDER / f"{table}.yml").read_text(encoding="utf-8"))["expectations"]:
            columns = entry["kwargs"].get("columns") or [entry["kwargs"].get("column")]
            for column, quantities in entry.get("needs", {}).items():
                assert column in columns and set(quantities) <= known, (table, column)
    assert sum(bool(rule.needs) for table in PUBLISHED for rule in suites.specific(table)) == 10


@pytest.mark.parametrize(("text", "told"), [
    ("table: marts.y\nexpectations: []", "must be marts.x"),
    ("table: marts.x\nexpectations: [{expectation: expect_x, kwargs: {}, severity: critical}]", "exactly"),
    ("table: marts.x\nexpectations: [{expectation: expect_x, kwargs: {}, severity: fatal, reason: r}]", "critical or warning"),
    ("table: [", "marts.x.yml"),
])
def test_a_malformed_suite_is_refused_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "marts.x.yml").write_text(text)
    with pytest.raises(LowtideError, match=told) as caught:
        suites.specific("marts.x", tmp_path)
    assert "\n" not in str(caught.value)


def test_a_check_without_its_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- table: marts.x\nselect 1")
    with pytest.raises(LowtideError, match="severity"):
        checks.load(tmp_path)


def test_tables_come_from_the_dbt_manifest() -> None:
    node = {
        "resource_type": "model", "schema": "marts", "name": "funding_stress", "alias": "funding_stress", "description": "Cash\n dear.",
        "config": {"meta": {"key": ["as_of_date"], "date_column": "as_of_date", "theses": ["t1_2"]}},
        "columns": {"as_of_date": {"description": "", "constraints": [{"type": "not_null"}]},
                    "sofr_iorb_bp": {"description": DESCRIPTIONS["marts.funding_stress"]["sofr_iorb_bp"], "constraints": []}},
    }
    other = {"resource_type": "model", "schema": "intermediate", "name": "int_x", "columns": {}}
    tables, descriptions = from_manifest({"nodes": {"a": node, "b": other, "c": {"resource_type": "test", "schema": "marts"}}})
    assert tables == [TableMeta("marts", "funding_stress", ("as_of_date",), "as_of_date", ("t1_2",), ("as_of_date",), "Cash dear.")]
    assert descriptions["marts.funding_stress"]["sofr_iorb_bp"].startswith("SOFR minus IORB")
    with pytest.raises(LowtideError, match="meta.key"):
        from_manifest({"nodes": {"a": {**node, "config": {}}}})
