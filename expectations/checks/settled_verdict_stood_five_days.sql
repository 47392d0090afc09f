-- table: scorecard.verdicts
-- severity: critical
-- reason: the settled verdict starts with the raw one and changes exactly when the raw one has stood for five days
with days as (
    select
        thesis_id,
        as_of_date,
        verdict,
        settled_verdict,
        lag(settled_verdict) over (partition by thesis_id order by as_of_date) as settled_before,
        min(verdict) over last_five = max(verdict) over last_five and count(*) over last_five = 5 as stood
    from scorecard.verdicts
    window last_five as (partition by thesis_id order by as_of_date rows between 4 preceding and current row)
)
select thesis_id, as_of_date, verdict, settled_verdict, settled_before
from days
where settled_verdict is distinct from case when settled_before is null or stood then verdict else settled_before end
order by thesis_id, as_of_date
