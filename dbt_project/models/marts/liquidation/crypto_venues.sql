-- Leverage in crypto by venue: perpetual funding annualised and open interest, every day as known that day. Measures of part II.
{%- set quantities = [] %}
{%- for coin in var('leverage_coins') %}
{%- for venue in var('funding_venues')[coin] %}{% do quantities.append(coin ~ '_funding_' ~ venue ~ '_1d_pct') %}{% endfor %}
{%- endfor %}
with

funding as (
    select
        *,
        regexp_extract(quantity, '^(.*)_funding_(.*)_1d_pct$', 1) as coin,
        regexp_extract(quantity, '^(.*)_funding_(.*)_1d_pct$', 2) as venue,
        case
            when count(*) over last_week = 7 then avg(value) over last_week
        end as mean_7d
    from {{ known_panel(quantities) }}
    window last_week as (
        partition by epoch_id, quantity
        order by observation_date range between interval '6' day preceding and current row
    )
),

days as (
    {{ epoch_days(quantities, after=var('plumbing_from')) }}
),

venues as (
    select listed.coin, listed.venue, listed.quantity
    from (
        values
        {%- for coin in var('leverage_coins') %}{% set last_coin = loop.last %}
        {%- for venue in var('funding_venues')[coin] %}
        ('{{ coin }}', '{{ venue }}', '{{ coin }}_funding_{{ venue }}_1d_pct'){{ "," if not (loop.last and last_coin) }}
        {%- endfor %}
        {%- endfor %}
    ) as listed (coin, venue, quantity)
),

newest as (
    {{ newest_known('days', 'funding', 'quantity') }}
)

select
    days.as_of_date,
    venues.coin,
    venues.venue,
    funding.observation_date as funding_date,
    funding.value as funding_1d_pct,
    funding.value * 365 as funding_annualised_pct,
    funding.mean_7d * 365 as funding_7d_annualised_pct,
    interest.observation_date as open_interest_date,
    interest.interest_coin as open_interest_coin,
    interest.interest_usd as open_interest_usd,
    interest.fall_pct as open_interest_fall_pct,
    interest.deepest_fall_pct as open_interest_deepest_fall_pct,
    {{ usage_warnings(["'licence_internal'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from days
cross join venues
left join newest
    on
        days.epoch_id = newest.epoch_id
        and days.as_of_date = newest.as_of_date
        and venues.quantity = newest.quantity
left join funding
    on {{ is_newest('funding', 'quantity') }}
left join {{ ref('int_crypto_interest') }} as interest
    on
        days.as_of_date = interest.as_of_date
        and venues.coin = interest.coin
        and venues.venue = interest.venue
