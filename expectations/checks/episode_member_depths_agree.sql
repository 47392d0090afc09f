-- table: marts.episode_members
-- severity: critical
-- reason: depth from levels, depth in volatilities and both breaks tell the same story
select episode_id, member, peak_level, trough_level, depth_pct, monthly_vol_pct, depth_vols, break_10pct_date, break_scaled_date
from marts.episode_members
where abs(depth_pct - 100 * (trough_level / peak_level - 1)) > 1e-6
    or (depth_vols is null) <> (monthly_vol_pct is null or depth_pct is null)
    or abs(depth_vols - (-depth_pct / monthly_vol_pct)) > 1e-6
    or (depth_pct < -10 - 1e-9 and break_10pct_date is null)
    or (depth_pct > -10 + 1e-9 and break_10pct_date is not null)
    or (depth_vols > 1.5 + 1e-9 and break_scaled_date is null)
    or (coalesce(depth_vols, 0) < 1.5 - 1e-9 and break_scaled_date is not null)
order by episode_id, member
