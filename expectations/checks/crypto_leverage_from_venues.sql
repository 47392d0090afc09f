-- table: marts.crypto_leverage
-- severity: critical
-- reason: open interest is the sum over its venues, funding their weighted mean, and nothing is older than five days
-- needs: marts.crypto_venues
with venues as (
    select
        as_of_date,
        coin,
        sum(open_interest_coin) as interest,
        count(open_interest_coin) as with_interest,
        sum(case when funding_annualised_pct is not null then open_interest_coin end) as weight,
        sum(funding_annualised_pct * open_interest_coin) as weighted
    from marts.crypto_venues
    where venue <> 'bitmex'
    group by as_of_date, coin
)
select l.as_of_date, l.coin, l.open_interest_coin, v.interest, l.funding_oi_weighted_pct, v.weighted / v.weight as weighted_mean
from marts.crypto_leverage as l
inner join venues as v using (as_of_date, coin)
where (l.open_interest_coin is null) <> (v.with_interest < 2)
    or abs(l.open_interest_coin - v.interest) > 1e-9 * v.interest
    or abs(l.funding_oi_weighted_pct - v.weighted / v.weight) > 1e-9 * greatest(1, abs(l.funding_oi_weighted_pct))
    or l.oldest_input_date < l.as_of_date - 5
order by l.as_of_date, l.coin
