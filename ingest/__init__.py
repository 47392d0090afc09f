"""Fetch, land, parse, keep: from an upstream's bytes to append-only facts with two clocks.

Belongs here: the registry, the shared HTTP client, landing, parsers, the change log. Plain Python.
Does not belong here: dagster, dbt, great_expectations (a test bans the imports), and any business rule of a thesis.
"""
