-- table: marts.episodes
-- severity: critical
-- reason: window opens before the start, confirmation follows it, the end comes last, only the newest may be open
select episode_id, window_open_date, start_date, confirmation_date, end_date, status
from marts.episodes
where window_open_date > start_date
    or confirmation_date <= start_date
    or end_date <= confirmation_date
    or sp500_trough_date < confirmation_date
    or sp500_trough_date > end_date
    or (status = 'open') <> (end_date is null)
    or (end_date is null and start_date < (select max(start_date) from marts.episodes))
order by episode_id
