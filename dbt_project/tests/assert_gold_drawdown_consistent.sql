{{ config(severity='error', meta={'published': ['marts.gold_drawdown']}) }}
-- One row per day of marts.gold_drawdown that contradicts itself, with the rule it breaks.
{%- set ranked = ['mdd_126', 'mdd_252', 'return_5y', 'return_10y'] %}
{%- set rules = [
    ('a longer window fell less than a shorter one inside it', 'mdd_504_pct > mdd_252_pct + 1e-9 or mdd_252_pct > mdd_126_pct + 1e-9'),
    ('a drawdown above zero or below -100', 'greatest(mdd_126_pct, mdd_252_pct, mdd_504_pct) > 0 or least(mdd_126_pct, mdd_252_pct, mdd_504_pct) <= -100'),
    ('more non-overlapping long windows than short ones', 'nonoverlapping_windows_252 > nonoverlapping_windows_126 or nonoverlapping_windows_10y > nonoverlapping_windows_5y'),
    ('a reason where both legs have a value, or none where one lacks', '(no_data_reason is null) != (return_10y_pct is not null and mdd_504_pct is not null)'),
    ('a fixing more than five days old, or of a later day', 'oldest_input_date < as_of_date - 5 or oldest_input_date > as_of_date'),
] %}
{%- for measure in ranked %}
{%- do rules.append((
    measure ~ ': quantiles out of order',
    measure ~ '_p05_pct > ' ~ measure ~ '_median_pct + 1e-9 or ' ~ measure ~ '_median_pct > ' ~ measure ~ '_p95_pct + 1e-9',
)) %}
{%- do rules.append((
    measure ~ ': a place outside 0 to 100, or without a value',
    measure ~ '_place_pct <= 0 or ' ~ measure ~ '_place_pct > 100 or '
    ~ '(' ~ measure ~ '_place_pct is null) != (' ~ measure ~ '_pct is null)',
)) %}
{%- endfor %}
{{ contradictions(ref('gold_drawdown'), rules) }}
