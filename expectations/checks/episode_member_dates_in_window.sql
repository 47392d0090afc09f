-- table: marts.episode_members
-- severity: critical
-- reason: breaks, peak, trough and recovery lie inside the episode's window and in their order
-- needs: marts.episodes
select m.episode_id, m.member, e.window_open_date, e.end_date, m.peak_date, m.trough_date, m.break_10pct_date, m.break_scaled_date, m.half_recovery_date
from marts.episode_members as m
left join marts.episodes as e using (episode_id)
cross join gate.run as r
where e.episode_id is null
    or least(m.peak_date, m.trough_date, m.break_10pct_date, m.break_scaled_date) < e.window_open_date
    or greatest(m.peak_date, m.trough_date, m.break_10pct_date, m.break_scaled_date, m.half_recovery_date) > coalesce(e.end_date, r.mart_day)
    or m.trough_date < m.peak_date
    or m.half_recovery_date <= m.trough_date
    or m.days_to_break_10pct is distinct from date_diff('day', e.window_open_date, m.break_10pct_date)
    or m.days_to_break_scaled is distinct from date_diff('day', e.window_open_date, m.break_scaled_date)
    or m.days_to_half_recovery is distinct from date_diff('day', m.trough_date, m.half_recovery_date)
order by m.episode_id, m.member
