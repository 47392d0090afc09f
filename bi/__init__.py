"""Dashboards as code for Apache Superset: charts and dashboards as export YAML, datasets from the published catalogue.

Belongs here: what a BI tool needs. Does not belong here: measures (they are marts); nothing imports this package.
"""
