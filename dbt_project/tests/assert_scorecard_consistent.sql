{{ config(severity='error', meta={'published': ['scorecard.verdicts', 'scorecard.legs', 'scorecard.changes']}) }}
-- One row per thesis and day of the scorecard that contradicts itself, with the rule it breaks.
-- (A thesis with flags may be contested by a flag alone.)
{%- set flagged = built_theses() | selectattr('flags') | map(attribute='id') | list %}
{%- set has_flags = 'verdicts.thesis_id in ' ~ sql_list(flagged) if flagged else 'false' %}
with

verdicts as (
    select
        *,
        lag(verdict) over (partition by thesis_id order by as_of_date) as prior_verdict,
        lag(settled_verdict) over (partition by thesis_id order by as_of_date) as prior_settled,
        min(verdict) over stood as lowest_verdict,
        max(verdict) over stood as highest_verdict,
        row_number() over (partition by thesis_id, as_of_date order by verdict) as copy
    from {{ ref('verdicts') }}
    window stood as (partition by thesis_id order by as_of_date rows between {{ var('settle_days') - 1 }} preceding and current row)
),

legs as (
    select
        thesis_id,
        as_of_date,
        count(*) as legs,
        count(distinct leg_id) as different_legs,
        bool_and(passed) as all_passed,
        bool_or(passed) as any_passed,
        bool_or(passed and (value is null or margin < 0)) as passed_wrongly,
        bool_or(not passed and margin > 0) as failed_wrongly
    from {{ ref('legs') }}
    group by thesis_id, as_of_date
),

changes as (
    select thesis_id, as_of_date, verdict_kind, from_verdict, to_verdict from {{ ref('changes') }}
)

select thesis_id, as_of_date, 'a state that is none of the five' as reason
from verdicts
where verdict not in ('holds', 'contested', 'fails', 'not_tested', 'no_data')
union all
select thesis_id, as_of_date, 'twice the same thesis and day' as reason
from verdicts
where copy > 1
union all
select thesis_id, as_of_date, 'no data without a reason' as reason
from verdicts
where reason is null
union all
select thesis_id, as_of_date, 'settled moved to a state that had not stood' as reason
from verdicts
where settled_verdict != prior_settled and (lowest_verdict != settled_verdict or highest_verdict != settled_verdict)
union all
select thesis_id, as_of_date, 'a leg passes on the wrong side of its threshold, or twice the same leg' as reason
from legs
where passed_wrongly or failed_wrongly or legs != different_legs
union all
select verdicts.thesis_id, verdicts.as_of_date, 'the verdict contradicts its legs' as reason
from verdicts
inner join legs on verdicts.thesis_id = legs.thesis_id and verdicts.as_of_date = legs.as_of_date
where
    (verdicts.verdict = 'holds' and not legs.all_passed)
    or (verdicts.verdict = 'fails' and legs.all_passed)
    or (verdicts.verdict = 'contested' and not ({{ has_flags }}) and (legs.all_passed or not legs.any_passed))
union all
select verdicts.thesis_id, verdicts.as_of_date, 'a flip without its row in changes' as reason
from verdicts
left join changes
    on
        verdicts.thesis_id = changes.thesis_id
        and verdicts.as_of_date = changes.as_of_date
        and changes.verdict_kind = 'raw'
where verdicts.verdict != verdicts.prior_verdict and changes.to_verdict is distinct from verdicts.verdict
union all
select changes.thesis_id, changes.as_of_date, 'a change between two equal states' as reason
from changes
where changes.from_verdict = changes.to_verdict
