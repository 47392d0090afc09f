{{ config(severity='error', meta={'published': ['marts.purchasing_power', 'marts.purchasing_power_by_currency']}) }}
-- One row per contradiction: between the day's count and its currencies, inside a currency's row, or between the seed of series
-- and the quantities that the models read.
with

counted as (
    select
        as_of_date,
        count(*) as listed,
        count(case when has_data then 1 end) as with_data,
        count(case when has_data and real_cash_10y_pct < 0 then 1 end) as negative_10y,
        count(case when has_data and real_cash_1y_pct < 0 then 1 end) as negative_1y
    from {{ ref('purchasing_power_by_currency') }}
    group by as_of_date
),

days as (
    select
        power.*,
        counted.listed,
        counted.with_data,
        counted.negative_10y,
        counted.negative_1y,
        sessions.prior_as_of_date as prior_session,
        lag(power.as_of_date) over (order by power.as_of_date) as prior_row
    from {{ ref('purchasing_power') }} as power
    left join counted on power.as_of_date = counted.as_of_date
    left join {{ ref('int_trading_days') }} as sessions on power.as_of_date = sessions.as_of_date
),

quantities as (
    select quantity
    from (
        values {% for quantity in cpi_quantities() + cash_quantities() + per_euro_quantities() %}('{{ quantity }}'){{ ", " if not loop.last }}{% endfor %}
    ) as read_ones (quantity)
)

select cast(as_of_date as varchar) as place, 'the day does not count its currencies' as reason
from days
where
    listed is distinct from currencies_listed or with_data is distinct from currencies_with_data
    or negative_10y is distinct from currencies_negative_10y or negative_1y is distinct from currencies_negative_1y
union all
select cast(as_of_date as varchar) as place, 'a reason where enough currencies have data, or none where they do not' as reason
from days
where (no_data_reason is null) != (currencies_with_data >= {{ var('currencies_min') }})
    or (no_data_reason is null) != (negative_10y_share_pct is not null and negative_1y_share_pct is not null)
union all
select cast(as_of_date as varchar) as place, 'a session is missing before this one' as reason
from days
where prior_session != prior_row
union all
select cast(as_of_date as varchar) || ' ' || currency as place, 'real return is not the cash return after inflation' as reason
from {{ ref('purchasing_power_by_currency') }}
where
    abs((1 + cash_1y_pct / 100) / (1 + inflation_1y_pct / 100) - 1 - real_cash_1y_pct / 100) > 1e-9
    or abs((1 + cash_10y_pct / 100) / (1 + inflation_10y_pct / 100) - 1 - real_cash_10y_pct / 100) > 1e-9
union all
select cast(as_of_date as varchar) || ' ' || currency as place, 'counts without both returns, or not with both' as reason
from {{ ref('purchasing_power_by_currency') }}
where
    has_data != (real_cash_1y_pct is not null and real_cash_10y_pct is not null)
    or has_data != (no_data_reason is null)
union all
select coalesce(seed.quantity, quantities.quantity) as place, 'in the list of series or among the quantities read, not in both' as reason
from (select distinct quantity from {{ ref('currency_series') }} where quantity is not null) as seed
full outer join quantities on seed.quantity = quantities.quantity
where seed.quantity is null or quantities.quantity is null
