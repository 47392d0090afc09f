"""The tables of t0 and t1_1 in the faultless candidate of `synthetic`: few values, but consistent in every way a suite looks at.

Belongs here: frames and their TableMeta. Does not belong here: theses, verdicts (`synthetic`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from expectations.model import TableMeta

BUCKETS = ("crypto", "ai_tech", "sp500", "gold", "treasuries")
TABLES = [
    TableMeta("marts", "synchronised_stress", ("as_of_date",), "as_of_date", ("t0",)),
    TableMeta("marts", "synchronised_buckets", ("as_of_date", "bucket"), "as_of_date", ("t0",)),
    TableMeta("marts", "rate_cut_repricing", ("as_of_date",), "as_of_date", ("t1_1",)),
]


def _bucket(d: pd.DatetimeIndex, bucket: str, scaled: Any) -> pd.DataFrame:
    """Rows of one bucket: its scaled returns, all else constant."""
    return pd.DataFrame({
        "as_of_date": d, "bucket": bucket, "counts_for_breadth": bucket in BUCKETS, "price_date": d, "log_return_20d_pct": 4 * scaled,
        "log_return_20d_sd_pct": 4.0, "scaled_return_sds": scaled, "is_below": scaled < -1, "volatility_60d_pct": 20.0,
        "drawdown_365d_pct": -5.0, "drawdown_since_inception_pct": -6.0})  # fmt: skip


def frames(d: pd.DatetimeIndex) -> dict[str, pd.DataFrame]:
    """All of TABLES on the days `d`."""
    wave = np.sin(np.arange(len(d)) / 15)
    stress = pd.DataFrame({"as_of_date": d, "buckets_available": 5, "breadth": 0})
    rows = []
    for i, bucket in enumerate(BUCKETS):
        scaled = 2 * np.sin(np.arange(len(d)) / 15 + i)
        stress[f"{bucket}_scaled_return_sds"] = scaled
        stress["breadth"] += (scaled < -1).astype(int)
        rows.append(_bucket(d, bucket, scaled))
    beside = d[d >= "2025-12-01"]  # the AI stocks count for nothing
    rows.append(_bucket(beside, "ai_stocks", np.full(len(beside), -2.0)))
    stress["crypto_equity_age_days"], stress["synchronised_age_days"] = 3, 7
    stress["mean_correlation_20d"], stress["vix_close_index"] = 0.3 + 0.3 * wave, 18 + 5 * wave
    stress["vix_percentile_1y_pct"], stress["hy_spread_pct"] = 60.0, 3.4
    effr = np.full(len(d), 4.0)
    cuts = pd.DataFrame({"as_of_date": d, "effr_pct": effr, "effr_bond_equivalent_pct": 200 * ((1 + effr / 36000) ** 182.5 - 1)})
    cuts["target_lower_pct"], cuts["target_upper_pct"] = 3.75, 4.0
    cuts["ust_1y_pct"], cuts["ust_2y_pct"] = 3.6 + 0.1 * wave, 3.5 + 0.1 * wave
    for tenor in ("1y", "2y"):
        cuts[f"easing_{tenor}_bp"] = 45.0
        for change in (20, 60):
            cuts[f"delivered_{tenor}_{change}d_bp"], cuts[f"repriced_{tenor}_{change}d_bp"] = -25.0, 5 * wave
            cuts[f"easing_{tenor}_change_{change}d_bp"] = -25 + 5 * wave
    cuts["above_low_1y_bp"], cuts["easing_1y_at_low_bp"] = 10 + 5 * wave, 55.0
    cuts["core_pce_month"], cuts["core_pce_yoy_pct"], cuts["cpi_yoy_pct"] = d - timedelta(days=70), 2.8, 3.0
    for bucket in (*BUCKETS, "ai_stocks"):
        cuts[f"beta_2y_{bucket}_pct_per_pp"] = -4.0
    for n in (1, 2, 3, 4):
        cuts[f"mpt_cut_{n}_pct"], cuts[f"mpt_hike_{n}_pct"] = 40.0, 5.0
    for frame in (stress, cuts):
        frame["oldest_input_date"], frame["no_data_reason"] = d - timedelta(days=1), None
    return {"marts.synchronised_stress": stress, "marts.synchronised_buckets": pd.concat(rows, ignore_index=True),
            "marts.rate_cut_repricing": cuts}  # fmt: skip
