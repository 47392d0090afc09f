-- table: scorecard.legs
-- severity: critical
-- reason: the margin is the signed distance from the threshold, and its sign is the answer
with expected as (
    select
        *,
        case when operator in ('>', '>=') then value - threshold else threshold - value end as distance
    from scorecard.legs
)
select thesis_id, as_of_date, leg_id, value, operator, threshold, margin, passed
from expected
where (margin is null) <> (value is null)
    or abs(margin - distance) > 1e-9 * greatest(1, abs(value))
    or passed is distinct from coalesce(case when operator in ('>=', '<=') then distance >= 0 else distance > 0 end, false)
order by thesis_id, as_of_date, leg_id
