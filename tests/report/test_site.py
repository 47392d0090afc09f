"""The site without a browser: what is written, what is escaped, what is left out in public, and that every chart is valid."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

import report
from lowtide.theses import load_theses
from report import figures, theme, thumbnail
from report.charts import REGISTRY, charts_of, leg_charts
from report.licences import Policy
from report.source import Source
from report.words import Words, dictionary, number
from tests.report.report_kit import HOSTILE, build

SPEC = re.compile(r'<script type="application/json" class="spec" data-for="([^"]+)">(.*?)</script>', re.DOTALL)
BEFORE_INPUTS = "its inputs had not begun"  # models/scorecard/verdicts.sql


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = build(tmp_path_factory.mktemp("serve") / "20260529T220000Z-001")
    report.write(folder)
    return folder


@pytest.fixture(scope="module")
def site(published: Path) -> Path:
    return published / "report"


def pages(site: Path) -> dict[str, str]:
    return {str(p.relative_to(site)): p.read_text(encoding="utf-8") for p in sorted(site.rglob("*.html"))}


def test_every_page_exists_in_both_languages(site: Path) -> None:
    names = {"index.html", "asof.html", "health.html", *(f"{t}.html" for t in load_theses())}
    assert {n for n in pages(site) if "/" not in n} == names
    assert {n.split("/")[1] for n in pages(site) if n.startswith("zh-Hant/")} == names
    for name, text in pages(site).items():
        assert f'<html lang="{"zh-Hant" if name.startswith("zh") else "en"}">' in text
        assert "SIMULATED DATA" in text or "模擬資料" in text, f"{name} does not say that it is simulated"


def test_replay_and_stale_are_said(site: Path, tmp_path: Path) -> None:
    front = pages(site)["index.html"]
    assert "STALE: t4_5" in front and 'class="stale"' in front
    assert "gold is broken" in pages(site)["t4_5.html"]
    report.write(build(tmp_path / "b", origin="replay"))
    assert "RECORDED DATA up to 2026-05-29" in (tmp_path / "b/report/index.html").read_text()


def test_nothing_hostile_survives(site: Path) -> None:
    for name, text in pages(site).items():
        assert HOSTILE not in text and "<img" not in text, name
    assert "&lt;/script&gt;" in pages(site)["t1_2.html"]
    assert figures.script({"a": "</script><!--\u2028"}) == '{"a":"\\u003c/script\\u003e\\u003c!--\\u2028"}'
    assert json.loads(figures.script({"a": "</script>&\u2028"})) == {"a": "</script>&\u2028"}


def test_no_page_asks_the_network(site: Path) -> None:
    for name, text in pages(site).items():
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', text), name


def test_no_label_is_left_untranslated(site: Path) -> None:
    for name, text in pages(site).items():
        for chart, spec in SPEC.findall(text):
            assert '"@' not in spec, f"{name} {chart}: {re.findall(chr(34) + '@[^' + chr(34) + ']+', spec)}"


def test_the_dictionary_has_both_languages() -> None:
    for key, text in dictionary().items():
        assert text["en"] or key.startswith("line."), key
        assert text["zh_hant"], key
        assert set(re.findall(r"{(\w+)}", text["en"])) in (set(re.findall(r"{(\w+)}", text["zh_hant"])), set()), key
    for chart in REGISTRY:
        assert chart.key in dictionary(), chart.id
        assert not chart.note or chart.note in dictionary()


def test_every_line_of_a_thesis_is_translated_and_nothing_else_is_kept() -> None:
    said = {line for t in load_theses().values() for line in (*t.measures, *t.caveats, *(leg.reason for leg in t.legs), t.review)}
    lines = {key.removeprefix("line.") for key in dictionary() if key.startswith("line.")}
    others = {t.planned_reason for t in load_theses().values()} | {BEFORE_INPUTS}
    assert said - lines == set(), "report/words.yml has no Chinese for these"
    assert lines - said - others == set(), "no thesis says these any more"


def test_a_chart_of_an_unpublished_table_says_why(site: Path) -> None:
    assert "marts.stablecoin_rails is not in this build" in pages(site)["t3_1.html"]
    assert "marts.stablecoin_rails" in pages(site)["zh-Hant/t3_1.html"]


def test_a_left_out_table_gives_the_gates_reason(tmp_path: Path) -> None:
    report.write(build(tmp_path / "b", leave_out=("marts.funding_stress",)))
    assert "the gate refused it" in (tmp_path / "b/report/t1_2.html").read_text()


def test_every_chart_with_data_is_valid_vega_lite(published: Path) -> None:
    import vl_convert

    theme.register()
    checked = 0
    with Source.open(published) as source:
        for thesis in source.theses.values():
            for chart in (*charts_of(thesis), *leg_charts(thesis)):
                made = figures.make(chart, source, Policy(source), thesis)
                if made.spec is not None:
                    spec = {**Words("en").spec(made.spec), "width": 400}
                    spec["datasets"] = {**spec.get("datasets", {}), "rows": figures.rows(made.drawn)[:5] if made.drawn else []}
                    assert vl_convert.vegalite_to_vega(json.dumps(spec, default=str))["marks"]
                    checked += 1
    assert checked > 12


def test_downloads_hold_every_row_and_drawings_a_thinned_part(site: Path) -> None:
    table = pq.read_table(site / "data" / "funding_spreads.parquet")
    rows = list(csv.reader((site / "data" / "funding_spreads.csv").open(encoding="utf-8")))
    assert rows[0] == table.column_names and len(rows) - 1 == len(table) > 600
    days = [date.fromordinal(730120 + n) for n in range(4000)]
    data = figures.Data({"as_of_date": days, "x": list(range(4000))})
    thin = figures.thin(data, "as_of_date")
    assert len(thin) < 600 and thin["x"][-1] == 3999
    assert figures.thin(figures.Data({"as_of_date": days[:100], "x": list(range(100))}), "as_of_date")["x"] == list(range(100))


def test_the_page_shows_what_the_tables_hold(published: Path, site: Path) -> None:
    with duckdb.connect(str(published / "lowtide.duckdb"), read_only=True) as connection:
        value = connection.execute("select value from scorecard.legs where thesis_id = 't1_2' and leg_id = 'a' order by as_of_date desc limit 1").fetchall()[0][0]
        newest = connection.execute("select max(as_of_date) from scorecard.changes where thesis_id = 't1_2' and verdict_kind = 'settled'").fetchall()[0][0]
    page = pages(site)["t1_2.html"]
    assert number(value) in page and f"since {newest}" in page


def test_the_as_of_data_are_the_scorecards(published: Path, site: Path) -> None:
    told: dict[str, Any] = json.loads((site / "data/asof.js").read_text().removeprefix("LOWTIDE.asof=").rstrip().rstrip(";"))
    held = list(zip(told["columns"]["day"], told["columns"]["thesis"], told["columns"]["verdict"], strict=True))
    with duckdb.connect(str(published / "lowtide.duckdb"), read_only=True) as connection:
        for day, thesis, verdict in held[:: max(1, len(held) // 40)]:
            found = connection.execute("select verdict from scorecard.verdicts where thesis_id = ? and as_of_date = ?", [told["theses"][thesis], told["dates"][day]]).fetchall()
            assert found == [(told["verdicts"][verdict],)]
    assert "2025-03-04" in told["dates"] and "2024-02-29" in told["dates"], "episode dates and month-ends"


def test_public_leaves_out_what_licences_forbid(published: Path, tmp_path: Path) -> None:
    report.write(published, tmp_path / "public", public=True)
    gold, funding = (tmp_path / "public/t4_5.html").read_text(), (tmp_path / "public/t1_2.html").read_text()
    assert "Left out of the public edition" in gold and not SPEC.findall(gold)
    assert not (tmp_path / "public/data/gold_price.csv").exists() and not list((tmp_path / "public/data").glob("t4_5_*"))
    assert SPEC.findall(funding) and (tmp_path / "public/data/funding_spreads.csv").exists()
    everything = "".join(pages(tmp_path / "public").values())
    assert "gold is broken" not in everything and "silence from host 77" not in everything, "what the gate or a source said may quote values"
    assert "✓" in gold or "✗" in gold, "verdicts and whether legs pass stay"
    told = json.loads((tmp_path / "public/data/asof.js").read_text().removeprefix("LOWTIDE.asof=").rstrip().rstrip(";"))
    gold_place = told["theses"].index("t4_5")
    assert {m for t, m in zip(told["columns"]["thesis"], told["columns"]["margin"], strict=True) if t == gold_place} == {None}


def test_what_is_unknown_counts_as_restricted(published: Path) -> None:
    with Source.open(published) as source:
        assert Policy(source, True).tier(["t3_1"]) == "restricted"
        assert not Policy(source, True).shows("t2_0") and Policy(source, True).shows("t1_2")


def test_pages_are_small_and_the_scripts_are_shared(site: Path) -> None:
    for name, text in pages(site).items():
        data = sum((site / "data" / f).stat().st_size for f in re.findall(r'data/([\w.]+\.js)"', text))
        assert len(text.encode()) + data < 1_500_000, name
    assert (site / "assets/vega.js").stat().st_size < 1_500_000


def test_thumbnails_are_the_reports_charts(published: Path) -> None:
    with duckdb.connect(str(published / "lowtide.duckdb"), read_only=True) as connection:
        made = thumbnail.png(connection, "marts.funding_stress")
        assert made is not None and made[1].startswith(b"\x89PNG") and made[0] == Words("en")("chart.funding_spreads")
        assert thumbnail.png(connection, "marts.stablecoin_rails") is None


