{{ config(severity='error', meta={'published': ['marts.synchronised_stress', 'marts.synchronised_buckets']}) }}
-- One row per day of marts.synchronised_stress or synchronised_buckets that contradicts itself or the other, with the rule it breaks.
{%- set rules = [
    ('breadth from fewer than five buckets', '(breadth is not null) != (buckets_available = ' ~ breadth_buckets() | length ~ ')'),
    ('breadth is not the number of buckets below', 'breadth != below'),
    ('buckets available are not those measured', 'buckets_available != measured'),
    ('three fell together later than crypto and equity did', 'coalesce(crypto_equity_age_days > synchronised_age_days, false) or (synchronised_age_days is not null and crypto_equity_age_days is null)'),
    ('crypto and equity are below and their age is not one', 'crypto_and_equity_below != coalesce(crypto_equity_age_days = 1, false)'),
    ('three fell together and its age is not one', 'breadth >= ' ~ var('breadth_min') ~ ' and crypto_and_equity_below and synchronised_age_days is distinct from 1'),
    ('no breadth, and no reason for it', 'no_data_reason is null and breadth is null'),
    ('a price more than five days old, or of a later day', 'oldest_input_date < as_of_date - 5 or oldest_input_date > as_of_date'),
    ('an age that did not grow by one and is not one', 'synchronised_age_days != 1 and synchronised_age_days != prior_age + 1 and not is_revised'),
    ('a session is missing before this one', 'prior_session != prior_row'),
] %}
with

buckets as (
    select
        as_of_date,
        count(case when counts_for_breadth then scaled_return_sds end) as measured,
        count(case when is_below and counts_for_breadth then 1 end) as below,
        count(case when is_below != (scaled_return_sds < {{ var('below_sds') }}) or (is_below is null) != (scaled_return_sds is null) then 1 end)
            as contradictions,
        max(abs(log_return_20d_pct / log_return_20d_sd_pct - scaled_return_sds)) as gap,
        count(case when drawdown_since_inception_pct > drawdown_365d_pct or drawdown_365d_pct > 0 or drawdown_since_inception_pct > 0 then 1 end)
            as falls_from_no_high
    from {{ ref('synchronised_buckets') }}
    group by as_of_date
),

-- an age may jump where a revision made other days of the past fall together
epochs as (
    select distinct first_day from {{ ref('int_member_prices') }}
),

checked as (
    select
        stress.*,
        buckets.measured,
        buckets.below,
        days.prior_as_of_date as prior_session,
        lag(stress.as_of_date) over (order by stress.as_of_date) as prior_row,
        lag(stress.synchronised_age_days) over (order by stress.as_of_date) as prior_age,
        epochs.first_day is not null as is_revised
    from {{ ref('synchronised_stress') }} as stress
    left join buckets on stress.as_of_date = buckets.as_of_date
    left join epochs on stress.as_of_date = epochs.first_day
    left join {{ ref('int_trading_days') }} as days on stress.as_of_date = days.as_of_date
)

{% for reason, broken in rules %}
select as_of_date, '{{ reason }}' as reason
from checked
where {{ broken }}
union all
{%- endfor %}
select as_of_date, 'below, scaled return and their parts disagree' as reason
from buckets
where contradictions > 0 or gap > 1e-9
union all
select as_of_date, 'a price above its highest, or its highest of a year above that since inception' as reason
from buckets
where falls_from_no_high > 0
