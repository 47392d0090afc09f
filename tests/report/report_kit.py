"""A small published build made of arithmetic: six hundred days, four theses with data, the rest planned, one hostile series."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

HOSTILE = "</script><img src=x onerror=\"window.__owned=1\"><script>window.__owned=1</script>"
DAYS = "select day::date as d, row_number() over (order by day) as n from range(timestamp '2024-01-01', timestamp '2026-05-30', interval 1 day) t(day) where isodow(day) < 6"
TABLES = {
    "scorecard.verdicts": f"""
        with days as ({DAYS}), t as (select unnest(['t1_2', 't2_0', 't4_5', 't5']) as thesis_id)
        select thesis_id, d as as_of_date, case when (n // 90) % 3 = 0 then 'holds' when (n // 90) % 3 = 1 then 'contested' else 'fails' end as verdict,
          case when ((n - 5) // 90) % 3 = 0 then 'holds' when ((n - 5) // 90) % 3 = 1 then 'contested' else 'fails' end as settled_verdict,
          'a x 1.0 passes > 0' as reason, case when thesis_id = 't2_0' then 'last episode, ended 2026-04-15' end as label,
          (d - 1)::date as oldest_input_date, thesis_id = 't4_5' as is_stale, 'sandbox' as origin from days, t
        union all select 't0', d, 'no_data', 'no_data', 'not built', null, null, false, 'sandbox' from days""",
    "scorecard.changes": f"""
        with days as ({DAYS}), kinds as (select unnest(['raw', 'settled']) as verdict_kind, unnest([0, 5]) as lag)
        select t.thesis_id, d as as_of_date, verdict_kind,
          (['holds', 'contested', 'fails'])[((n - lag) // 90 - 1) % 3 + 1] as from_verdict, (['holds', 'contested', 'fails'])[((n - lag) // 90) % 3 + 1] as to_verdict,
          'a' as legs_flipped, null::varchar as flags_flipped, 'sandbox' as origin from days, kinds, (select unnest(['t1_2', 't2_0', 't4_5']) as thesis_id) t where (n - lag) % 90 = 0 and n > 10""",
    "scorecard.legs": f"""
        with days as ({DAYS}), t as (select unnest(['t1_2', 't1_2', 't2_0', 't4_5']) as thesis_id, unnest(['a', 'b', 'a', 'b']) as leg_id, unnest(['bp', 'standard deviations', 'tau-b', 'pct']) as unit)
        select thesis_id, d as as_of_date, leg_id, 3 * sin(n / 40.0) as value, '>' as operator, 0.0 as threshold, 3 * sin(n / 40.0) as margin, unit,
          sin(n / 40.0) > 0 as passed, 'x' as inputs, d as oldest_input_date, 'sandbox' as origin from days, t""",
    "scorecard.verdict_shares": """
        select thesis_id, 'raw' as verdict_kind, verdict, share_pct from (values ('holds', 40.0), ('contested', 35.0), ('fails', 25.0)) v(verdict, share_pct),
          (select unnest(['t1_2', 't2_0', 't4_5', 't5']) as thesis_id) union all select 't0', 'raw', 'no_data', 100.0""",
    "marts.funding_stress": f"""
        with days as ({DAYS}) select d as as_of_date, 8 * sin(n / 30.0) as sofr_iorb_bp, 7 * sin(n / 40.0) as sofr_iorb_20d_mean_bp, 2.0 as effr_iorb_20d_mean_bp,
          sin(n / 50.0) as funding_stress_index, sin(n / 50.0) as z_sofr_iorb, 5.0 + n % 7 as onrrp_usd_bn,
          lead(quarter(d)) over (order by d) is distinct from quarter(d) as is_quarter_end from days""",
    "marts.gold_drawdown": f"""
        with days as ({DAYS}) select d as as_of_date, -10 - 5 * sin(n / 60.0) as mdd_252_pct, 40.0 as mdd_252_place_pct, -18.0 as mdd_252_p05_pct,
          -10.0 as mdd_252_median_pct, -5.0 as mdd_252_p95_pct, 100 + n / 9.0 as return_10y_pct, 2000.0 + n as gold_pm_usd_oz from days""",
    "marts.episodes": """
        select * from (values ('2025-02-19', date '2025-02-19', date '2025-01-06', date '2025-03-04', date '2025-06-27', 'ended'),
          ('2026-01-27', date '2026-01-27', date '2025-12-15', date '2026-03-18', date '2026-04-15', 'ended'))
        t(episode_id, start_date, window_open_date, confirmation_date, end_date, status)""",
    "marts.episode_members": """
        select episode_id, member, kind as member_kind, -10.0 * k as depth_pct, 1.0 * k as depth_vols, (start + 10 * k)::date as break_10pct_date,
          (start + (case when episode_id < '2026' then 12 else 6 end) * k)::date as break_scaled_date, (start + 20 * k)::date as trough_date, case when k < 3 then (start + 30 * k)::date end as half_recovery_date
        from (values ('2025-02-19', date '2025-01-06'), ('2026-01-27', date '2025-12-15')) e(episode_id, start),
          (values ('crypto', 'bucket', 4), ('ai_tech', 'bucket', 3), ('gold', 'bucket', 1), ('treasuries', 'bucket', 2), ('SP500', 'reference', 1)) m(member, kind, k)""",
    "marts.price_vs_structure": f"""
        with days as ({DAYS}) select d as as_of_date, theme, -15 + k * 8 + sin(n / 20.0) as price_drawdown_365d_pct, 12 - 9 * k + cos(n / 20.0) as structure_change_365d_pct,
          'stands' as quadrant from days, (values ('crypto', 0), ('ai', 1), ('gold', 2)) t(theme, k)""",
    "marts.physical_vs_paper_quarterly": """
        select (timestamp '2015-03-31' + to_months(3 * q))::date as quarter_end_date, 100.0 + q as central_banks_tonnes, 250.0 as bar_coin_tonnes,
          60 * sin(q / 3.0) as etf_flow_tonnes, 3000 + 20.0 * q as etf_holdings_tonnes, 10.0 * q as physical_since_peak_tonnes, -5.0 * q as etf_since_peak_tonnes from range(44) t(q)""",
    "meta.gate_results": """
        select 'marts.funding_stress' as table_name, 'not_null' as check_name, 'sofr_pct' as column_name, 'warning' as severity, false as success, '3 nulls' as observed,
          'holes are facts' as reason, 't1_2' as thesis_ids
        union all select 'marts.funding_stress', 'rows', null, 'critical', true, '600', 'there are rows', 't1_2'""",
    "meta.fetches": """
        select 'r1-d-1' as fetch_id, 'r1' as run_id, 'nyfed_sofr' as dataset_id, now() as fetched_at, 'ok' as outcome, null::varchar as error_type, null::varchar as error_message,
          2 as rows_quarantined, 'SOFR 2026-05-01 is 900' as quarantine_example, 1 as rows_revised
        union all select 'r1-e-1', 'r1', 'lbma_gold', now(), 'failed', 'Unreachable', 'silence from host 77', 0, null, 0""",
}


def series_rows() -> list[dict[str, Any]]:
    """Three series: open, hostile and open, restricted."""
    base = {"provider": "p", "frequency": "daily", "kind": "rate", "vintages": "fetch_time", "last_date": None, "observations": 10, "versions": 12}
    return [
        {**base, "series_id": "nyfed.sofr", "dataset_id": "nyfed_sofr", "domain": "funding", "title": "SOFR", "quantity": "sofr_pct", "licence_tier": "open", "citation": "NY Fed", "theses": "t1_2", "newest": "2026-05-28"},
        {**base, "series_id": "bad.one", "dataset_id": "bad_one", "domain": "funding", "title": HOSTILE, "quantity": "iorb_pct", "licence_tier": "open", "citation": HOSTILE, "theses": "t1_2", "newest": "2026-05-28"},
        {**base, "series_id": "lbma.gold_pm", "dataset_id": "lbma_gold", "domain": "gold", "title": "Gold", "quantity": "gold_pm_usd_oz", "licence_tier": "restricted", "citation": "LBMA", "theses": "t4_5", "newest": None},
    ]  # fmt: skip


def build(folder: Path, *, origin: str = "sandbox", leave_out: tuple[str, ...] = ()) -> Path:
    """Write the published build into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    users = {"marts.funding_stress": ["t1_2"], "marts.gold_drawdown": ["t4_5"], "marts.physical_vs_paper_quarterly": ["t4_4"], "marts.price_vs_structure": ["t5"]}
    with duckdb.connect(str(folder / "lowtide.duckdb")) as connection:
        for schema in ("marts", "scorecard", "meta"):
            connection.execute(f"create schema {schema}")
        for name, sql in TABLES.items():
            if name not in leave_out:
                connection.execute(f"create table {name} as {sql}")
        connection.execute(
            "create table meta.series (series_id varchar, dataset_id varchar, domain varchar, title varchar, quantity varchar, licence_tier varchar, citation varchar, "
            "theses varchar, newest_observation_date date, provider varchar, frequency varchar, kind varchar, vintages varchar, last_date date, observations bigint, versions bigint)"
        )
        for row in series_rows():
            keys = ["series_id", "dataset_id", "domain", "title", "quantity", "licence_tier", "citation", "theses", "newest", "provider", "frequency", "kind", "vintages", "last_date", "observations", "versions"]
            connection.execute(f"insert into meta.series values ({', '.join('?' for _ in keys)})", [row[k] for k in keys])
    states = {t: {"state": "stale" if t == "t4_5" else "published", "reason": "gold is broken" if t == "t4_5" else None, "build_id": "b"} for t in ("t1_2", "t2_0", "t4_5")}
    manifest = {
        "build_id": "20260529T220000Z-001", "origin": origin, "simulated": origin == "sandbox", "as_of": "2026-05-29T22:00:00+00:00", "built_at": "2026-05-29T22:05:00+00:00",
        "lowtide_version": "0.1.0", "tables": {n: {"theses": users.get(n, []), "carried_from": None} for n in TABLES if n not in leave_out}, "left_out": dict.fromkeys(leave_out, "the gate refused it"),
        "theses": states,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder
