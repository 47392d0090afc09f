-- Tokenised assets per mart day and basis, as known that day: value at market and at the gold price of the episode's first day, growth,
-- and the change since that day (up to the mart day or to the episode's end). A day's value needs every class of the rule that began.
with

classes as (
    select * from {{ ref('int_tokenised_classes') }}
),

sums as (
    select
        epoch_id,
        basis_id,
        observation_date,
        max(known_on) as known_on,
        sum(value_usd) as market_usd,
        sum(case when asset_class = 'gold' then 0 else value_usd end) as dollars_usd,
        sum(coalesce(gold_oz, 0)) as gold_oz,
        sum(members_with_value) as protocols,
        count(*) as classes_there,
        sum(case when observation_date = begun_on then 1 else 0 end) as classes_beginning
    from (
        select
            *,
            min(observation_date) over (partition by epoch_id, basis_id, asset_class) as begun_on
        from classes
        where asset_class in {{ sql_list(tokenised_rule_classes()) }}
    ) as begun
    group by epoch_id, basis_id, observation_date
),

levels as (
    select *
    from (
        select
            *,
            sum(classes_beginning) over (
                partition by epoch_id, basis_id
                order by observation_date rows between unbounded preceding and current row
            ) as classes_begun
        from sums
    ) as counted
    where classes_there = classes_begun
),

compared as (
    select
        *,
        {%- for growth_days in [90, 365] %}
        {%- for part in ['market_usd', 'dollars_usd', 'gold_oz'] %}
        last_value({{ part }}) over (
            partition by epoch_id, basis_id
            order by observation_date
            range between interval '{{ growth_days + 5 }}' day preceding and interval '{{ growth_days }}' day preceding
        ) as {{ part }}_{{ growth_days }}d {{- "," if not loop.last }}
        {%- endfor %} {{- "," if not loop.last }}
        {%- endfor %}
    from levels
),

sessions as (
    select days.as_of_date, spans.epoch_id, spans.first_day, spans.last_day
    from {{ ref('int_trading_days') }} as days
    inner join (
        select epoch_id, first_day, last_day, min(observation_date) as observation_date
        from classes
        group by epoch_id, first_day, last_day
    ) as spans on days.as_of_date <= spans.last_day and days.as_of_date > spans.observation_date
),

newest as (
    {{ newest_known('sessions', 'compared', 'basis_id') }}
),

sampled as (
    select
        newest.as_of_date,
        newest.observation_date as newest_observation_date,
        newest.basis_id as basis,
        newest.epoch_id as epoch,
        compared.*
    from newest
    left join compared
        on {{ is_newest('compared', 'basis_id') }}
),

days as (
    select
        sessions.as_of_date,
        sessions.epoch_id,
        episode_days.episode_id,
        episode_days.episode_label,
        episode_days.episode_status,
        episode_days.start_date,
        episode_days.measured_date
    from sessions
    left join {{ ref('int_episode_days') }} as episode_days on sessions.as_of_date = episode_days.as_of_date
    where sessions.as_of_date >= sessions.first_day
),

windows as (
    select
        days.epoch_id,
        days.start_date,
        max(days.measured_date) as last_date,
        {{ latest('prices.value_usd', 'prices.observation_date') }} as gold_base_usd_oz
    from days
    left join classes as prices
        on
            days.epoch_id = prices.epoch_id
            and prices.basis_id = 'gold_price'
            and prices.observation_date between {{ days_before('days.start_date', 5) }} and days.start_date
            and prices.known_on <= days.start_date
    where days.start_date is not null
    group by days.epoch_id, days.start_date
),

paths as (
    select
        windows.epoch_id,
        windows.start_date,
        windows.gold_base_usd_oz,
        sampled.basis,
        sampled.as_of_date,
        sampled.observation_date,
        sampled.market_usd,
        sampled.dollars_usd + sampled.gold_oz * windows.gold_base_usd_oz as constant_usd
    from windows
    inner join sampled
        on
            windows.epoch_id = sampled.epoch
            and sampled.as_of_date between windows.start_date and windows.last_date
    where sampled.market_usd is not null
),

since_start as (
    select
        *,
        first_value(as_of_date) over path as first_date,
        (market_usd / nullif(first_value(market_usd) over path, 0) - 1) * 100 as market_change_pct,
        (constant_usd / nullif(first_value(constant_usd) over path, 0) - 1) * 100 as constant_change_pct,
        (constant_usd / nullif(max(constant_usd) over path, 0) - 1) * 100 as constant_fall_pct
    from paths
    window path as (
        partition by epoch_id, start_date, basis
        order by as_of_date rows between unbounded preceding and current row
    )
),

deepest as (
    select
        *,
        min(constant_fall_pct) over (
            partition by epoch_id, start_date, basis
            order by as_of_date rows between unbounded preceding and current row
        ) as constant_drawdown_pct
    from since_start
    where first_date = start_date
)

select
    days.as_of_date,
    sampled.basis as basis_id,
    days.episode_id,
    days.episode_label,
    days.episode_status,
    days.start_date as episode_start_date,
    windows.gold_base_usd_oz,
    sampled.newest_observation_date,
    sampled.observation_date,
    sampled.market_usd,
    sampled.gold_oz,
    sampled.protocols,
    sampled.dollars_usd + sampled.gold_oz * windows.gold_base_usd_oz as constant_usd,
    {%- for growth_days in [90, 365] %}
    (sampled.market_usd / nullif(sampled.market_usd_{{ growth_days }}d, 0) - 1) * 100 as market_growth_{{ growth_days }}d_pct,
    (
        (sampled.dollars_usd + sampled.gold_oz * windows.gold_base_usd_oz)
        / nullif(sampled.dollars_usd_{{ growth_days }}d + sampled.gold_oz_{{ growth_days }}d * windows.gold_base_usd_oz, 0) - 1
    ) * 100 as constant_growth_{{ growth_days }}d_pct,
    {%- endfor %}
    deepest.observation_date as measured_observation_date,
    deepest.market_change_pct,
    deepest.constant_change_pct,
    deepest.constant_drawdown_pct
from days
inner join sampled on days.epoch_id = sampled.epoch and days.as_of_date = sampled.as_of_date
left join windows on days.epoch_id = windows.epoch_id and days.start_date = windows.start_date
left join deepest
    on
        days.epoch_id = deepest.epoch_id
        and days.start_date = deepest.start_date
        and days.measured_date = deepest.as_of_date
        and sampled.basis = deepest.basis
where sampled.basis != 'gold_price'
