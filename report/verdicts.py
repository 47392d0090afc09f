"""Verdicts for people: where each thesis stands, since when, what changed, and how it stood on earlier days.

Belongs here: reading scorecard.* of a build. Does not belong here: deciding a verdict (dbt), drawing (`timeline`, templates).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from lowtide.theses import Leg, Thesis
from report.source import Data, NoData, Source

VERDICTS = ("holds", "contested", "fails", "not_tested", "no_data")
CHANGED_WITHIN_DAYS = 30


@dataclass(frozen=True)
class Standing:
    """A thesis on the build's newest day."""

    thesis: Thesis
    day: date | None
    verdict: str
    settled: str
    verdict_since: date | None
    settled_since: date | None
    reason: str | None
    label: str | None
    oldest_input: date | None
    stale: str | None  # why what is shown is not this build's own
    legs: list[dict[str, Any]]
    nearest: dict[str, Any] | None

    def leg(self, leg_id: str) -> Leg | None:
        return next((leg for leg in self.thesis.legs if leg.id == leg_id), None)


_NEWEST = """
select v.thesis_id, v.as_of_date, v.verdict, v.settled_verdict, v.reason, v.label, v.oldest_input_date, v.is_stale,
  coalesce((select max(c.as_of_date) from scorecard.changes c where c.thesis_id = v.thesis_id and c.verdict_kind = 'raw' and c.as_of_date <= v.as_of_date), f.first) as verdict_since,
  coalesce((select max(c.as_of_date) from scorecard.changes c where c.thesis_id = v.thesis_id and c.verdict_kind = 'settled' and c.as_of_date <= v.as_of_date), f.first) as settled_since
from scorecard.verdicts v join (select thesis_id, min(as_of_date) as first from scorecard.verdicts group by 1) f using (thesis_id)
qualify row_number() over (partition by v.thesis_id order by v.as_of_date desc) = 1
"""
# The nearest leg is the one whose margin is smallest against its own threshold, as `lowtide scorecard` has it.
_NEAR = "abs(l.margin) / greatest(abs(l.threshold), 1)"


def standings(source: Source) -> list[Standing]:
    """All theses in the order of the argument; one without a row in this build is no_data and says so."""
    held = {r["thesis_id"]: r for r in source.query(_NEWEST).rows()}
    legs: dict[str, list[dict[str, Any]]] = {}
    newest = source.query(
        f"select l.*, {_NEAR} as nearness from scorecard.legs l join (select thesis_id, max(as_of_date) as as_of_date from scorecard.verdicts group by 1) using (thesis_id, as_of_date) order by leg_id"
    )
    for row in newest.rows():
        legs.setdefault(row["thesis_id"], []).append(row)
    last = source.last_day
    return [_standing(source, thesis, held.get(thesis.id), legs.get(thesis.id, []), last) for thesis in source.theses.values()]


def _standing(source: Source, thesis: Thesis, row: dict[str, Any] | None, legs: list[dict[str, Any]], last: date) -> Standing:
    state = source.state(thesis.id)
    if row is None:
        return Standing(thesis, None, "no_data", "no_data", None, None, state.get("reason"), None, None, state.get("reason"), [], None)
    stale = None
    if row["is_stale"] or state.get("state") in ("stale", "blocked"):
        stale = str(state.get("reason") or "")
    elif row["as_of_date"] < last:
        stale = f"newest day {row['as_of_date']}"
    near = [leg for leg in legs if leg["margin"] is not None]
    return Standing(
        thesis, row["as_of_date"], row["verdict"], row["settled_verdict"], row["verdict_since"], row["settled_since"], row["reason"],
        row["label"], row["oldest_input_date"], stale, legs, min(near, key=lambda leg: (leg["nearness"], leg["leg_id"])) if near else None,
    )  # fmt: skip


@dataclass(frozen=True)
class Run:
    """Days on which a thesis had one state: `end` is the last of them."""

    verdict: str
    start: date
    end: date


def runs(source: Source, thesis: str, settled: bool) -> list[Run]:
    """A thesis' states one after the other."""
    column = "settled_verdict" if settled else "verdict"
    found = source.query(
        f"""with rows as (select as_of_date, {column} as state, row_number() over (order by as_of_date)
              - row_number() over (partition by {column} order by as_of_date) as island
            from scorecard.verdicts where thesis_id = $thesis)
        select state, min(as_of_date) as first, max(as_of_date) as last from rows group by state, island order by first""",
        {"thesis": thesis},
    )
    return [Run(*row) for row in zip(found["state"], found["first"], found["last"], strict=True)]


def shares(source: Source, thesis: str) -> list[tuple[str, float]]:
    """Share of days per verdict since the thesis' inputs begin, in percent."""
    found = source.query("select verdict, share_pct from scorecard.verdict_shares where verdict_kind = 'raw' and thesis_id = ?", [thesis])
    held = dict(zip(found["verdict"], found["share_pct"], strict=True))
    return [(v, held[v]) for v in VERDICTS if v in held]


def changes(source: Source, thesis: str | None = None, limit: int = 40) -> list[dict[str, Any]]:
    """Flips, newest first: of one thesis its last ones, of all those of the last 30 days."""
    if thesis is not None:
        return source.query("select * from scorecard.changes where thesis_id = ? order by as_of_date desc, verdict_kind limit ?", [thesis, limit]).rows()
    first = source.last_day - timedelta(days=CHANGED_WITHIN_DAYS)
    return source.query("select * from scorecard.changes where as_of_date > ? order by as_of_date desc, thesis_id, verdict_kind", [first]).rows()


_HISTORY = """
with days as (select unnest($days::date[]) as day),
raw as (select * from scorecard.changes where verdict_kind = 'raw'), settled as (select * from scorecard.changes where verdict_kind = 'settled'),
firsts as (select thesis_id, min(as_of_date) as first from scorecard.verdicts group by 1),
near as (
  select l.thesis_id, l.as_of_date, l.leg_id, l.margin, l.unit from scorecard.legs l join days on days.day = l.as_of_date where l.margin is not null
  qualify row_number() over (partition by l.thesis_id, l.as_of_date order by {near}, l.leg_id) = 1
)
select v.as_of_date as day, v.thesis_id, v.verdict, v.settled_verdict as settled, coalesce(r.as_of_date, f.first) as verdict_since,
  coalesce(s.as_of_date, f.first) as settled_since, n.leg_id as leg, n.margin, n.unit
from scorecard.verdicts v join days on days.day = v.as_of_date join firsts f using (thesis_id)
asof left join raw r on r.thesis_id = v.thesis_id and v.as_of_date >= r.as_of_date
asof left join settled s on s.thesis_id = v.thesis_id and v.as_of_date >= s.as_of_date
left join near n on n.thesis_id = v.thesis_id and n.as_of_date = v.as_of_date
order by 1, 2
""".replace("{near}", _NEAR)


def history(source: Source, days: Iterable[date]) -> Data:
    """The scorecard on each of these days, from what was known then."""
    return source.query(_HISTORY, {"days": sorted(set(days))})


def history_days(source: Source) -> tuple[list[date], list[tuple[date, str, str]]]:
    """Month-ends on which a built thesis had a verdict, and episode dates: (session, kind, episode)."""
    ends = source.query(
        """select max(as_of_date) as day from scorecard.verdicts
        where as_of_date >= (select min(as_of_date) from scorecard.legs) group by date_trunc('month', as_of_date) order by 1"""
    )["day"]
    try:
        source.need("marts.episodes", ["start_date", "confirmation_date", "end_date"])
        marks = source.query(
            """with marks as (unpivot (select episode_id, start_date as start, confirmation_date as confirmed, end_date as "end" from marts.episodes)
              on start, confirmed, "end" into name kind value day)
            select max(v.as_of_date) as day, kind, episode_id from marks join scorecard.verdicts v on v.as_of_date <= marks.day and v.as_of_date > marks.day - 7
            where marks.day >= (select min(as_of_date) from scorecard.legs) group by kind, episode_id order by 1"""
        )
    except NoData:
        return ends, []
    return ends, list(zip(marks["day"], marks["kind"], marks["episode_id"], strict=True))
