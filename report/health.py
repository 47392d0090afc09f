"""The state of the data: each series against its calendar, what failed last, what was refused, what the gate said.

Belongs here: reading meta.* of a build, and the registry for what a calendar expects on the build's day.
Does not belong here: the raw zone (`lowtide status` reads that).
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from ingest import calendars, registry
from report.licences import Policy
from report.source import NoData, Source

_FETCHES = """
select dataset_id, last_outcome, error_type, error_message, last_attempt, refused, example, revised from (
  select dataset_id, arg_max(outcome, fetched_at) as last_outcome, max(fetched_at) as last_attempt,
    arg_max(coalesce(error_type, ''), fetched_at) as error_type, arg_max(coalesce(error_message, ''), fetched_at) as error_message,
    sum(coalesce(rows_quarantined, 0)) as refused, max(quarantine_example) as example, sum(coalesce(rows_revised, 0)) as revised
  from (select dataset_id, run_id, max(fetched_at) as fetched_at, any_value(outcome) as outcome, max(error_type) as error_type, max(error_message) as error_message,
      max(rows_quarantined) as rows_quarantined, max(quarantine_example) as quarantine_example, max(rows_revised) as rows_revised
    from meta.fetches group by dataset_id, run_id) group by dataset_id)
"""


@cache
def _expected(dataset: str, moment: Any) -> date | None:
    known = registry.load().datasets.get(dataset)
    return calendars.expected_newest(known, moment) if known else None


def series(source: Source, policy: Policy) -> list[dict[str, Any]]:
    """Every series: newest day held, the day its calendar expects, days late, the last failure unless a success came after.

    state: on_time | late | ended (the publisher ended it) | empty (nothing held) | event (nothing is expected).
    """
    try:
        fetches = {r["dataset_id"]: r for r in source.query(_FETCHES).rows()}
    except NoData:
        fetches = {}
    found = []
    for row in policy.series:
        fetch = fetches.get(row["dataset_id"], {})
        expected = _expected(row["dataset_id"], source.as_of) if row["kind"] != "event" else None
        newest, ended = row["newest_observation_date"], row["last_date"]
        if ended is not None and expected is not None:
            expected = min(expected, ended)
        late = max(0, (expected - newest).days) if expected and newest else None
        state = "empty" if newest is None else "event" if expected is None else "late" if late else "ended" if ended and newest >= ended else "on_time"
        error = fetch.get("error_type") if fetch.get("last_outcome") not in ("ok", "unchanged") else None
        found.append({
            **row, "expected": expected, "late_days": late, "state": state, "error": error or None, "error_message": (fetch.get("error_message") or None) if policy.shows_dataset(row["dataset_id"]) else None,
            "last_attempt": fetch.get("last_attempt"), "refused": fetch.get("refused") or 0, "revised": fetch.get("revised") or 0,
            "example": fetch.get("example") if policy.shows_dataset(row["dataset_id"]) else None,
        })  # fmt: skip
    return found


def gate(source: Source, policy: Policy) -> dict[str, Any]:
    """Checks per table, and every one that did not pass."""
    try:
        tables = source.query(
            """select table_name, count(*) as checks, count(*) filter (where not success and severity = 'critical') as block,
            count(*) filter (where not success and severity = 'warning') as warn from meta.gate_results group by 1 order by 1"""
        ).rows()
        failed = source.query(
            "select table_name, check_name, column_name, severity, observed, reason, thesis_ids from meta.gate_results where not success order by severity, table_name, check_name"
        ).rows()
    except NoData:
        return {"tables": [], "failed": []}
    if policy.public:
        failed = [{**f, "observed": None} for f in failed]
    return {"tables": tables, "failed": failed}


def revisions(source: Source) -> list[dict[str, Any]]:
    """Series that are revised and how often: from meta.revisions where it is published, else versions kept beyond the first."""
    columns = source.columns_of("meta.revisions") or source.columns_of("scorecard.revisions")
    if columns:
        table = "meta.revisions" if source.columns_of("meta.revisions") else "scorecard.revisions"
        return source.query(f"select * from {table} limit 200").rows()
    try:
        return source.query(
            "select series_id, title, observations, versions - observations as revisions, vintages from meta.series where versions > observations order by versions - observations desc limit 60"
        ).rows()
    except NoData:
        return []
