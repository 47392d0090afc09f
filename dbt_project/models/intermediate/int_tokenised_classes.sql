-- Tokenised assets per epoch, basis, class and day: value at market and, of gold, ounces (value over the London price of that day or
-- the newest of five). A day's sum exists only where every member that has begun is there; what began later counts from its first
-- day on. The London price itself stands beside them as basis `gold_price`.
{%- set members = tokenised_members() %}
{%- set quantities = members | map(attribute=2) | list + ['gold_pm_usd_oz'] %}
with

members as (
    select listed.*
    from (
        values
        {%- for basis, asset_class, quantity in members %}
        ('{{ basis }}', '{{ asset_class }}', '{{ quantity }}'),
        {%- endfor %}
        ('gold_price', 'gold_price', 'gold_pm_usd_oz')
    ) as listed (basis_id, asset_class, quantity)
),

panel as (
    select * from {{ known_panel(quantities, tokenised_read_with()) }}
),

first_days as (
    select min(panel.observation_date) as observation_date
    from panel
    where panel.quantity != 'gold_pm_usd_oz'
),

observed as (
    select
        panel.*,
        members.basis_id,
        members.asset_class,
        min(panel.observation_date) over (partition by panel.epoch_id, panel.quantity) as begun_on
    from panel
    inner join members on panel.quantity = members.quantity
    cross join first_days
    where panel.observation_date >= {{ days_before('first_days.observation_date', 5) }}
),

sums as (
    select
        epoch_id,
        first_day,
        last_day,
        basis_id,
        asset_class,
        observation_date,
        max(known_on) as known_on,
        sum(value) as value_usd,
        count(*) as members_there,
        count(case when value > 0 then 1 end) as members_with_value,
        sum(case when observation_date = begun_on then 1 else 0 end) as members_beginning
    from observed
    group by epoch_id, first_day, last_day, basis_id, asset_class, observation_date
),

counted as (
    select
        *,
        sum(members_beginning) over (
            partition by epoch_id, basis_id, asset_class
            order by observation_date rows between unbounded preceding and current row
        ) as members_begun
    from sums
),

metal_bases as (
    select distinct epoch_id, basis_id
    from counted
    where asset_class = 'gold'
),

-- gold tokens and the price of gold in one line of days per basis, so that each day finds its price
priced as (
    select
        metal.*,
        last_value(metal.price_usd_oz ignore nulls) over recent as gold_usd_oz,
        last_value(metal.price_known_on ignore nulls) over recent as gold_known_on
    from (
        select
            epoch_id,
            basis_id,
            observation_date,
            cast(null as double) as price_usd_oz,
            cast(null as date) as price_known_on,
            0 as sorting
        from counted
        where asset_class = 'gold'
        union all
        select
            prices.epoch_id,
            bases.basis_id,
            prices.observation_date,
            prices.value_usd,
            prices.known_on,
            1 as sorting
        from counted as prices
        inner join metal_bases as bases on prices.epoch_id = bases.epoch_id
        where prices.asset_class = 'gold_price'
    ) as metal
    window recent as (
        partition by metal.epoch_id, metal.basis_id
        order by metal.observation_date range between interval '5' day preceding and current row
    )
)

select
    counted.epoch_id,
    counted.first_day,
    counted.last_day,
    counted.basis_id,
    counted.asset_class,
    counted.observation_date,
    greatest(counted.known_on, priced.gold_known_on) as known_on,
    counted.value_usd,
    counted.value_usd / priced.gold_usd_oz as gold_oz,
    counted.members_with_value
from counted
left join priced
    on
        counted.asset_class = 'gold'
        and counted.epoch_id = priced.epoch_id
        and counted.basis_id = priced.basis_id
        and counted.observation_date = priced.observation_date
        and priced.sorting = 0
where
    counted.members_there = counted.members_begun
    and (counted.asset_class != 'gold' or priced.gold_usd_oz is not null)
