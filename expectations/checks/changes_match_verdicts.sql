-- table: scorecard.changes
-- severity: critical
-- reason: every flip of a verdict is in the change log and every entry is a flip
-- needs: scorecard.verdicts
with verdicts as (
    select thesis_id, as_of_date, 'raw' as verdict_kind, verdict from scorecard.verdicts
    union all
    select thesis_id, as_of_date, 'settled' as verdict_kind, settled_verdict as verdict from scorecard.verdicts
),
steps as (
    select
        thesis_id,
        as_of_date,
        verdict_kind,
        lag(verdict) over (partition by thesis_id, verdict_kind order by as_of_date) as from_verdict,
        verdict as to_verdict
    from verdicts
),
flips as (
    select * from steps where from_verdict is not null and from_verdict <> to_verdict
),
entries as (
    select thesis_id, as_of_date, verdict_kind, from_verdict, to_verdict from scorecard.changes where from_verdict is not null
)
(select *, 'not in the log' as problem from flips except select *, 'not in the log' from entries)
union all
(select *, 'no such flip' as problem from entries except select *, 'no such flip' from flips)
order by thesis_id, as_of_date, verdict_kind
