-- table: marts.stablecoin_rails
-- severity: warning
-- reason: a day's change of the supply beyond fifteen of its own standard deviations and 3 percent: a broken adapter or a backfill, or an event worth a word
with changes as (
    select as_of_date, stablecoin_supply_usd, ln(stablecoin_supply_usd / lag(stablecoin_supply_usd) over (order by as_of_date)) as change
    from marts.stablecoin_rails
    where stablecoin_supply_usd > 0
),
measured as (
    select
        *,
        stddev_samp(change) over (order by as_of_date rows between 250 preceding and 1 preceding) as usual,
        count(change) over (order by as_of_date rows between 250 preceding and 1 preceding) as days
    from changes
)
select as_of_date, stablecoin_supply_usd, 100 * change as change_pct, 100 * usual as usual_pct
from measured
where days >= 60 and abs(change) > 0.03 and abs(change) > 15 * usual
order by as_of_date
