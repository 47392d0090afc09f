"""The report: a static site of verdicts and charts, written from one published build and lying inside it.

Belongs here: pages, charts, words in both languages, what may be shown in public. Plain Python over a published build's
DuckDB file and manifest; never dagster, dbt, great_expectations, and never the raw zone or the private build file.
Does not belong here: measures and verdicts (dbt computes them, this package only shows them) and publishing itself.
"""

from report.site import FOLDER, SiteReport, write

__all__ = ["FOLDER", "SiteReport", "write"]
