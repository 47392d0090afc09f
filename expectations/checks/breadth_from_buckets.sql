-- table: marts.synchronised_stress
-- severity: critical
-- reason: breadth counts the buckets listed as below, five rows a day, and is null when one is not measured; AI stocks stand beside them
-- needs: marts.synchronised_buckets
with counted as (
    select
        as_of_date,
        count(*) filter (where counts_for_breadth) as listed,
        count(*) filter (where bucket = 'ai_stocks' and not counts_for_breadth) as beside,
        count(is_below) filter (where counts_for_breadth) as measured,
        count(*) filter (where is_below and counts_for_breadth) as below
    from marts.synchronised_buckets
    group by as_of_date
)
select s.as_of_date, s.breadth, s.buckets_available, c.listed, c.beside, c.measured, c.below
from marts.synchronised_stress as s
join counted as c using (as_of_date)
where c.listed <> 5
    or c.beside <> (s.as_of_date >= date '2025-12-01')::int -- the first month of their list
    or s.buckets_available <> c.measured
    or (s.breadth is null) <> (c.measured < 5)
    or s.breadth <> c.below
order by s.as_of_date
