-- table: scorecard.verdicts
-- severity: critical
-- reason: a thesis holds only when all its legs pass, does not fail when they do, and has legs when judged
-- needs: scorecard.legs
with legs as (
    select
        thesis_id,
        as_of_date,
        count(*) filter (where passed) as passed,
        count(*) as legs
    from scorecard.legs
    group by thesis_id, as_of_date
)
select v.thesis_id, v.as_of_date, v.verdict, coalesce(l.passed, 0) as legs_passed, coalesce(l.legs, 0) as legs
from scorecard.verdicts as v
left join legs as l using (thesis_id, as_of_date)
where (v.verdict = 'holds' and coalesce(l.passed < l.legs, true))
    or (v.verdict = 'fails' and coalesce(l.passed = l.legs, true))
    or (v.verdict = 'contested' and l.legs is null)
order by v.thesis_id, v.as_of_date
