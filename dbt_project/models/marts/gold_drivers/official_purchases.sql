-- Quarterly net purchases of official institutions in every edition: what was first said, what it became. One row per quarter and
-- mart day on which the figure changed; reported (changes of published holdings) and estimated (the rest) apart, as known that day.
with

figures as (
    select
        observation_date,
        version_number,
        known_on,
        value as net_purchases_tonnes,
        min(case when version_number = 1 then value end) over (partition by observation_date) as first_print_tonnes,
        row_number() over (partition by observation_date, known_on order by version_number desc) as place
    from {{ ref('int_quantity_versions') }}
    where quantity = 'gold_central_banks_tonnes' and known_on is not null
),

reports as (
    select
        changes.*,
        coalesce(lead(changes.snapshot_day) over (partition by changes.quarter_number order by changes.snapshot_day), date '9999-12-31')
            as next_day
    from {{ ref('int_official_gold_changes') }} as changes
)

select
    figures.observation_date as quarter_start_date,
    figures.known_on as known_on_date,
    cast(figures.version_number as integer) as version_number,
    figures.net_purchases_tonnes,
    figures.first_print_tonnes,
    (figures.net_purchases_tonnes / nullif(figures.first_print_tonnes, 0) - 1) * 100 as revision_pct,
    figures.version_number = max(figures.version_number) over (partition by figures.observation_date) as is_newest,
    reports.reported_tonnes,
    figures.net_purchases_tonnes - reports.reported_tonnes as estimated_tonnes,
    cast(reports.reporting_countries as integer) as reporting_countries,
    {{ usage_warnings(["'estimated'", "'licence_internal'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from figures
left join reports
    on
        cast(extract(year from figures.observation_date) * 4 + extract(quarter from figures.observation_date) as integer)
        = reports.quarter_number
        and figures.known_on >= reports.snapshot_day
        and figures.known_on < reports.next_day
where figures.place = 1 and figures.net_purchases_tonnes is not null
