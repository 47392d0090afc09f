-- The change log of domain filings: one row per series, observation and version. Renames and types only.
select
    series_id,
    observation_date,
    value,
    state,
    known_at,
    fetched_at,
    fetch_id
from {{ source('raw', 'filings_observations') }}
