-- table: marts.revisions
-- severity: critical
-- reason: size, percent and days follow from the two versions, a score needs a history, and values are plausible for the quantity
-- needs: meta.series
with plausible as (
    select
        quantity,
        min(plausible_low) as low,
        max(plausible_high) as high
    from meta.series
    group by quantity
),
revised as (
    select
        quantity,
        sum(versions - 1) as later_versions
    from marts.revisions
    group by quantity
)
select r.quantity, r.observation_date, r.first_value, r.latest_value, r.revision, r.revision_pct, r.days_to_final, r.revision_z
from marts.revisions as r
left join plausible as p using (quantity)
left join revised as v using (quantity)
where p.quantity is null
    or (r.revision is null) <> (r.latest_value is null)
    or abs(r.revision - (r.latest_value - r.first_value)) > 1e-9 * greatest(1, abs(r.first_value))
    or abs(r.revision_pct - 100 * r.revision / nullif(abs(r.first_value), 0)) > 1e-9 * greatest(1, abs(r.revision_pct))
    or r.days_to_final is distinct from date_diff('day', r.first_known_at, r.latest_known_at)
    or sign(r.revision_z) <> sign(r.revision)
    or r.first_value not between p.low and p.high
    or r.latest_value not between p.low and p.high
    or r.earlier_revisions > v.later_versions
    or r.latest_known_at::date < r.observation_date
order by r.quantity, r.observation_date
