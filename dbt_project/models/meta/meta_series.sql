{{ config(alias='series') }}
-- Every series of the registry with what is held of it: newest and oldest observation, versions kept, last fetch.
with

observations as (
    {%- for domain in domains() %}
    select series_id, observation_date, value, known_at from {{ ref('stg_' ~ domain ~ '__observations') }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

held as (
    select
        series_id,
        min(case when value is not null then observation_date end) as first_observation_date,
        max(case when value is not null then observation_date end) as newest_observation_date,
        count(distinct observation_date) as observations,
        count(*) as versions
    from observations
    where known_at <= {{ as_of() }}
    group by series_id
),

fetches as (
    select
        dataset_id,
        max(case when outcome in ('ok', 'unchanged') then fetched_at end) as last_fetched_at,
        max(case when outcome = 'failed' then fetched_at end) as last_failed_at,
        {{ latest("case when outcome = 'failed' then error_type end", 'fetched_at') }} as last_error_type
    from {{ source('raw', 'fetches') }}
    group by dataset_id
)

select
    series.*,
    held.first_observation_date,
    held.newest_observation_date,
    coalesce(held.observations, 0) as observations,
    coalesce(held.versions, 0) as versions,
    fetches.last_fetched_at,
    fetches.last_error_type,
    '{{ var("origin") }}' as origin
from {{ ref('series') }} as series
left join held on series.series_id = held.series_id
left join fetches on series.dataset_id = fetches.dataset_id
