-- table: marts.official_holdings
-- severity: critical
-- reason: a month's ten largest are its ten largest, and a change is the difference of two rows of one country
with ordered as (
    select
        now.*,
        (select count(*) from marts.official_holdings as other where other.month_end_date = now.month_end_date and other.holdings_tonnes > now.holdings_tonnes) as larger,
        before.holdings_tonnes as held_before
    from marts.official_holdings as now
    left join marts.official_holdings as before
        on now.country = before.country and before.month_end_date = last_day(now.month_end_date - interval '1' year)
    where now.month_end_date >= (select max(month_end_date) - 400 from marts.official_holdings)
)
select country, month_end_date, holdings_tonnes, holdings_rank, is_top_ten, change_12m_tonnes, held_before
from ordered
where holdings_rank <> larger + 1
    or is_top_ten <> (holdings_rank <= 10)
    or (change_12m_tonnes is null) <> (held_before is null)
    or abs(holdings_tonnes - held_before - change_12m_tonnes) > 1e-9
    or is_net_buyer_12m <> (change_12m_tonnes > 0)
order by month_end_date, holdings_rank
