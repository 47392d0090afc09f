{#
  Formulas that several marts share, each written once.
  Belongs here: pure functions of columns. Does not belong here: reading tables, thresholds (they live in theses/).
#}

{#
  z-score of `value` over its trailing observations (750 including the newest, at least 250): null below that, and where
  nothing varies. `order` is "partition by ... order by ..."; rows whose value is null do not count.
#}
{% macro zscore(value, order) -%}
{%- set trailing = "over (" ~ order ~ " rows between " ~ (var('zscore_window') - 1) ~ " preceding and current row)" -%}
case
    when count({{ value }}) {{ trailing }} >= {{ var('zscore_min') }} and stddev_samp({{ value }}) {{ trailing }} > 1e-9
        then ({{ value }} - avg({{ value }}) {{ trailing }}) / stddev_samp({{ value }}) {{ trailing }}
end
{%- endmacro %}

{# `value` held inside [low, high]; null stays null (least and greatest skip nulls). #}
{% macro clip(value, low, high) %}case when {{ value }} is not null then least(greatest({{ value }}, {{ low }}), {{ high }}) end{% endmacro %}

{#
  Kendall's tau-b of four observed ranks (crypto, AI/tech, gold, Treasuries) against the claimed order 1, 2, 3, 3.
  Five pairs are ordered by the claim, gold and Treasuries are tied in it. Null when all observed ranks are tied.
#}
{% macro tau_b(crypto, ai_tech, gold, treasuries) -%}
(
    sign({{ ai_tech }} - {{ crypto }}) + sign({{ gold }} - {{ crypto }}) + sign({{ treasuries }} - {{ crypto }})
    + sign({{ gold }} - {{ ai_tech }}) + sign({{ treasuries }} - {{ ai_tech }})
)
/ sqrt(
    5.0 * nullif(
        abs(sign({{ ai_tech }} - {{ crypto }})) + abs(sign({{ gold }} - {{ crypto }})) + abs(sign({{ treasuries }} - {{ crypto }}))
        + abs(sign({{ gold }} - {{ ai_tech }})) + abs(sign({{ treasuries }} - {{ ai_tech }})) + abs(sign({{ treasuries }} - {{ gold }})),
        0
    )
)
{%- endmacro %}

{#
  Maximum drawdown inside the last N rows, for several N, in N log N instead of N per row: drawdown composes. Of two adjacent
  stretches (older, newer): max = greatest, min = least, drawdown = least(older's, newer's, newer's min / older's max - 1).
  Stretches of 1, 2, 4, ... rows are built by doubling, then joined to make N. (14,000 rows x 504: 0.1 s; a join of every
  row with its window took 1.9 s.) `relation` needs columns {{ partition }}, {{ position }} (1, 2, ... without holes) and {{ value }};
  adds mdd_<N> (fraction, 0 or negative; null until N rows exist).
#}
{% macro rolling_drawdowns(relation, partition, position, value, windows) -%}
{%- set largest = windows | max -%}
{%- set widths = [1] -%}
{%- for _ in range(20) if widths[-1] * 2 <= largest %}{% do widths.append(widths[-1] * 2) %}{% endfor -%}
{%- set over = "over (partition by " ~ partition ~ " order by " ~ position ~ ")" -%}
with stretch_1 as (
    select *, {{ value }} as high_1, {{ value }} as low_1, 0.0 as drawdown_1 from {{ relation }}
)
{%- for width in widths[1:] %}{% set half = width // 2 %},
stretch_{{ width }} as (
    select
        *,
        greatest(lag(high_{{ half }}, {{ half }}) {{ over }}, high_{{ half }}) as high_{{ width }},
        least(lag(low_{{ half }}, {{ half }}) {{ over }}, low_{{ half }}) as low_{{ width }},
        least(lag(drawdown_{{ half }}, {{ half }}) {{ over }}, drawdown_{{ half }}, low_{{ half }} / lag(high_{{ half }}, {{ half }}) {{ over }} - 1) as drawdown_{{ width }}
    from stretch_{{ half }}
)
{%- endfor %}
select
    *
    {%- for window in windows %}
    {%- set state = namespace(left=window, offset=0, low=none, drawdowns=[]) %}
    {%- for width in widths | reverse if width <= state.left %}
    {%- set older = ("lag({}_" ~ width ~ ", " ~ state.offset ~ ") " ~ over) if state.offset else ("{}_" ~ width) %}
    {%- do state.drawdowns.append(older.replace("{}", "drawdown")) %}
    {%- if state.low %}{% do state.drawdowns.append("least(" ~ state.low ~ ") / " ~ older.replace("{}", "high") ~ " - 1") %}{% endif %}
    {%- set state.low = (state.low ~ ", " if state.low else "") ~ older.replace("{}", "low") %}
    {%- set state.left = state.left - width %}
    {%- set state.offset = state.offset + width %}
    {%- endfor %}
    , case when {{ position }} >= {{ window }} then least({{ state.drawdowns | join(", ") }}) end as mdd_{{ window }}
    {%- endfor %}
from stretch_{{ widths[-1] }}
{%- endmacro %}

{#
  Percent change of `value` against the newest observation at least `days` days older, at most five days more; null without one.
  `partition` lists the columns that make a series.
#}
{% macro growth_pct(value, days, partition) -%}
({{ value }} / nullif(last_value({{ value }}) over (
    partition by {{ partition }}
    order by observation_date
    range between interval '{{ days + 5 }}' day preceding and interval '{{ days }}' day preceding
), 0) - 1) * 100
{%- endmacro %}
{# The five buckets whose breadth is counted (t0). #}
{% macro breadth_buckets() %}{{ return(['crypto', 'ai_tech', 'sp500', 'gold', 'treasuries']) }}{% endmacro %}

{# Where int_member_prices has them: gold and Treasuries are the funds themselves, from their first day. #}
{% macro breadth_members() %}{{ return(['crypto', 'ai_tech', 'sp500', 'GLD', 'TLT']) }}{% endmacro %}

{# All that are measured bucket by bucket (t0, t1_1): beside the five the AI stocks, which count for nothing. #}
{% macro measured_buckets() %}{{ return(breadth_buckets() + ['ai_stocks']) }}{% endmacro %}
{% macro measured_members() %}{{ return(breadth_members() + ['ai_stocks']) }}{% endmacro %}
{% macro breadth_bucket(member) %}case {{ member }} when 'GLD' then 'gold' when 'TLT' then 'treasuries' else {{ member }} end{% endmacro %}

{#
  A rate of overnight cash (percent, act/360) as the bond-equivalent yield of rolling it over for half a year: compounded every
  calendar day, 365 of them a year, stated with two periods a year as Treasury yields are. 4.00 becomes 4.10.
#}
{% macro bond_equivalent(rate) %}200 * (power(1 + ({{ rate }}) / 36000.0, 182.5) - 1){% endmacro %}

{# EFFR as it is compared with a rate of `tenor`: with a yield as a bond equivalent, with the tracker's mean rate as it is. #}
{% macro effr_rate(rate, tenor) %}case when {{ tenor }} = 'odds' then {{ rate }} else {{ bond_equivalent(rate) }} end{% endmacro %}
