"""The kernel every other package may import: where data lives, what time it is, and one-line errors.

Belongs here: `home`, `clock`, `errors`, the command line (`cli`) and the generator of derived files (`generate`).
Does not belong here: fetching, SQL, checks, publishing, Dagster.
"""
