-- t3_2: do assets go on moving onto ledgers when prices fall? Per mart day the first basis that can answer, its value at market and at
-- the gold price of the episode's first day, growth, and the change in the episode; every day as known that day.
{%- set bases = [] %}
{%- for basis, asset_class, quantity in tokenised_members() if basis not in bases %}{% do bases.append(basis) %}{% endfor %}
{%- set counts = ['rwa_protocols_llama_count', 'rwa_total_llama_usd'] %}
with

preferred as (
    select
        *,
        row_number() over (
            partition by as_of_date
            order by
                case
                    when constant_growth_365d_pct is not null and constant_change_pct is not null then 0
                    when market_usd is not null then 1
                    when newest_observation_date is not null then 2
                    else 3
                end,
                case basis_id
                    {%- for basis in bases %}
                    when '{{ basis }}' then {{ loop.index }}
                    {%- endfor %}
                end
        ) as preference
    from {{ ref('int_tokenised_path') }}
),

days as (
    {{ epoch_days(counts, after=var('plumbing_from')) }}
),

panel as (
    select * from {{ known_panel(counts) }}
),

newest as (
    {{ newest_known('days', 'panel', 'quantity') }}
),

category as (
    select
        newest.as_of_date,
        max(case when newest.quantity = 'rwa_protocols_llama_count' then panel.value end) as protocols,
        max(case when newest.quantity = 'rwa_total_llama_usd' then panel.value end) as total_usd
    from newest
    inner join panel
        on {{ is_newest('panel', 'quantity') }}
    group by newest.as_of_date
),

daily as (
    select
        days.as_of_date,
        case when basis.market_usd is not null then basis.basis_id end as basis_id,
        basis.episode_id,
        basis.episode_label,
        basis.episode_status,
        basis.episode_start_date,
        basis.gold_base_usd_oz,
        basis.observation_date,
        basis.market_usd as market_value_usd,
        basis.constant_usd as constant_price_value_usd,
        basis.gold_oz,
        basis.market_growth_90d_pct,
        basis.market_growth_365d_pct,
        basis.constant_growth_90d_pct as constant_price_growth_90d_pct,
        basis.constant_growth_365d_pct as constant_price_growth_365d_pct,
        basis.market_change_pct as episode_market_change_pct,
        basis.constant_change_pct as episode_constant_change_pct,
        basis.constant_drawdown_pct as episode_constant_drawdown_pct,
        cast(basis.protocols as integer) as protocols_count,
        cast(category.protocols as integer) as category_protocols_count,
        category.total_usd as category_value_usd,
        least(basis.observation_date, basis.measured_observation_date) as oldest_input_date,
        case
            when basis.market_usd is null
                then 'tokenised assets: newest known day '
                    || coalesce(cast(basis.newest_observation_date as varchar) || ' is older than 5 days', 'is missing')
            when basis.episode_id is null then 'sp500_index: no episode is known'
            when basis.market_change_pct is null
                then basis.basis_id || ': no value from ' || cast(basis.episode_start_date as varchar) || ' to the day measured'
            when basis.market_growth_365d_pct is null then basis.basis_id || ': fewer than 365 days of this basis'
            when basis.constant_growth_365d_pct is null or basis.constant_change_pct is null
                then 'gold_pm_usd_oz: no price of ' || cast(basis.episode_start_date as varchar)
        end as no_data_reason
    from days
    left join preferred as basis on days.as_of_date = basis.as_of_date and basis.preference = 1
    left join category on days.as_of_date = category.as_of_date
)

select
    *,
    {{ usage_warnings(["'proxy'", "'unofficial_source'", "'licence_internal'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from daily
