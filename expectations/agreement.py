"""Rules that follow from contracts and theses and look across the tables of one candidate: no earlier build is needed.

Belongs here: SQL made for whatever is published. Does not belong here: rules of one table (suites, checks/*.sql), earlier builds
(`comparison`). The gate computes again, from the exported files, what the scorecard claims about the marts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from expectations.model import TableMeta, ThesisLike

if TYPE_CHECKING:
    from expectations.checks import Candidate, Check

WARNINGS = ("estimated", "provisional", "stale_input", "proxy", "simulated", "unofficial_source", "licence_internal")


def agreeing(candidate: Candidate, theses: Mapping[str, ThesisLike]) -> Iterator[Check]:
    """The checks for every table that is there."""
    held = {name: candidate.columns(name) for name in sorted(candidate.present)}
    if "scorecard.verdicts" in held:
        yield from _every_thesis()
    for name, columns in held.items():
        table = candidate.tables[name]
        yield from _warned(table, columns)
        yield from _plausible(table, columns, held.get("meta.series", {}))
        if table.date_column == "as_of_date" and name != "scorecard.verdicts" and "scorecard.verdicts" in held:
            yield _sessions(table)
    for thesis in (t for t in theses.values() if t.status == "built" and "scorecard.legs" in held):
        legs = getattr(thesis, "legs", ())
        if legs:
            yield _all_legs(thesis.id, [leg.id for leg in legs])
        for table_name in (t for t in thesis.tables if t in held):
            mine = [leg for leg in legs if {leg.column, "as_of_date"} <= set(held[table_name])]
            for leg in mine:
                yield _leg(thesis.id, leg, table_name)
            if mine and len(mine) == len(legs) and candidate.tables[table_name].key == ("as_of_date",) and "scorecard.verdicts" in held:
                yield _same_days(thesis.id, table_name)
                if hasattr(thesis, "verdict_sql"):
                    yield _verdict(thesis, table_name)


def _check(name: str, table: str, reason: str, sql: str, *needs: str) -> Check:
    from expectations.checks import Check

    return Check(name, table, "critical", reason, sql, tuple(dict.fromkeys((table, *needs))))


def _every_thesis() -> Iterator[Check]:
    yield _check(
        "every_thesis_ends_on_the_mart_day", "scorecard.verdicts", "a thesis without a verdict for the newest session",
        """select thesis_id, newest_day, mart_day from (
             select t.thesis_id, max(v.as_of_date) as newest_day from gate.theses t
             left join scorecard.verdicts v using (thesis_id) group by t.thesis_id
           ) cross join gate.run where newest_day is distinct from mart_day order by thesis_id""")  # fmt: skip
    yield _check(
        "every_verdict_has_a_known_thesis", "scorecard.verdicts", "a row no thesis answers for",
        """select thesis_id as unknown, count(*) as verdicts from scorecard.verdicts
           where thesis_id not in (select thesis_id from gate.theses) group by thesis_id""")  # fmt: skip


def _warned(table: TableMeta, columns: Mapping[str, str]) -> Iterator[Check]:
    """Every published measure carries its warnings, in the words of the closed vocabulary, and simulated data says so."""
    if "usage_warnings" in columns:
        word = f"({'|'.join(WARNINGS)})"
        keys = ", ".join(f'"{k}"' for k in table.key)
        sql = f"""select {keys}, usage_warnings, r.origin from {table.table} cross join gate.run r
                  where not regexp_full_match(usage_warnings, '{word}(, {word})*')
                    or (r.origin = 'sandbox') is distinct from coalesce(contains(usage_warnings, 'simulated'), false)"""
        yield _check("usage_warnings_in_vocabulary", table.table, f"the words are {', '.join(WARNINGS)}; sandbox data is simulated", sql)


def _plausible(table: TableMeta, columns: Mapping[str, str], series: Mapping[str, str]) -> Iterator[Check]:
    """A column that bears a quantity's name holds values that the registry believes of it."""
    numbers = [c for c, kind in columns.items() if kind == "DOUBLE"]
    if table.schema != "marts" or not numbers or not {"quantity", "plausible_low", "plausible_high"} <= set(series):
        return
    listed = ", ".join(f'"{c}"' for c in numbers)
    sql = f"""with seen as (unpivot (select min(columns([{', '.join(f"'{c}'" for c in numbers)}])) from {table.table}) on {listed} into name column_name value low),
              seen_high as (unpivot (select max(columns([{', '.join(f"'{c}'" for c in numbers)}])) from {table.table}) on {listed} into name column_name value high),
              believed as (select quantity, min(plausible_low) as plausible_low, max(plausible_high) as plausible_high from meta.series group by 1)
              select column_name, low, high, plausible_low, plausible_high from seen join seen_high using (column_name)
              join believed on quantity = column_name where low < plausible_low or high > plausible_high order by 1"""
    yield _check("quantities_plausible", table.table, "the registry says which values a quantity may have", sql, "meta.series")


def _sessions(table: TableMeta) -> Check:
    """Days of a table are sessions that the scorecard knows too, without a hole between the first and the last."""
    sql = f"""with mine as (select distinct as_of_date from {table.table}),
              known as (select distinct as_of_date from scorecard.verdicts),
              span as (select min(as_of_date) as first_day, max(as_of_date) as last_day from mine),
              since as (select min(as_of_date) as first_day from known)
              select as_of_date, 'no session' as problem from mine cross join since
              where as_of_date >= since.first_day and as_of_date not in (select as_of_date from known)
              union all select as_of_date, 'a session is missing' from known cross join span
              where as_of_date between span.first_day and span.last_day and as_of_date not in (select as_of_date from mine) order by 1"""
    if table.table == "scorecard.changes":
        sql = sql[: sql.index("union all")] + "order by 1"
    return _check("days_are_sessions", table.table, "one row per session, no holes", sql, "scorecard.verdicts")


def _all_legs(thesis: str, legs: list[str]) -> Check:
    ids = ", ".join(f"'{leg}'" for leg in legs)
    sql = f"""select v.thesis_id, v.as_of_date, count(l.leg_id) as legs from scorecard.verdicts v
              left join scorecard.legs l on l.thesis_id = v.thesis_id and l.as_of_date = v.as_of_date and l.leg_id in ({ids})
              where v.thesis_id = '{thesis}' group by 1, 2 having count(distinct l.leg_id) <> {len(legs)} order by 2"""
    return _check(f"legs_of_{thesis}_are_complete", "scorecard.legs", "every leg is shown on every day of the verdict", sql, "scorecard.verdicts")


def _leg(thesis: str, leg: Any, table: str) -> Check:
    sql = f"""select l.thesis_id, l.as_of_date, l.leg_id, l.value, m."{leg.column}" as mart_value
              from scorecard.legs l left join {table} m using (as_of_date)
              where l.thesis_id = '{thesis}' and l.leg_id = '{leg.id}' and l.value is distinct from m."{leg.column}"::double
                and not coalesce(abs(l.value - m."{leg.column}"::double) <= 1e-9 * greatest(1, abs(l.value)), false)
              order by l.as_of_date"""
    return _check(f"leg_{thesis}_{leg.id}_is_{leg.column}", "scorecard.legs", f"a leg shows the value of {table}", sql, table)


def _same_days(thesis: str, table: str) -> Check:
    sql = f"""with verdicts as (select as_of_date from scorecard.verdicts where thesis_id = '{thesis}'),
              first_day as (select min(as_of_date) as day from verdicts),
              begun as (select min(as_of_date) as day from {table})
              select '{thesis}' as thesis_id, as_of_date, 'not in the mart' as problem from verdicts cross join begun
              where as_of_date >= begun.day and as_of_date not in (select as_of_date from {table})
              union all select '{thesis}', as_of_date, 'without a verdict' from {table} cross join first_day
              where as_of_date >= first_day.day and as_of_date not in (select as_of_date from verdicts) order by 2"""
    return _check(f"days_of_{thesis}_agree", "scorecard.verdicts", f"{table} and the verdict speak of the same days", sql, table)


def _verdict(thesis: Any, table: str) -> Check:
    """The rule again, over the exported mart."""
    rule = thesis.verdict_sql()
    sql = f"""select v.thesis_id, v.as_of_date, v.verdict, m.verdict as verdict_by_rule from scorecard.verdicts v join (
                select as_of_date, case when {thesis.no_data_column} is not null then 'no_data' when {rule["not_tested"]} then 'not_tested'
                  when {rule["holds"]} then 'holds' when {rule["contested"]} then 'contested' else 'fails' end as verdict from {table}
              ) m using (as_of_date) where v.thesis_id = '{thesis.id}' and v.verdict <> m.verdict order by v.as_of_date"""
    return _check(f"verdict_{thesis.id}_by_its_rule", "scorecard.verdicts", f"the thesis' rule over {table} gives the verdict", sql, table)
