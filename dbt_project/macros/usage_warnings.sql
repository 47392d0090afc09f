{#
  The closed vocabulary that travels with published rows, comma separated, null when there is nothing to warn of:
  estimated, provisional, stale_input, proxy, simulated, unofficial_source, licence_internal.

  usage_warnings(conditions): `conditions` are SQL expressions that give a word or null, for what depends on the row. Words that follow
  from where a table's inputs come from (unofficial_source, licence_internal) are added from the registry (`table_warnings`); a model
  that names one of them itself has a rule per row for it, and that rule stands. `simulated` follows from the origin.
#}
{% macro usage_warnings(conditions) -%}
{%- set tested = model.get('tested_node_unique_id') or model.get('unique_id') or '' -%}
{%- set words = conditions | list -%}
{%- for word in table_warnings().get('marts.' ~ tested.split('.')[-1], []) if word not in conditions | join(' ') -%}
    {%- do words.append("'" ~ word ~ "'") -%}
{%- endfor -%}
{%- if var('origin') == 'sandbox' %}{% do words.append("'simulated'") %}{% endif -%}
nullif(concat_ws(', ', {{ (words or ['null']) | join(', ') }}), '')
{%- endmacro %}
