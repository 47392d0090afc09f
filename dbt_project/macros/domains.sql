{# The registry's domains, each a folder of staging with one change log view. (A test holds the folders to the same words.) #}
{% macro domains() %}
{{ return(['rates', 'funding', 'market', 'crypto', 'onchain', 'filings', 'gold', 'inflation']) }}
{% endmacro %}
