{# SQL conditions of a thesis' verdicts over its model's columns: {not_tested, holds, contested}. From theses/<id>.yml. #}
{% macro thesis_verdict(thesis_id) %}
    {%- for thesis in built_theses() if thesis.id == thesis_id %}{{ return(thesis.verdict) }}{% endfor -%}
    {{ exceptions.raise_compiler_error("no built thesis " ~ thesis_id) }}
{% endmacro %}

{# How far a leg's value is from its threshold; positive on the side that passes. #}
{% macro margin(leg) -%}
{{ (leg.column ~ " - " ~ leg.threshold) if leg.operator in ['>', '>='] else (leg.threshold ~ " - " ~ leg.column) }}
{%- endmacro %}

{# Built theses whose model could be built: after a failure the scorecard is made again without the models named in `failed_models`. #}
{% macro available_theses() %}
    {%- set available = [] -%}
    {%- for thesis in built_theses() if thesis.model not in var('failed_models', []) %}{% do available.append(thesis) %}{% endfor -%}
    {{ return(available) }}
{% endmacro %}
