-- Prices on mart days, per epoch: `price` moves with splits only, `total_return` with distributions too, both chained forward
-- from the first bar, so that a later split or dividend rewrites nothing. The S&P 500 is the index; before its first day,
-- SPY scaled to it.
{%- set members = instruments() %}
{%- set quantities = ['sp500_index'] %}
{%- set read_with = [] %}
{%- for member in members + ['spy'] %}
{%- for suffix in ['close_usd', 'dividend_usd', 'split_ratio'] %}{% do quantities.append(member ~ '_' ~ suffix) %}{% endfor %}
{%- for suffix in ['dividend_usd', 'split_ratio'] %}{% do read_with.append((member ~ '_close_usd', member ~ '_' ~ suffix)) %}{% endfor %}
{%- endfor %}
with

panel as (
    select
        *,
        case
            when quantity = 'sp500_index' then 'sp500'
            else regexp_extract(quantity, '^(.*?)_(close_usd|dividend_usd|split_ratio)$', 1)
        end as instrument
    from {{ known_panel(quantities, read_with) }}
),

days as (
    select
        days.as_of_date,
        days.session_number,
        epochs.epoch_id,
        epochs.first_day,
        epochs.last_day
    from {{ epochs(quantities, read_with) }} as epochs
    inner join {{ ref('int_trading_days') }} as days on days.as_of_date <= epochs.last_day
),

closes as (
    select epoch_id, instrument, observation_date, value as close, known_on
    from panel
    where quantity like '%\_close\_usd' escape '\' or quantity = 'sp500_index'
),

-- the scale that makes SPY continue into the index at the first day both have
index_start as (
    select
        spy.epoch_id,
        min(spy.observation_date) as observation_date,
        {{ first_by('sp500.close / spy.close', 'spy.observation_date') }} as scale,
        min(sp500.observation_date) as index_first_date
    from closes as spy
    inner join closes as sp500
        on
            spy.epoch_id = sp500.epoch_id
            and spy.observation_date = sp500.observation_date
            and sp500.instrument = 'sp500'
    where spy.instrument = 'spy'
    group by spy.epoch_id
),

bars as (
    select epoch_id, instrument, observation_date, close, known_on
    from closes
    where instrument != 'spy'
    union all
    select spy.epoch_id, 'sp500' as instrument, spy.observation_date, spy.close * index_start.scale as close, spy.known_on
    from closes as spy
    inner join index_start on spy.epoch_id = index_start.epoch_id
    where
        spy.instrument = 'spy'
        and spy.observation_date < (
            select min(first_bar.observation_date)
            from closes as first_bar
            where first_bar.instrument = 'sp500' and first_bar.epoch_id = spy.epoch_id
        )
),

actions as (
    select
        bars.epoch_id,
        bars.instrument,
        bars.observation_date,
        bars.known_on,
        bars.close,
        coalesce(max(case when events.quantity like '%\_split\_ratio' escape '\' then events.value end), 1) as split_ratio,
        coalesce(max(case when events.quantity like '%\_dividend\_usd' escape '\' then events.value end), 0) as dividend
    from bars
    left join panel as events
        on
            bars.epoch_id = events.epoch_id
            and bars.instrument = events.instrument
            and bars.observation_date = events.observation_date
            and events.quantity not like '%\_close\_usd' escape '\'
            and events.quantity != 'sp500_index'
    group by bars.epoch_id, bars.instrument, bars.observation_date, bars.known_on, bars.close
),

adjusted as (
    select
        *,
        exp(sum(ln(split_ratio)) over history) as shares
    from actions
    window history as (
        partition by epoch_id, instrument
        order by observation_date rows between unbounded preceding and current row
    )
),

returns as (
    select
        *,
        close * shares as price,
        (close + dividend) * shares
        / lag(close * shares) over (partition by epoch_id, instrument order by observation_date) as growth
    from adjusted
),

chained as (
    select
        *,
        exp(sum(ln(coalesce(growth, 1))) over (
            partition by epoch_id, instrument
            order by observation_date rows between unbounded preceding and current row
        )) as total_return
    from returns
),

newest as (
    {{ newest_known('days', 'chained', 'instrument') }}
),

-- the newest bar known each day, at most five days old
sampled as (
    select
        days.epoch_id,
        days.as_of_date,
        days.session_number,
        days.first_day,
        days.last_day,
        chained.instrument,
        chained.observation_date,
        chained.price,
        chained.total_return
    from newest
    inner join days on newest.epoch_id = days.epoch_id and newest.as_of_date = days.as_of_date
    inner join chained
        on
            newest.epoch_id = chained.epoch_id
            and newest.instrument = chained.instrument
            and newest.observation_date = chained.observation_date
    where newest.observation_date >= {{ days_before('newest.as_of_date', 5) }}
)

select
    epoch_id,
    first_day,
    last_day,
    as_of_date,
    session_number,
    instrument,
    observation_date,
    price,
    total_return,
    min(observation_date) over (partition by epoch_id, instrument) as first_observation_date,
    ln(price / lag(price) over (partition by epoch_id, instrument order by as_of_date)) as log_return,
    ln(total_return / lag(total_return) over (partition by epoch_id, instrument order by as_of_date)) as log_total_return
from sampled
