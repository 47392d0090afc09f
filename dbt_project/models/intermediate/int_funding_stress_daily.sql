-- How dear overnight cash is, per mart day: spreads on their own observation dates, 20-observation means, clipped z-scores.
{%- set quantities = [
    'sofr_pct', 'iorb_pct', 'effr_pct', 'sofr_p99_pct', 'tgcr_pct', 'onrrp_award_pct', 'reserves_usd_mn',
    'sofr_volume_usd_bn', 'onrrp_usd_bn', 'srf_usd_bn', 'tga_usd_mn', 'tga_week_avg_usd_mn',
] %}
{%- set spreads = [
    ('sofr_iorb', 'sofr_pct', 'iorb_pct'),
    ('effr_iorb', 'effr_pct', 'iorb_pct'),
    ('sofr_p99', 'sofr_p99_pct', 'sofr_pct'),
    ('tgcr_onrrp', 'tgcr_pct', 'onrrp_award_pct'),
] %}
{%- set read_with = [] %}
{%- for component, left, right in spreads %}{% do read_with.append((left, right)) %}{% endfor %}
{%- set components = ['sofr_iorb', 'effr_iorb', 'sofr_p99', 'tgcr_onrrp', 'reserves'] %}
{%- set weekly = ['reserves_usd_mn', 'tga_week_avg_usd_mn'] %}
with

panel as (
    select * from {{ known_panel(quantities, read_with) }}
),

days as (
    select
        days.as_of_date,
        days.is_month_end,
        days.is_quarter_end,
        epochs.epoch_id
    from {{ ref('int_trading_days') }} as days
    inner join {{ epochs(quantities, read_with) }} as epochs
        on days.as_of_date between epochs.first_day and epochs.last_day
),

-- each spread where its left leg was observed; the right leg is its newest observation, at most five days older
spread_legs as (
    {%- for component, left, right in spreads %}
    select
        epoch_id,
        '{{ component }}' as component,
        observation_date,
        known_on,
        case when quantity = '{{ left }}' then value end as left_value,
        case when quantity = '{{ right }}' then value end as right_value,
        case when quantity = '{{ right }}' then known_on end as right_known_on
    from panel
    where quantity in ('{{ left }}', '{{ right }}')
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

spread_dates as (
    select
        epoch_id,
        component,
        observation_date,
        max(left_value) as left_value,
        max(case when left_value is not null then known_on end) as left_known_on,
        last_value(max(right_value) ignore nulls) over recent as right_value,
        last_value(max(right_known_on) ignore nulls) over recent as right_known_on
    from spread_legs
    group by epoch_id, component, observation_date
    window recent as (
        partition by epoch_id, component
        order by observation_date range between interval '5' day preceding and current row
    )
),

spread_observations as (
    select
        epoch_id,
        component,
        observation_date,
        -- rounded: rates have two decimals, and a mean of exactly zero must not pass a threshold by 1e-14
        round((left_value - right_value) * 100, 6) as measure,
        greatest(left_known_on, right_known_on) as known_on
    from spread_dates
    where left_value is not null and right_value is not null
),

smoothed as (
    select
        *,
        case when count(measure) over recent = {{ var('mean_window') }} then round(avg(measure) over recent, 9) end as mean_20d
    from spread_observations
    window recent as (
        partition by epoch_id, component
        order by observation_date rows between {{ var('mean_window') - 1 }} preceding and current row
    )
),

-- levels and their change against the newest observation that is four weeks old
levels as (
    select
        epoch_id,
        quantity,
        observation_date,
        known_on,
        value,
        (value / nullif(last_value(value) over (
            partition by epoch_id, quantity
            order by observation_date
            range between interval '33' day preceding and interval '28' day preceding
        ), 0) - 1) * 100 as change_4w_pct
    from panel
),

components as (
    select epoch_id, component, observation_date, known_on, measure, mean_20d, mean_20d as scored from smoothed
    union all
    select epoch_id, 'reserves' as component, observation_date, known_on, value, change_4w_pct, -change_4w_pct as scored
    from levels
    where quantity = 'reserves_usd_mn'
),

unclipped as (
    select
        *,
        {{ zscore('scored', 'partition by epoch_id, component order by observation_date') }} as unclipped_z
    from components
),

scored as (
    select *, {{ clip('unclipped_z', -3, 3) }} as z from unclipped
),

newest_components as (
    {{ newest_known('days', 'scored', 'component') }}
),

component_days as (
    select
        newest.as_of_date,
        newest.component,
        newest.observation_date as newest_date,
        scored.observation_date,
        scored.measure,
        scored.mean_20d,
        scored.z
    from newest_components as newest
    left join scored
        on
            newest.epoch_id = scored.epoch_id
            and newest.component = scored.component
            and newest.observation_date = scored.observation_date
            and newest.observation_date
            >= {{ days_before('newest.as_of_date', "case when newest.component = 'reserves' then 9 else 5 end") }}
),

newest_levels as (
    {{ newest_known('days', 'levels', 'quantity') }}
),

value_days as (
    select
        newest.as_of_date,
        newest.quantity,
        levels.value,
        levels.change_4w_pct
    from newest_levels as newest
    inner join levels
        on
            newest.epoch_id = levels.epoch_id
            and newest.quantity = levels.quantity
            and newest.observation_date = levels.observation_date
            and newest.observation_date
            >= {{ days_before('newest.as_of_date', "case when newest.quantity in " ~ sql_list(weekly) ~ " then 9 else 5 end") }}
),

wide as (
    select
        days.as_of_date,
        days.is_month_end,
        days.is_quarter_end,
        {%- for quantity in quantities %}
        max(case when value_days.quantity = '{{ quantity }}' then value_days.value end) as {{ quantity }},
        {%- endfor %}
        max(case when value_days.quantity = 'onrrp_usd_bn' then value_days.change_4w_pct end) as onrrp_4w_pct,
        max(case when value_days.quantity = 'srf_usd_bn' then value_days.change_4w_pct end) as srf_4w_pct,
        coalesce(
            max(case when value_days.quantity = 'tga_usd_mn' then value_days.change_4w_pct end),
            max(case when value_days.quantity = 'tga_week_avg_usd_mn' then value_days.change_4w_pct end)
        ) as tga_4w_pct
    from days
    left join value_days on days.as_of_date = value_days.as_of_date
    group by days.as_of_date, days.is_month_end, days.is_quarter_end
),

scores as (
    select
        days.as_of_date,
        {%- for component in components %}
        max(case when component_days.component = '{{ component }}' then component_days.measure end) as {{ component }}_measure,
        max(case when component_days.component = '{{ component }}' then component_days.mean_20d end) as {{ component }}_mean,
        max(case when component_days.component = '{{ component }}' then component_days.z end) as z_{{ component }},
        max(case when component_days.component = '{{ component }}' then component_days.observation_date end) as {{ component }}_date,
        max(case when component_days.component = '{{ component }}' then component_days.newest_date end) as {{ component }}_newest,
        {%- endfor %}
        count(component_days.z) as components_available,
        case when count(component_days.z) >= 3 then avg(component_days.z) end as funding_stress_index,
        min(case when component_days.component = 'sofr_iorb' or component_days.z is not null then component_days.observation_date end) as oldest_input_date
    from days
    left join component_days on days.as_of_date = component_days.as_of_date
    group by days.as_of_date
),

daily as (
    select
        wide.as_of_date,
        wide.sofr_pct,
        wide.iorb_pct,
        wide.effr_pct,
        wide.sofr_p99_pct,
        wide.tgcr_pct,
        wide.onrrp_award_pct,
        scores.sofr_iorb_measure as sofr_iorb_bp,
        scores.effr_iorb_measure as effr_iorb_bp,
        scores.sofr_p99_measure as sofr_p99_spread_bp,
        scores.tgcr_onrrp_measure as tgcr_onrrp_bp,
        scores.sofr_iorb_mean as sofr_iorb_20d_mean_bp,
        scores.effr_iorb_mean as effr_iorb_20d_mean_bp,
        scores.sofr_p99_mean as sofr_p99_20d_mean_bp,
        scores.tgcr_onrrp_mean as tgcr_onrrp_20d_mean_bp,
        wide.reserves_usd_mn,
        scores.reserves_mean as reserves_4w_pct,
        wide.sofr_volume_usd_bn,
        wide.onrrp_usd_bn,
        wide.onrrp_4w_pct,
        wide.srf_usd_bn,
        wide.srf_4w_pct,
        coalesce(wide.tga_usd_mn, wide.tga_week_avg_usd_mn) as tga_usd_mn,
        wide.tga_4w_pct,
        {%- for component in components %}
        scores.z_{{ component }},
        {%- endfor %}
        {%- for component in components %}
        case when scores.funding_stress_index is not null then scores.z_{{ component }} / scores.components_available end as contribution_{{ component }},
        {%- endfor %}
        cast(scores.components_available as integer) as components_available,
        scores.funding_stress_index,
        wide.is_month_end,
        wide.is_quarter_end,
        scores.sofr_iorb_date as sofr_iorb_observation_date,
        scores.oldest_input_date,
        case
            when scores.sofr_iorb_mean is null
                then 'SOFR - IORB: ' || coalesce(
                    case
                        when scores.sofr_iorb_date is not null then 'fewer than {{ var("mean_window") }} observations'
                        else 'newest known observation ' || cast(scores.sofr_iorb_newest as varchar) || ' is older than 5 days'
                    end,
                    'never observed'
                )
            when scores.funding_stress_index is null
                then 'funding_stress_index: ' || cast(scores.components_available as varchar) || ' of 3 needed components; without a score:'
                {%- for component in components %}
                || case
                    when scores.z_{{ component }} is null
                        then ' {{ component }} (newest ' || coalesce(cast(scores.{{ component }}_newest as varchar), 'never') || ')'
                    else ''
                end
                {%- endfor %}
        end as no_data_reason,
        min(case when scores.sofr_iorb_measure is not null or scores.effr_iorb_measure is not null then wide.as_of_date end) over () as first_day
    from wide
    inner join scores on wide.as_of_date = scores.as_of_date
)

select * exclude (first_day)
from daily
where as_of_date >= first_day
