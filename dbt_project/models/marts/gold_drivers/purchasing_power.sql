-- t4_2: does cash lose purchasing power even with the interest it earns? One row per mart day, over the currencies that have both
-- a one-year and a ten-year real return on cash; too few of them give no answer.
with

counted as (
    select
        as_of_date,
        cast(count(*) as integer) as currencies_listed,
        cast(count(case when has_data then 1 end) as integer) as currencies_with_data,
        cast(count(case when has_data and real_cash_10y_pct < 0 then 1 end) as integer) as currencies_negative_10y,
        cast(count(case when has_data and real_cash_1y_pct < 0 then 1 end) as integer) as currencies_negative_1y,
        median(case when has_data then real_cash_10y_pct end) as real_cash_10y_median_pct,
        median(case when has_data then real_cash_1y_pct end) as real_cash_1y_median_pct,
        median(case when has_data then years_to_halve end) as years_to_halve_median,
        max(case when currency = 'USD' then purchasing_power_2000 end) as usd_purchasing_power_2000,
        max(case when currency = 'USD' then purchasing_power_with_interest_2000 end) as usd_purchasing_power_with_interest_2000,
        max(case when currency = 'USD' then real_cash_1y_pct end) as usd_real_cash_1y_pct,
        max(case when currency = 'USD' then real_cash_10y_pct end) as usd_real_cash_10y_pct,
        max(case when currency = 'USD' then real_gold_2000_per_oz end) as usd_real_gold_2000_per_oz,
        min(oldest_input_date) as oldest_input_date,
        string_agg(case when not has_data then currency || ': ' || no_data_reason end, '; ' order by currency) as missing,
        bool_or(has_data and usage_warnings like '%proxy%') as has_proxy
    from {{ ref('purchasing_power_by_currency') }}
    group by as_of_date
)

select
    as_of_date,
    currencies_listed,
    currencies_with_data,
    currencies_negative_10y,
    currencies_negative_1y,
    {%- for span in ['10y', '1y'] %}
    case
        when currencies_with_data >= {{ var('currencies_min') }}
            then currencies_negative_{{ span }} * 100.0 / currencies_with_data
    end as negative_{{ span }}_share_pct,
    {%- endfor %}
    real_cash_10y_median_pct,
    real_cash_1y_median_pct,
    years_to_halve_median,
    usd_purchasing_power_2000,
    usd_purchasing_power_with_interest_2000,
    usd_real_cash_1y_pct,
    usd_real_cash_10y_pct,
    usd_real_gold_2000_per_oz,
    missing as currencies_missing,
    oldest_input_date,
    case
        when currencies_with_data < {{ var('currencies_min') }}
            then
                cast(currencies_with_data as varchar) || ' of ' || cast(currencies_listed as varchar)
                || ' currencies have data, {{ var("currencies_min") }} are needed: ' || missing
    end as no_data_reason,
    {{ usage_warnings(["case when has_proxy then 'proxy' end", "case when usd_real_gold_2000_per_oz is not null then 'licence_internal' end"]) }}
        as usage_warnings,
    '{{ var("origin") }}' as origin
from counted
