-- table: marts.episode_members
-- severity: critical
-- reason: every episode has the index, and every bucket that an earlier episode had
-- needs: marts.episodes
with since as (
    select
        member,
        min(episode_id) as first_episode
    from marts.episode_members
    where member_kind = 'bucket'
    group by member
    union all
    select 'sp500', null
)
select e.episode_id, s.member
from marts.episodes as e
inner join since as s on e.episode_id >= coalesce(s.first_episode, e.episode_id)
left join marts.episode_members as m on m.episode_id = e.episode_id and m.member = s.member
where m.member is null
order by e.episode_id, s.member
