-- The change log of domain onchain: one row per series, observation and version. Renames and types only.
select
    series_id,
    observation_date,
    value,
    state,
    known_at,
    fetched_at,
    fetch_id
from {{ source('raw', 'onchain_observations') }}
