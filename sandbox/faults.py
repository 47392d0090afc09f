"""Switching a fault on: which host, which paths, how often.

Belongs here: how a fault is named and when it strikes. Does not belong here: what it answers (`sandbox.catalogue`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from lowtide.errors import WrongUsage
from sandbox.catalogue import (
    ALFRED,
    CBOE,
    COINBASE,
    FISCAL,
    FRED,
    FREDAPI,
    LBMA,
    NYFED,
    TREASURY,
    YAHOO,
)
from sandbox.source_faults import CATALOGUE  # the generic ones and every provider's
from sandbox.wire import MIRROR, Ask, Backend, Reply, family

SHORT_NAMES = {
    "fred": FRED, "alfred": ALFRED, "fredapi": FREDAPI, "nyfed": NYFED, "fiscaldata": FISCAL, "treasury": TREASURY, "yahoo": YAHOO,
    "cboe": CBOE, "coinbase": COINBASE, "lbma": LBMA, "vision": "data.binance.vision", "bucket": "s3-ap-northeast-1.amazonaws.com", "binance": "api.binance.com",
    "bybit": "api.bybit.com", "kraken": "api.kraken.com", "okx": "www.okx.com", "deribit": "www.deribit.com", "bitmex": "www.bitmex.com",
    "coingecko": "api.coingecko.com", "stablecoins": "stablecoins.llama.fi", "llama": "api.llama.fi", "llamapro": "pro-api.llama.fi",
    "rwaxyz": "api.rwa.xyz", "sec": "data.sec.gov", "spdr": "api.spdrgoldshares.com", "imf": "api.imf.org",
    "cftc": "publicreporting.cftc.gov", "bls": "api.bls.gov", "eurostat": "ec.europa.eu", "ons": "www.ons.gov.uk", "oecd": "sdmx.oecd.org",
    "worldbank": "api.worldbank.org", "bis": "stats.bis.org", "fsi": "www.financialresearch.gov", "ofr": "data.financialresearch.gov",
    "atlantafed": "www.atlantafed.org", "ecb": "www.ecb.europa.eu", "currencyapi": "cdn.jsdelivr.net", "currencymirror": MIRROR,
}


@dataclass(frozen=True)
class Fault:
    """Switch `kind` on for `host` ('*' = every host), for paths (with query) that contain a text, `times` times (None = always).

    Raises WrongUsage for an unknown kind, or one that does not belong to the host.
    """

    host: str
    kind: str
    path_contains: str = ""
    times: int | None = None
    _used: list[int] = field(default_factory=lambda: [0], compare=False, repr=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", family(SHORT_NAMES.get(self.host, self.host).lower()))
        if self.kind not in CATALOGUE:
            raise WrongUsage(f"unknown fault {self.kind!r}: use one of {', '.join(sorted(CATALOGUE))}")
        hosts = CATALOGUE[self.kind].hosts
        if hosts and self.host not in hosts:
            raise WrongUsage(f"fault {self.kind} belongs to {', '.join(sorted(hosts))}, not to {self.host}")
        if self.times is None:
            object.__setattr__(self, "times", CATALOGUE[self.kind].times)

    def strikes(self, ask: Ask) -> bool:
        """Whether this request is hit; counts the hit."""
        where = ask.path + "?" + "&".join(f"{name}={value}" for name, value in ask.query.items())
        if self.host not in ("*", family(ask.host)) or self.path_contains not in where:
            return False
        with self._guard:
            if self.times is not None and self._used[0] >= self.times:
                return False
            self._used[0] += 1
            return True


def parse(text: str) -> Fault:
    """`host=kind[@path][*times]`, e.g. 'fred=fred_504@id=SOFR*2'. Raises WrongUsage when the text is something else."""
    match = re.fullmatch(r"([^=@\s]+)=(\w+)(?:@(.+?))?(?:\*(\d+))?", text.strip())
    if match is None:
        raise WrongUsage(f"not a fault: {text!r} (use host=kind[@path][*times])")
    host, kind, path, times = match.groups()
    return Fault(host, kind, path or "", int(times) if times else None)


def spoil(ask: Ask, backend: Backend, faults: Sequence[Fault]) -> Reply:
    """The backend's answer, or what the first fault that strikes makes of it."""
    for fault in faults:
        if fault.strikes(ask):
            return CATALOGUE[fault.kind].apply(ask, backend.answer)
    return backend.answer(ask)


__all__ = ["CATALOGUE", "SHORT_NAMES", "Fault", "parse", "spoil"]
