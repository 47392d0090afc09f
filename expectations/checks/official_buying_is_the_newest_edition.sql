-- table: marts.official_buying
-- severity: critical
-- reason: a day's newest quarter is the figure that the table of editions says was known that day
-- needs: marts.official_buying, marts.official_purchases
with standing as (
    select
        quarter_start_date, net_purchases_tonnes, known_on_date,
        coalesce(lead(known_on_date) over (partition by quarter_start_date order by known_on_date), date '9999-12-31') as next_day
    from marts.official_purchases
)
select daily.as_of_date, daily.quarter_start_date, daily.net_purchases_tonnes, standing.net_purchases_tonnes as edition_tonnes
from marts.official_buying as daily
left join standing
    on daily.quarter_start_date = standing.quarter_start_date and daily.as_of_date >= standing.known_on_date and daily.as_of_date < standing.next_day
where daily.quarter_start_date is not null and daily.net_purchases_tonnes is distinct from standing.net_purchases_tonnes
order by daily.as_of_date
