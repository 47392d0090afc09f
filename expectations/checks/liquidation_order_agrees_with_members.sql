-- table: marts.liquidation_order
-- severity: critical
-- reason: the newest day says of each bucket what the episode's own table says, and deeper falls rank first
-- needs: marts.episode_members
with today as (
    select * from marts.liquidation_order as d cross join gate.run as r
    where d.as_of_date = r.mart_day and d.no_data_reason is null
),
buckets as (
    select as_of_date, episode_id, 'crypto' as bucket, crypto_depth_pct as depth_pct, crypto_depth_vols as depth_vols, crypto_raw_depth_rank as raw_depth_rank, crypto_raw_break_rank as raw_break_rank from today
    union all
    select as_of_date, episode_id, 'ai_tech' as bucket, ai_tech_depth_pct as depth_pct, ai_tech_depth_vols as depth_vols, ai_tech_raw_depth_rank as raw_depth_rank, ai_tech_raw_break_rank as raw_break_rank from today
    union all
    select as_of_date, episode_id, 'gold' as bucket, gold_depth_pct as depth_pct, gold_depth_vols as depth_vols, gold_raw_depth_rank as raw_depth_rank, gold_raw_break_rank as raw_break_rank from today
    union all
    select as_of_date, episode_id, 'treasuries' as bucket, treasuries_depth_pct as depth_pct, treasuries_depth_vols as depth_vols, treasuries_raw_depth_rank as raw_depth_rank, treasuries_raw_break_rank as raw_break_rank from today
)
select b.as_of_date, b.bucket, b.depth_pct, m.depth_pct as member_depth_pct, b.depth_vols, m.depth_vols as member_depth_vols
from buckets as b
left join marts.episode_members as m on m.episode_id = b.episode_id and m.member = b.bucket
where m.member is null
    or abs(b.depth_pct - m.depth_pct) > 1e-6
    or abs(b.depth_vols - m.depth_vols) > 1e-6
    or b.raw_depth_rank not between 1 and 4
    or b.raw_break_rank not between 1 and 4
order by b.bucket
