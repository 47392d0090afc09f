-- t4_5: long-run drivers do not remove short-run risk. Gold (LBMA PM, USD) since the dollar left gold on 1971-08-16: its
-- largest falls, its 5- and 10-year returns, and today's place in their history, every day as known that day.
{%- set windows = var('gold_windows') %}
{%- set ranked = ['mdd_' ~ windows[0], 'mdd_' ~ windows[1], 'return_5y', 'return_10y'] %}
{%- set history = 'partition by epoch_id order by observation_date rows between unbounded preceding and current row' %}
with

fixings as (
    select
        epoch_id,
        observation_date,
        known_on,
        value as price,
        row_number() over (partition by epoch_id order by observation_date) as fixing_number
    from {{ known_panel(['gold_pm_usd_oz']) }}
    where observation_date >= date '1971-08-16'
),

drawdowns as (
    {{ rolling_drawdowns('fixings', 'epoch_id', 'fixing_number', 'price', windows) }}
),

-- against the newest fixing five or ten years older, at most ten days before that date
measured as (
    select
        *,
        {%- for years in [5, 10] %}
        price / last_value(price) over (
            partition by epoch_id
            order by observation_date
            range between interval '{{ years }} years 10 days' preceding and interval '{{ years }} years' preceding
        ) - 1 as return_{{ years }}y {{- "," if not loop.last }}
        {%- endfor %}
    from drawdowns
),

placed as (
    select
        *,
        {%- for measure in ranked %}
        {{ expanding_place(measure, history) }} * 100 as {{ measure }}_place_pct,
        {%- for name in ['p05', 'median', 'p95'] %}
        {{ expanding_quantile(measure, [0.05, 0.5, 0.95], loop.index, history) }} * 100 as {{ measure }}_{{ name }}_pct {{- "," if not loop.last }}
        {%- endfor %}
        {{- "," if not loop.last }}
        {%- endfor %}
    from measured
),

days as (
    select
        days.as_of_date,
        epochs.epoch_id
    from {{ ref('int_trading_days') }} as days
    inner join {{ epochs(['gold_pm_usd_oz']) }} as epochs
        on days.as_of_date between epochs.first_day and epochs.last_day
    where days.as_of_date >= date '1971-08-16'
),

gold as (
    select *, 'gold' as metal from placed
),

newest as (
    {{ newest_known('days', 'gold', 'metal') }}
),

daily as (
    select
        days.as_of_date,
        placed.observation_date,
        placed.price as gold_pm_usd_oz,
        {%- for window in windows %}
        placed.mdd_{{ window }} * 100 as mdd_{{ window }}_pct,
        {%- endfor %}
        placed.return_5y * 100 as return_5y_pct,
        placed.return_10y * 100 as return_10y_pct,
        {%- for measure in ranked %}
        placed.{{ measure }}_place_pct,
        placed.{{ measure }}_p05_pct,
        placed.{{ measure }}_median_pct,
        placed.{{ measure }}_p95_pct,
        {%- endfor %}
        cast(floor(placed.fixing_number / {{ windows[0] }}.0) as integer) as nonoverlapping_windows_{{ windows[0] }},
        cast(floor(placed.fixing_number / {{ windows[1] }}.0) as integer) as nonoverlapping_windows_{{ windows[1] }},
        cast(floor(placed.fixing_number / (5 * 252.0)) as integer) as nonoverlapping_windows_5y,
        cast(floor(placed.fixing_number / (10 * 252.0)) as integer) as nonoverlapping_windows_10y,
        placed.observation_date as oldest_input_date,
        case
            when placed.observation_date is null
                then 'gold_pm_usd_oz: newest known fixing ' || cast(newest.observation_date as varchar) || ' is older than 5 days'
            when placed.return_10y is null then 'gold_pm_usd_oz: no fixing ten years earlier'
            when placed.mdd_{{ windows[2] }} is null then 'gold_pm_usd_oz: fewer than {{ windows[2] }} fixings'
        end as no_data_reason,
        min(placed.observation_date) over () as first_fixing
    from days
    left join newest on days.epoch_id = newest.epoch_id and days.as_of_date = newest.as_of_date
    left join placed
        on
            newest.epoch_id = placed.epoch_id
            and newest.observation_date = placed.observation_date
            and newest.observation_date >= {{ days_before('newest.as_of_date', 5) }}
)

select
    * exclude (first_fixing),
    {{ usage_warnings([]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from daily
where as_of_date >= first_fixing
