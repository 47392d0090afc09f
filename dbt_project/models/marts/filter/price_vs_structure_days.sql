-- t5: does structure stand where prices are down? One row per mart day. Counted are the structures beneath a theme that is down
-- (crypto has two); one of them unknown, or a price, and there is no answer. Open interest in coin is a measure, not structure.
with

counted as (
    select
        as_of_date,
        {%- for theme in ['crypto', 'ai_tech', 'gold'] %}
        max(case when theme = '{{ theme }}' then price_drawdown_pct end) as {{ theme }}_drawdown_pct,
        {%- endfor %}
        {%- for structure in ['stablecoin_supply', 'tokenised_value', 'operating_cash_flow', 'physical_demand'] %}
        max(case when structure = '{{ structure }}' then structure_change_365d_pct end) as {{ structure }}_change_365d_pct,
        max(case when structure = '{{ structure }}' then quadrant end) as {{ structure }}_quadrant,
        {%- endfor %}
        bool_and(is_price_down is not null) as is_priced,
        count(distinct case when is_price_down then theme end) as themes_down,
        count(case when is_price_down then 1 end) as structures_tested,
        count(case when quadrant = 'stands' then 1 end) as structures_standing,
        count(case when quadrant = 'receding' then 1 end) as structures_receding,
        bool_or(is_price_down and structure = 'tokenised_value') as has_proxy,
        min(price_observation_date) as oldest_price_date,
        min(case when is_price_down then structure_observation_date end) as oldest_structure_date,
        string_agg(
            distinct case when is_price_down is null or (is_price_down and quadrant is null) then no_data_reason end, '; '
            order by case when is_price_down is null or (is_price_down and quadrant is null) then no_data_reason end
        ) as missing
    from {{ ref('price_vs_structure') }}
    group by as_of_date
),

interest as (
    select as_of_date, open_interest_coin, open_interest_fall_pct
    from {{ ref('crypto_leverage') }}
    where coin = 'btc'
)

select
    counted.as_of_date,
    {%- for theme in ['crypto', 'ai_tech', 'gold'] %}
    counted.{{ theme }}_drawdown_pct,
    {%- endfor %}
    {%- for structure in ['stablecoin_supply', 'tokenised_value', 'operating_cash_flow', 'physical_demand'] %}
    counted.{{ structure }}_change_365d_pct,
    counted.{{ structure }}_quadrant,
    {%- endfor %}
    {%- for count in ['themes_down', 'structures_tested', 'structures_standing', 'structures_receding'] %}
    case when counted.is_priced then cast(counted.{{ count }} as integer) end as {{ count }},
    {%- endfor %}
    case when counted.is_priced then counted.themes_down > 0 end as is_tested,
    case
        when counted.structures_tested > 0 and counted.missing is null
            then counted.structures_standing * 100.0 / counted.structures_tested
    end as standing_share_pct,
    interest.open_interest_coin as btc_open_interest_coin,
    interest.open_interest_fall_pct as btc_open_interest_fall_pct,
    least(counted.oldest_price_date, counted.oldest_structure_date) as oldest_input_date,
    counted.missing as no_data_reason,
    {{ usage_warnings(["case when counted.has_proxy then 'proxy' end", "'unofficial_source'", "'licence_internal'"]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from counted
left join interest on counted.as_of_date = interest.as_of_date
