-- t4_1: is gold bought when real yields turn down? Per mart day, as known that day: the phase of the rate cycle, gold (LBMA PM)
-- over 250 fixings, the 10-year TIPS yield against its 250-day mean, and how much gold (GLD) moves with that yield at all.
{%- set closes = ['gld_close_usd', 'gld_dividend_usd', 'gld_split_ratio'] %}
{%- set quantities = ['gold_pm_usd_oz', 'tips_10y_pct'] + closes %}
{%- set read_with = [('gld_close_usd', 'gld_dividend_usd'), ('gld_close_usd', 'gld_split_ratio')] %}
{%- set fit = var('real_yield_window') %}
{%- set parts = ['before', 'since'] %}
with

panel as (
    select * from {{ known_panel(quantities, read_with) }}
),

days as (
    select
        days.as_of_date,
        epochs.epoch_id
    from {{ ref('int_trading_days') }} as days
    inner join {{ epochs(quantities, read_with) }} as epochs
        on days.as_of_date between epochs.first_day and epochs.last_day
),

levels as (
    select
        epoch_id,
        quantity,
        observation_date,
        known_on,
        value,
        (value / lag(value, {{ var('rate_cycle_window') }}) over history - 1) * 100 as return_pct,
        case when count(*) over recent = {{ var('mean_window') }} then avg(value) over recent end as short_mean,
        case when count(*) over year = {{ var('rate_cycle_window') }} then avg(value) over year end as long_mean
    from panel
    where quantity in ('gold_pm_usd_oz', 'tips_10y_pct')
    window
        history as (partition by epoch_id, quantity order by observation_date),
        recent as (
            partition by epoch_id, quantity
            order by observation_date rows between {{ var('mean_window') - 1 }} preceding and current row
        ),
        year as (
            partition by epoch_id, quantity
            order by observation_date rows between {{ var('rate_cycle_window') - 1 }} preceding and current row
        )
),

-- GLD's total return, chained over its own bars, sampled where the yield has an observation too
bars as (
    select
        bar.epoch_id,
        bar.observation_date,
        bar.known_on,
        ln(
            (bar.value + coalesce(dividend.value, 0)) * coalesce(split.value, 1)
            / lag(bar.value) over (partition by bar.epoch_id order by bar.observation_date)
        ) as log_growth
    from panel as bar
    {%- for name, quantity in [('dividend', 'gld_dividend_usd'), ('split', 'gld_split_ratio')] %}
    left join panel as {{ name }}
        on
            bar.epoch_id = {{ name }}.epoch_id
            and bar.observation_date = {{ name }}.observation_date
            and {{ name }}.quantity = '{{ quantity }}'
    {%- endfor %}
    where bar.quantity = 'gld_close_usd'
),

chained as (
    select
        *,
        coalesce(sum(log_growth) over (
            partition by epoch_id order by observation_date rows between unbounded preceding and current row
        ), 0) as log_level
    from bars
),

pairs as (
    select
        chained.epoch_id,
        chained.observation_date,
        greatest(chained.known_on, levels.known_on) as known_on,
        (chained.log_level - lag(chained.log_level) over dates) * 100 as gold_return,
        levels.value - lag(levels.value) over dates as yield_change
    from chained
    inner join levels
        on
            chained.epoch_id = levels.epoch_id
            and chained.observation_date = levels.observation_date
            and levels.quantity = 'tips_10y_pct'
    window dates as (partition by chained.epoch_id order by chained.observation_date)
),

halves as (
    select
        *,
        case when observation_date < date '{{ var("real_yield_break") }}' then gold_return end as gold_return_before,
        case when observation_date >= date '{{ var("real_yield_break") }}' then gold_return end as gold_return_since
    from pairs
),

fits as (
    select
        epoch_id,
        observation_date,
        known_on,
        case when count(gold_return) over recent = {{ fit }} then regr_slope(gold_return, yield_change) over recent end as beta,
        case when count(gold_return) over recent = {{ fit }} then regr_r2(gold_return, yield_change) over recent end as r2,
        {%- for part in parts %}
        count(gold_return_{{ part }}) over history as n_{{ part }},
        regr_slope(gold_return_{{ part }}, yield_change) over history as beta_{{ part }},
        regr_r2(gold_return_{{ part }}, yield_change) over history as r2_{{ part }},
        regr_syy(gold_return_{{ part }}, yield_change) over history * (1 - regr_r2(gold_return_{{ part }}, yield_change) over history)
            as rss_{{ part }},
        {%- endfor %}
        regr_syy(gold_return, yield_change) over history * (1 - regr_r2(gold_return, yield_change) over history) as rss_pooled
    from halves
    window
        recent as (partition by epoch_id order by observation_date rows between {{ fit - 1 }} preceding and current row),
        history as (partition by epoch_id order by observation_date rows between unbounded preceding and current row)
),

observed as (
    select epoch_id, quantity, observation_date, known_on from levels
    union all
    select epoch_id, 'pair' as quantity, observation_date, known_on from fits
),

newest as (
    {{ newest_known('days', 'observed', 'quantity') }}
),

dates as (
    select
        epoch_id,
        as_of_date,
        max(case when quantity = 'gold_pm_usd_oz' then observation_date end) as gold_date,
        max(case when quantity = 'tips_10y_pct' then observation_date end) as tips_date,
        max(case when quantity = 'pair' then observation_date end) as pair_date
    from newest
    group by epoch_id, as_of_date
),

-- a cut or a rise is known on the day it takes effect, the end of a phase not before it
turns as (
    select first_cut as turned_on, first_cut, true as is_easing from {{ ref('fed_cycles') }}
    union all
    select next_first_hike as turned_on, first_cut, false as is_easing
    from {{ ref('fed_cycles') }}
    where next_first_hike is not null
    union all
    select min(last_hike) as turned_on, null as first_cut, false as is_easing from {{ ref('fed_cycles') }}
),

phases as (
    select
        turned_on,
        first_cut,
        is_easing,
        lead(turned_on) over (order by turned_on) as next_turned_on
    from turns
),

daily as (
    select
        dates.as_of_date,
        case when phases.is_easing then 'easing' when not phases.is_easing then 'hiking or on hold' end as phase,
        phases.is_easing,
        case when phases.is_easing then phases.first_cut end as phase_first_cut,
        cast(case when phases.is_easing then {{ days_between('phases.first_cut', 'dates.as_of_date') }} end as integer) as days_since_first_cut,
        gold.observation_date as gold_observation_date,
        gold.value as gold_pm_usd_oz,
        gold.return_pct as gold_250d_return_pct,
        tips.observation_date as tips_observation_date,
        tips.value as tips_10y_pct,
        tips.short_mean as tips_10y_20d_mean_pct,
        tips.long_mean as tips_10y_250d_mean_pct,
        -- rounded: yields have two decimals, and two equal means must not differ by 1e-14
        round((tips.short_mean - tips.long_mean) * 100, 9) as tips_20d_minus_250d_bp,
        fits.observation_date as pair_observation_date,
        -- rounded: the last bits depend on how the engine splits a window
        round(fits.beta, 9) as gold_real_yield_beta_260d,
        round(fits.r2, 9) as gold_real_yield_r2_260d_ratio,
        {%- for part in parts %}
        case when fits.n_{{ part }} >= {{ fit }} then round(fits.beta_{{ part }}, 9) end as gold_real_yield_beta_{{ part }}_2022,
        case when fits.n_{{ part }} >= {{ fit }} then round(fits.r2_{{ part }}, 9) end as gold_real_yield_r2_{{ part }}_2022_ratio,
        cast(fits.n_{{ part }} as integer) as pairs_{{ part }}_2022,
        {%- endfor %}
        case
            when fits.n_before >= {{ fit }} and fits.n_since >= {{ fit }}
                then
                    round(
                        (fits.rss_pooled - fits.rss_before - fits.rss_since) / 2
                        / (nullif(fits.rss_before + fits.rss_since, 0) / (fits.n_before + fits.n_since - 4)), 9
                    )
        end as break_2022_f_statistic,
        least(gold.observation_date, tips.observation_date) as oldest_input_date,
        case
            when phases.is_easing is null then 'rate cycles: the list begins on ' || cast(first_turn.turned_on as varchar)
            {%- for name, quantity, measure in [('gold', 'gold_pm_usd_oz', 'return_pct'), ('tips', 'tips_10y_pct', 'long_mean')] %}
            when dates.{{ name }}_date is null then '{{ quantity }}: no observation yet'
            when {{ name }}.observation_date is null
                then '{{ quantity }}: newest known observation ' || cast(dates.{{ name }}_date as varchar) || ' is older than 5 days'
            when {{ name }}.{{ measure }} is null then '{{ quantity }}: too few observations for {{ var("rate_cycle_window") }} days'
            {%- endfor %}
        end as no_data_reason,
        min(case when coalesce(dates.gold_date, dates.tips_date) is not null then dates.as_of_date end) over () as first_day
    from dates
    cross join (select min(turned_on) as turned_on from turns) as first_turn
    left join phases
        on
            dates.as_of_date >= phases.turned_on
            and dates.as_of_date < coalesce(phases.next_turned_on, date '9999-12-31')
    {%- for name, quantity in [('gold', 'gold_pm_usd_oz'), ('tips', 'tips_10y_pct')] %}
    left join levels as {{ name }}
        on
            dates.epoch_id = {{ name }}.epoch_id
            and dates.{{ name }}_date = {{ name }}.observation_date
            and {{ name }}.quantity = '{{ quantity }}'
            and dates.{{ name }}_date >= {{ days_before('dates.as_of_date', 5) }}
    {%- endfor %}
    left join fits
        on
            dates.epoch_id = fits.epoch_id
            and dates.pair_date = fits.observation_date
            and dates.pair_date >= {{ days_before('dates.as_of_date', 5) }}
)

select
    * exclude (first_day),
    {{ usage_warnings(["'unofficial_source'", "'licence_internal'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from daily
-- never observed: it says so since the day on which the scorecard of unbuilt theses begins, too
where as_of_date >= coalesce(first_day, date '{{ var("scorecard_from") }}')
