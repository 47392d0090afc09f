-- table: scorecard.verdict_shares
-- severity: critical
-- reason: shares of a thesis sum to a hundred, and its days are those of its verdicts since the inputs begin
-- needs: scorecard.verdicts
with days as (
    select thesis_id, 'raw' as verdict_kind, verdict, reason from scorecard.verdicts
    union all
    select thesis_id, 'settled' as verdict_kind, settled_verdict as verdict, reason from scorecard.verdicts
),

counted as (
    select thesis_id, verdict_kind, verdict, count(*) as days
    from days
    where coalesce(reason, '') not like 'its inputs had not begun%'
    group by all
),

totals as (
    select thesis_id, verdict_kind, sum(share_pct) as total_pct from scorecard.verdict_shares group by all
)

select
    thesis_id,
    verdict_kind,
    verdict,
    shares.days as days_said,
    counted.days,
    totals.total_pct
from scorecard.verdict_shares as shares
full join counted using (thesis_id, verdict_kind, verdict)
left join totals using (thesis_id, verdict_kind)
where shares.days is distinct from counted.days or abs(coalesce(totals.total_pct, 0) - 100) > 1e-6
order by all
