-- t3_2: tokenised assets by basis and class, at market and at the gold price of the episode's first day; every day as known that day.
{%- set places = [] %}
{%- for basis, asset_class, quantity in tokenised_members() if (basis, asset_class) not in places %}{% do places.append((basis, asset_class)) %}{% endfor %}
with

classes as (
    select
        *,
        basis_id || ':' || asset_class as place,
        coalesce(gold_oz, value_usd) as tokens
    from {{ ref('int_tokenised_classes') }}
    where basis_id != 'gold_price'
),

measured as (
    select
        *,
        {{ growth_pct('value_usd', 90, 'epoch_id, place') }} as market_growth_90d_pct,
        {{ growth_pct('value_usd', 365, 'epoch_id, place') }} as market_growth_365d_pct,
        {{ growth_pct('tokens', 90, 'epoch_id, place') }} as constant_growth_90d_pct,
        {{ growth_pct('tokens', 365, 'epoch_id, place') }} as constant_growth_365d_pct
    from classes
),

days as (
    select days.as_of_date, epochs.epoch_id
    from {{ ref('int_trading_days') }} as days
    left join (select distinct epoch_id, first_day, last_day from {{ ref('int_tokenised_classes') }}) as epochs
        on days.as_of_date between epochs.first_day and epochs.last_day
    where days.as_of_date > date '{{ var("plumbing_from") }}'
),

-- every class of every basis has its rows: what never came shows as null
places as (
    select listed.basis_id, listed.asset_class, listed.basis_id || ':' || listed.asset_class as place
    from (
        values
        {%- for basis, asset_class in places %}
        ('{{ basis }}', '{{ asset_class }}'){{ "," if not loop.last }}
        {%- endfor %}
    ) as listed (basis_id, asset_class)
),

newest as (
    {{ newest_known('days', 'measured', 'place') }}
),

bases as (
    select as_of_date, max(gold_base_usd_oz) as gold_base_usd_oz
    from {{ ref('int_tokenised_path') }}
    group by as_of_date
)

select
    days.as_of_date,
    places.basis_id,
    places.asset_class,
    newest.observation_date as newest_observation_date,
    measured.observation_date,
    measured.value_usd as market_value_usd,
    case
        when places.asset_class = 'gold' then measured.gold_oz * bases.gold_base_usd_oz
        else measured.value_usd
    end as constant_price_value_usd,
    measured.gold_oz,
    measured.market_growth_90d_pct,
    measured.market_growth_365d_pct,
    measured.constant_growth_90d_pct,
    measured.constant_growth_365d_pct,
    cast(measured.members_with_value as integer) as members_count,
    {{ usage_warnings([
        "case when places.asset_class not in ('treasuries', 'gold') then 'proxy' end", "'unofficial_source'", "'licence_internal'",
    ]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from days
cross join places
left join newest
    on
        days.epoch_id = newest.epoch_id
        and days.as_of_date = newest.as_of_date
        and places.place = newest.place
left join measured
    on {{ is_newest('measured', 'place') }}
left join bases on days.as_of_date = bases.as_of_date
