{{ config(severity='warn', meta={'cross_check': ['lbma.gold_pm', 'spdr.gld_nav', 'spdr.gld_ounces']}) }}
-- Gold: net assets per ounce of the largest fund against the LBMA afternoon fixing, at which the fund values its metal.
-- Tolerance 0.5 %: on 5,026 recorded days half were within 0.03 % (accrued fees) and 99.9 % within 0.18 %. Days before 2008
-- are left out: the fund's file has two wrong ones in May 2007.
with

fund as (
    select
        assets.observation_date,
        assets.value / ounces.value as usd_oz
    from {{ current_values('gold', 'spdr.gld_nav') }} as assets
    inner join {{ current_values('gold', 'spdr.gld_ounces') }} as ounces on assets.observation_date = ounces.observation_date
    where ounces.value > 0
)

select
    fixing.observation_date,
    fixing.value as fixing_usd_oz,
    fund.usd_oz as fund_usd_oz,
    100 * abs(fund.usd_oz / fixing.value - 1) as difference_pct
from {{ current_values('gold', 'lbma.gold_pm') }} as fixing
inner join fund on fixing.observation_date = fund.observation_date
where
    fixing.observation_date >= date '2008-01-01'
    and fixing.value > 0
    and 100 * abs(fund.usd_oz / fixing.value - 1) > 0.5
