"""The gate: what must be true of a table before anybody may read it, and the decision that follows.

Belongs here: suites (YAML), cross-table checks (SQL), the Great Expectations worker, the decision per thesis.
Does not belong here: writing published files (`publish`), computing measures (dbt). Only `expectations.worker`, which
runs in its own process, may import great_expectations: that import costs seconds.
"""
