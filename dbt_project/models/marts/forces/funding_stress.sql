-- t1_2: has overnight cash become dear? One row per mart day, as known that day.
select
    *,
    {{ usage_warnings(["case when tga_usd_mn is not null and tga_4w_pct is null then 'proxy' end"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from {{ ref('int_funding_stress_daily') }}
