-- table: marts.funding_stress
-- severity: critical
-- reason: the index is the mean of the contributions that are there, and null when fewer than three are
with contributions as (
    select
        as_of_date,
        components_available,
        funding_stress_index,
        [z for z in [z_sofr_iorb, z_effr_iorb, z_sofr_p99, z_tgcr_onrrp, z_reserves] if z is not null] as z
    from marts.funding_stress
)
select as_of_date, components_available, funding_stress_index, list_avg(z) as mean_of_contributions
from contributions
where components_available is distinct from len(z)
    or (funding_stress_index is null) <> (len(z) < 3)
    or abs(funding_stress_index - list_avg(z)) > 1e-9
order by as_of_date
