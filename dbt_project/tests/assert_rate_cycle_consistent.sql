{{ config(severity='error', meta={'published': ['marts.rate_cycle', 'marts.rate_cycles']}) }}
-- One row per day of marts.rate_cycle that contradicts itself, or cycle that contradicts the days, with the rule it breaks.
{%- set rules = [
    ('the gap is not the difference of the means', 'abs((tips_10y_20d_mean_pct - tips_10y_250d_mean_pct) * 100 - tips_20d_minus_250d_bp) > 1e-6'),
    ('a reason where both legs and the phase are there, or none where one lacks',
        '(no_data_reason is null) != (is_easing is not null and gold_250d_return_pct is not null and tips_20d_minus_250d_bp is not null)'),
    ('a price or yield more than five days old, or of a later day',
        'least(gold_observation_date, tips_observation_date, pair_observation_date) < as_of_date - 5 '
        ~ 'or greatest(gold_observation_date, tips_observation_date, pair_observation_date) > as_of_date'),
    ('easing without its first cut, or a cut of a later day', 'is_easing and (phase_first_cut is null or phase_first_cut > as_of_date)'),
    ('a session is missing before this one', 'prior_session != prior_row'),
] %}
with

measured as (
    select
        cycle.*,
        days.prior_as_of_date as prior_session,
        lag(cycle.as_of_date) over (order by cycle.as_of_date) as prior_row
    from {{ ref('rate_cycle') }} as cycle
    left join {{ ref('int_trading_days') }} as days on cycle.as_of_date = days.as_of_date
)

{% for reason, broken in rules %}
select cast(as_of_date as varchar) as place, '{{ reason }}' as reason
from measured
where {{ broken }}
union all
{%- endfor %}
select cycles.cycle_id as place, 'a day outside the cycle that counts as inside, or the reverse' as reason
from measured
inner join {{ ref('rate_cycles') }} as cycles
    on
        measured.as_of_date >= cycles.first_cut
        and measured.as_of_date < coalesce(cycles.next_first_hike, date '9999-12-31')
where measured.phase_first_cut is distinct from cycles.first_cut
