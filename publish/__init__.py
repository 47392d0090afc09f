"""Candidate -> published: an immutable folder per build, one pointer moved atomically, and how to read and trace it.

Belongs here: serve/<build>/ and everything in it. Plain Python, DuckDB and Arrow; never dagster, dbt, great_expectations.
Does not belong here: deciding what may be published (`expectations.gate`).
"""

from publish.build import PublishReport, publish
from publish.export import export_public
from publish.layout import previous_build
from publish.reader import manifest, open_current, read_tables
from publish.trace import trace

__all__ = ["PublishReport", "export_public", "manifest", "open_current", "previous_build", "publish", "read_tables", "trace"]
