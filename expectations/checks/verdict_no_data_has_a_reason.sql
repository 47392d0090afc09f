-- table: scorecard.verdicts
-- severity: critical
-- reason: no_data names the input that is missing
select thesis_id, as_of_date, verdict, reason
from scorecard.verdicts
where verdict = 'no_data' and coalesce(trim(reason), '') = ''
order by thesis_id, as_of_date
