{#
  What tokenised assets are added up from: basis, class, quantity, and whether its tokens are ounces of gold.
  A basis is one list of things counted one way by one provider; nothing is compared across two. In order of preference: the first
  basis that can answer on a day does. Classes outside `tokenised_rule_classes` are shown but decide nothing: of tokenised stocks no
  number of tokens is known, so that their price cannot be taken out, and of unclassified protocols not even what they hold.
  llama_category: every protocol of DefiLlama's category, from daily snapshots; there are only those we collected.
  llama_history: a fixed list of protocols with full histories (registry, datasets defillama_rwa_*).
  rwaxyz_classes: rwa.xyz's classes, with a key only.
#}
{% macro tokenised_members() %}
{%- set members = [] -%}
{%- for asset_class in ['treasuries', 'private_credit', 'gold', 'real_estate', 'funds', 'equities', 'unclassified'] -%}
    {%- do members.append(('llama_category', asset_class, 'rwa_' ~ asset_class ~ '_llama_usd')) -%}
{%- endfor -%}
{%- for asset_class, slugs in {
    'treasuries': ['blackrock_buidl', 'circle_usyc', 'ondo_yield_assets', 'invesco_ustb', 'openeden_tbill', 'spiko'],
    'private_credit': ['maple', 'centrifuge_protocol'],
    'gold': ['tether_gold', 'paxos_gold'],
    'real_estate': ['realt_tokens'],
    'equities': ['ondo_global_markets'],
}.items() -%}
    {%- for slug in slugs %}{% do members.append(('llama_history', asset_class, 'rwa_' ~ slug ~ '_usd')) %}{% endfor -%}
{%- endfor -%}
{%- for asset_class, names in {
    'treasuries': ['treasuries', 'non_us_government'],
    'private_credit': ['private_credit'],
    'gold': ['commodities'],
    'real_estate': ['real_estate'],
    'funds': ['corporate_bonds', 'funds', 'active'],
    'equities': ['equities'],
}.items() -%}
    {%- for name in names %}{% do members.append(('rwaxyz_classes', asset_class, 'rwa_' ~ name ~ '_rwaxyz_usd')) %}{% endfor -%}
{%- endfor -%}
{{ return(members) }}
{% endmacro %}

{% macro tokenised_rule_classes() %}{{ return(['treasuries', 'private_credit', 'gold', 'real_estate', 'funds']) }}{% endmacro %}

{# Late values that change a sum: one member after another of its basis, and a gold price after the gold tokens. #}
{% macro tokenised_read_with() %}
{%- set pairs, first = [], {} -%}
{%- for basis, asset_class, quantity in tokenised_members() -%}
    {%- if basis in first %}{% do pairs.append((first[basis], quantity)) %}{% else %}{% do first.update({basis: quantity}) %}{% endif -%}
    {%- if asset_class == 'gold' %}{% do pairs.append((quantity, 'gold_pm_usd_oz')) %}{% endif -%}
{%- endfor -%}
{{ return(pairs) }}
{% endmacro %}
