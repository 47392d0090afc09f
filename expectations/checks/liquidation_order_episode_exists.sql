-- table: marts.liquidation_order
-- severity: critical
-- reason: a day speaks of an episode that is listed and was confirmed by then
-- needs: marts.episodes
select d.as_of_date, d.episode_id, e.confirmation_date
from marts.liquidation_order as d
left join marts.episodes as e using (episode_id)
cross join gate.run as r
where d.as_of_date = r.mart_day
    and (e.episode_id is null or e.confirmation_date > d.as_of_date)
order by d.as_of_date
