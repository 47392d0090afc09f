-- t1_1: have hopes for rate cuts faded while inflation is not beaten? One row per mart day, as known that day. What is priced comes from
-- int_easing_priced; here: prices by vintage, year on year against exactly the month twelve months earlier (a month that was never
-- collected makes the month a year later null, it is not slid over), and the projections of the Fed's committee.
{%- set months = {'core_pce_index': 'core_pce', 'cpi_nsa_index': 'cpi'} %}
{%- set quantities = months.keys() | list + ['sep_median_year_end_pct'] %}
with

panel as (
    select * from {{ known_panel(quantities) }}
),

growth as (
    select
        *,
        (value / nullif(last_value(value) over (
            partition by epoch_id, quantity
            order by observation_date range between interval '12' month preceding and interval '12' month preceding
        ), 0) - 1) * 100 as yoy_pct
    from panel
    where quantity in {{ sql_list(months.keys() | list) }}
),

days as (
    {{ epoch_days(quantities) }}
),

newest as (
    {{ newest_known('days', 'growth', 'quantity') }}
),

inflation as (
    select
        newest.as_of_date,
        {%- for quantity, name in months.items() %}
        max(case when growth.quantity = '{{ quantity }}' then growth.observation_date end) as {{ name }}_month,
        max(case when growth.quantity = '{{ quantity }}' then growth.yoy_pct end) as {{ name }}_yoy_pct,
        max(case when newest.quantity = '{{ quantity }}' then newest.observation_date end) as newest_{{ name }}_month {{- "," if not loop.last }}
        {%- endfor %}
    from newest
    left join {{ ref('int_carried_until') }} as carried
        on newest.quantity = carried.quantity and newest.observation_date = carried.observation_date
    left join growth
        on
            newest.epoch_id = growth.epoch_id
            and newest.quantity = growth.quantity
            and newest.observation_date = growth.observation_date
            and newest.as_of_date <= carried.carried_until
    group by newest.as_of_date
),

-- a projection is dated by the year it speaks of
projections as (
    select
        days.as_of_date,
        max(case when extract(year from panel.observation_date) = extract(year from days.as_of_date) then panel.value end)
            as sep_median_this_year_pct,
        max(case when extract(year from panel.observation_date) = extract(year from days.as_of_date) + 1 then panel.value end)
            as sep_median_next_year_pct
    from days
    inner join panel on days.epoch_id = panel.epoch_id and days.as_of_date >= panel.known_on
    where panel.quantity = 'sep_median_year_end_pct'
    group by days.as_of_date
),

daily as (
    select
        easing.as_of_date,
        easing.effr_pct,
        {{ bond_equivalent('easing.effr_pct') }} as effr_bond_equivalent_pct,
        easing.target_upper_pct,
        easing.target_lower_pct,
        easing.rate_1y_pct as ust_1y_pct,
        easing.rate_2y_pct as ust_2y_pct,
        case when easing.rate_1y_date = easing.rate_2y_date then 2 * easing.rate_2y_pct - easing.rate_1y_pct end as forward_1y1y_pct,
        {%- for tenor in ['1y', '2y'] %}
        easing.easing_{{ tenor }}_bp,
        {%- for change in [20, 60] %}
        easing.delivered_{{ tenor }}_{{ change }}d_bp + easing.repriced_{{ tenor }}_{{ change }}d_bp as easing_{{ tenor }}_change_{{ change }}d_bp,
        easing.delivered_{{ tenor }}_{{ change }}d_bp,
        easing.repriced_{{ tenor }}_{{ change }}d_bp,
        {%- endfor %}
        {%- endfor %}
        easing.low_1y_date,
        easing.above_low_1y_bp,
        easing.easing_1y_at_low_bp,
        inflation.core_pce_month,
        inflation.core_pce_yoy_pct,
        inflation.core_pce_yoy_pct - 2 as core_pce_gap_pct,
        inflation.cpi_month,
        inflation.cpi_yoy_pct,
        inflation.cpi_yoy_pct - 2 as cpi_gap_pct,
        {%- for bucket in measured_buckets() %}
        betas.beta_2y_{{ bucket }}_pct_per_pp,
        {%- endfor %}
        {%- for measure in ['cut', 'hike', 'mean'] %}{% for n in [1, 2, 3, 4] %}
        easing.mpt_{{ measure }}_{{ n }}_pct,
        {%- endfor %}{% endfor %}
        easing.above_low_odds_bp,
        easing.easing_odds_at_low_bp,
        coalesce(
            easing.above_low_odds_bp >= {{ var('odds_repriced_bp') }} and easing.easing_odds_at_low_bp >= {{ var('odds_easing_bp') }}, false
        ) as odds_repriced,
        projections.sep_median_this_year_pct,
        projections.sep_median_next_year_pct,
        case when easing.rate_1y_pct is not null or inflation.core_pce_month is not null then
            least(easing.rate_1y_date, easing.low_1y_date, easing.effr_date, inflation.core_pce_month)
        end as oldest_input_date,
        case
            when easing.rate_1y_pct is null
                then 'ust_1y_pct: ' || coalesce(
                    'newest known yield ' || cast(easing.newest_1y_date as varchar) || ' is older than 5 days', 'never observed'
                )
            when easing.low_1y_date is null then 'ust_1y_pct: fewer than {{ var("low_window") }} observations'
            when easing.easing_1y_bp is null or easing.easing_1y_at_low_bp is null
                then 'effr_pct: ' || coalesce(
                    'none within 5 days of the yield or of its low on ' || cast(easing.low_1y_date as varchar)
                    || ', newest known ' || cast(easing.newest_effr_date as varchar),
                    'never observed'
                )
            when inflation.core_pce_month is null
                then 'core_pce_index: ' || coalesce(
                    'newest known month ' || cast(inflation.newest_core_pce_month as varchar) || ' is past its next release', 'never observed'
                )
            when inflation.core_pce_yoy_pct is null
                then 'core_pce_index: no value twelve months before ' || cast(inflation.core_pce_month as varchar)
        end as no_data_reason,
        min(
            case
                when coalesce(easing.rate_1y_pct, easing.effr_pct, inflation.core_pce_yoy_pct, inflation.cpi_yoy_pct) is not null
                    then easing.as_of_date
            end
        ) over () as first_day
    from {{ ref('int_easing_priced') }} as easing
    left join inflation on easing.as_of_date = inflation.as_of_date
    left join projections on easing.as_of_date = projections.as_of_date
    left join {{ ref('int_yield_betas') }} as betas on easing.as_of_date = betas.as_of_date
)

select
    * exclude (first_day),
    {{ usage_warnings([
        "case when easing_1y_bp is not null then 'proxy' end",
        "case when mpt_mean_" ~ var('odds_window') ~ "_pct is not null then 'licence_internal' end",
    ]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from daily
where as_of_date >= first_day
