-- What countries report of their gold: change over each quarter, summed over the countries whose holdings are known at both its
-- ends, on every day on which a holding became known. One row per such day and quarter.
-- A country's change is taken from the first source that has both ends, never across sources: IMF reserves template, IMF
-- international liquidity (both dated by the month's FIRST day, figures of its end, ounces), World Gold Council (dated by the
-- quarter's LAST day, tonnes). The IMF's world total is not a country.
{%- set holdings = "(versions.quantity like 'irfcl_gold_%' or versions.quantity like 'il_gold_%' or versions.quantity like 'wgc_official_gold_%')
            and versions.quantity != 'il_gold_world_oz' and cast(extract(month from versions.observation_date) as integer) in (3, 6, 9, 12)" %}
with

holdings as (
    select
        snapshot_day,
        case when quantity like 'irfcl%' then 1 when quantity like 'il%' then 2 else 3 end as source_order,
        upper(split_part(quantity, '_', case when quantity like 'wgc%' then 4 else 3 end)) as country,
        cast(extract(year from observation_date) * 4 + extract(quarter from observation_date) as integer) as quarter_number,
        case when quantity like 'wgc%' then value else value / {{ ounces_per_tonne() }} end as tonnes
    from {{ known_snapshots(holdings, 1100) }}
),

changes as (
    select
        snapshot_day,
        country,
        source_order,
        quarter_number,
        tonnes - max(tonnes) over (
            partition by snapshot_day, country, source_order
            order by quarter_number range between 1 preceding and 1 preceding
        ) as change_tonnes
    from holdings
),

of_countries as (
    select
        snapshot_day,
        country,
        quarter_number,
        {{ first_by('change_tonnes', 'source_order') }} as change_tonnes
    from changes
    where change_tonnes is not null
    group by snapshot_day, country, quarter_number
),

of_quarters as (
    select
        snapshot_day,
        quarter_number,
        count(*) as reporting_countries,
        case when count(*) >= {{ var('official_reporters_min') }} then sum(change_tonnes) end as reported_tonnes
    from of_countries
    group by snapshot_day, quarter_number
)

select
    snapshot_day,
    quarter_number,
    reporting_countries,
    reported_tonnes,
    case when count(reported_tonnes) over four = 4 then sum(reported_tonnes) over four end as reported_4q_tonnes
from of_quarters
window four as (partition by snapshot_day order by quarter_number range between 3 preceding and current row)
