{#
  The quantities that t4_2 reads. Which of them counts for a currency, from which day on, is in the seed `currency_series`;
  a test holds the two to the same names.
#}
{% macro cpi_quantities() %}
{{ return([
    'cpi_nsa_index', 'cpi_usd_annual_index', 'cpi_eur_index', 'cpi_jpy_index', 'cpi_jpy_annual_index', 'cpi_gbp_index',
    'cpi_gbp_annual_index', 'cpi_chf_national_index', 'cpi_chf_index', 'cpi_chf_annual_index', 'cpi_cny_index', 'cpi_cny_annual_index',
]) }}
{% endmacro %}

{% macro cash_quantities() %}
{{ return([
    'effr_all_days_pct', 'policy_rate_eur_pct', 'ecb_deposit_rate_pct', 'policy_rate_jpy_pct', 'policy_rate_gbp_pct',
    'policy_rate_chf_pct', 'policy_rate_cny_pct',
]) }}
{% endmacro %}

{% macro per_euro_quantities() %}
{{ return(['usd_per_eur', 'jpy_per_eur', 'gbp_per_eur', 'chf_per_eur', 'cny_per_eur']) }}
{% endmacro %}

{#
  Per mart day and daily quantity the newest observation known that day and at most `carry` calendar days old: as_of_date,
  quantity, observation_date, value. For marts that need no history: each version meets only the few days it may stand for, so
  no epochs are needed. (One branch per age: a join on a computed date took 10 s.)
#}
{% macro newest_within(quantities, carry=5) -%}
(
    select
        days.as_of_date,
        aged.quantity,
        max(aged.observation_date) as observation_date,
        {{ latest('aged.value', 'aged.observation_date') }} as value
    from (
        {%- for age in range(carry + 1) %}
        select
            quantity,
            observation_date,
            value,
            known_on,
            lead(known_on) over (partition by quantity, observation_date order by version_number) as replaced_on,
            cast(observation_date + interval '{{ age }}' day as date) as day
        from {{ ref('int_quantity_versions') }}
        where quantity in {{ sql_list(quantities) }}
        {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as aged
    inner join {{ ref('int_trading_days') }} as days on aged.day = days.as_of_date
    where
        aged.value is not null
        and aged.known_on <= days.as_of_date
        and (aged.replaced_on is null or aged.replaced_on > days.as_of_date)
    group by days.as_of_date, aged.quantity
)
{%- endmacro %}
