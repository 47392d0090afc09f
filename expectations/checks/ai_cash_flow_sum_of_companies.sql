-- table: marts.ai_cash_flow
-- severity: critical
-- reason: the sum is that of the five companies' figures which stood that day, none older than 140 days, and null with fewer
-- needs: marts.ai_cash_flow, marts.ai_cash_flow_companies
with standing as (
    select
        known_on_date as first_day,
        coalesce(lead(known_on_date) over (partition by company order by known_on_date), date '9999-12-31') as next_day,
        carried_until_date, capex_ttm_usd, ocf_ttm_usd
    from marts.ai_cash_flow_companies
),
summed as (
    select
        daily.as_of_date,
        count(*) as companies,
        sum(standing.capex_ttm_usd) as capex_usd,
        sum(standing.ocf_ttm_usd) as ocf_usd
    from marts.ai_cash_flow as daily
    inner join standing on daily.as_of_date >= standing.first_day and daily.as_of_date < standing.next_day and daily.as_of_date <= standing.carried_until_date
    group by daily.as_of_date
)
select daily.as_of_date, daily.companies_available, daily.capex_ttm_usd, summed.capex_usd, daily.ocf_ttm_usd, summed.ocf_usd
from marts.ai_cash_flow as daily
left join summed on daily.as_of_date = summed.as_of_date
where daily.companies_available <> coalesce(summed.companies, 0)
    or (daily.capex_ttm_usd is null) <> (coalesce(summed.companies, 0) < 5)
    or abs(daily.capex_ttm_usd - summed.capex_usd) > 1
    or abs(daily.ocf_ttm_usd - summed.ocf_usd) > 1
order by daily.as_of_date
