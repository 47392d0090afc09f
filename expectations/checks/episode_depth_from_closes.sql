-- table: marts.episodes
-- severity: critical
-- reason: depth follows from the closes, the length from the dates, and sessions are the weekdays in it without holidays
select e.episode_id, e.sp500_start_close, e.sp500_trough_close, e.sp500_depth_pct, e.length_days, e.sessions
from marts.episodes as e
cross join gate.run as r
where abs(e.sp500_depth_pct - 100 * (e.sp500_trough_close / e.sp500_start_close - 1)) > 1e-6
    or e.sp500_start_close <= 0
    or e.length_days <> date_diff('day', e.start_date, coalesce(e.end_date, r.mart_day))
    or e.sessions not between 0.6 * e.length_days - 5 and e.length_days + 1
order by e.episode_id
