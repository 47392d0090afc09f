-- How far each dollar coin closed from par, per epoch, with the length of the run of days more than 100 bp below it that ends
-- there (a day without a price ends a run) and the day of the price before.
{%- set quantities = [] %}
{%- for coin in var('stablecoins') %}{% do quantities.append(coin ~ '_price_usd') %}{% endfor %}
with

prices as (
    select
        epoch_id,
        first_day,
        last_day,
        replace(quantity, '_price_usd', '') as coin,
        observation_date,
        known_on,
        value as price_usd,
        round((value - 1) * 10000, 6) as deviation_bp -- rounded: 0.99 is 100 bp below par, not 100.00000000000009
    from {{ known_panel(quantities) }}
),

marked as (
    select
        *,
        deviation_bp < -50 as is_below_50bp,
        deviation_bp < -100 as is_below_100bp,
        lag(observation_date) over path as prior_date,
        case
            when
                deviation_bp < -100
                and lag(deviation_bp) over path < -100
                and {{ days_between('lag(observation_date) over path', 'observation_date') }} = 1
                then 0
            else 1
        end as is_new_stretch
    from prices
    window path as (partition by epoch_id, coin order by observation_date)
),

stretches as (
    select
        *,
        sum(is_new_stretch) over (
            partition by epoch_id, coin order by observation_date rows between unbounded preceding and current row
        ) as stretch
    from marked
)

select
    epoch_id,
    first_day,
    last_day,
    coin,
    observation_date,
    known_on,
    price_usd,
    deviation_bp,
    is_below_50bp,
    is_below_100bp,
    prior_date,
    case
        when is_below_100bp
            then row_number() over (partition by epoch_id, coin, stretch order by observation_date)
        else 0
    end as run_below_100bp_days
from stretches
