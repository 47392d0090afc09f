-- What flipped, when, and because of which legs and flags: against the last day whose raw verdict was the one that is left.
with

verdicts as (
    select
        thesis_id,
        as_of_date,
        verdict,
        flags,
        usage_warnings,
        lag(verdict) over days as prior_verdict,
        settled_verdict,
        lag(settled_verdict) over days as prior_settled_verdict
    from {{ ref('verdicts') }}
    window days as (partition by thesis_id order by as_of_date)
),

flips as (
    select thesis_id, as_of_date, 'raw' as verdict_kind, prior_verdict as from_verdict, verdict as to_verdict, flags, usage_warnings
    from verdicts
    where prior_verdict is not null and verdict != prior_verdict
    union all
    select thesis_id, as_of_date, 'settled' as verdict_kind, prior_settled_verdict, settled_verdict, flags, usage_warnings
    from verdicts
    where prior_settled_verdict is not null and settled_verdict != prior_settled_verdict
),

compared as (
    select
        flips.thesis_id,
        flips.as_of_date,
        flips.verdict_kind,
        max(verdicts.as_of_date) as prior_date,
        arg_max(verdicts.flags, verdicts.as_of_date) as prior_flags
    from flips
    inner join verdicts
        on
            flips.thesis_id = verdicts.thesis_id
            and flips.from_verdict = verdicts.verdict
            and flips.as_of_date > verdicts.as_of_date
    group by flips.thesis_id, flips.as_of_date, flips.verdict_kind
),

legs as (
    select thesis_id, as_of_date, leg_id, passed from {{ ref('legs') }}
),

legs_flipped as (
    select
        compared.thesis_id,
        compared.as_of_date,
        compared.verdict_kind,
        string_agg(new_legs.leg_id, ', ' order by new_legs.leg_id) as leg_ids
    from compared
    inner join legs as new_legs
        on compared.thesis_id = new_legs.thesis_id and compared.as_of_date = new_legs.as_of_date
    inner join legs as old_legs
        on
            new_legs.thesis_id = old_legs.thesis_id
            and new_legs.leg_id = old_legs.leg_id
            and compared.prior_date = old_legs.as_of_date
            and new_legs.passed != old_legs.passed
    group by compared.thesis_id, compared.as_of_date, compared.verdict_kind
)

select
    flips.thesis_id,
    flips.as_of_date,
    flips.verdict_kind,
    flips.from_verdict,
    flips.to_verdict,
    legs_flipped.leg_ids as legs_flipped,
    {{ symmetric_difference('flips.flags', 'compared.prior_flags') }} as flags_flipped,
    flips.usage_warnings,
    '{{ var("origin") }}' as origin
from flips
left join compared
    on
        flips.thesis_id = compared.thesis_id
        and flips.as_of_date = compared.as_of_date
        and flips.verdict_kind = compared.verdict_kind
left join legs_flipped
    on
        flips.thesis_id = legs_flipped.thesis_id
        and flips.as_of_date = legs_flipped.as_of_date
        and flips.verdict_kind = legs_flipped.verdict_kind
