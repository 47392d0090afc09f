-- What flipped, when, and because of which legs: raw verdicts against the day before, settled ones against the last day of the
-- state that they replaced (as many days back as a state must stand).
with

verdicts as (
    select
        thesis_id,
        as_of_date,
        verdict,
        settled_verdict,
        usage_warnings,
        lag(verdict) over days as prior_verdict,
        lag(settled_verdict) over days as prior_settled_verdict,
        lag(as_of_date) over days as prior_date,
        lag(as_of_date, {{ var('settle_days') }}) over days as prior_settled_date
    from {{ ref('verdicts') }}
    window days as (partition by thesis_id order by as_of_date)
),

flips as (
    select thesis_id, as_of_date, 'raw' as verdict_kind, prior_verdict as from_verdict, verdict as to_verdict, prior_date, usage_warnings
    from verdicts
    where prior_verdict is not null and verdict != prior_verdict
    union all
    select thesis_id, as_of_date, 'settled' as verdict_kind, prior_settled_verdict, settled_verdict, prior_settled_date, usage_warnings
    from verdicts
    where prior_settled_verdict is not null and settled_verdict != prior_settled_verdict
),

legs as (
    select thesis_id, as_of_date, leg_id, passed from {{ ref('legs') }}
)

select
    flips.thesis_id,
    flips.as_of_date,
    flips.verdict_kind,
    flips.from_verdict,
    flips.to_verdict,
    string_agg(
        case when new_legs.passed != old_legs.passed then new_legs.leg_id end, ', '
        order by new_legs.leg_id
    ) as legs_flipped,
    flips.usage_warnings,
    '{{ var("origin") }}' as origin
from flips
left join legs as new_legs
    on flips.thesis_id = new_legs.thesis_id and flips.as_of_date = new_legs.as_of_date
left join legs as old_legs
    on
        new_legs.thesis_id = old_legs.thesis_id
        and new_legs.leg_id = old_legs.leg_id
        and flips.prior_date = old_legs.as_of_date
group by flips.thesis_id, flips.as_of_date, flips.verdict_kind, flips.from_verdict, flips.to_verdict, flips.usage_warnings
