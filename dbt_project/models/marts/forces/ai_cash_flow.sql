-- t1_3: capital expenditure of five companies against the operating cash that pays for it, and the rate that discounts it.
-- The sum joins the newest four quarters each company has filed; it is null while one company's newest quarter is too old.
-- A cash stream of 1 today grows for some years, then forever at a slower pace (all real); its value today over its value at the
-- discount rate's two-year low says what the rate alone has done.
{%- set companies = ['MSFT', 'GOOGL', 'AMZN', 'META', 'ORCL'] %}
{%- set summed = [
    'capex_ttm_usd', 'capex_incl_leases_ttm_usd', 'ocf_ttm_usd', 'fcf_ttm_usd', 'capex_year_earlier_ttm_usd', 'ocf_year_earlier_ttm_usd',
    'ocf_quarter_earlier_ttm_usd',
] %}
{%- set growth, terminal, years = var('stream_growth_pct') / 100, var('stream_terminal_growth_pct') / 100, var('stream_growth_years') %}
{%- set window_length = var('discount_mean_window') %}
with

days as (
    select as_of_date from {{ ref('int_trading_days') }}
),

-- per day and company the newest change of its figures; how old its quarter may be is decided below
newest_filing as (
    select
        days.as_of_date,
        names.company,
        max(filings.known_on_date) over (
            partition by names.company order by days.as_of_date rows between unbounded preceding and current row
        ) as filing_day
    from days
    cross join (
        values
        {%- for company in companies %}
        ('{{ company }}'){{ "," if not loop.last }}
        {%- endfor %}
    ) as names (company)
    left join {{ ref('ai_cash_flow_companies') }} as filings
        on days.as_of_date = filings.known_on_date and names.company = filings.company
),

company_days as (
    select
        newest_filing.as_of_date,
        newest_filing.company,
        filings.quarter_end_date as newest_quarter_end_date,
        filings.carried_until_date >= newest_filing.as_of_date as is_fresh,
        filings.finance_lease_assets_ttm_usd is not null as has_leases,
        {%- for column in summed %}
        filings.{{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from newest_filing
    inner join {{ ref('ai_cash_flow_companies') }} as filings
        on newest_filing.company = filings.company and newest_filing.filing_day = filings.known_on_date
),

sums as (
    select
        as_of_date,
        count(case when is_fresh then 1 end) as companies_available,
        count(case when is_fresh and has_leases then 1 end) as companies_with_leases,
        {%- for column in summed %}
        case when count(case when is_fresh then {{ column }} end) = {{ companies | length }} then sum({{ column }}) end as {{ column }},
        {%- endfor %}
        case
            when count(case when is_fresh then 1 end) = {{ companies | length }}
            then
                {%- for company in companies %}
                '{{ company }} ' || max(case when company = '{{ company }}' then cast(newest_quarter_end_date as varchar) end)
                {{ "|| ', ' ||" if not loop.last }}
                {%- endfor %}
        end as quarters_joined,
        min(case when is_fresh then newest_quarter_end_date end) as oldest_quarter_end_date,
        max(case when is_fresh then newest_quarter_end_date end) as newest_quarter_end_date,
        {%- for company in companies %}
        max(case when company = '{{ company }}' and is_fresh then newest_quarter_end_date end) as {{ company }}_fresh,
        max(case when company = '{{ company }}' then newest_quarter_end_date end) as {{ company }}_newest{{ "," if not loop.last }}
        {%- endfor %}
    from company_days
    group by as_of_date
),

-- the discount rate on the dates of the real yield
premiums as (
    select
        valid_from,
        lead(valid_from) over (order by valid_from) as valid_until,
        erp_pct,
        is_estimated
    from {{ ref('equity_risk_premium') }}
),

rates as (
    select
        panel.epoch_id,
        panel.observation_date,
        panel.known_on,
        'rate' as kind,
        panel.value as tips_10y_pct,
        premiums.erp_pct,
        premiums.is_estimated,
        panel.value + premiums.erp_pct as discount_rate_pct
    from {{ known_panel(['tips_10y_pct']) }} as panel
    inner join premiums
        on
            panel.observation_date >= premiums.valid_from
            and (panel.observation_date < premiums.valid_until or premiums.valid_until is null)
),

measured_rates as (
    select
        *,
        case
            when count(discount_rate_pct) over recent = {{ window_length }} then round(avg(discount_rate_pct) over recent, 9)
        end as discount_rate_500d_mean_pct,
        case
            when min(observation_date) over history <= observation_date - interval '2' year
                then min(discount_rate_pct) over (
                    partition by epoch_id
                    order by observation_date range between interval '2' year preceding and current row
                )
        end as discount_rate_2y_low_pct
    from rates
    window
        recent as (partition by epoch_id order by observation_date rows between {{ window_length - 1 }} preceding and current row),
        history as (partition by epoch_id order by observation_date rows between unbounded preceding and current row)
),

-- value and minus its derivative: years of growth, then a perpetuity; none where the rate does not exceed the last growth
valued_rates as (
    select
        *
        {%- for name, rate in [('today', 'discount_rate_pct'), ('low', 'discount_rate_2y_low_pct')] %},
        case
            when {{ rate }} / 100 > {{ terminal }}
                then
                    {%- for year in range(1, years + 1) %}
                    power({{ 1 + growth }} / (1 + {{ rate }} / 100), {{ year }}) +
                    {%- endfor %}
                    power({{ 1 + growth }} / (1 + {{ rate }} / 100), {{ years }}) * {{ 1 + terminal }} / ({{ rate }} / 100 - {{ terminal }})
        end as value_{{ name }},
        case
            when {{ rate }} / 100 > {{ terminal }}
                then
                    {%- for year in range(1, years + 1) %}
                    {{ year }} * power({{ 1 + growth }} / (1 + {{ rate }} / 100), {{ year }}) / (1 + {{ rate }} / 100) +
                    {%- endfor %}
                    power({{ 1 + growth }} / (1 + {{ rate }} / 100), {{ years }}) * {{ 1 + terminal }} / ({{ rate }} / 100 - {{ terminal }})
                    * ({{ years }} / (1 + {{ rate }} / 100) + 1 / ({{ rate }} / 100 - {{ terminal }}))
        end as slope_{{ name }}
        {%- endfor %}
    from measured_rates
),

rate_days as (
    select
        days.as_of_date,
        epochs.epoch_id
    from days
    inner join {{ epochs(['tips_10y_pct']) }} as epochs on days.as_of_date between epochs.first_day and epochs.last_day
),

newest_rate as (
    {{ newest_known('rate_days', 'valued_rates', 'kind') }}
),

daily as (
    select
        newest_rate.as_of_date,
        cast(coalesce(sums.companies_available, 0) as integer) as companies_available,
        cast(coalesce(sums.companies_with_leases, 0) as integer) as companies_with_leases,
        {%- for column in summed %}
        sums.{{ column }},
        {%- endfor %}
        case when sums.ocf_ttm_usd > 0 then sums.capex_ttm_usd / sums.ocf_ttm_usd end as capex_ocf_ratio,
        case when sums.ocf_ttm_usd > 0 then sums.capex_incl_leases_ttm_usd / sums.ocf_ttm_usd end as capex_incl_leases_ocf_ratio,
        case when sums.capex_year_earlier_ttm_usd > 0 then (sums.capex_ttm_usd / sums.capex_year_earlier_ttm_usd - 1) * 100 end as capex_growth_pct,
        case when sums.ocf_year_earlier_ttm_usd > 0 then (sums.ocf_ttm_usd / sums.ocf_year_earlier_ttm_usd - 1) * 100 end as ocf_growth_pct,
        case
            when sums.ocf_quarter_earlier_ttm_usd > 0 then (sums.ocf_ttm_usd / sums.ocf_quarter_earlier_ttm_usd - 1) * 100
        end as ocf_quarter_growth_pct,
        case
            when sums.ocf_ttm_usd > sums.ocf_year_earlier_ttm_usd
                then sums.capex_ttm_usd / (sums.ocf_ttm_usd - sums.ocf_year_earlier_ttm_usd)
        end as capex_per_new_ocf_ratio,
        sums.quarters_joined,
        sums.oldest_quarter_end_date,
        sums.newest_quarter_end_date,
        rates.tips_10y_pct,
        rates.erp_pct,
        rates.discount_rate_pct,
        rates.discount_rate_500d_mean_pct,
        round(rates.discount_rate_pct - rates.discount_rate_500d_mean_pct, 9) as discount_rate_gap_pp,
        rates.discount_rate_2y_low_pct,
        rates.value_today as stream_value_ratio,
        rates.value_low as stream_value_at_low_ratio,
        (rates.value_today / rates.value_low - 1) * 100 as stream_value_change_pct,
        rates.slope_today / rates.value_today as stream_duration_years,
        rates.slope_low / rates.value_low as stream_duration_at_low_years,
        rates.is_estimated,
        rates.observation_date as rate_date,
        newest_rate.observation_date as newest_rate_date,
        {%- for company in companies %}
        sums.{{ company }}_fresh,
        sums.{{ company }}_newest{{ "," if not loop.last }}
        {%- endfor %}
    from newest_rate
    left join valued_rates as rates
        on
            newest_rate.epoch_id = rates.epoch_id
            and newest_rate.observation_date = rates.observation_date
            and newest_rate.observation_date >= {{ days_before('newest_rate.as_of_date', 5) }}
    left join sums on newest_rate.as_of_date = sums.as_of_date
),

explained as (
    select
        *,
        capex_growth_pct - ocf_growth_pct as growth_gap_pp,
        case
            when capex_ttm_usd is null
                then 'four filed quarters, none older than {{ var("filing_max_age_days") }} days, are missing of:'
                {%- for company in companies %}
                || case
                    when {{ company }}_fresh is null then ' {{ company }} (newest ' || coalesce(cast({{ company }}_newest as varchar), 'never') || ')'
                    else ''
                end
                {%- endfor %}
            when capex_ocf_ratio is null then 'operating cash flow of the sum is not positive'
            when capex_growth_pct is null or ocf_growth_pct is null then 'the four quarters a year earlier are not known of every company'
            when tips_10y_pct is null
                then 'tips_10y_pct: ' || coalesce('newest known observation ' || cast(newest_rate_date as varchar) || ' is older than 5 days', 'never observed')
            when discount_rate_500d_mean_pct is null then 'tips_10y_pct: fewer than {{ window_length }} observations'
        end as no_data_reason,
        least(oldest_quarter_end_date, rate_date) as oldest_input_date, -- skips what was not used
        min(case when companies_available > 0 or discount_rate_pct is not null then as_of_date end) over () as first_day
    from daily
)

select
    * exclude (
        {%- for company in companies %}
        {{ company }}_fresh,
        {{ company }}_newest,
        {%- endfor %}
        is_estimated,
        rate_date,
        newest_rate_date,
        first_day
    ),
    rate_date as discount_rate_date,
    {{ usage_warnings(["case when is_estimated then 'estimated' end"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from explained
-- never observed: it says so since the day on which the scorecard of unbuilt theses begins, too
where as_of_date >= coalesce(first_day, date '{{ var("scorecard_from") }}')
