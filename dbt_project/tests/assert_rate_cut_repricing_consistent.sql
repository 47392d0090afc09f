{{ config(severity='error', meta={'published': ['marts.rate_cut_repricing']}) }}
-- One row per day of marts.rate_cut_repricing that contradicts itself, with the rule it breaks.
{%- set rules = [
    ('two easings of one day and EFFR differ by other than their yields', 'forward_1y1y_pct is not null and abs(easing_1y_bp - easing_2y_bp - 100 * (ust_2y_pct - ust_1y_pct)) > 1e-6'),
    ('a bond equivalent on the wrong side of its rate', '(effr_bond_equivalent_pct - effr_pct) * effr_pct < 0'),
    ('below the lowest close of 30 observations', 'above_low_1y_bp < 0'),
    ('a low later than the day, or older than 30 observations can be', 'low_1y_date > as_of_date or low_1y_date < as_of_date - 90'),
    ('the target range is turned over', 'target_lower_pct > target_upper_pct'),
    ('inflation of a month that is not over', 'last_day(core_pce_month) >= as_of_date or last_day(cpi_month) >= as_of_date'),
    ('a month newer than core PCE known before was forgotten', 'core_pce_month < prior_core_pce_month'),
    ('the gap to two percent is not yoy less two', 'abs(core_pce_yoy_pct - core_pce_gap_pct - 2) > 1e-9 or abs(cpi_yoy_pct - cpi_gap_pct - 2) > 1e-9'),
    ('repriced by odds without the measures of it', 'odds_repriced and (above_low_odds_bp is null or easing_odds_at_low_bp is null)'),
    ('a reason where every leg has a value, or none where one lacks', '(no_data_reason is null) != (above_low_1y_bp is not null and easing_1y_bp is not null and easing_1y_at_low_bp is not null and core_pce_yoy_pct is not null)'),
    ('an input of a later day', 'oldest_input_date > as_of_date'),
    ('a session is missing before this one', 'prior_session != prior_row'),
] %}
{%- for tenor in ['1y', '2y'] %}{% for change in [20, 60] %}
{%- set name = tenor ~ '_' ~ change ~ 'd_bp' %}
{%- do rules.append((
    'delivered and repriced are not the change of easing priced, ' ~ name,
    'abs(easing_' ~ tenor ~ '_change_' ~ change ~ 'd_bp - delivered_' ~ name ~ ' - repriced_' ~ name ~ ') > 1e-9',
)) %}
{%- endfor %}{% endfor %}
with

measured as (
    select
        repricing.*,
        days.prior_as_of_date as prior_session,
        lag(repricing.as_of_date) over (order by repricing.as_of_date) as prior_row,
        max(repricing.core_pce_month) over (
            order by repricing.as_of_date rows between unbounded preceding and 1 preceding
        ) as prior_core_pce_month
    from {{ ref('rate_cut_repricing') }} as repricing
    left join {{ ref('int_trading_days') }} as days on repricing.as_of_date = days.as_of_date
)

{% for reason, broken in rules %}
select as_of_date, '{{ reason }}' as reason
from measured
where {{ broken }}
{{ "union all" if not loop.last }}
{%- endfor %}
