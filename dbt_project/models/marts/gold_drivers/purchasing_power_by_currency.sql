-- t4_2 per currency and mart day, as known that day: what prices did to 100 units of money, what cash earned after inflation, and
-- what gold costs in money of January 2000. Per span the first consumer price index that covers it (annual ones only long spans).
{%- set spans = [1, 5, 10, 20] %}
{%- set reaches = ['1y', '5y', '10y', '20y', 'since_2000'] %}
with

candidates as (
    select
        panel.epoch_id,
        series.currency,
        panel.quantity,
        series.priority,
        series.min_years,
        series.is_proxy,
        panel.observation_date,
        panel.known_on,
        panel.value,
        {%- for years in spans %}
        case when series.min_years <= {{ years }} then first_value(panel.value) over back_{{ years }} end as base_{{ years }}y,
        {%- endfor %}
        case
            when panel.observation_date >= date '2000-01-01'
                then max(case when panel.observation_date = date '2000-01-01' then panel.value end) over whole
        end as base_since_2000
    from {{ known_panel(cpi_quantities()) }} as panel
    inner join {{ ref('currency_series') }} as series on panel.quantity = series.quantity and series.measure = 'cpi'
    window
        {%- for years in spans %}
        back_{{ years }} as (
            partition by panel.epoch_id, panel.quantity
            order by panel.observation_date range between interval '{{ years }}' year preceding and interval '{{ years }}' year preceding
        ),
        {%- endfor %}
        whole as (partition by panel.epoch_id, panel.quantity)
),

days as (
    {{ epoch_days(cpi_quantities()) }}
),

newest as (
    {{ newest_known('days', 'candidates', 'quantity') }}
),

-- per day the indices whose newest observation has not been overtaken by a release that should have come
fresh as (
    select
        newest.as_of_date,
        candidates.currency,
        candidates.quantity,
        candidates.priority,
        candidates.min_years,
        candidates.is_proxy,
        candidates.observation_date,
        candidates.value,
        {%- for reach in reaches %}
        candidates.base_{{ reach }} {{- "," if not loop.last }}
        {%- endfor %}
    from newest
    inner join candidates
        on
            newest.epoch_id = candidates.epoch_id
            and newest.quantity = candidates.quantity
            and newest.observation_date = candidates.observation_date
    inner join {{ ref('int_carried_until') }} as carried
        on
            newest.quantity = carried.quantity
            and newest.observation_date = carried.observation_date
            and newest.as_of_date <= carried.carried_until
),

measured as (
    select
        as_of_date,
        currency,
        {{ first_by('value', 'case when min_years = 1 then priority end') }} as cpi_index,
        {{ first_by('observation_date', 'case when min_years = 1 then priority end') }} as cpi_month,
        {%- for reach in reaches %}
        {{ first_by('quantity', 'case when base_' ~ reach ~ ' is not null then priority end') }} as quantity_{{ reach }},
        {{ first_by('observation_date', 'case when base_' ~ reach ~ ' is not null then priority end') }} as month_{{ reach }},
        {{ first_by('value / base_' ~ reach, 'case when base_' ~ reach ~ ' is not null then priority end') }} as growth_{{ reach }},
        {{ first_by('is_proxy', 'case when base_' ~ reach ~ ' is not null then priority end') }} as is_proxy_{{ reach }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from fresh
    group by as_of_date, currency
),

currencies as (
    select
        currency,
        max(case when measure = 'per_eur' then quantity end) as per_euro,
        coalesce(bool_or(measure = 'cash' and is_proxy), false) as cash_is_proxy,
        max(case when measure = 'cpi' and quantity is null then reason end) as cpi_unavailable,
        max(case when measure = 'cash' and quantity is null then reason end) as cash_unavailable
    from {{ ref('currency_series') }}
    group by currency
),

prices as (
    select * from {{ newest_within(['gold_pm_usd_oz'] + per_euro_quantities()) }}
),

every_day as (
    select
        days.as_of_date,
        currencies.currency,
        currencies.cash_is_proxy,
        currencies.cpi_unavailable,
        currencies.cash_unavailable,
        gold.value
        * case when currencies.currency = 'USD' then 1 when currencies.currency = 'EUR' then 1 / dollar.value else rate.value / dollar.value end
            as gold_per_oz
    from days
    cross join currencies
    left join prices as gold on days.as_of_date = gold.as_of_date and gold.quantity = 'gold_pm_usd_oz'
    left join prices as dollar on days.as_of_date = dollar.as_of_date and dollar.quantity = 'usd_per_eur'
    left join prices as rate on days.as_of_date = rate.as_of_date and currencies.per_euro = rate.quantity
),

cash_epochs as (
    select days.as_of_date, epochs.epoch_id
    from days
    inner join {{ epochs(cash_quantities()) }} as epochs on days.as_of_date between epochs.first_day and epochs.last_day
),

joined as (
    select
        every_day.*,
        measured.cpi_index,
        measured.cpi_month,
        {%- for reach in reaches %}
        measured.quantity_{{ reach }},
        measured.month_{{ reach }},
        measured.growth_{{ reach }},
        measured.is_proxy_{{ reach }},
        cash_{{ reach }}.log_return_{{ reach }} as cash_log_{{ reach }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from every_day
    inner join cash_epochs on every_day.as_of_date = cash_epochs.as_of_date
    left join measured on every_day.as_of_date = measured.as_of_date and every_day.currency = measured.currency
    {%- for reach in reaches %}
    left join {{ ref('int_cash_returns') }} as cash_{{ reach }}
        on
            cash_epochs.epoch_id = cash_{{ reach }}.epoch_id
            and every_day.currency = cash_{{ reach }}.currency
            and measured.month_{{ reach }} = cash_{{ reach }}.month_start
            and every_day.as_of_date >= cash_{{ reach }}.known_on
    {%- endfor %}
),

daily as (
    select
        as_of_date,
        currency,
        cpi_month,
        cpi_index,
        quantity_10y as long_cpi_quantity,
        month_10y as long_cpi_month,
        {%- for years in spans %}
        round((pow(growth_{{ years }}y, 1.0 / {{ years }}) - 1) * 100, 9) as inflation_{{ years }}y_pct,
        {%- endfor %}
        case when growth_10y > 1 then 10 * ln(2) / ln(growth_10y) end as years_to_halve,
        100 / growth_since_2000 as purchasing_power_2000,
        100 * exp(cash_log_since_2000) / growth_since_2000 as purchasing_power_with_interest_2000,
        {%- for years in spans %}
        round((exp(cash_log_{{ years }}y / {{ years }}) - 1) * 100, 9) as cash_{{ years }}y_pct,
        {%- endfor %}
        {%- for years in spans %}
        -- rounded: a return of exactly zero is no loss
        round((exp(cash_log_{{ years }}y / {{ years }}) / pow(growth_{{ years }}y, 1.0 / {{ years }}) - 1) * 100, 9)
            as real_cash_{{ years }}y_pct,
        {%- endfor %}
        gold_per_oz as gold_local_per_oz,
        gold_per_oz / growth_since_2000 as real_gold_2000_per_oz,
        cash_log_1y is not null and cash_log_10y is not null as has_data,
        case when cash_log_1y is not null and cash_log_10y is not null then least(month_1y, month_10y) end as oldest_input_date,
        case
            when cpi_month is null then 'consumer prices: ' || coalesce(cpi_unavailable, 'none known that is not overdue')
            when growth_1y is null then 'consumer prices: none for the month a year before ' || cast(cpi_month as varchar)
            when growth_10y is null then 'consumer prices: none ten years before'
            when cash_log_1y is null then 'cash: ' || coalesce(cash_unavailable, 'no rates for the year to ' || cast(month_1y as varchar))
            when cash_log_10y is null then 'cash: no rates for the ten years to ' || cast(month_10y as varchar)
        end as no_data_reason,
        coalesce(is_proxy_10y or is_proxy_20y or is_proxy_since_2000, false) or (cash_is_proxy and cash_log_1y is not null) as is_proxy,
        gold_per_oz is not null as reads_gold,
        min(case when cpi_month is not null then as_of_date end) over () as first_day
    from joined
)

select
    * exclude (is_proxy, reads_gold, first_day),
    {{ usage_warnings(["case when is_proxy then 'proxy' end", "case when reads_gold then 'licence_internal' end"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from daily
-- never observed: it says so since the day on which the scorecard of unbuilt theses begins, too
where as_of_date >= coalesce(first_day, date '{{ var("scorecard_from") }}')
