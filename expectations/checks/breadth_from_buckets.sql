-- table: marts.synchronised_stress
-- severity: critical
-- reason: breadth counts the buckets listed as below, five rows a day, and is null when one of them is not measured
-- needs: marts.synchronised_buckets
with counted as (
    select
        as_of_date,
        count(*) as listed,
        count(is_below) as measured,
        count(*) filter (where is_below) as below
    from marts.synchronised_buckets
    group by as_of_date
)
select s.as_of_date, s.breadth, s.buckets_available, c.listed, c.measured, c.below
from marts.synchronised_stress as s
join counted as c using (as_of_date)
where c.listed <> 5
    or s.buckets_available <> c.measured
    or (s.breadth is null) <> (c.measured < 5)
    or s.breadth <> c.below
order by s.as_of_date
