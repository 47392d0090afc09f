{#
  The as-of macro: every mart reads observations through it, so none can see what was not known on the day.

  `int_quantity_versions` holds each value with the mart day from which it is known (`known_on`) until it is superseded.
  Recomputing every day from its own snapshot would cost days x window rows. It is not needed: between two revisions, looking
  back from a day along observation dates IS that day's snapshot. So history is cut into epochs: a new one begins on the first
  mart day that knows a boundary (a revised value, or one that arrived after a newer observation). Within an epoch every
  observation has one value, and later observations become known later. Rows of an epoch carry the whole history as known
  at its end; a mart computes with `partition by epoch_id` and keeps only the days of that epoch.
  `read_with` lists pairs (reader, read): where a mart joins a value to the observations of another quantity (the rate on
  reserves to SOFR, a dividend to a close), one that arrives after such an observation is a boundary too.

  epochs(quantities, read_with): epoch_id, first_day, last_day.
  known_panel(quantities, read_with): epoch_id, first_day, last_day, quantity, observation_date, value, known_on.
  A day D of the epoch may use a row iff known_on <= D. Of a revised value that is the day of its first version: a revision
  begins an epoch, so each of its days knows the value, and days before it, read back as history, had an observation there.
#}
{% macro epochs(quantities, read_with=[]) -%}
(
    select
        row_number() over (order by first_day) as epoch_id,
        first_day,
        coalesce(
            lead(first_day) over (order by first_day) - 1,
            (select max(days.as_of_date) from {{ ref('int_trading_days') }} as days)
        ) as last_day
    from (
        select min(days.as_of_date) as first_day from {{ ref('int_trading_days') }} as days
        union
        select versions.known_on
        from {{ ref('int_quantity_versions') }} as versions
        where versions.is_boundary and versions.quantity in {{ sql_list(quantities) }} and versions.known_on is not null
        {%- if read_with %}
        union
        select late.known_on
        from {{ ref('int_quantity_versions') }} as late
        inner join (
            values {% for reader, read in read_with %}('{{ reader }}', '{{ read }}'){{ ", " if not loop.last }}{% endfor %}
        ) as pairs (reader, read) on late.quantity = pairs.read
        inner join (
            select
                versions.quantity,
                {{ days_before('versions.observation_date', 'carried.days') }} as read_date,
                versions.known_on
            from {{ ref('int_quantity_versions') }} as versions
            cross join (values (0), (1), (2), (3), (4), (5)) as carried (days)
            where versions.quantity in {{ sql_list(read_with | map('first') | unique) }}
        ) as readers
            on
                pairs.reader = readers.quantity
                and late.observation_date = readers.read_date
                and readers.known_on < late.known_on
        where late.version_number = 1
        {%- endif %}
    ) as starts
)
{%- endmacro %}

{% macro known_panel(quantities, read_with=[]) -%}
(
    select
        epochs.epoch_id,
        epochs.first_day,
        epochs.last_day,
        versions.quantity,
        versions.observation_date,
        {{ latest('versions.value', 'versions.version_number') }} as value,
        min(versions.known_on) as known_on
    from {{ epochs(quantities, read_with) }} as epochs
    inner join {{ ref('int_quantity_versions') }} as versions on versions.known_on <= epochs.last_day
    where versions.quantity in {{ sql_list(quantities) }}
    group by epochs.epoch_id, epochs.first_day, epochs.last_day, versions.quantity, versions.observation_date
    having {{ latest('versions.value', 'versions.version_number') }} is not null
)
{%- endmacro %}

{% macro sql_list(values) -%}
({% for value in values %}'{{ value }}'{{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}

{# Every mart day with the epoch it belongs to: as_of_date, epoch_id. #}
{% macro epoch_days(quantities, after=none) -%}
select
    days.as_of_date,
    epochs.epoch_id
from {{ ref('int_trading_days') }} as days
inner join {{ epochs(quantities) }} as epochs on days.as_of_date between epochs.first_day and epochs.last_day
{%- if after %}
where days.as_of_date > date '{{ after }}'
{%- endif %}
{%- endmacro %}

{# The moment up to which this build knows anything. #}
{% macro as_of() -%}cast('{{ var("as_of") }}' as timestamp with time zone){%- endmacro %}

{#
  Per mart day and key, the date of the newest observation known that day, however old: epoch_id, as_of_date, <key>,
  observation_date. `days` needs epoch_id and as_of_date, `relation` epoch_id, <key>, observation_date and known_on.
  Join back on epoch, key and date for the values; how old an observation may be is the caller's rule.
#}
{% macro newest_known(days, relation, key) -%}
select
    days.epoch_id,
    days.as_of_date,
    keys.{{ key }},
    max(arrivals.observation_date) over (
        partition by days.epoch_id, keys.{{ key }}
        order by days.as_of_date rows between unbounded preceding and current row
    ) as observation_date
from {{ days }} as days
cross join (select distinct {{ key }} from {{ relation }}) as keys
-- what was known before an epoch's days is there on the first of them
left join (
    select
        known.epoch_id,
        known.{{ key }},
        greatest(known.known_on, first_days.as_of_date) as known_on,
        max(known.observation_date) as observation_date
    from {{ relation }} as known
    inner join (select epoch_id, min(as_of_date) as as_of_date from {{ days }} group by epoch_id) as first_days
        on known.epoch_id = first_days.epoch_id
    group by known.epoch_id, known.{{ key }}, greatest(known.known_on, first_days.as_of_date)
) as arrivals
    on
        days.epoch_id = arrivals.epoch_id
        and keys.{{ key }} = arrivals.{{ key }}
        and days.as_of_date = arrivals.known_on
{%- endmacro %}

{# The condition that joins `relation` to the rows of newest_known (a relation of that name), while an observation is not too old to use. #}
{% macro is_newest(relation, key, carry_days=5) -%}
newest.epoch_id = {{ relation }}.epoch_id
            and newest.{{ key }} = {{ relation }}.{{ key }}
            and newest.observation_date = {{ relation }}.observation_date
            and newest.observation_date >= {{ days_before('newest.as_of_date', carry_days) }}
{%- endmacro %}
