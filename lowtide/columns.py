"""Names, types and meaning of the columns of generated seeds and of the raw zone.

Belongs here: column lists that dbt and its documentation need. Does not belong here: rows, or columns of models.
"""

from __future__ import annotations

# seed -> (description, column -> (type, description)); a column's order is its order in the CSV
SEEDS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "calendar_holidays": ("Weekdays on which a calendar has no session; 24x7 has none.", {
        "calendar": ("varchar", "nyse, sifma, fed or lbma"), "day": ("date", "closed weekday"), "name": ("varchar", "why"),
    }),
    "release_dates": ("Releases that did not follow the normal lag, and those that never came out.", {
        "release": ("varchar", "release key"), "period": ("varchar", "YYYY-MM, or the observation date of weekly series"),
        "released_on": ("date", "day of release; null: never released"), "source": ("varchar", "where the date is from"),
    }),
    "fed_cycles": ("Effective dates of the turns of each rate cycle.", {
        "last_hike": ("date", "last rise of the cycle"), "first_cut": ("date", "first cut after it"),
        "next_first_hike": ("date", "first rise after the cuts; null: not yet"),
    }),
    "series": ("Every series of the registry: the dimension of all observations.", {
        "series_id": ("varchar", "provider.name"), "dataset_id": ("varchar", "the request it comes with"),
        "provider": ("varchar", "who sends it"), "domain": ("varchar", "folder"), "title": ("varchar", "what it is"),
        "field": ("varchar", "column, key or tag in the payload"), "unit": ("varchar", "unit of the value"),
        "kind": ("varchar", "rate, price, stock, flow, index or event"), "quantity": ("varchar", "what marts ask for"),
        "priority": ("integer", "1 wins where it has a value"), "frequency": ("varchar", "daily to quarterly"),
        "calendar": ("varchar", "sessions its dates fall on"), "carry_days": ("integer", "how long a value may stand in"),
        "lag_days": ("integer", "publication lag"), "lag_unit": ("varchar", "business or calendar days"),
        "released_at": ("varchar", "time and zone of publication"), "release": ("varchar", "key into release_dates"),
        "lag_reason": ("varchar", "where the lag is from"), "revises": ("boolean", "do published values change"),
        "vintages": ("varchar", "native or fetch_time"), "first_date": ("date", "first observation upstream"),
        "last_date": ("date", "set when upstream ended the series"), "plausible_low": ("double", "smallest believed value"),
        "plausible_high": ("double", "largest believed value"), "unofficial": ("boolean", "undocumented interface"),
        "licence_tier": ("varchar", "open, internal or restricted"), "citation": ("varchar", "credit"),
        "theses": ("varchar", "theses that use it"),
    }),
    "theses": ("The claims.", {
        "thesis_id": ("varchar", "t0 to t5"), "slug": ("varchar", "short name"), "thesis_group": ("varchar", "part of the argument"),
        "status": ("varchar", "built or planned"), "title_en": ("varchar", "title"), "title_zh_hant": ("varchar", "title"),
        "claim_en": ("varchar", "claim"), "claim_zh_hant": ("varchar", "claim"), "falsified_by_en": ("varchar", "what would falsify it"),
        "falsified_by_zh_hant": ("varchar", "what would falsify it"), "model": ("varchar", "model with its daily rows"),
        "tables": ("varchar", "tables that stand or fall with it"), "planned_reason": ("varchar", "what is not there yet"),
        "review": ("varchar", "when the rule is looked at again"),
    }),
    "thesis_legs": ("The conditions of each rule.", {
        "thesis_id": ("varchar", "thesis"), "leg_id": ("varchar", "leg"), "title_en": ("varchar", "title"),
        "title_zh_hant": ("varchar", "title"), "column_name": ("varchar", "column of the thesis' model"),
        "operator": ("varchar", "comparison"), "threshold": ("double", "in unit"), "unit": ("varchar", "unit of value and threshold"),
        "reason": ("varchar", "why this threshold"), "since": ("date", "first day with a value"), "inputs": ("varchar", "quantities"),
    }),
    "basket_members": ("Members of the baskets, since when and why.", {
        "bucket": ("varchar", "basket"), "member": ("varchar", "ticker"), "price_prefix": ("varchar", "quantity prefix"),
        "valid_from": ("date", "never before it"), "valid_to": ("date", "last day"),
        "min_history_years": ("integer", "years of prices needed before it enters"), "reason": ("varchar", "why it is in"),
    }),
}  # fmt: skip
OBSERVATIONS = {
    "series_id": "varchar", "observation_date": "date", "value": "double", "state": "varchar",
    "known_at": "timestamp with time zone", "fetched_at": "timestamp with time zone", "fetch_id": "varchar",
}  # fmt: skip
FETCHES = {
    "fetch_id": "varchar", "run_id": "varchar", "dataset_id": "varchar", "provider": "varchar", "domain": "varchar",
    "method": "varchar", "url": "varchar", "status": "integer", "content_sha256": "varchar", "bytes": "bigint",
    "fetched_at": "timestamp with time zone", "outcome": "varchar", "error_type": "varchar", "error_message": "varchar",
    "rows_added": "bigint", "rows_revised": "bigint", "rows_quarantined": "bigint", "quarantine_example": "varchar",
    "rows_after_clock": "bigint",
}  # fmt: skip
