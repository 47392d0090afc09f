{%- set coins = ['defillama.stablecoins.usdt', 'defillama.stablecoins.usdc', 'defillama.stablecoins.dai'] -%}
{%- set chains = [
    'defillama.stablecoins.ethereum', 'defillama.stablecoins.tron', 'defillama.stablecoins.bsc',
    'defillama.stablecoins.solana', 'defillama.stablecoins.arbitrum', 'defillama.stablecoins.base',
] -%}
{{ config(severity='warn', meta={'cross_check': ['defillama.stablecoins.total'] + coins + chains}) }}
-- Stablecoins: the total against its largest coins, and against its largest chains. The parts are not all there is, so they
-- must lie between 60 % and 102 % of the total: less means that a part or the total is of another unit or broke off (the
-- three coins were 75 % to 95 % of it since 2020, the six chains 65 % on the early days of Omni and above 85 % later); more
-- cannot be, but for coins counted in units of the peg while the total is in dollars (2 %). Days before 2020 are left out:
-- the history was backfilled in jumps.
with

total as (
    select observation_date, value from {{ current_values('onchain', 'defillama.stablecoins.total') }} as known
    where observation_date >= date '2020-01-01' and value > 0
),

parts as (
    {%- for kind, names in [('coins', coins), ('chains', chains)] %}
    {%- for name in names %}
    select '{{ kind }}' as kind, '{{ name }}' as name, observation_date, value from {{ current_values('onchain', name) }} as known
    {{ 'union all' if not (loop.last and kind == 'chains') }}
    {%- endfor %}
    {%- endfor %}
),

newest as (
    select kind, name, max(observation_date) as observation_date
    from parts
    group by kind, name
),

-- compared once every part has loaded, and up to the day that all of them have reached
reached as (
    select kind, min(observation_date) as observation_date
    from newest
    group by kind
    having count(*) = case kind when 'coins' then {{ coins | length }} else {{ chains | length }} end
),

sums as (
    select kind, observation_date, sum(value) as value
    from parts
    group by kind, observation_date
)

select
    total.observation_date,
    sums.kind,
    total.value as total_usd,
    sums.value as parts_usd,
    100 * sums.value / total.value as share_pct
from total
inner join sums on total.observation_date = sums.observation_date
inner join reached on sums.kind = reached.kind and total.observation_date <= reached.observation_date
where sums.value > 1.02 * total.value or sums.value < 0.6 * total.value
