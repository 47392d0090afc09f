"""What is expected where: typed errors per fault, faults that are harmless, properties that do not apply. Each with its
reason, so that the table in the docs can show it.

Belongs here: declarations (data). Does not belong here: how they are tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from ingest.client import Limits
from sandbox.wire import MIRROR

PROPERTIES = {
    "happy": "every dataset loads; two loads of the same bytes give byte-equal logs, and so does a rebuild from landing",
    "second": "a second full load of the same bytes adds nothing",
    "faults": "every fault of its hosts ends in its typed error and adds no row, or is declared harmless",
    "missing": "the missing marker becomes a row without a value",
    "revision": "a changed value becomes a new version beside the old one",
    "unit": "all values times 1000 are refused",
    "shortened": "an answer with only the newer half of the history deletes nothing",
    "secrets": "a key never appears in logs, errors, ledger, landed requests or the raw zone; without it: not configured",
    "hostile": "damaged bytes give rows or a typed error",
}

# The dataset that stands for a provider, or for a provider under one fault ("provider:fault"). Default: its first.
SENDER: dict[str, str] = {
    "nyfed:rp_two_ops": "nyfed_operations",
    "nyfed:nyfed_mixed": "nyfed_sofr",
    "wgc": "wgc_official",
    "binance_vision": "binance_btc_perp",  # with a unit guard, as is the next
    "okx": "okx_btc_oi",
}

TRANSPORT = frozenset({"Unreachable"})
# fault, or "provider:fault" -> the errors it may end in; a fault that is not here ends in any typed error.
ERRORS: Mapping[str, frozenset[str]] = {
    **{fault: frozenset(errors.split("|")) for fault, errors in {
        "alfred_ignored": "SchemaDrift",
        "atlantafed:unit_x100": "SchemaDrift",  # found by the parser: a probability is at most 100
        "atlantafed:unit_x1000": "SchemaDrift",
        "binance_451": "Blocked",
        "binance_vision:stale": "EmptyPayload",  # files are of one period: the newest are without a row
        "bitmex:vanished": "SchemaDrift|StaleData",  # a page that is not full is taken for the last one
        "bls_200": "RateLimited",
        "bls_bad_key": "Blocked",
        "coinbase_400": "SchemaDrift",
        "deribit_400": "SchemaDrift",
        "deribit_429": "RateLimited",
        "estat_400": "SchemaDrift",
        "estat_old_dataset": "StaleData",
        "fiscal_400": "SchemaDrift",
        "fredapi_429": "RateLimited",
        "fredapi_429_bare": "RateLimited",
        "fredapi_bad_key": "Blocked",
        "fredapi_no_key": "Blocked",
        "fredapi_no_series": "NotFound",
        "fx_stale": "StaleData",
        "gecko_401": "PlanRestricted",
        "gecko_429": "RateLimited",
        "gld_pdf": "SchemaDrift",
        "kraken_200_error": "RateLimited",
        "kraken_unknown_pair": "NotFound",
        "llama_402": "PlanRestricted",
        "nyfed_400": "SchemaDrift",
        "oecd_404": "NotFound",
        "oecd_429": "RateLimited",
        "okx:stale": "EmptyPayload|StaleData",  # the newest page is without a row
        "okx_429": "RateLimited",
        "okx_code": "NotFound",
        "sec_200_html": "Blocked",
        "sec_403_html": "Blocked",
        "sec_404_xml": "NotFound",
        "sec_429_html": "RateLimited",
        "ust_html": "SchemaDrift|Blocked",
        "vision_404": "NotFound",
        "vision_bad_checksum": "SchemaDrift",
        "vision_cut_zip": "SchemaDrift",
    }.items()},
    "http_403": frozenset({"Blocked"}),
    "http_429": frozenset({"RateLimited"}),
    "http_451": frozenset({"Blocked"}),
    "http_500": TRANSPORT,
    "html_200": frozenset({"Blocked", "SchemaDrift"}),
    "empty_200": frozenset({"EmptyPayload", "SchemaDrift"}),
    "hang": TRANSPORT,
    "truncated": TRANSPORT,
    "wrong_gzip": TRANSPORT,
    "slow_drip": TRANSPORT,
    "redirect_login": frozenset({"Blocked", "SchemaDrift"}),
    "unit_x100": frozenset({"OutOfRange"}),
    "unit_x1000": frozenset({"OutOfRange"}),
    "stale": frozenset({"StaleData"}),
    "vanished": frozenset({"SchemaDrift"}),
    "fred_hang": TRANSPORT,
    "fred_504": TRANSPORT,
    "fred_403": frozenset({"Blocked"}),
    "fred_404": frozenset({"NotFound"}),
    "yahoo_429": frozenset({"RateLimited"}),
    "yahoo_delisted": frozenset({"NotFound"}),
    "coinbase_404": frozenset({"NotFound"}),
    "coinbase_429": frozenset({"RateLimited"}),
    "nyfed_empty": frozenset({"EmptyPayload"}),
}
# faults of the data: only a home that holds the truth can tell
HELD = frozenset({"unit_x100", "unit_x1000", "revised_3pct", "stale", "vanished"})
# hosts that always send whole histories -> days that are left of them, for speed, before any fault
WHOLE = {
    **dict.fromkeys([
        "api.llama.fi", "api.spdrgoldshares.com", "cdn.cboe.com", "prices.lbma.org.uk", "stablecoins.llama.fi",
        "stats.bis.org", "www.ecb.europa.eu", "www.financialresearch.gov",
    ], 1200),
    "www.atlantafed.org": 300,  # the slowest to read
}  # fmt: skip
# hosts that are asked after others
ALSO_ASKED: Mapping[str, tuple[str, ...]] = {"currencyapi": (MIRROR,)}

_PATIENT: dict[str, Any] = {"limits": Limits(tries=4, read_s=20.0, first_wait_s=0.01, scale=0.0, pace=False)}
_HASTY: dict[str, Any] = {
    "limits": Limits(tries=1, read_s=0.25, transfer_s=0.25, first_wait_s=0.0, scale=0.0, pace=False)
}
STEADY: dict[str, dict[str, Any]] = {
    "503_then_ok": _PATIENT, "hang": _HASTY, "slow_drip": _HASTY, "fred_hang": _HASTY, "fred_504": _HASTY,
}  # fmt: skip


class Harmless(NamedTuple):
    """A fault that is no failure. `effect`, against a load without it:
    same = the same facts; fewer = no other facts, some without a value or not there; revised = old facts and new
    versions; kept = the log stays as it is, whether the answer is refused or not.
    """

    effect: Literal["same", "fewer", "revised", "kept"]
    reason: str


# "provider:fault", or "fault" for all providers; None: harmless for the others, refused here
HARMLESS: dict[str, Harmless | None] = {
    "503_then_ok": Harmless("same", "the client tries again"),
    "revised_3pct": Harmless("revised", "upstreams do revise: a version is added, the old one is kept"),
    "short_history": Harmless("kept", "upstreams cut their history: what is held of it stays"),
    "fred_short_history": Harmless("kept", "licensed series shrink to three years: what is held of them stays"),
    "fred_legacy_header": Harmless("same", "the header and the missing marker of before 2025 are read as well"),
    "nyfed_mixed": Harmless("same", "rows of the averages are passed over, a row without a rate gives no row"),
    "rp_two_ops": Harmless("revised", "the windows of one day are added up, small value exercises are not"),
    "fiscal_null": Harmless("fewer", "the text null is a missing value"),
    "fiscal_pages": Harmless("same", "all pages are read"),
    "ust_columns": Harmless("same", "a maturity that a year does not have gives no row"),
    "yahoo_null_bars": Harmless("fewer", "a null close on a session day is a missing value"),
    "yahoo_live_bar": Harmless("same", "the bar of a session that is still open is not read"),
    "lbma_zero": Harmless("fewer", "0 is LBMA's missing marker"),
    "lbma_null": Harmless("fewer", "null is a missing value"),
    "alfred:revised_3pct": None,  # a past vintage never changes: an answer that says so is refused
    "sec:revised_3pct": None,  # nor does a filing
    "sec:stale": Harmless("kept", "what a later list of filings leaves out was filed all the same"),
    "sec:vanished": Harmless("kept", "what a later list of filings leaves out was filed all the same"),
    "worldbank:stale": Harmless("kept", "years: four months without news are normal"),
    "currencyapi:stale": Harmless("kept", "a file holds one day: there is none that ends too early"),
    "currencyapi:vanished": Harmless("kept", "a file holds one day: days that are not there are passed over"),
    "rwaxyz:unit_x100": Harmless("revised", "no series with a unit guard, as young classes of assets do jump: only x1000 leaves the range"),
    "mpt_bad_drawing": Harmless("same", "sheet and strings are read, drawings are not"),
    "vision_microseconds": Harmless("same", "time stamps are told apart by their digits"),
    "llama_string_date": Harmless("same", "dates are read as numbers and as text"),
    "llama_revised": Harmless("revised", "whole histories are recomputed: versions are added, the old ones are kept"),
    "cot_missing_key": Harmless("fewer", "an absent field is a missing value"),
    "cot_1000": Harmless("same", "pages are read until none is left"),
    "ecb_na": Harmless("fewer", "N/A is a missing value"),
    "estat_sparse": Harmless("fewer", "a month without a value is not in the answer"),
    "imf_zero": Harmless("fewer", "0 is a hole in the reporting: a missing value"),
    "imf_sparse": Harmless("fewer", "a country that is not in the answer gives no row"),
    "ons_mixed_freq": Harmless("same", "months are told from years and quarters by their form"),
    "gld_holiday": Harmless("fewer", "a holiday's row has no value"),
    "fx_404": Harmless("fewer", "without dated files there is @latest"),
    "alfred:stale": Harmless("kept", "what a vintage leaves out is no news about other vintages"),
    "alfred:vanished": Harmless("kept", "what a vintage leaves out is no news about other vintages"),
    "lbma_saturday": Harmless("same", "there is no fixing on a Saturday"),
}

# "provider:property" -> why it does not apply
NOT_APPLICABLE: dict[str, str] = {
    "currencyapi:shortened": "a file holds one day: there is no history to shorten",
}

# faults of hosts that no dataset asks
UNUSED: dict[str, str] = {
    "bybit_403": "Bybit is optional and not read: it refuses many countries, Binance's archive and OKX stand for it",
    "bybit_retcode": "Bybit is optional and not read: it refuses many countries, Binance's archive and OKX stand for it",
    "vision_missing_day": "a fault of the listing, which only the bulk loader reads: tests/ingest/bulk/test_bulk_load.py",
}

# "provider:refused" or "provider:absent" -> why a missing marker gives no row without a value
NO_MARKER: dict[str, str] = {
    "coinbase:refused": "the upstream has no missing marker: a day without a trade is not there, a candle without a close is refused",
    "bitmex:refused": "the upstream has no missing marker: a settlement without a rate is refused",
    "kraken:refused": "the upstream has no missing marker: a bar without a close is refused",
    "deribit:refused": "the upstream has no missing marker: a row without a close is refused",
    "okx:refused": "the upstream has no missing marker: a row without a number is refused",
    "sec:refused": "the upstream has no missing marker: a fact without a figure is refused",
    "binance_vision:refused": "a kline without a close is refused (a day without open interest is a missing value: test_binance_vision)",
    "currencyapi:refused": "the upstream has no missing marker: a currency that a file lacks gives no row, a file without any is refused",
    "defillama:absent": "the upstream has no missing marker: a point without the figure gives no row",
    "nyfed:absent": "the upstream has no missing marker: a rate that does not exist is left out, and gives no row",
}

# provider -> days between two looks: its revisions are new vintages, and a past vintage never changes
NEW_VINTAGE: dict[str, int] = {"alfred": 45, "sec": 45}

# provider -> the fault that sets its missing marker, where it is more than an empty cell
MARKER: dict[str, str] = {"cftc": "cot_missing_key", "imf": "imf_zero", "ecb": "ecb_na"}
