{{ config(alias='fetches') }}
-- Every response and every failed attempt, with where its bytes are kept.
select
    fetch_id,
    run_id,
    dataset_id,
    provider,
    domain,
    method,
    url,
    status,
    content_sha256,
    bytes,
    fetched_at,
    outcome,
    error_type,
    error_message,
    rows_added,
    rows_revised,
    rows_quarantined,
    quarantine_example,
    rows_after_clock,
    '{{ var("origin") }}' as origin
from {{ source('raw', 'fetches') }}
