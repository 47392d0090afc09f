"""Small cases worked out by hand, and one look at the recorded archive."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path

import pandas as pd
import pytest

from . import episodes as ep
from . import funding, gold, liquidation, observations, prices, scorecard

D = dt.date.fromisoformat


def days(first: str, count: int) -> list[dt.date]:
    """Weekdays from `first` on."""
    return [d.date() for d in pd.bdate_range(first, periods=count)]


def log_of(*rows: tuple[str, str, float | None, str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [
            {
                "series_id": series,
                "observation_date": D(day),
                "value": math.nan if value is None else value,
                "state": "vanished" if value is None else "value",
                "known_at": pd.Timestamp(known, tz="UTC"),
                "fetched_at": pd.Timestamp(known, tz="UTC"),
            }
            for series, day, value, known in rows
        ]
    )
    return frame


# --- what was known --------------------------------------------------------------------------------------------------


def test_as_known_takes_the_latest_version_up_to_the_moment_and_the_first_series_that_has_the_date() -> None:
    log = log_of(
        ("a", "2024-01-02", 1.0, "2024-01-02 10:00"),
        ("a", "2024-01-02", 2.0, "2024-01-05 10:00"),
        ("a", "2024-01-03", 3.0, "2024-01-03 10:00"),
        ("a", "2024-01-03", None, "2024-01-06 10:00"),
        ("b", "2024-01-02", 7.0, "2024-01-02 10:00"),
        ("b", "2024-01-03", 8.0, "2024-01-03 10:00"),
        ("b", "2024-01-04", 9.0, "2024-01-04 23:00"),
    )
    quantities = {"q": ["a", "b"], "none": ["c"]}
    early = observations.as_known(log, quantities, observations.cutoff(D("2024-01-04")))
    assert dict(early["q"]) == {D("2024-01-02"): 1.0, D("2024-01-03"): 3.0}
    assert early["none"].empty
    late = observations.as_known(log, quantities, observations.cutoff(D("2024-01-07")))
    assert dict(late["q"]) == {D("2024-01-02"): 2.0, D("2024-01-03"): 8.0, D("2024-01-04"): 9.0}


def test_yahoo_close_is_multiplied_back_by_later_splits(tmp_path: Path) -> None:
    stamps = [int(dt.datetime(2024, 1, d, 14, 30, tzinfo=dt.UTC).timestamp()) for d in (2, 3, 4)]
    split = {"date": stamps[1], "numerator": 2, "denominator": 1}
    result = {
        "meta": {"gmtoffset": -18000},
        "timestamp": stamps,
        "events": {"splits": {"x": split}, "dividends": {"y": {"date": stamps[0], "amount": 0.5}}},
        "indicators": {"quote": [{"close": [50.0, None, 52.0]}]},
    }
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"chart": {"result": [result]}}))
    answer = observations.load_yahoo_json(path)
    assert answer["close"] == {D("2024-01-02"): 100.0, D("2024-01-04"): 52.0}
    assert answer["dividend"] == {D("2024-01-02"): 1.0}
    assert answer["split"] == {D("2024-01-03"): 2.0}


# --- funding ---------------------------------------------------------------------------------------------------------


def test_funding_spread_mean_and_index_need_20_observations_and_three_components() -> None:
    span = days("2024-01-01", 300)
    sofr = pd.Series([5.30 if i % 2 else 5.40 for i in range(300)], index=span)
    short = {"sofr_pct": sofr[:4], "iorb_pct": pd.Series([5.30, 5.30], index=[span[0], span[1]])}
    row = funding.funding_row(short, span[3])
    assert row["sofr_iorb_bp"] == pytest.approx(0.0) and row["sofr_iorb_20d_mean_bp"] is None
    stale = {"sofr_pct": sofr[:30], "iorb_pct": pd.Series([5.30], index=[span[0]])}
    assert len(funding.spread_bp(stale, "sofr_iorb")[0]) == 5  # Monday to Friday and the carry of 5 calendar days
    full = {"sofr_pct": sofr.iloc[:299], "iorb_pct": pd.Series(5.30, index=span)}
    row = funding.funding_row(full, span[298])
    assert row["sofr_iorb_20d_mean_bp"] == pytest.approx(5.0) and row["oldest_input_date"] == span[298]
    assert row["z_sofr_iorb"] is None  # every 20-day mean is the same: no deviation, no z
    rising = full | {"sofr_pct": sofr + pd.Series([0.01 * i for i in range(300)], index=span)}
    row = funding.funding_row(rising, span[-1])
    assert row["z_sofr_iorb"] is not None and row["components_available"] == 1
    assert row["funding_stress_index"] is None
    assert funding.funding_row(full, span[298] + dt.timedelta(days=6))["sofr_iorb_20d_mean_bp"] is None


def test_a_mean_of_exactly_zero_is_zero() -> None:
    span = days("2024-01-01", 20)
    sofr = pd.Series([3.65 + 0.01 * (-1) ** i * (1 + i // 2) for i in range(20)], index=span).round(2)
    row = funding.funding_row({"sofr_pct": sofr, "iorb_pct": pd.Series(3.65, index=span)}, span[-1])
    assert row["sofr_iorb_20d_mean_bp"] == 0.0
    assert not scorecard.legs("t1_2", row)["a"]["passed"]


def test_z_is_sample_sd_over_750_at_least_250_and_clipped() -> None:
    assert funding.z_score([0.0, 1.0] * 124 + [1.0]) is None
    assert funding.z_score([1.0] * 300) is None
    # 249 zeros and a one: mean 1/250, sd = sqrt((249*(1/250)^2 + (249/250)^2)/249) = sqrt(1/250), z = 15.75 -> 3
    assert funding.z_score([0.0] * 249 + [1.0]) == 3.0
    # 125 times -1 and +1: mean 0, sd = sqrt(250/249), z of +1 = sqrt(249/250); what is older than 750 does not count
    assert funding.z_score([99.0] + [-1.0, 1.0] * 375) == pytest.approx(math.sqrt(749 / 750))


def test_reserves_compare_with_the_observation_four_weeks_before() -> None:
    weeks = [D("2024-01-03") + dt.timedelta(days=7 * i) for i in range(6)]
    series = pd.Series([100.0, 100.0, 100.0, 100.0, 110.0, 90.0], index=weeks)
    assert funding.reserves_change_pct({"reserves_usd_mn": series})[1] == pytest.approx([10.0, -10.0])
    holed = series.drop(weeks[2])  # four observations before is now five weeks before
    assert funding.reserves_change_pct({"reserves_usd_mn": holed}) == ([], [])


# --- prices ----------------------------------------------------------------------------------------------------------


def test_split_adjustment_runs_forward_and_total_return_reinvests_the_dividend() -> None:
    span = days("2024-01-01", 4)
    close = pd.Series([100.0, 52.0, 50.0, 51.0], index=span)
    splits = pd.Series([2.0], index=[span[1]])
    dividends = pd.Series([1.0], index=[span[2]])
    assert prices.adjusted(close, splits).tolist() == [100.0, 104.0, 100.0, 102.0]
    got = prices.total_return(close, dividends, splits).tolist()
    assert got == pytest.approx([100.0, 104.0, 104.0 * 102.0 / 104.0, 102.0 * 102.0 / 100.0])


def test_crypto_is_sampled_one_calendar_day_back_and_carried_five_days() -> None:
    bars = pd.Series([1.0, 2.0, 3.0], index=[D("2024-01-05"), D("2024-01-07"), D("2024-01-08")])
    sessions = [D("2024-01-05"), D("2024-01-08"), D("2024-01-09"), D("2024-01-12"), D("2024-01-16")]
    assert prices.sample(bars, sessions, 1) == [None, 2.0, 3.0, 3.0, None]
    assert prices.sample(bars, sessions, 0) == [1.0, 3.0, 3.0, 3.0, None]


def test_sp500_before_the_index_is_spy_times_the_first_common_ratio() -> None:
    span = days("2024-01-01", 4)
    snapshot = {
        "spy_close_usd": pd.Series([10.0, 11.0, 12.0, 13.0], index=span),
        "sp500_index": pd.Series([120.0, 131.0], index=span[2:]),
    }
    assert prices.sp500_bars(snapshot).tolist() == [100.0, 110.0, 120.0, 131.0]


def test_basket_rebalances_monthly_and_is_null_below_half() -> None:
    sessions = [D("2024-01-30"), D("2024-01-31"), D("2024-02-01"), D("2024-02-29"), D("2024-03-01"), D("2024-03-04")]
    one: prices.Level = [10.0, 10.0, 12.0, 20.0, 22.0, None]
    two: prices.Level = [5.0, 10.0, 10.0, 10.0, 5.0, None]
    valid = {"one": D("2024-02-01"), "two": D("2024-02-01")}
    got = prices.basket({"one": one, "two": two}, valid, sessions)
    # February from base 31 January: (1.2 + 1)/2, (2 + 1)/2; March from 29 February at 150: (1.1 + 0.5)/2; then no price
    assert got[:2] == [None, 100.0]
    assert got[2:5] == pytest.approx([110.0, 150.0, 120.0])
    assert got[5] is None
    late = prices.basket({"one": one, "two": two}, {"one": D("2024-02-01"), "two": D("2024-03-01")}, sessions)
    assert late[2:5] == pytest.approx([120.0, 200.0, 160.0])  # two enters in March, never backwards


def test_a_crypto_member_needs_a_year_of_history_at_a_month_start() -> None:
    assert prices.first_valid_month(D("2014-09-17"), True) == D("2015-10-01")
    assert prices.first_valid_month(D("2014-09-01"), True) == D("2015-09-01")
    assert prices.first_valid_month(D("2000-06-05"), False) == D("2000-07-01")


# --- episodes --------------------------------------------------------------------------------------------------------


def test_episode_starts_at_the_last_high_and_exists_from_its_confirmation() -> None:
    sessions = days("2024-01-01", 9)
    closes: prices.Level = [90.0, 100.0, 99.0, 96.0, 95.0, 80.0, 99.0, 100.0, 101.0]
    assert ep.episodes(closes[:4], sessions[:4]) == []
    (one,) = ep.episodes(closes[:5], sessions[:5])
    assert (one["start_date"], one["confirmation_date"], one["end_date"]) == (sessions[1], sessions[4], None)
    assert one["window_open_date"] == sessions[0] and one["status"] == "open"
    (one,) = ep.episodes(closes, sessions)
    assert one["end_date"] == sessions[7]  # the old high equalled is a high again
    row = ep.episode_row(one, closes, sessions)
    assert row["sp500_depth_pct"] == pytest.approx(-20.0) and row["sp500_trough_date"] == sessions[5]
    assert row["length_days"] == 8 and row["sessions"] == 8


def test_a_high_leaves_the_window_after_365_days() -> None:
    sessions = [D("2023-01-03"), D("2023-06-01"), D("2024-01-03"), D("2024-01-04")]
    closes: prices.Level = [100.0, 90.0, 95.0, 94.0]
    assert ep.is_high(closes, sessions, 1) is False
    assert ep.is_high(closes, sessions, 2) is True  # 2023-01-03 is 365 days before: the 366th date from today


def test_window_measures_by_hand() -> None:
    sessions = days("2024-01-01", 66)
    before = [100.0 * math.exp(0.01 * (i % 2)) for i in range(61)]  # returns +1%, -1% in turn, ends at 100
    level: prices.Level = [*before, 104.0, 93.0, 90.0, 96.9, 97.0]
    got = ep.window_measures(level, sessions, 60, 65)
    assert got is not None
    vol = 0.01 * math.sqrt(60 / 59) * math.sqrt(21)
    assert got["monthly_vol_pct"] == pytest.approx(100 * vol)
    assert got["peak_date"] == sessions[61] and got["trough_date"] == sessions[63]
    assert got["depth_pct"] == pytest.approx((90 / 104 - 1) * 100)
    assert got["depth_vols"] == pytest.approx((1 - 90 / 104) / vol)
    assert got["break_10pct_date"] == got["break_scaled_date"] == sessions[62]
    assert got["half_recovery_date"] == sessions[65]  # (104 + 90) / 2 = 97
    assert got["days_to_half_recovery"] == (sessions[65] - sessions[63]).days
    assert ep.window_measures(level, sessions, 59, 65)["depth_vols"] is None  # type: ignore[index]


def test_beta_uses_the_250_returns_that_end_before_the_window() -> None:
    market: prices.Level = [100.0 * math.exp(0.01 * math.sin(i)) for i in range(260)]
    twice: prices.Level = [100.0 * math.exp(0.02 * math.sin(i)) for i in range(260)]
    assert ep.beta(twice, market, 251) == pytest.approx(2.0)
    assert ep.beta(twice, market, 250) is None
    twice[255] = 1.0  # inside or after the window: no influence
    assert ep.beta(twice, market, 255) == pytest.approx(2.0)


# --- liquidation -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "tau"),
    [
        ((1, 2, 3, 3), 1.0),
        ((1, 2, 3, 4), 5 / math.sqrt(5 * 6)),  # five pairs agree, the claim ties one
        ((2, 1, 3, 4), 3 / math.sqrt(5 * 6)),
        ((1, 2, 2, 2), 3 / math.sqrt(5 * 3)),
        ((4, 3, 1, 1), -1.0),
        ((1, 1, 1, 1), None),
    ],
)
def test_tau_b_by_hand(order: tuple[int, ...], tau: float | None) -> None:
    got = liquidation.tau_b(order)
    assert got is None if tau is None else got == pytest.approx(tau)


def bucket(
    depth_pct: float, vols: float, raw: str | None, scaled: str | None, recovery: int | None
) -> dict[str, object]:
    return {
        "depth_pct": depth_pct,
        "depth_vols": vols,
        "break_10pct_date": None if raw is None else D(raw),
        "break_scaled_date": None if scaled is None else D(scaled),
        "days_to_half_recovery": recovery,
    }


def test_order_measures_by_hand() -> None:
    measures = {
        "crypto": bucket(-40.0, 3.0, "2024-02-01", "2024-02-05", None),
        "ai_tech": bucket(-20.0, 2.5, "2024-02-10", "2024-02-05", 20),
        "gold": bucket(-8.0, 1.6, None, "2024-02-20", 5),
        "treasuries": bucket(-5.0, 1.0, None, None, None),
    }
    row = liquidation.order_measures(measures)
    assert row["raw_break_tau"] == pytest.approx(1.0)
    assert row["raw_depth_tau"] == pytest.approx(5 / math.sqrt(30))
    assert row["crypto_ai_broken_10pct_count"] == 2
    assert [row[f"{b}_scaled_break_rank"] for b in prices.BUCKETS] == [1, 1, 3, 4]
    assert row["scaled_break_tau"] == pytest.approx(4 / math.sqrt(5 * 5))
    assert row["ai_out_of_order_count"] == 0 and row["sold_count"] == 1
    assert row["sold_before_crypto_count"] == 0 and row["slow_recovery_count"] == 0
    assert scorecard.verdict("t2_0", row) == "holds" and scorecard.verdict("t2_1", row) == "holds"
    row.update(tested=True, none_sold=False)
    assert scorecard.verdict("t2_3", row) == "holds"
    measures["crypto"] = bucket(-40.0, 1.4, "2024-02-01", None, 3)
    measures["ai_tech"] = bucket(-5.0, 1.0, None, None, None)
    row = liquidation.order_measures(measures)
    assert row["crypto_scaled_break_rank"] is None and row["ai_out_of_order_count"] == 3
    assert row["sold_before_crypto_count"] == 1 and row["slow_recovery_count"] == 1
    assert scorecard.verdict("t2_1", row) == "fails"


def test_placebo_counts_only_windows_that_fit() -> None:
    sessions = days("2024-01-01", 130)
    level: dict[str, prices.Level] = {b: [100.0 + (i % 3) for i in range(130)] for b in prices.BUCKETS}
    level["crypto"] = [100.0 + 40.0 * (i % 2) for i in range(130)]
    row = liquidation.placebo(level, sessions, 28)  # from place 60: 60..87, 81..108, 102..129
    assert row["placebo_windows"] == 3 and row["placebo_crypto_deepest_raw_pct"] == 100.0
    assert liquidation.placebo(level, sessions, 29)["placebo_windows"] == 2


def test_stress_days_use_the_percentile_known_that_day() -> None:
    span = days("2023-01-02", 252)
    index = {d: float(i) for i, d in enumerate(span[:250])} | {span[250]: 225.0, span[251]: 0.0}
    # at the 250th value the 90th percentile of 0..249 is 224.1: 249 is above; of 251 values it is 225: 225 counts
    assert liquidation.stress_days(index, span[-1]) == [span[249], span[250]]


# --- gold and the scorecard ------------------------------------------------------------------------------------------


def test_max_drawdown_by_hand() -> None:
    assert gold.max_drawdown_pct([100.0, 110.0, 99.0, 105.0, 120.0, 114.0]) == pytest.approx(-10.0)
    assert gold.max_drawdown_pct([1.0, 2.0, 3.0]) == 0.0
    assert gold.max_drawdown_pct([99.0, 105.0, 120.0, 114.0]) == pytest.approx(-5.0)  # the old peak has left the window


def test_gold_row_needs_complete_windows_and_a_fresh_price() -> None:
    span = days("2024-01-01", 126)
    series = pd.Series([100.0] * 125 + [90.0], index=span)
    row = gold.gold_row({"gold_pm_usd_oz": series}, span[-1])
    assert row["mdd_126_pct"] == pytest.approx(-10.0) and row["mdd_252_pct"] is None and row["return_5y_pct"] is None
    assert row["mdd_126_place_pct"] == 100.0 and row["nonoverlapping_windows_126"] == 1
    assert "mdd_126_pct" not in gold.gold_row({"gold_pm_usd_oz": series}, span[-1] + dt.timedelta(days=6))
    assert scorecard.verdict("t4_5", row) == "no_data"


def test_return_takes_the_newest_price_ten_years_before_at_most_ten_days_older() -> None:
    held = [D("2014-02-20"), D("2014-02-27"), D("2024-02-29"), D("2024-03-12")]
    assert gold.return_pct(held, [50.0, 100.0, 150.0, 200.0], 2, 10) == pytest.approx(50.0)
    assert gold.return_pct(held, [50.0, 100.0, 150.0, 200.0], 3, 10) is None


def test_verdicts_and_margins() -> None:
    row = {"sofr_iorb_20d_mean_bp": 0.0, "funding_stress_index": 1.5}
    assert scorecard.verdict("t1_2", row) == "contested"
    assert scorecard.legs("t1_2", row)["a"]["margin"] == 0.0 and not scorecard.legs("t1_2", row)["a"]["passed"]
    assert scorecard.legs("t4_5", {"mdd_504_pct": -12.0})["b"]["margin"] == pytest.approx(2.0)
    assert scorecard.verdict("t4_5", {"return_10y_pct": -1.0, "mdd_504_pct": -20.0}) == "fails"
    none_sold = {"sold_before_crypto_count": 0, "slow_recovery_count": 0, "tested": True, "none_sold": True}
    assert scorecard.verdict("t2_3", none_sold) == "contested"
    assert scorecard.verdict("t2_3", none_sold | {"tested": False, "none_sold": False}) == "not_tested"
    assert scorecard.verdict("t2_0", {"raw_break_tau": None}) == "no_data"


def test_settled_follows_after_five_equal_days() -> None:
    raw = ["a", "b", "b", "b", "b", "c", "b", "b", "b", "b", "b", "c"]
    assert scorecard.settled(raw) == ["a"] * 10 + ["b", "b"]


# --- the recorded archive --------------------------------------------------------------------------------------------


def test_recorded_archive_knows_the_autumn_of_2025(upstream: Path) -> None:
    log, quantities = observations.recorded_log(upstream, days("1990-01-01", 9700))
    day = D("2025-11-21")
    snapshot = observations.as_known(log, quantities, observations.cutoff(day))
    assert snapshot["sofr_pct"].index[-1] == D("2025-11-20") and snapshot["btc_close_usd"].index[-1] == D("2025-11-20")
    row = funding.funding_row(snapshot, day)
    assert row["sofr_iorb_20d_mean_bp"] == pytest.approx(9.35) and scorecard.verdict("t1_2", row) == "holds"
    sessions = [d for d in snapshot["spy_close_usd"].index if d >= D("2015-01-01")]
    liq = liquidation.liquidation_row(snapshot, day, sessions, with_placebo=False)
    assert liq is not None and liq["episode_label"] == "open episode since 2025-10-28"
    assert liq["crypto_raw_depth_rank"] == 1 and scorecard.verdict("t2_0", liq) == "fails"
    assert scorecard.verdict("t4_5", gold.gold_row(snapshot, day, with_places=False)) == "contested"
