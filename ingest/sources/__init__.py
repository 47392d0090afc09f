"""One module per provider: what to ask for, and what the bytes that came back say.

Belongs here: `<provider>.py` with a `SOURCE` object (`ingest.model.Source`), and the helpers that parsers share
(`_payload`, `_fredapi`, `_xlsx`). Does not belong here: sending (`ingest.client`), storing (`ingest.landing`,
`ingest.changelog`), and the series themselves (`ingest.registry`). Parsers are pure: same dataset and response, same
rows.
"""

from __future__ import annotations

from ingest.model import Source
from ingest.sources import (
    alfred,
    atlantafed,
    binance_vision,
    bis,
    bitmex,
    bls,
    cboe,
    cftc,
    coinbase,
    coingecko,
    currencyapi,
    defillama,
    deribit,
    ecb,
    eurostat,
    fiscaldata,
    fred,
    imf,
    kraken,
    lbma,
    nyfed,
    oecd,
    ofr,
    okx,
    ons,
    rwaxyz,
    sec,
    spdr,
    treasury,
    wgc,
    worldbank,
    yahoo,
)
from lowtide.errors import LowtideError

_SOURCES: dict[str, Source] = {
    module.SOURCE.name: module.SOURCE
    for module in (
        alfred,
        atlantafed,
        binance_vision,
        bis,
        bitmex,
        bls,
        cboe,
        cftc,
        coinbase,
        coingecko,
        currencyapi,
        defillama,
        deribit,
        ecb,
        eurostat,
        fiscaldata,
        fred,
        imf,
        kraken,
        lbma,
        nyfed,
        oecd,
        ofr,
        okx,
        ons,
        rwaxyz,
        sec,
        spdr,
        treasury,
        wgc,
        worldbank,
        yahoo,
    )
}
PROVIDERS = tuple(_SOURCES)


def get(provider: str) -> Source:
    """The source called `provider`. Raises LowtideError for a name that no module carries."""
    try:
        return _SOURCES[provider]
    except KeyError:
        raise LowtideError(f"no source is called {provider!r}: known are {', '.join(PROVIDERS)}") from None
