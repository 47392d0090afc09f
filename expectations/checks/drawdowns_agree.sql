-- table: marts.price_vs_structure
-- severity: critical
-- reason: a theme's 365-day drawdown is that of its bucket, computed in one place
-- needs: marts.synchronised_buckets
select s.as_of_date, s.theme, s.price_drawdown_pct, b.drawdown_365d_pct
from marts.price_vs_structure as s
join marts.synchronised_buckets as b on s.as_of_date = b.as_of_date and s.theme = b.bucket
where s.price_drawdown_pct <> b.drawdown_365d_pct
order by s.as_of_date, s.theme
