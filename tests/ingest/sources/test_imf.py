"""IMF official gold: CSV and XML, zeros that are holes, sectors that must not mix."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import (
    Blocked,
    EmptyPayload,
    NotFound,
    RateLimited,
    SchemaDrift,
    SourceError,
)
from ingest.model import Held

HEAD = "DATAFLOW,COUNTRY,INDICATOR,SECTOR,FREQUENCY,TIME_PERIOD,OBS_VALUE\n"
IND = "IRFCLDT1_IRFCL56V_FTO"


def line(
    country: str = "KAZ",
    month: str = "2026-M02",
    value: str = "11174283.905",
    sector: str = "S1XS1311",
    freq: str = "M",
) -> str:
    return f"IMF.STA:IRFCL(11.0.0),{country},{IND},{sector},{freq},{month},{value}\n"


def test_ounces_by_country(bench: Any) -> None:
    text = (
        HEAD
        + line()
        + line(month="2026-M03", value="0.0")
        + line("POL", "2026-04", "19000000")
        + line("XYZ")
        + line("CHN", value="")
    )
    assert bench("imf_irfcl").values(text) == {
        "imf.irfcl_gold_kaz": {date(2026, 2, 1): 11174283.905, date(2026, 3, 1): None},
        "imf.irfcl_gold_pol": {date(2026, 4, 1): 19000000},
        "imf.irfcl_gold_chn": {date(2026, 2, 1): None},
    }


XML = (
    '<?xml version="1.0"?><m:StructureSpecificData xmlns:m="urn:m"><m:DataSet>{}</m:DataSet></m:StructureSpecificData>'
)
SERIES = (
    f'<Series COUNTRY="KAZ" INDICATOR="{IND}" SECTOR="S1XS1311"><Obs TIME_PERIOD="2026-M02" OBS_VALUE="5e6"/></Series>'
)


def test_xml_is_read_as_well(bench: Any) -> None:
    assert bench("imf_irfcl").values(XML.format(SERIES)) == {"imf.irfcl_gold_kaz": {date(2026, 2, 1): 5e6}}


def test_the_scale_is_for_display(bench: Any) -> None:
    """As the service sends it: SCALE 6 beside plain ounces, and other sectors where the key leaves them open."""
    head, tail = HEAD.replace("OBS_VALUE", "SCALE,OBS_VALUE"), {date(2026, 2, 1): 261499000.0}
    lines = [line("USA", value=f"6,{value}", sector=sector) for sector, value in (("S1X", "1"), ("S1XS1311", "261499000"))]
    assert bench("imf_irfcl").values(head + "".join(lines)) == {"imf.irfcl_gold_usa": tail}
    series = SERIES.replace("KAZ", "USA").replace("5e6", "261499000").replace("SECTOR=", 'SCALE="6" SECTOR=')
    assert bench("imf_irfcl").values(XML.format(series)) == {"imf.irfcl_gold_usa": tail}


def test_the_sampled_shape(upstream: Path, bench: Any) -> None:
    sample = upstream.parent / "samples/imf/irfcl_kaz_shape.xml"
    if not sample.is_file():
        pytest.skip(f"no sample at {sample}")
    assert bench("imf_irfcl").values(sample.read_bytes()) == {
        "imf.irfcl_gold_kaz": {date(2026, 2, 1): 11174283.905, date(2026, 3, 1): None, date(2026, 4, 1): 11390654.938}
    }


def test_the_requests(bench: Any) -> None:
    request = bench("imf_irfcl").first()
    assert request.url.startswith("https://api.imf.org/external/sdmx/2.1/data/IMF.STA,IRFCL/ARG+AUS+")
    assert request.url.endswith("+ZAF.IRFCLDT1_IRFCL56V_FTO.S1XS1311.M")
    assert request.params == {"startPeriod": "2000"} and request.headers == {"Accept": "text/csv"}
    world = bench("imf_il").first(Held({"imf.il_gold_world": date(2026, 1, 1)}))
    assert "/IMF.STA,IL/G001+" in world.url and world.url.endswith(".RGV_REVS.FTO.M")
    assert world.params == {"startPeriod": "2025"}


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [
        ("No results found", 404, NotFound),
        ("", 429, RateLimited),
        ("<html>Access Denied</html>", 200, Blocked),
        ("<!DOCTYPE html><html>hello</html>", 200, SchemaDrift),
        ("<Error>whatever</Error>", 200, SchemaDrift),
        ("", 200, EmptyPayload),
        (HEAD, 200, EmptyPayload),
        (HEAD + line(value="0.0"), 200, EmptyPayload),
        (HEAD + line("XYZ"), 200, EmptyPayload),
        (HEAD + line()[:-4], 200, SchemaDrift),
        (HEAD + line(sector="S1X"), 200, SchemaDrift),
        (HEAD + line(freq="A"), 200, SchemaDrift),
        (HEAD + line(month="2026-Q1"), 200, SchemaDrift),
        (HEAD + line(month="2026-M13"), 200, SchemaDrift),
        (HEAD + line(value="lots"), 200, SchemaDrift),
        (HEAD + line() + line(value="1"), 200, SchemaDrift),
        (HEAD.replace("COUNTRY", "REF_AREA") + line(), 200, SchemaDrift),
        (HEAD.replace("OBS_VALUE", "OBS_VALUE,UNIT_MULT") + line().replace("\n", ",6\n"), 200, SchemaDrift),
        (XML.format(SERIES.replace("S1XS1311", "S1311")), 200, SchemaDrift),
        (XML.format(SERIES.replace("COUNTRY", "AREA")), 200, SchemaDrift),
        (XML.format(SERIES)[:-30], 200, SchemaDrift),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + XML.format(SERIES)[21:], 200, SchemaDrift),
    ],
)
def test_faults(bench: Any, text: str, status: int, error: type[SourceError]) -> None:
    with pytest.raises(error):
        bench("imf_irfcl").rows(text, status=status)


@given(at=st.integers(0, 10_000), noise=st.text(max_size=12))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes(bench: Any, at: int, noise: str) -> None:
    for text in (HEAD + line() + line("POL"), XML.format(SERIES)):
        cut = at % len(text)
        for damaged in (text[:cut], text[:cut] + noise + text[cut:], noise):
            try:
                bench("imf_irfcl").rows(damaged)
            except SourceError as error:
                assert "\n" not in str(error)
