-- t5 per theme and structure: is the price down, and is what lies beneath it smaller than a year ago? Every day as known that day.
-- A price is down from a 365-day drawdown of -10 percent on, until it is above -5 percent. The changes of a structure are those of
-- its own mart, each inside one vintage (quarterly ones: against one and four quarters earlier).
{%- set structures = [
    ('crypto', 'stablecoin_supply', 'stablecoin_rails', 'stablecoin_supply_usd', 'supply_growth_90d_pct', 'supply_growth_365d_pct',
        'observation_date', 'USD'),
    ('crypto', 'tokenised_value', 'tokenised_assets', 'constant_price_value_usd', 'constant_price_growth_90d_pct',
        'constant_price_growth_365d_pct', 'observation_date', 'USD'),
    ('ai_tech', 'operating_cash_flow', 'ai_cash_flow', 'ocf_ttm_usd', 'ocf_quarter_growth_pct', 'ocf_growth_pct',
        'oldest_quarter_end_date', 'USD'),
    ('gold', 'physical_demand', 'physical_vs_paper', 'physical_4q_tonnes', 'physical_4q_quarter_growth_pct', 'physical_4q_growth_pct',
        'quarter_start_date', 'tonnes'),
] %}
with

paths as (
    select
        prices.epoch_id,
        prices.first_day,
        prices.last_day,
        prices.bucket as theme,
        prices.as_of_date,
        prices.observation_date,
        prices.price,
        drawdowns.drawdown_365d_pct as drawdown_pct
    from {{ ref('int_member_prices') }} as prices
    left join {{ ref('int_bucket_drawdowns') }} as drawdowns
        on
            prices.epoch_id = drawdowns.epoch_id
            and prices.bucket = drawdowns.bucket
            and prices.as_of_date = drawdowns.as_of_date
    where prices.member_kind = 'bucket' and prices.bucket in ('crypto', 'ai_tech', 'gold')
),

states as (
    select
        *,
        coalesce(last_value(
            case
                when drawdown_pct <= {{ var('theme_down_pct') }} then true
                when drawdown_pct > {{ var('theme_recovered_pct') }} then false
            end ignore nulls
        ) over (
            partition by epoch_id, theme order by as_of_date rows between unbounded preceding and current row
        ), false) as is_down
    from paths
),

prices as (
    select
        as_of_date,
        theme,
        observation_date,
        price,
        drawdown_pct,
        is_down
    from states
    where as_of_date between first_day and last_day and drawdown_pct is not null
),

days as (
    select days.as_of_date
    from {{ ref('int_trading_days') }} as days
    -- without any price it says so since the day on which the scorecard of unbuilt theses begins
    inner join (select min(as_of_date) as first_day from prices) as begun
        on days.as_of_date >= coalesce(begun.first_day, date '{{ var("scorecard_from") }}')
),

structures as (
    {%- for theme, structure, model, value, change_90d, change_365d, dated, unit in structures %}
    select
        days.as_of_date,
        '{{ theme }}' as theme,
        '{{ structure }}' as structure,
        '{{ unit }}' as unit,
        {{ model }}.{{ value }} as value,
        case when {{ model }}.{{ value }} is not null then {{ model }}.{{ dated }} end as observation_date,
        {{ model }}.{{ change_90d }} as change_90d_pct,
        round({{ model }}.{{ change_365d }}, 9) as change_365d_pct,
        {{ model }}.no_data_reason
    from days
    left join {{ ref(model) }} as {{ model }} on days.as_of_date = {{ model }}.as_of_date
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

judged as (
    select
        structures.as_of_date,
        structures.theme,
        structures.structure,
        prices.observation_date as price_observation_date,
        prices.price as price_index,
        prices.drawdown_pct as price_drawdown_pct,
        prices.is_down as is_price_down,
        structures.observation_date as structure_observation_date,
        structures.value as structure_value,
        structures.unit as structure_unit,
        structures.change_90d_pct as structure_change_90d_pct,
        structures.change_365d_pct as structure_change_365d_pct,
        structures.change_365d_pct >= 0 as is_structure_up,
        case
            when prices.as_of_date is null then structures.theme || ': no price'
            when structures.change_365d_pct is null
                then structures.structure || ': ' || coalesce(structures.no_data_reason, 'no value of a year earlier')
        end as no_data_reason
    from structures
    left join prices on structures.as_of_date = prices.as_of_date and structures.theme = prices.theme
)

select
    as_of_date,
    theme,
    structure,
    price_observation_date,
    price_index,
    price_drawdown_pct,
    is_price_down,
    structure_observation_date,
    structure_value,
    structure_unit,
    structure_change_90d_pct,
    structure_change_365d_pct,
    is_structure_up,
    case
        when is_price_down and is_structure_up then 'stands'
        when is_price_down and not is_structure_up then 'receding'
        when not is_price_down and not is_structure_up then 'speculation'
        when not is_price_down and is_structure_up then 'expansion'
    end as quadrant,
    no_data_reason,
    {{ usage_warnings(["case when structure = 'tokenised_value' then 'proxy' end", "'unofficial_source'", "'licence_internal'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from judged
