-- t3_1: supply of dollar-pegged coins, in all, by coin and by chain, with its growth; every day as known that day.
{%- set members = [('total', 'all', 'stablecoin_supply_usd')] %}
{%- for coin in var('stablecoins') %}{% do members.append(('coin', coin, coin ~ '_supply_usd')) %}{% endfor %}
{%- for chain in var('stablecoin_chains') %}{% do members.append(('chain', chain, 'stablecoin_supply_' ~ chain ~ '_usd')) %}{% endfor %}
{%- set quantities = members | map(attribute=2) | list %}
with

members as (
    select listed.*
    from (
        values
        {%- for dimension, name, quantity in members %}
        ('{{ dimension }}', '{{ name }}', '{{ quantity }}'){{ "," if not loop.last }}
        {%- endfor %}
    ) as listed (dimension, name, quantity)
),

panel as (
    select *
    from {{ known_panel(quantities) }}
),

days as (
    {{ epoch_days(quantities, after=var('stablecoins_from')) }}
),

-- against the newest observation that is as many days older, at most five days more
measured as (
    select
        epoch_id,
        quantity,
        observation_date,
        known_on,
        value as supply_usd,
        {%- for growth_days in var('growth_days') %}
        {{ growth_pct('value', growth_days, 'epoch_id, quantity') }} as growth_{{ growth_days }}d_pct {{- "," if not loop.last }}
        {%- endfor %}
    from panel
),

newest as (
    {{ newest_known('days', 'measured', 'quantity') }}
),

daily as (
    select
        days.as_of_date,
        members.dimension,
        members.name,
        newest.observation_date as newest_observation_date,
        measured.observation_date,
        measured.supply_usd,
        measured.supply_usd / nullif(max(case when members.dimension = 'total' then measured.supply_usd end) over (
            partition by days.as_of_date
        ), 0) * 100 as share_of_total_pct,
        {%- for growth_days in var('growth_days') %}
        measured.growth_{{ growth_days }}d_pct {{- "," if not loop.last }}
        {%- endfor %}
    from days
    cross join members
    left join newest
        on
            days.epoch_id = newest.epoch_id
            and days.as_of_date = newest.as_of_date
            and members.quantity = newest.quantity
    left join measured
        on {{ is_newest('measured', 'quantity') }}
)

select
    *,
    {{ usage_warnings(["'licence_internal'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from daily
