-- table: meta.series
-- severity: critical
-- reason: a series has at least one version per observation and a range of plausible values
with ledger as (
    select * from meta.series
)
select series_id, first_date, first_observation_date, newest_observation_date, observations, versions
from ledger
cross join gate.run as r
where versions < observations
    or first_observation_date > newest_observation_date
    or newest_observation_date > r.mart_day + 400 -- forecasts and dated last days of a period, not another calendar
    or plausible_low >= plausible_high
order by series_id
