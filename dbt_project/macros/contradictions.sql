{#
  What the tests `assert_<mart>_consistent` are made of: rows of a mart that contradict themselves, each with the rule it breaks.
  Belongs here: the shape. Does not belong here: the rules of a mart (its test).

  contradictions(relation, rules): a mart with one row per session; `rules` are pairs (what is wrong, SQL condition over one row). A
  session missing before a row is always wrong. Gives place (the day, as text) and reason; more may follow with `union all`.
#}
{% macro contradictions(relation, rules) -%}
with

measured as (
    select
        mart.*,
        days.prior_as_of_date as prior_session,
        lag(mart.as_of_date) over (order by mart.as_of_date) as prior_row
    from {{ relation }} as mart
    left join {{ ref('int_trading_days') }} as days on mart.as_of_date = days.as_of_date
)

{% for reason, broken in rules + [('a session is missing before this one', 'prior_session != prior_row')] %}
select cast(as_of_date as varchar) as place, '{{ reason }}' as reason
from measured
where {{ broken }}
{{ "union all" if not loop.last }}
{%- endfor %}
{%- endmacro %}
