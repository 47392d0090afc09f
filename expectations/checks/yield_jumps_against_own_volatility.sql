-- table: marts.rate_cut_repricing
-- severity: warning
-- reason: a daily change of the 1- or 2-year yield beyond twelve of its own last 250 standard deviations is likely a wrong number (15 days are looked at: 1979-10-10, 1987-10-21, 2022-02-11 were real)
with moves as (
    select
        as_of_date,
        ust_1y_pct - lag(ust_1y_pct) over days as move_1y,
        ust_2y_pct - lag(ust_2y_pct) over days as move_2y
    from marts.rate_cut_repricing
    window days as (order by as_of_date)
),
scaled as (
    select
        *,
        stddev_samp(move_1y) over before as sd_1y,
        stddev_samp(move_2y) over before as sd_2y,
        count(move_1y) over before as moves_before
    from moves
    window before as (order by as_of_date rows between 250 preceding and 1 preceding)
)
select as_of_date, move_1y, sd_1y, move_2y, sd_2y
from scaled
cross join gate.run as r
where as_of_date > r.mart_day - interval 15 day
    and moves_before = 250 and (abs(move_1y) > 12 * greatest(sd_1y, 0.01) or abs(move_2y) > 12 * greatest(sd_2y, 0.01))
order by as_of_date
