{{ config(severity='error', meta={'published': ['marts.funding_stress']}) }}
-- One row per day of marts.funding_stress that contradicts itself, with the rule it breaks.
{%- set scores = ['z_sofr_iorb', 'z_effr_iorb', 'z_sofr_p99', 'z_tgcr_onrrp', 'z_reserves'] %}
{%- set held, total = [], [] %}
{%- for score in scores %}
{%- do held.append('case when ' ~ score ~ ' is null then 0 else 1 end') %}{% do total.append('coalesce(' ~ score ~ ', 0)') %}
{%- endfor %}
{%- set rules = [
    ('the number of components is not the number of scores', 'components_available != ' ~ held | join(' + ')),
    ('an index without three components, or none with them', '(components_available >= 3) != (funding_stress_index is not null)'),
    ('a score outside -3 to 3', 'greatest(' ~ scores | join(', ') ~ ') > 3 or least(' ~ scores | join(', ') ~ ') < -3'),
    ('the index is not the mean of the scores', 'abs(funding_stress_index - (' ~ total | join(' + ') ~ ') / components_available) > 1e-9'),
    ('a reason where both legs have a value, or none where one lacks', '(no_data_reason is null) != (sofr_iorb_20d_mean_bp is not null and funding_stress_index is not null)'),
    ('a spread of rates more than five days old', 'oldest_input_date < as_of_date - 9 or oldest_input_date > as_of_date'),
    ('a quarter ends where no month does', 'is_quarter_end and not is_month_end'),
] %}
{{ contradictions(ref('funding_stress'), rules) }}
