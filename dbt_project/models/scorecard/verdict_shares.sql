-- How often each thesis came out which way since its inputs begin: days and their share per verdict, raw and settled.
with

days as (
    select thesis_id, as_of_date, verdict, settled_verdict
    from {{ ref('verdicts') }}
    where coalesce(reason, '') not like '{{ not_begun() }}%'
),

kinds as (
    select thesis_id, as_of_date, 'raw' as verdict_kind, verdict
    from days
    union all
    select thesis_id, as_of_date, 'settled' as verdict_kind, settled_verdict
    from days
)

select
    thesis_id,
    verdict_kind,
    verdict,
    cast(count(*) as integer) as days,
    100.0 * count(*) / sum(count(*)) over (partition by thesis_id, verdict_kind) as share_pct,
    min(as_of_date) as first_date,
    max(as_of_date) as last_date,
    {{ usage_warnings([]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from kinds
group by thesis_id, verdict_kind, verdict
