-- What the market prices of the Fed's next moves, per mart day: EFFR as a bond equivalent less the 1- and 2-year Treasury yields, how
-- far a yield stands above its lowest close of 30 observations, and what easing was priced on the day of that low (the
-- earliest, where several are lowest). The same for the mean rate of one quarterly window of the Atlanta Fed's tracker
-- (`odds`), where that source is there.
-- EFFR on a yield's date is its newest observation of that date or up to five days before, among those the mart day knows.
{%- set yields = {'1y': 'ust_1y_pct', '2y': 'ust_2y_pct'} %}
{%- set tenors = yields.keys() | list + ['odds'] %}
{%- set levels = ['effr_pct', 'target_upper_pct', 'target_lower_pct'] %}
{%- for n in [1, 2, 3, 4] %}{% do levels.extend(['mpt_cut_' ~ n ~ '_pct', 'mpt_hike_' ~ n ~ '_pct', 'mpt_mean_' ~ n ~ '_pct']) %}{% endfor %}
{%- set quantities = levels + yields.values() | list %}
{%- set window = var('odds_window') %}
with

panel as (
    select * from {{ known_panel(quantities) }}
),

days as (
    {{ epoch_days(quantities) }}
),

quarters as (
    select
        *,
        4 * extract(year from observation_date) + extract(quarter from observation_date) as quarter_number,
        cast(date_trunc('quarter', observation_date) + interval '2' month as date) as third_month
    from panel
    where quantity in ('mpt_mean_{{ window }}_pct', 'mpt_mean_{{ window + 1 }}_pct')
),

-- `path`: what a rate is compared with. A window begins on the third Wednesday of March, June, September or December, and
-- then all move one place nearer: the window in this place now was one place farther before.
curve as (
    {%- for tenor, quantity in yields.items() %}
    select epoch_id, '{{ tenor }}' as tenor, 0 as path, true as is_current, observation_date, known_on, value as rate
    from panel
    where quantity = '{{ quantity }}'
    union all
    {%- endfor %}
    select
        epoch_id,
        'odds' as tenor,
        quarter_number
        + case when quantity = 'mpt_mean_{{ window }}_pct' then 0 else 1 end
        + case when {{ days_between('third_month', 'observation_date') }} > (10 - extract(isodow from third_month)) % 7 + 14 then 1 else 0 end
            as path,
        quantity = 'mpt_mean_{{ window }}_pct' as is_current,
        observation_date,
        known_on,
        value as rate
    from quarters
),

rate_dates as (
    select epoch_id, observation_date, null as effr, null as effr_date from curve
    union
    select epoch_id, observation_date, value as effr, observation_date as effr_date
    from panel
    where quantity = 'effr_pct'
),

-- EFFR of every date, whenever it became known
carried as (
    select
        epoch_id,
        observation_date,
        last_value(max(effr) ignore nulls) over recent as effr,
        last_value(max(effr_date) ignore nulls) over recent as effr_date
    from rate_dates
    group by epoch_id, observation_date
    window recent as (
        partition by epoch_id order by observation_date range between interval '5' day preceding and current row
    )
),

looked_back as (
    select
        curve.*,
        carried.effr,
        carried.effr_date,
        case when count(*) over recent = {{ var('low_window') }} then min(curve.rate) over recent end as low_rate,
        case when count(*) over recent = {{ var('low_window') }} then {{ earliest_lowest('curve.rate', 'curve.observation_date', 'recent') }} end
            as low_date,
        {%- for change in [20, 60] %}
        lag(curve.rate, {{ change }}) over history as rate_{{ change }},
        lag(carried.effr, {{ change }}) over history as effr_{{ change }} {{- "," if not loop.last }}
        {%- endfor %}
    from curve
    left join carried on curve.epoch_id = carried.epoch_id and curve.observation_date = carried.observation_date
    window
        history as (partition by curve.epoch_id, curve.tenor, curve.path order by curve.observation_date),
        recent as (
            partition by curve.epoch_id, curve.tenor, curve.path
            order by curve.observation_date rows between {{ var('low_window') - 1 }} preceding and current row
        )
),

current_curve as (
    select *
    from looked_back
    where is_current
),

newest_rates as (
    {{ newest_known('days', 'current_curve', 'tenor') }}
),

newest_levels as (
    {{ newest_known('days', 'panel', 'quantity') }}
),

level_days as (
    select
        newest.epoch_id,
        newest.as_of_date,
        {%- for quantity in levels %}
        max(
            case
                when panel.quantity = '{{ quantity }}' and panel.observation_date >= {{ days_before('newest.as_of_date', 5) }} then panel.value
            end
        ) as {{ quantity }},
        {%- endfor %}
        max(case when panel.quantity = 'effr_pct' then panel.value end) as newest_effr,
        max(case when panel.quantity = 'effr_pct' then panel.observation_date end) as newest_effr_date
    from newest_levels as newest
    inner join panel
        on
            newest.epoch_id = panel.epoch_id
            and newest.quantity = panel.quantity
            and newest.observation_date = panel.observation_date
    group by newest.epoch_id, newest.as_of_date
),

-- an EFFR that the day does not know yet is replaced by the newest it knows
rate_days as (
    select
        newest.as_of_date,
        newest.tenor,
        newest.observation_date as newest_date,
        rates.observation_date as rate_date,
        rates.rate,
        rates.low_rate,
        rates.low_date,
        {%- for change in [20, 60] %}
        rates.rate_{{ change }},
        {{ effr_rate('rates.effr_' ~ change, 'newest.tenor') }} as effr_{{ change }},
        {%- endfor %}
        case when rates.effr_date <= levels.newest_effr_date then rates.effr_date else levels.newest_effr_date end as effr_date,
        {{ effr_rate('case when rates.effr_date <= levels.newest_effr_date then rates.effr else levels.newest_effr end', 'newest.tenor') }}
            as effr,
        {{ effr_rate(
            'case when lows.effr_date <= levels.newest_effr_date then lows.effr '
            ~ 'when levels.newest_effr_date >= ' ~ days_before('lows.observation_date', 5) ~ ' then levels.newest_effr end', 'newest.tenor'
        ) }} as effr_at_low
    from newest_rates as newest
    left join current_curve as rates
        on {{ is_newest('rates', 'tenor') }}
    left join looked_back as lows
        on
            rates.epoch_id = lows.epoch_id
            and rates.tenor = lows.tenor
            and rates.path = lows.path
            and rates.low_date = lows.observation_date
    left join level_days as levels on newest.epoch_id = levels.epoch_id and newest.as_of_date = levels.as_of_date
),

fresh as (
    select
        * replace (case when effr_date >= {{ days_before('as_of_date', 5) }} then effr end as effr)
    from rate_days
)

select
    days.as_of_date,
    {%- for quantity in levels %}
    max(level_days.{{ quantity }}) as {{ quantity }},
    {%- endfor %}
    {%- for tenor in tenors %}
    max(case when fresh.tenor = '{{ tenor }}' then fresh.newest_date end) as newest_{{ tenor }}_date,
    max(case when fresh.tenor = '{{ tenor }}' then fresh.rate_date end) as rate_{{ tenor }}_date,
    max(case when fresh.tenor = '{{ tenor }}' then fresh.rate end) as rate_{{ tenor }}_pct,
    max(case when fresh.tenor = '{{ tenor }}' then fresh.effr - fresh.rate end) * 100 as easing_{{ tenor }}_bp,
    max(case when fresh.tenor = '{{ tenor }}' then fresh.low_date end) as low_{{ tenor }}_date,
    -- rounded: yields have two decimals, and exactly ten basis points must not fail by 1e-14
    round(max(case when fresh.tenor = '{{ tenor }}' then fresh.rate - fresh.low_rate end) * 100, 6) as above_low_{{ tenor }}_bp,
    max(case when fresh.tenor = '{{ tenor }}' then fresh.effr_at_low - fresh.low_rate end) * 100 as easing_{{ tenor }}_at_low_bp,
    {%- for change in [20, 60] %}
    max(case when fresh.tenor = '{{ tenor }}' then fresh.effr - fresh.effr_{{ change }} end) * 100 as delivered_{{ tenor }}_{{ change }}d_bp,
    max(case when fresh.tenor = '{{ tenor }}' then fresh.rate_{{ change }} - fresh.rate end) * 100 as repriced_{{ tenor }}_{{ change }}d_bp,
    {%- endfor %}
    {%- endfor %}
    max(level_days.newest_effr_date) as newest_effr_date,
    max(case when fresh.tenor = '1y' and fresh.effr is not null then fresh.effr_date end) as effr_date
from days
left join level_days on days.epoch_id = level_days.epoch_id and days.as_of_date = level_days.as_of_date
left join fresh on days.as_of_date = fresh.as_of_date
group by days.as_of_date
