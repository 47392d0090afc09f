"""What the published build knows about the one before it: rules that hold a candidate against the last published tables.

Belongs here: SQL that reads previous."<schema>.<table>". Does not belong here: rules inside one candidate (`agreement`, checks/*.sql).
A row of a mart day is what was known that day: a later build may add days, not rewrite them. What may explain a change of the past is
told apart: new rules (code, registry or theses differ from the previous build's) and a backfill (a series that the table stands on was
loaded further back, or in bulk). Then the same finding is a warning. Without an explanation it blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from expectations.model import Severity, TableMeta

if TYPE_CHECKING:
    from expectations.checks import Candidate, Check

KEPT_SHARE = 0.90  # fewer rows than this share of the previous build's = collapse
CHANGED_SHARE = 0.01  # more rows with other values than this share = worth a look (a revision, or a new rule)
REWRITTEN_SHARE = 0.05  # of a column's values of past mart days
REWRITTEN_SHARE_UNDATED = 0.50  # tables made anew by each build (episodes, revisions) do change with a revised input
GONE_SHARE_UNDATED = 0.10  # of a column's values in such tables: recomputed, but not lost
SPARSE = 10  # as many changed values count beside the column's own values too, where most rows have none
BULK = 60  # more new observations or versions of one series than this since the previous build = loaded in bulk
MEMBERS = 2000  # key columns with more values than this are not a list of members
_NUMBERS = ("DOUBLE", "INTEGER", "BIGINT", "HUGEINT", "FLOAT")
# how many rows there are follows from the rules; that they match the verdicts is checked in the candidate
FOLLOWING_RULES = frozenset({"scorecard.changes", "scorecard.verdict_shares"})
NOT_COMPARED = ("origin", "is_stale")
GROWING = {"meta.series": ("observations", "versions")}  # what is held of a series never shrinks
MOVING = {
    "meta.series": ("first_observation_date", "newest_observation_date", "observations", "versions", "last_fetched_at", "last_error_type"),
    "scorecard.verdict_shares": ("days", "share_pct", "last_date"),
}


def compared(candidate: Candidate, accept_fewer_rows: frozenset[str], rules_changed: bool) -> Iterator[Check]:
    """The checks of every table that both builds have."""
    filled = _backfilled(candidate)
    for name in sorted(candidate.present & candidate.before):
        table = candidate.tables[name]
        yield _kept(table, accept_fewer_rows | (FOLLOWING_RULES if rules_changed else frozenset()))
        explained = rules_changed or name in accept_fewer_rows
        yield from _members(candidate, table, "warning" if explained else "critical")
        if name in GROWING:
            yield from _grown(candidate, table, "warning" if explained else "critical")
        if table.schema != "meta":  # a ledger and a register are not explained by data
            explained |= bool(filled & set(table.inputs) if table.inputs else filled)
        yield _rewritten(candidate, table, "warning" if explained else "critical")
        if table.schema != "meta":
            yield _history(candidate, table)


def _check(name: str, table: TableMeta, severity: Severity, reason: str, sql: str) -> Check:
    from expectations.checks import Check

    return Check(name, table.table, severity, reason, sql, (table.table,))


def _part(table: TableMeta) -> tuple[str, str]:
    """How rows are counted: per thesis in the scorecard, so that a thesis fails alone. (expression, name of the column)."""
    return ("thesis_id", "thesis_id") if table.schema == "scorecard" else ("'whole table'", "part")


def _backfilled(candidate: Candidate) -> set[str]:
    """Quantities one of whose series was loaded further back or in bulk since the previous build."""
    name, needed = "meta.series", {"quantity", "first_observation_date", "observations", "versions"}
    if not {name} <= candidate.present & candidate.before:
        return set()
    if not needed <= set(candidate.columns(name)) & set(candidate.columns(f'previous."{name}"')):
        return set()
    sql = f"""select distinct a.quantity from meta.series a left join previous."meta.series" b using (series_id)
              where a.first_observation_date is not null and (
                b.first_observation_date is null or a.first_observation_date < b.first_observation_date
                or a.observations > b.observations + {BULK} or a.versions - a.observations > b.versions - b.observations + {BULK})"""
    return {q for (q,) in candidate.connection.execute(sql).fetchall()}


def _kept(table: TableMeta, accepted: frozenset[str]) -> Check:
    by, name = _part(table)
    sql = f"""select part as {name}, rows_before, coalesce(rows_now, 0) as rows_now from
              (select {by} as part, count(*) as rows_before from previous."{table.table}" group by 1)
              left join (select {by} as part, count(*) as rows_now from {table.table} group by 1) using (part)
              where coalesce(rows_now, 0) < {KEPT_SHARE} * rows_before order by 1"""
    severity: Severity = "warning" if table.table in accepted else "critical"
    return _check("rows_kept", table, severity, f"fewer than {KEPT_SHARE:.0%} of the previous build's rows", sql)


def _members(candidate: Candidate, table: TableMeta, severity: Severity) -> Iterator[Check]:
    """No value of a short key column (a coin, a country, a leg) is gone."""
    now, before = candidate.columns(table.table), candidate.columns(f'previous."{table.table}"')
    for column in (c for c in table.key if now.get(c) == before.get(c) == "VARCHAR"):
        named = ", thesis_id" if table.schema == "scorecard" and column != "thesis_id" else ""
        limit = f'where (select count(distinct "{column}") from previous."{table.table}") <= {MEMBERS}' if table.schema != "meta" else ""
        sql = f"""select * from (select distinct "{column}"{named} from previous."{table.table}" except select "{column}"{named} from {table.table})
                  {limit} order by all"""
        yield _check(f"members_of_{column}_kept", table, severity, "the previous build had it", sql)


def _grown(candidate: Candidate, table: TableMeta, severity: Severity) -> Iterator[Check]:
    columns = [c for c in GROWING[table.table] if c in candidate.columns(table.table) and c in candidate.columns(f'previous."{table.table}"')]
    keys = ", ".join(f'"{k}"' for k in table.key)
    # as many again as before + a bulk: counted twice, or in another unit
    shrunk = " or ".join(f'a."{c}" < b."{c}" or a."{c}" > 10 * (b."{c}" + {BULK}) and b."{c}" > {BULK}' for c in columns)
    if columns:
        shown = ", ".join(f'b."{c}" as "{c}_before", a."{c}"' for c in columns)
        sql = f"""select {keys}, {shown} from {table.table} a join previous."{table.table}" b using ({keys}) where {shrunk} order by 1"""
        yield _check("holdings_grow", table, severity, "the log only grows, and not tenfold", sql)


def _settled(before: Mapping[str, str]) -> str:
    """Which earlier rows are held against: not those of an open episode, nor the row that stands for a thesis that never passed."""
    conditions = ["b.status <> 'open'"] if before.get("status") == "VARCHAR" else []
    if {"is_stale", "reason"} <= set(before):
        conditions.append("not (b.is_stale and starts_with(coalesce(b.reason, ''), 'blocked by the gate'))")
    return f"where {' and '.join(conditions)}" if conditions else ""


def _changed(column: str, kind: tuple[str, str]) -> str:
    changed = f'a."{column}" is distinct from b."{column}"'
    if kind == ("DOUBLE", "DOUBLE"):  # sums in another order differ in the last digits
        largest = f'greatest(abs(a."{column}"), abs(b."{column}"))'
        changed = f'({changed} and not coalesce(abs(a."{column}" - b."{column}") <= 1e-9 * {largest}, false))'
    return changed


def _rewritten(candidate: Candidate, table: TableMeta, severity: Severity) -> Check:
    """Per column, values of the past that are gone or others now. A value where there was none is an addition."""
    now, before = candidate.columns(table.table), candidate.columns(f'previous."{table.table}"')
    columns = [c for c in before if c in now and c not in (*table.key, *NOT_COMPARED, *MOVING.get(table.table, ()))]
    share = REWRITTEN_SHARE if table.date_column or table.schema == "meta" else REWRITTEN_SHARE_UNDATED
    counted = {"(row)": (f'a."{table.key[0]}" is null', "true", share)}  # column -> (changed, had a value, share that may)
    for c in columns:
        held = f'b."{c}" is not null' + (f' and b."{c}" <> 0' if before[c] in _NUMBERS else "")
        counted[c] = (f'b."{c}" is not null and {_changed(c, (now[c], before[c]))}', held, share)
        if share > GONE_SHARE_UNDATED:
            counted[f"{c} (gone)"] = (f'b."{c}" is not null and a."{c}" is null', held, GONE_SHARE_UNDATED)
    by, name = _part(table)
    keys = " and ".join(f'a."{k}" is not distinct from b."{k}"' for k in table.key)
    settled = _settled(before)
    counts = ", ".join(
        f"""{{'changed': count(*) filter (where {changed}), 'held': count(*) filter (where {held}), 'share': {allowed}}} as "{c}\""""
        for c, (changed, held, allowed) in counted.items())  # fmt: skip
    part = "b.thesis_id" if by == "thesis_id" else by
    sql = f"""with counts as (
                select {part} as part, count(*) as rows_before, {counts}
                from previous."{table.table}" b left join {table.table} a on {keys} {settled} group by 1),
              columns as (unpivot counts on columns(* exclude (part, rows_before)) into name column_name value seen)
              select part as {name}, column_name, seen.changed as changed, rows_before from columns
              where seen.changed > seen.share * rows_before or (seen.changed >= {SPARSE} and seen.changed > seen.share * seen.held)
              order by changed desc"""
    return _check("history_kept", table, severity, f"more than {share:.0%} of what a column said of the past has other values, or too much of it is gone", sql)


def _history(candidate: Candidate, table: TableMeta) -> Check:
    now, before = candidate.columns(table.table), candidate.columns(f'previous."{table.table}"')
    columns = [c for c in now if c in before and c not in (*table.key, *NOT_COMPARED, *MOVING.get(table.table, ()))]
    changes = [_changed(c, (now[c], before[c])) for c in columns]
    keys = ", ".join(f'"{k}"' for k in table.key)
    settled = _settled(before)
    sql = f"""with compared as (
                select {keys}, {" or ".join(changes) or "false"} as changed
                from {table.table} a join previous."{table.table}" b using ({keys}) {settled})
              select changed_rows, compared_rows, first_changed from (
                select count(*) filter (where changed) as changed_rows, count(*) as compared_rows,
                       min(({keys})) filter (where changed)::varchar as first_changed from compared)
              where changed_rows > {CHANGED_SHARE} * compared_rows"""
    return _check("history_unchanged", table, "warning", f"more than {CHANGED_SHARE:.0%} of the rows published before now have other values", sql)
