"""`lowtide scorecard`: every thesis on one screen, from the published build only."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from lowtide.cli import app, options
from lowtide.errors import LowtideError
from lowtide.home import Home

QUERY = """
with day as (select max(as_of_date) as day from scorecard.verdicts where as_of_date <= $limit),
newest as (
  select v.* from scorecard.verdicts as v, day where v.as_of_date <= day.day
  qualify row_number() over (partition by v.thesis_id order by v.as_of_date desc) = 1
),
since as (
  select v.thesis_id, coalesce(
    max(c.as_of_date), min(v.as_of_date)
  ) as since
  from scorecard.verdicts as v
  left join scorecard.changes as c
    on c.thesis_id = v.thesis_id and c.verdict_kind = 'settled' and c.as_of_date <= $limit
  group by v.thesis_id
),
nearest as (
  select l.thesis_id, l.leg_id, l.margin, l.unit
  from scorecard.legs as l join newest as n on n.thesis_id = l.thesis_id and n.as_of_date = l.as_of_date
  where l.margin is not null
  qualify row_number() over (partition by l.thesis_id order by abs(l.margin) / greatest(abs(l.threshold), 1), l.leg_id) = 1
)
select n.thesis_id, n.as_of_date, n.verdict, n.settled_verdict, s.since, n.reason, n.label, n.is_stale, n.oldest_input_date,
  l.leg_id, l.margin, l.unit
from newest as n left join since as s using (thesis_id) left join nearest as l using (thesis_id)
"""
FIELDS = ("thesis_id", "as_of_date", "verdict", "settled_verdict", "since", "reason", "label", "is_stale", "oldest_input_date",
          "nearest_leg", "nearest_margin", "nearest_unit")  # fmt: skip


TodaysRules = Annotated[bool, typer.Option("--todays-rules", help="Judge by the thresholds of today, not by those in force on that day.")]


@app.command()
def scorecard(
    origin: options.LastOrigin = None, as_of: options.AsOf = None, todays_rules: TodaysRules = False, as_json: options.Json = False
) -> None:
    """All sixteen theses: verdict, since when, how close, why."""
    from lowtide.rejudge import by_todays_rules
    from lowtide.theses import load_theses
    from publish import manifest, open_current

    day = options.day(as_of, "--as-of")
    home = Home.of(options.used_origin(origin))
    pinned = day.isoformat() if day and (home.serve / "as_of" / day.isoformat()).exists() else None
    told = manifest(home, pinned)
    with open_current(home, pinned) as connection:
        rows = connection.execute(QUERY, {"limit": day.isoformat() if day else "9999-12-31"}).fetchall()
        begins = dict(connection.execute("select thesis_id, min(as_of_date) from scorecard.verdicts group by thesis_id").fetchall())
        held = {row[0]: dict(zip(FIELDS, row, strict=True)) for row in rows}
        if todays_rules:
            for name, thesis in load_theses().items():
                if name in held and thesis.status == "built":
                    held[name] |= {"verdict": by_todays_rules(connection, thesis)[held[name]["as_of_date"]], "settled_verdict": None, "since": None}
    if not held:
        raise LowtideError(f"build {told['build_id']} has no verdict on or before {day}")
    theses = []
    for thesis in load_theses().values():
        state = told["theses"].get(thesis.id, {})
        reason = f"its inputs begin on {begins[thesis.id]}" if thesis.id in begins else "no row in this build"
        row = held.get(thesis.id) or dict.fromkeys(FIELDS) | {"verdict": "no_data", "settled_verdict": "no_data", "reason": reason}
        stale = bool(row["is_stale"]) or state.get("state") in ("stale", "blocked")
        theses.append({**row, "thesis_id": thesis.id, "group": thesis.group, "status": thesis.status, "title": thesis.title.en,
                       "title_zh_hant": thesis.title.zh_hant, "is_stale": stale, "stale_reason": state.get("reason")})  # fmt: skip
    head = {"rules": "today's" if todays_rules else "in force that day", "origin": home.origin, "simulated": home.origin == "sandbox", "build_id": told["build_id"], "as_of": told["as_of"], "built_at": told["built_at"]}
    if as_json:
        print(json.dumps({**head, "theses": theses}, default=str, indent=1, ensure_ascii=False))
    else:
        _show(head, theses)


def _show(head: dict[str, Any], theses: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from lowtide.run import label

    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(f"origin: {label(head['origin'])}   build: {head['build_id']}   as of: {head['as_of']}", highlight=False)
    if head["rules"] == "today's":
        console.print("Raw verdicts by today's thresholds, whatever was in force then.", style="bold")
    if head["simulated"]:
        console.print("SIMULATED DATA: nothing below says anything about real markets.", style="bold red")
    colours = {"holds": "green", "contested": "yellow", "fails": "red"}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("thesis", "title", "verdict", "settled", "since", "nearest leg", "reason"):
        table.add_column(name, no_wrap=name in ("thesis", "verdict", "settled", "since"))
    for row in theses:
        leg = f"{row['nearest_leg']} {row['nearest_margin']:+.3g} {row['nearest_unit'] or ''}".strip() if row["nearest_leg"] else ""
        settled = row["settled_verdict"] or ""
        told = row["stale_reason"] or "see status"
        stale = "STALE" if told in str(row["reason"]) else f"STALE: {told}"
        reason = " ".join(filter(None, [f"[{row['label']}]" if row["label"] else "", row["reason"], stale if row["is_stale"] else ""]))
        verdict = f"{row['verdict']}{' (stale)' if row['is_stale'] else ''}"
        table.add_row(row["thesis_id"], row["title"], f"[{colours.get(row['verdict'], 'dim')}]{verdict}[/]", settled, str(row["since"] or ""), leg, reason.replace("[", r"\["))
    console.print(table, highlight=False)
