-- Gold held by official institutions, by country and month, as known at the build's as-of day: changes, net buyers, ranks.
-- Each country has one source, the one that reaches furthest (of equals the first): IMF reserves template, IMF international
-- liquidity, World Gold Council. Sources are never mixed, months without a report stay out, and the world total is no country.
with

newest as (
    select
        quantity,
        observation_date,
        {{ latest('value', 'version_number') }} as value
    from {{ ref('int_quantity_versions') }}
    where
        known_on is not null
        and (quantity like 'irfcl_gold_%' or quantity like 'il_gold_%' or quantity like 'wgc_official_gold_%')
        and quantity != 'il_gold_world_oz'
    group by quantity, observation_date
),

reported as (
    select
        upper(split_part(quantity, '_', case when quantity like 'wgc%' then 4 else 3 end)) as country,
        case when quantity like 'irfcl%' then 'IMF IRFCL' when quantity like 'il%' then 'IMF IL' else 'WGC' end as source,
        case when quantity like 'irfcl%' then 1 when quantity like 'il%' then 2 else 3 end as source_order,
        cast(extract(year from observation_date) * 12 + extract(month from observation_date) as integer) as month_number,
        {{ days_before("cast(date_trunc('month', observation_date) + interval '1' month as date)", 1) }} as month_end_date,
        case when quantity like 'wgc%' then value else value / {{ ounces_per_tonne() }} end as holdings_tonnes
    from newest
    where value is not null
),

reach as (
    select
        *,
        max(month_number) over (partition by country, source_order) as last_month
    from reported
),

chosen as (
    select
        *,
        dense_rank() over (partition by country order by last_month desc, source_order asc) as place
    from reach
),

changes as (
    select
        country,
        month_end_date,
        source,
        holdings_tonnes,
        holdings_tonnes - max(holdings_tonnes) over (
            partition by country order by month_number range between 1 preceding and 1 preceding
        ) as change_1m_tonnes,
        holdings_tonnes - max(holdings_tonnes) over (
            partition by country order by month_number range between 12 preceding and 12 preceding
        ) as change_12m_tonnes
    from chosen
    where place = 1
)

select
    country,
    month_end_date,
    source,
    holdings_tonnes,
    change_1m_tonnes,
    change_12m_tonnes,
    change_12m_tonnes > 0 as is_net_buyer_12m,
    cast(rank() over (partition by month_end_date order by holdings_tonnes desc) as integer) as holdings_rank,
    rank() over (partition by month_end_date order by holdings_tonnes desc) <= 10 as is_top_ten,
    cast(count(*) over (partition by month_end_date) as integer) as reporting_countries,
    {{ usage_warnings(["case when source = 'WGC' then 'licence_internal' end"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from changes
