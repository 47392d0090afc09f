"""History by today's rules: published legs judged again with the thresholds that the thesis files hold now.

Belongs here: that question, asked of a published build. Does not belong here: the verdicts of a build (dbt judges each day by the
rule in force on it) and the text of a rule (`theses`).
"""

from __future__ import annotations

from datetime import date

import duckdb

from lowtide.expressions import sql
from lowtide.theses import Thesis


def by_todays_rules(connection: duckdb.DuckDBPyConnection, thesis: Thesis) -> dict[date, str]:
    """Mart day -> raw verdict by the thresholds of today, every published day of a built thesis; days without data stay `no_data`.

    connection: a published build (`publish.open_current`). Values of legs and flags are those of the build.
    """
    assert thesis.verdict is not None
    names = {leg.id: f"coalesce(max(case when l.leg_id = '{leg.id}' then l.value end) {leg.operator} {leg.threshold:.15g}, false)" for leg in thesis.legs}
    names |= {flag: f"coalesce(list_contains(string_split(any_value(v.flags), ', '), '{flag}'), false)" for flag in thesis.flags}
    cases = " ".join(f"when {sql(text, names)} then '{verdict}'" for verdict, text in thesis.verdict.expressions.items())
    found = connection.execute(
        f"""select v.as_of_date, case when any_value(v.verdict) = 'no_data' then 'no_data' {cases} else 'fails' end
            from scorecard.verdicts v left join scorecard.legs l using (thesis_id, as_of_date)
            where v.thesis_id = ? group by v.as_of_date""",
        [thesis.id],
    )
    return dict(found.fetchall())
