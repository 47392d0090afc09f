"""Derived files: complete, the same each time, and drift is seen."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path

import pytest
import yaml

from ingest import registry as registries
from lowtide.columns import SEEDS
from lowtide.errors import LowtideError
from lowtide.generate import MARK, cross_check, generate
from lowtide.theses import load_baskets, load_theses


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with every derived file in it."""
    assert generate(root=tmp_path) != []
    return tmp_path


def rows(tree: Path, name: str) -> list[dict[str, str]]:
    with (tree / "dbt_project" / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_repository_holds_what_its_sources_say() -> None:
    assert generate(check=True) == [], "run: lowtide generate"


def test_writing_twice_changes_nothing(tree: Path) -> None:
    assert generate(root=tree) == []
    assert generate(check=True, root=tree) == []


def test_an_edited_a_missing_and_a_stale_file_are_drift_and_are_mended(tree: Path) -> None:
    series = tree / "dbt_project/seeds/series.csv"
    series.write_text(series.read_text(encoding="utf-8").replace("sofr_pct", "sofr_bp", 1), encoding="utf-8")
    (tree / "docs/theses/t5.md").unlink()
    (tree / "docs/theses/t9.md").write_text(f"<!-- {MARK} -->\n# gone\n", encoding="utf-8")
    (tree / "docs/theses/by_hand.md").write_text("# kept\n", encoding="utf-8")
    expected = ["dbt_project/seeds/series.csv", "docs/theses/t5.md", "docs/theses/t9.md"]
    assert generate(check=True, root=tree) == expected
    assert (tree / "docs/theses/t9.md").exists()
    assert generate(root=tree) == expected
    assert generate(check=True, root=tree) == []
    assert (tree / "docs/theses/by_hand.md").exists() and not (tree / "docs/theses/t9.md").exists()


def test_every_generated_file_that_can_say_so_says_so(tree: Path) -> None:
    for path in tree.rglob("*.*"):
        if path.suffix in (".md", ".sql", ".yml"):
            assert MARK in path.read_text(encoding="utf-8").partition("\n")[0], path.name


def test_seeds_have_the_declared_columns_and_no_row_is_lost(tree: Path) -> None:
    for name, (_, columns) in SEEDS.items():
        found = rows(tree, name)
        assert found and list(found[0]) == list(columns), name
    registry = registries.load()
    assert [row["series_id"] for row in rows(tree, "series")] == list(registry.series)
    assert len(rows(tree, "theses")) == 16
    assert len(rows(tree, "thesis_legs")) == sum(len(thesis.legs) for thesis in load_theses().values())
    assert len(rows(tree, "basket_members")) == len(load_baskets())


def test_every_raw_domain_is_a_dbt_source(tree: Path) -> None:
    content = yaml.safe_load((tree / "dbt_project/models/sources.yml").read_text(encoding="utf-8"))
    tables = {table["name"]: table["config"]["meta"]["external_location"] for table in content["sources"][0]["tables"]}
    domains = {dataset.domain for dataset in registries.load().datasets.values()}
    assert {f"{domain}_observations" for domain in domains} | {"observations", "fetches"} == set(tables)
    assert tables["fetches"] == "read_parquet('raw://fetches.parquet')"


def test_the_macro_lists_the_built_theses_in_jinja(tree: Path) -> None:
    jinja2 = pytest.importorskip("jinja2")
    source = (tree / "dbt_project/macros/generated_theses.sql").read_text(encoding="utf-8")
    found: dict[str, object] = {}
    calls = "".join(f"{{{{ {name}() }}}}" for name in ("built_theses", "planned_theses", "instruments"))
    returned: list[object] = []
    jinja2.Environment().from_string(source + calls).render({"return": returned.append})
    built, planned, instruments = returned
    found = {thesis["id"]: thesis for thesis in built}  # type: ignore[attr-defined]
    assert list(found) == [name for name, thesis in load_theses().items() if thesis.status == "built"]
    assert len(planned) + len(found) == 16  # type: ignore[arg-type]
    assert "btc" in instruments  # type: ignore[operator]
    for name, thesis in load_theses().items():
        if thesis.status == "built":
            given = found[name]
            assert given["verdict"] == thesis.verdict_sql()  # type: ignore[index]
            assert [leg["inputs"] for leg in given["legs"]] == [list(leg.inputs) for leg in thesis.legs]  # type: ignore[index]
            assert [leg["threshold"] for leg in given["legs"]] == [leg.threshold_sql for leg in thesis.legs]  # type: ignore[index]


def test_links_between_pages_lead_somewhere(tree: Path) -> None:
    for page in tree.glob("docs/*/*.md"):
        for target in re.findall(r"\]\(([^)]+\.md)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name} -> {target}"


def test_a_leg_on_a_quantity_that_no_series_gives_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = registries.load()
    kept = {name: pair for name, pair in registry.series.items() if pair[1].quantity != "sofr_pct"}
    monkeypatch.setattr(registry, "series", kept)
    with pytest.raises(LowtideError, match=r"t1_2\.yml: legs\.a\.inputs: no series in the registry gives sofr_pct"):
        cross_check(registry, load_theses(), load_baskets())


def test_generating_takes_less_than_a_second_and_a_half(tmp_path: Path) -> None:
    for loader in (registries.load, load_theses, load_baskets):
        loader.cache_clear()
    started = time.monotonic()
    generate(root=tmp_path)
    assert time.monotonic() - started < 1.5
