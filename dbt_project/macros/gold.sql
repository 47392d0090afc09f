{# Units of gold. #}
{% macro ounces_per_tonne() %}32150.7466{% endmacro %}
