{#
  The closed vocabulary that travels with published rows, comma separated, null when there is nothing to warn of:
  estimated, provisional, stale_input, proxy, simulated, unofficial_source, licence_internal.
#}
{% macro usage_warnings(conditions) -%}
nullif(concat_ws(', ', {% for condition in conditions %}{{ condition }}, {% endfor %}{{ "'simulated'" if var('origin') == 'sandbox' else "null" }}), '')
{%- endmacro %}
