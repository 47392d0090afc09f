"""Dagster only: assets, checks, jobs, schedules, sensors. Thin: it wires, it computes nothing.

`assets_*` turn the registry and dbt's manifest into asset specs and the steps' results into events; `dbt_build` calls dbt.
Nothing here is imported by any other package (except by the command line, which runs the job). At load: no network,
no dbt, no great_expectations.
"""
