"""The theses load, refuse what is incomplete in one line, and their expressions mean what they say."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from lowtide.errors import LowtideError
from lowtide.expressions import names, sql
from lowtide.theses import FOLDER, IDS, load_baskets, load_theses

BUILT = set(IDS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of theses/ that a test may spoil."""
    for path in FOLDER.glob("*.yml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def spoil(folder: Path, name: str, change: Any) -> None:
    path = folder / name
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def unbuilt(thesis: dict[str, Any], **more: Any) -> None:
    """Make it a planned one, as it was before it had a rule."""
    for key in ("model", "tables", "legs", "flags", "verdict", "label_column", "no_data_column", "oldest_input_column"):
        thesis.pop(key, None)
    thesis.update(status="planned", **more)


def test_the_sixteen_theses_load_in_the_order_of_the_argument() -> None:
    theses = load_theses()
    assert tuple(theses) == IDS
    assert {name for name, thesis in theses.items() if thesis.status == "built"} == BUILT


def test_titles_and_claims_are_written_in_both_languages() -> None:
    for thesis in load_theses().values():
        for text in (thesis.title, thesis.claim, thesis.falsified_by, *(leg.title for leg in thesis.legs)):
            assert text.en.isascii()
            assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh_hant), f"{thesis.id}: {text.zh_hant}"


def test_no_simplified_characters_stand_in_the_traditional_text() -> None:
    simplified = set("们这个为会来国时说产业动发应资险压过还从关开实现际东车风马见长门问间币贵货债权卖买价涨级调继续约经")
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("t*.yml"))
    assert simplified & set(text) == set()


def test_every_built_thesis_says_that_its_thresholds_are_definitions() -> None:
    for name in BUILT:
        assert any("definitions, not evidence" in caveat for caveat in load_theses()[name].caveats), name


@pytest.mark.parametrize(("name", "change", "message"), [
    ("t1_2.yml", lambda t: t["legs"][0].pop("threshold"), "t1_2.yml: legs.0.threshold: Field required"),
    ("t1_2.yml", lambda t: t["legs"][1].pop("reason"), "t1_2.yml: legs.1.reason: Field required"),
    ("t1_2.yml", lambda t: t["legs"][0].update(operator="=="), "t1_2.yml: legs.0.operator: Input should be"),
    ("t1_2.yml", lambda t: t["legs"][0].update(inputs=[]), "t1_2.yml: legs.0.inputs: Tuple should have at least 1"),
    ("t1_2.yml", lambda t: t.update(group="forcs"), "t1_2.yml: group: Input should be"),
    ("t1_2.yml", lambda t: t.update(colour="red"), "t1_2.yml: colour: Extra inputs"),
    ("t1_2.yml", lambda t: t["title"].pop("zh_hant"), "t1_2.yml: title.zh_hant: Field required"),
    ("t1_2.yml", lambda t: t["verdict"].update(holds="a and z"), "verdict.holds: z is neither a leg nor a flag"),
    ("t1_2.yml", lambda t: t["verdict"].update(holds="a > 0"), "t1_2.yml: verdict.holds: only leg ids"),
    ("t1_2.yml", lambda t: t["verdict"].update(holds="a", contested="a"), "leg b decides nothing"),
    ("t1_2.yml", lambda t: t.pop("model"), "t1_2.yml: the file: built: needs model"),
    ("t1_2.yml", lambda t: unbuilt(t), "t1_2.yml: the file: planned: give planned_reason"),
    ("t1_2.yml", lambda t: unbuilt(t, planned_reason="later", tables=["marts.x"]), "planned: give planned_reason and leave out tables"),
    ("t0.yml", lambda t: t.update(id="t5"), "t0.yml: id: says 't5'"),
])  # fmt: skip
def test_a_mistake_is_one_line_naming_file_and_field(folder: Path, name: str, change: Any, message: str) -> None:
    spoil(folder, name, change)
    with pytest.raises(LowtideError) as caught:
        load_theses(folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_and_an_unknown_thesis_are_named(folder: Path) -> None:
    (folder / "t3_1.yml").unlink()
    with pytest.raises(LowtideError, match="missing or unknown: t3_1"):
        load_theses(folder)


def test_a_file_that_is_not_yaml_is_one_line(folder: Path) -> None:
    (folder / "t0.yml").write_text("id: [", encoding="utf-8")
    with pytest.raises(LowtideError, match=r"t0\.yml: ") as caught:
        load_theses(folder)
    assert "\n" not in str(caught.value)


def test_a_basket_member_without_a_reason_is_refused(folder: Path) -> None:
    spoil(folder, "baskets.yml", lambda content: content["baskets"]["crypto"][0].pop("reason"))
    with pytest.raises(LowtideError, match=r"baskets\.yml: reason: Field required"):
        load_baskets(folder)


def test_ai_stocks_never_enter_before_their_list_was_fixed() -> None:
    dates = {member.valid_from for member in load_baskets() if member.bucket == "ai_stocks"}
    assert {str(day) for day in dates} == {"2025-12-01"}


@pytest.mark.parametrize("expression", ["", "a +", "a + b", "f(a)", "a.b", "1", "a if b else c", "a == b", "[a]", "a and 'x'"])
def test_an_expression_holds_names_and_or_not_only(expression: str) -> None:
    with pytest.raises(ValueError, match="expression|only leg ids"):
        names(expression)


@pytest.mark.parametrize("expression", ["a", "not a", "a and b or c", "a and (b or not c)", "not (a or b) and c", "not not a"])
def test_the_sql_of_an_expression_agrees_with_python(expression: str) -> None:
    assert names(expression) <= {"a", "b", "c"}
    for values in product([True, False], repeat=3):
        row = dict(zip("abc", values, strict=True))
        text = sql(expression, {name: str(value).lower() for name, value in row.items()})
        answer = duckdb.execute(f"select {text}").fetchall()[0][0]
        assert answer == eval(expression, {}, row), text


def test_a_leg_without_a_value_does_not_pass() -> None:
    thesis = load_theses()["t1_2"]
    text = thesis.verdict_sql()
    row = "select cast(null as double) as sofr_iorb_20d_mean_bp, 1.5 as funding_stress_index"
    found = duckdb.execute(f"select {text['not_tested']}, {text['holds']}, {text['contested']} from ({row})").fetchall()
    assert found == [(False, False, True)]


@pytest.mark.parametrize(("tested", "none_sold", "early", "slow", "verdict"), [
    (False, False, 0, 0, "not_tested"),
    (True, False, 0, 0, "holds"),
    (True, True, 0, 0, "contested"),
    (True, False, 1, 0, "contested"),
    (True, False, 0, 2, "contested"),
    (True, False, 1, 1, "fails"),
    (None, None, None, None, "not_tested"),
])  # fmt: skip
def test_gold_and_treasuries_as_cash(tested: Any, none_sold: Any, early: Any, slow: Any, verdict: str) -> None:
    rule = load_theses()["t2_3"].verdict_sql()
    cases = " ".join(f"when {condition} then '{name}'" for name, condition in rule.items())
    columns = "? as tested, ? as none_sold, ? as sold_before_crypto_count, ? as slow_recovery_count"
    found = duckdb.execute(
        f"select case {cases} else 'fails' end from (select {columns})", [tested, none_sold, early, slow]
    ).fetchall()
    assert found == [(verdict,)]


def test_a_day_is_judged_by_the_threshold_in_force_on_it(folder: Path) -> None:
    old = [{"before": "2024-01-03", "threshold": 3.0, "reason": "too strict"}, {"before": "2024-01-05", "threshold": 2, "reason": "still"}]
    spoil(folder, "t1_2.yml", lambda t: t["legs"][0].update(earlier=old))
    leg = load_theses(folder)["t1_2"].legs[0]
    assert (leg.operator, leg.threshold) == (">", 0)
    days = "(select unnest([date '2024-01-02', date '2024-01-03', date '2024-01-04', date '2024-01-05']) as as_of_date, 2.5 as sofr_iorb_20d_mean_bp)"
    found = duckdb.sql(f"select {leg.threshold_sql}, {leg.passed_sql} from {days} order by as_of_date").fetchall()
    assert [(float(threshold), passed) for threshold, passed in found] == [(3, False), (2, True), (2, True), (0, True)]
    spoil(folder, "t1_2.yml", lambda t: t["legs"][0].update(earlier=old[::-1]))
    load_theses.cache_clear()
    with pytest.raises(LowtideError, match=r"t1_2.yml: legs.0.earlier: thresholds once in force stand oldest first"):
        load_theses(folder)
