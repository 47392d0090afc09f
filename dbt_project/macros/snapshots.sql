{#
  The as-of macro for slow quantities (filings, quarterly editions, official holdings): a snapshot on every mart day on which
  something became known. `known_panel` (two_clocks.sql) cuts history only where knowledge did not arrive in order, so that long
  daily series stay cheap, and its reader has to compare `known_on` with the day. Here every row of a snapshot is known on its
  first day, in whatever order editions came, and windows over a snapshot need no second look. For a few hundred days with a few
  thousand rows each.

  known_snapshots(chosen, lookback_days): snapshot_day, quantity, observation_date, value, known_on (the day this version became
  known). `chosen` is a condition on `versions.quantity`; observations dated more than `lookback_days` before the snapshot are
  left out. A day D reads the snapshot with the largest snapshot_day <= D.
#}
{% macro known_snapshots(chosen, lookback_days=none) -%}
(
    select
        snapshots.snapshot_day,
        versions.quantity,
        versions.observation_date,
        {{ latest('versions.value', 'versions.version_number') }} as value,
        max(versions.known_on) as known_on
    from (
        select distinct versions.known_on as snapshot_day
        from {{ ref('int_quantity_versions') }} as versions
        where {{ chosen }} and versions.known_on is not null
    ) as snapshots
    inner join {{ ref('int_quantity_versions') }} as versions
        on
            versions.known_on <= snapshots.snapshot_day
            {%- if lookback_days is not none %}
            and versions.observation_date >= {{ days_before('snapshots.snapshot_day', lookback_days) }}
            {%- endif %}
    where {{ chosen }}
    group by snapshots.snapshot_day, versions.quantity, versions.observation_date
    having {{ latest('versions.value', 'versions.version_number') }} is not null
)
{%- endmacro %}
