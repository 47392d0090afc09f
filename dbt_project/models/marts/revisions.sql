-- Every observation that was ever revised, per quantity: what was said first, what is said now, how large the difference is beside
-- the revisions that this quantity had seen before, and which legs and verdicts changed on the days that brought it. One row per
-- quantity and observation with more than one version, as known at the build's as-of moment.
-- A version may come from another source of the quantity (`is_source_change`): that is no publisher's revision, and it is kept apart.
{%- set least_revisions = var('revision_history_min') %}
with

-- few of all observations: windows over the others would cost seconds and say nothing
revised as (
    select distinct quantity, observation_date
    from {{ ref('int_quantity_versions') }}
    where version_number > 1
),

versions as (
    select
        known.*,
        count(*) over (partition by known.quantity, known.observation_date) as versions,
        first_value(known.value) over observation as first_value,
        first_value(known.known_at) over observation as first_known_at,
        first_value(known.series_id) over observation as first_series_id,
        row_number() over (partition by known.quantity, known.observation_date order by known.known_at desc) as versions_left
    from {{ ref('int_quantity_versions') }} as known
    inner join revised on known.quantity = revised.quantity and known.observation_date = revised.observation_date
    window observation as (
        partition by known.quantity, known.observation_date
        order by known.known_at rows between unbounded preceding and current row
    )
),

-- how far each later version is from the first one; a version without a value (withdrawn) has no distance
changes as (
    select
        *,
        coalesce(series_id != first_series_id, false) as is_source_change,
        value - first_value as distance,
        case when series_id = first_series_id then value - first_value end as own_distance
    from versions
    where version_number > 1
),

-- the same for everything of the quantity that was revised before that moment (what comes in one answer is one moment)
measured as (
    select
        *,
        count(own_distance) over earlier as earlier_revisions,
        stddev_samp(own_distance) over earlier as earlier_sd
    from changes
    window earlier as (
        partition by quantity
        order by known_at range between unbounded preceding and interval '1' microsecond preceding
    )
),

leg_days as (
    select
        thesis_id,
        leg_id,
        as_of_date,
        lag(passed) over (partition by thesis_id, leg_id order by as_of_date) != passed as is_flipped
    from {{ ref('legs') }}
),

verdict_days as (
    select
        thesis_id,
        as_of_date,
        lag(verdict) over (partition by thesis_id order by as_of_date) != verdict as is_flipped
    from {{ ref('verdicts') }}
),

leg_inputs (thesis_id, leg_id, quantity) as (
    values
    {%- for thesis in available_theses() %}{% set last_thesis = loop.last %}{% for leg in thesis.legs %}{% set last_leg = loop.last %}
    {%- for quantity in leg.inputs %}
    ('{{ thesis.id }}', '{{ leg.id }}', '{{ quantity }}'){{ "," if not (loop.last and last_leg and last_thesis) }}
    {%- endfor %}{% endfor %}{% endfor %}
),

-- on a day that also brings a new observation of one of its inputs, a leg may have turned on that one
leg_arrivals as (
    select distinct
        leg_inputs.thesis_id,
        leg_inputs.leg_id,
        arrivals.known_on
    from (select distinct quantity, known_on from {{ ref('int_quantity_versions') }} where version_number = 1) as arrivals
    inner join leg_inputs on arrivals.quantity = leg_inputs.quantity
),

thesis_arrivals as (
    select distinct thesis_id, known_on from leg_arrivals
),

met as (
    select
        changes.quantity,
        changes.observation_date,
        case when leg_days.is_flipped then leg_inputs.thesis_id || '.' || leg_inputs.leg_id end as leg,
        case when verdict_days.is_flipped then leg_inputs.thesis_id end as thesis,
        case when leg_days.is_flipped and leg_arrivals.known_on is null then leg_inputs.thesis_id || '.' || leg_inputs.leg_id end as leg_alone,
        case when verdict_days.is_flipped and thesis_arrivals.known_on is null then leg_inputs.thesis_id end as thesis_alone
    from changes
    inner join leg_inputs on changes.quantity = leg_inputs.quantity
    inner join leg_days
        on
            leg_inputs.thesis_id = leg_days.thesis_id
            and leg_inputs.leg_id = leg_days.leg_id
            and changes.known_on = leg_days.as_of_date
    inner join verdict_days
        on leg_inputs.thesis_id = verdict_days.thesis_id and changes.known_on = verdict_days.as_of_date
    left join leg_arrivals
        on
            leg_inputs.thesis_id = leg_arrivals.thesis_id
            and leg_inputs.leg_id = leg_arrivals.leg_id
            and changes.known_on = leg_arrivals.known_on
    left join thesis_arrivals
        on leg_inputs.thesis_id = thesis_arrivals.thesis_id and changes.known_on = thesis_arrivals.known_on
),

flips as (
    select
        quantity,
        observation_date,
        string_agg(distinct leg, ', ' order by leg) as legs_flipped,
        string_agg(distinct thesis, ', ' order by thesis) as verdicts_flipped,
        string_agg(distinct leg_alone, ', ' order by leg_alone) as legs_flipped_alone,
        string_agg(distinct thesis_alone, ', ' order by thesis_alone) as verdicts_flipped_alone
    from met
    group by quantity, observation_date
),

sources as (
    select
        quantity,
        min(unit) as unit,
        max(case when unofficial then 1 else 0 end) as unofficial,
        max(case when licence_tier != 'open' then 1 else 0 end) as licensed
    from {{ ref('series') }}
    group by quantity
)

select
    measured.quantity,
    measured.observation_date,
    sources.unit,
    measured.first_value,
    measured.value as latest_value,
    measured.first_known_at,
    measured.known_at as latest_known_at,
    measured.first_series_id,
    measured.series_id as latest_series_id,
    measured.is_source_change,
    cast(measured.versions as integer) as versions,
    cast({{ days_between('cast(measured.first_known_at as date)', 'cast(measured.known_at as date)') }} as integer) as days_to_final,
    measured.distance as revision,
    100 * measured.distance / nullif(abs(measured.first_value), 0) as revision_pct,
    cast(measured.earlier_revisions as integer) as earlier_revisions,
    case
        when measured.earlier_revisions >= {{ least_revisions }} and measured.earlier_sd > 1e-12
            then measured.own_distance / measured.earlier_sd
    end as revision_z,
    flips.legs_flipped as legs_flipped_that_day,
    flips.verdicts_flipped as verdicts_flipped_that_day,
    flips.legs_flipped_alone as legs_flipped_by_revision,
    flips.verdicts_flipped_alone as verdicts_flipped_by_revision,
    {{ usage_warnings([
        "case when sources.unofficial = 1 then 'unofficial_source' end",
        "case when sources.licensed = 1 then 'licence_internal' end",
    ]) }} as usage_warnings,
    '{{ var("origin") }}' as origin
from measured
inner join sources on measured.quantity = sources.quantity
left join flips
    on measured.quantity = flips.quantity and measured.observation_date = flips.observation_date
where measured.versions_left = 1
