-- What five companies spend on equipment and earn in cash: one row per company and mart day on which a filing changed something.
-- A quarter is dated by its LAST day (fiscal years differ). Trailing figures join four quarters in a row whose purchases and
-- operating cash flow are both known, the newest such four; a year earlier means the four before them, as known the same day.
{%- set companies = ['msft', 'googl', 'amzn', 'meta', 'orcl'] %}
{%- set measures = ['capex', 'operating_cash_flow', 'finance_lease_assets'] %}
{%- set quantities = [] %}
{%- for company in companies %}
{%- for measure in measures %}{% do quantities.append(company ~ '_' ~ measure ~ '_usd') %}{% endfor %}
{%- endfor %}
{%- set four = "(partition by snapshot_day, company order by quarter_end_date rows between 3 preceding and current row)" %}
with

known as (
    select
        snapshot_day,
        upper(split_part(quantity, '_', 1)) as company,
        substr(quantity, strpos(quantity, '_') + 1) as measure,
        observation_date as quarter_end_date,
        value,
        known_on
    from {{ known_snapshots("versions.quantity in " ~ sql_list(quantities)) }}
),

-- a company's rows of a snapshot that only another company's filing made are left out
filed as (
    select distinct snapshot_day, company
    from known
    where known_on = snapshot_day
),

quarters as (
    select
        known.snapshot_day,
        known.company,
        known.quarter_end_date,
        max(case when known.measure = 'capex_usd' then known.value end) as capex_usd,
        max(case when known.measure = 'operating_cash_flow_usd' then known.value end) as ocf_usd,
        max(case when known.measure = 'finance_lease_assets_usd' then known.value end) as lease_assets_usd
    from known
    inner join filed on known.snapshot_day = filed.snapshot_day and known.company = filed.company
    group by known.snapshot_day, known.company, known.quarter_end_date
),

-- only quarters with both legs count, so that a hole is a gap between two rows
gaps as (
    select
        *,
        {{ days_between("lag(quarter_end_date, 3) over quarters_in_order", "quarter_end_date") }} as days_of_four
    from quarters
    where capex_usd is not null and ocf_usd is not null
    window quarters_in_order as (partition by snapshot_day, company order by quarter_end_date)
),

-- three steps of a quarter are 12, 13 or 14 weeks each
trailing_sums as (
    select
        *,
        case when days_of_four between 250 and 300 then sum(capex_usd) over {{ four }} end as capex_ttm_usd,
        case when days_of_four between 250 and 300 then sum(ocf_usd) over {{ four }} end as ocf_ttm_usd,
        case
            when days_of_four between 250 and 300 and count(lease_assets_usd) over {{ four }} = 4
                then sum(lease_assets_usd) over {{ four }}
        end as lease_assets_ttm_usd,
        min(quarter_end_date) over {{ four }} as first_quarter_end_date
    from gaps
),

steps as (
    select
        *,
        {{ days_between("lag(quarter_end_date, 4) over quarters_in_order", "quarter_end_date") }} between 350 and 380 as has_year_earlier,
        lag(capex_ttm_usd, 4) over quarters_in_order as capex_four_back_usd,
        lag(ocf_ttm_usd, 4) over quarters_in_order as ocf_four_back_usd,
        {{ days_between("lag(quarter_end_date, 1) over quarters_in_order", "quarter_end_date") }} between 80 and 105 as has_quarter_earlier,
        lag(ocf_ttm_usd, 1) over quarters_in_order as ocf_one_back_usd
    from trailing_sums
    window quarters_in_order as (partition by snapshot_day, company order by quarter_end_date)
),

newest as (
    select
        *,
        case when has_year_earlier then capex_four_back_usd end as capex_year_earlier_ttm_usd,
        case when has_year_earlier then ocf_four_back_usd end as ocf_year_earlier_ttm_usd,
        case when has_quarter_earlier then ocf_one_back_usd end as ocf_quarter_earlier_ttm_usd,
        row_number() over (partition by snapshot_day, company order by quarter_end_date desc) as place
    from steps
    where capex_ttm_usd is not null
)

select
    company,
    snapshot_day as known_on_date,
    quarter_end_date,
    first_quarter_end_date,
    {{ days_before('quarter_end_date', -var('filing_max_age_days')) }} as carried_until_date,
    capex_usd,
    ocf_usd,
    capex_ttm_usd,
    lease_assets_ttm_usd as finance_lease_assets_ttm_usd,
    capex_ttm_usd + coalesce(lease_assets_ttm_usd, 0) as capex_incl_leases_ttm_usd,
    ocf_ttm_usd,
    ocf_ttm_usd - capex_ttm_usd as fcf_ttm_usd,
    case when ocf_ttm_usd > 0 then capex_ttm_usd / ocf_ttm_usd end as capex_ocf_ratio,
    capex_year_earlier_ttm_usd,
    ocf_year_earlier_ttm_usd,
    ocf_quarter_earlier_ttm_usd,
    case when capex_year_earlier_ttm_usd > 0 then (capex_ttm_usd / capex_year_earlier_ttm_usd - 1) * 100 end as capex_growth_pct,
    case when ocf_year_earlier_ttm_usd > 0 then (ocf_ttm_usd / ocf_year_earlier_ttm_usd - 1) * 100 end as ocf_growth_pct,
    case
        when capex_year_earlier_ttm_usd > 0 and ocf_year_earlier_ttm_usd > 0
            then (capex_ttm_usd / capex_year_earlier_ttm_usd - ocf_ttm_usd / ocf_year_earlier_ttm_usd) * 100
    end as growth_gap_pp,
    case when ocf_ttm_usd > ocf_year_earlier_ttm_usd then capex_ttm_usd / (ocf_ttm_usd - ocf_year_earlier_ttm_usd) end as capex_per_new_ocf_ratio,
    {{ usage_warnings([]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from newest
where place = 1
