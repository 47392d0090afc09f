-- What part II ranks: instruments and equal-weight baskets of them, rebalanced monthly, as levels on mart days.
-- Within a month a basket moves by the mean growth of its members since the last session of the month before; it is null
-- on a day when fewer than half of its members have both prices, and a new member enters at a month start only.
with

prices as (
    select * from {{ ref('int_instrument_prices') }}
),

members as (
    select
        bucket,
        member,
        price_prefix as instrument,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to,
        cast(coalesce(min_history_years, 0) as integer) as min_history_years
    from {{ ref('basket_members') }}
),

sessions as (
    select
        days.as_of_date,
        days.session_number,
        days.month_start,
        max(base.as_of_date) as base_date
    from {{ ref('int_trading_days') }} as days
    inner join (
        select month_start, max(as_of_date) as as_of_date
        from {{ ref('int_trading_days') }}
        group by month_start
    ) as base on base.month_start < days.month_start and base.month_start >= days.month_start - interval '1' month
    group by days.as_of_date, days.session_number, days.month_start
),

listed as (
    select
        prices.epoch_id,
        members.bucket,
        members.member,
        members.instrument,
        members.valid_from,
        members.valid_to,
        members.min_history_years,
        min(prices.observation_date) as first_observation_date
    from members
    inner join prices on members.instrument = prices.instrument
    group by
        prices.epoch_id, members.bucket, members.member, members.instrument,
        members.valid_from, members.valid_to, members.min_history_years
),

-- who counts in which month
membership as (
    select
        listed.epoch_id,
        listed.bucket,
        listed.instrument,
        months.month_start
    from listed
    cross join (select distinct month_start from {{ ref('int_trading_days') }}) as months
    where
        months.month_start > listed.first_observation_date
        and months.month_start >= coalesce(listed.valid_from, date '1900-01-01')
        and months.month_start <= coalesce(listed.valid_to, date '2999-12-31')
        and months.month_start
        >= cast(listed.first_observation_date + listed.min_history_years * interval '1' year as date)
),

growth as (
    select
        membership.epoch_id,
        membership.bucket,
        sessions.as_of_date,
        sessions.session_number,
        sessions.month_start,
        case
            when count(price.price / base.price) * 2 >= count(*) then avg(price.price / base.price)
        end as growth,
        case
            when count(price.price / base.price) * 2 >= count(*) then avg(price.total_return / base.total_return)
        end as total_growth,
        max(price.observation_date) as observation_date
    from membership
    inner join sessions on membership.month_start = sessions.month_start
    inner join (select distinct epoch_id, last_day from prices) as epochs
        on membership.epoch_id = epochs.epoch_id and sessions.as_of_date <= epochs.last_day
    left join prices as price
        on
            membership.epoch_id = price.epoch_id
            and membership.instrument = price.instrument
            and sessions.as_of_date = price.as_of_date
    left join prices as base
        on
            membership.epoch_id = base.epoch_id
            and membership.instrument = base.instrument
            and sessions.base_date = base.as_of_date
    group by
        membership.epoch_id, membership.bucket, sessions.as_of_date, sessions.session_number, sessions.month_start
),

months as (
    select
        epoch_id,
        bucket,
        month_start,
        coalesce({{ latest('growth', 'case when growth is not null then as_of_date end') }}, 1) as month_growth,
        coalesce({{ latest('total_growth', 'case when total_growth is not null then as_of_date end') }}, 1) as month_total_growth
    from growth
    group by epoch_id, bucket, month_start
),

bases as (
    select
        epoch_id,
        bucket,
        month_start,
        100 * exp(sum(ln(month_growth)) over history - ln(month_growth)) as base_level,
        100 * exp(sum(ln(month_total_growth)) over history - ln(month_total_growth)) as base_total_level
    from months
    window history as (
        partition by epoch_id, bucket order by month_start rows between unbounded preceding and current row
    )
),

levels as (
    select
        growth.epoch_id,
        growth.bucket as member,
        'bucket' as member_kind,
        growth.bucket,
        growth.as_of_date,
        growth.session_number,
        bases.base_level * growth.growth as price,
        bases.base_total_level * growth.total_growth as total_return,
        growth.observation_date
    from growth
    inner join bases
        on
            growth.epoch_id = bases.epoch_id
            and growth.bucket = bases.bucket
            and growth.month_start = bases.month_start
    where growth.growth is not null
    union all
    -- a basket begins at 100 on the last session before its first month
    select
        first_months.epoch_id,
        first_months.bucket as member,
        'bucket' as member_kind,
        first_months.bucket,
        base.as_of_date,
        base.session_number,
        100 as price,
        100 as total_return,
        base.as_of_date as observation_date
    from (
        select growth.epoch_id, growth.bucket, min(sessions.base_date) as base_date
        from growth
        inner join sessions on growth.as_of_date = sessions.as_of_date
        where growth.growth is not null
        group by growth.epoch_id, growth.bucket
    ) as first_months
    inner join {{ ref('int_trading_days') }} as base on first_months.base_date = base.as_of_date
    union all
    select
        prices.epoch_id,
        members.member,
        'member' as member_kind,
        members.bucket,
        prices.as_of_date,
        prices.session_number,
        prices.price,
        prices.total_return,
        prices.observation_date
    from prices
    inner join members on prices.instrument = members.instrument
    union all
    select
        epoch_id,
        'sp500' as member,
        'reference' as member_kind,
        'sp500' as bucket,
        as_of_date,
        session_number,
        price,
        total_return,
        observation_date
    from prices
    where instrument = 'sp500'
),

returns as (
    select
        levels.*,
        epochs.first_day,
        epochs.last_day,
        ln(levels.price / lag(levels.price) over path) as log_return,
        ln(levels.total_return / lag(levels.total_return) over path) as log_total_return
    from levels
    inner join (select distinct epoch_id, first_day, last_day from prices) as epochs on levels.epoch_id = epochs.epoch_id
    window path as (partition by levels.epoch_id, levels.member order by levels.as_of_date)
)

select
    epoch_id,
    first_day,
    last_day,
    member,
    member_kind,
    bucket,
    as_of_date,
    session_number,
    price,
    observation_date,
    log_return,
    log_total_return,
    case
        when count(log_return) over recent = {{ var('volatility_window') }}
            then stddev_samp(log_return) over recent * sqrt(21)
    end as monthly_volatility
from returns
window recent as (
    partition by epoch_id, member
    order by session_number rows between {{ var('volatility_window') - 1 }} preceding and current row
)
