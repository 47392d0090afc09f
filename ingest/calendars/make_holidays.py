"""Writes `holidays.csv` (calendar, day, name): every weekday on which a calendar has no session, up to 2030.

Belongs here: closing rules and one-off closures, with their reasons. Does not belong here: anything needed at run time
(the pipeline reads the CSV). Run by hand when a rule changes: `python -m ingest.calendars.make_holidays`.

Needs the development dependencies `exchange-calendars` (NYSE, ad-hoc closures included) and `holidays` (UK bank
holidays, names). What the rules say was compared with the days on which the recorded series have values:

* fed: EFFR, 2000-2026. Open on Good Friday and on 2018-12-05 and 2025-01-09. No exception needed.
* sifma: SOFR from 2018-04, DGS10 before. SOFR has no value on any Good Friday, although yields exist for 2021-04-02,
  2023-04-07 and 2026-04-03 (jobs report, shortened day): the calendar is closed on them, which can only make a yield
  known later than it was. Before SOFR began the Good Fridays with yields are sessions.
* lbma: the days with a PM gold auction, 1990-2026. There is none on the last business day before Christmas and before
  New Year (24 and 31 December, or the Friday before); silver is set on those days, so it may be newer than expected.
* nyse: SPY, GLD, TLT, QQQ, SP500: no day missing or too many.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

LAST_YEAR = 2030
MON, THU, SAT, SUN = 0, 3, 5, 6
Named = Iterator[tuple[date, str]]

# Good Fridays on which Treasury yields exist, before SOFR: the jobs report fell on them, or the market stayed open.
OPEN_GOOD_FRIDAYS = {1996, 1999, 2007, 2010, 2012, 2015}
TREASURY_MARKET_EXTRA = {
    "1963-11-25": "Funeral of President Kennedy",
    "1964-02-21": "Day before Washington's Birthday",
    "1964-05-29": "Day before Memorial Day",
    "1968-04-09": "Funeral of Martin Luther King Jr.",
    "1969-03-31": "Funeral of President Eisenhower",
    "1969-07-21": "First lunar landing",
    "1973-12-24": "Day before Christmas",
    "1977-07-14": "New York blackout",
    "1978-05-30": "Traditional Memorial Day",
    "1979-05-30": "Traditional Memorial Day",
    "1985-01-21": "Presidential inauguration",
    "1985-09-27": "Hurricane Gloria",
    "1994-04-27": "Funeral of President Nixon",
    "2001-09-11": "September 11 attacks",
    "2001-09-12": "September 11 attacks",
    "2004-06-11": "Funeral of President Reagan",
    "2012-10-30": "Hurricane Sandy",
    "2018-12-05": "Funeral of President George H. W. Bush",
}


def easter(year: int) -> date:
    """Easter Sunday, Gregorian."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (8 * b + 13) // 25 + 15) % 30
    i = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 19 * i) // 433
    month = (h + i - 7 * m + 90) // 25
    return date(year, month, (h + i - 7 * m + 33 * month + 19) % 32)


def nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th `weekday` of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def last_monday_of_may(year: int) -> date:
    end = date(year, 5, 31)
    return end - timedelta(days=end.weekday())


def weekdays(days: Named, sunday_to_monday: bool = True) -> Named:
    """A holiday on a Saturday is not observed, one on a Sunday is observed on Monday (United States, banks)."""
    for day, name in days:
        if day.weekday() == SUN and sunday_to_monday:
            yield day + timedelta(days=1), f"{name} (observed)"
        elif day.weekday() < SAT:
            yield day, name


def us_holidays(year: int) -> Named:
    """Federal holidays on their own dates, as the Federal Reserve Banks keep them."""
    uniform = year >= 1971  # Uniform Monday Holiday Act
    yield date(year, 1, 1), "New Year's Day"
    if year >= 1986:
        yield nth(year, 1, MON, 3), "Martin Luther King Jr. Day"
    yield (nth(year, 2, MON, 3) if uniform else date(year, 2, 22)), "Washington's Birthday"
    yield (last_monday_of_may(year) if uniform else date(year, 5, 30)), "Memorial Day"
    if year >= 2021:  # a Saturday in 2021, so first observed in 2022
        yield date(year, 6, 19), "Juneteenth"
    yield date(year, 7, 4), "Independence Day"
    yield nth(year, 9, MON, 1), "Labor Day"
    yield (nth(year, 10, MON, 2) if uniform else date(year, 10, 12)), "Columbus Day"
    yield (nth(year, 10, MON, 4) if 1971 <= year <= 1977 else date(year, 11, 11)), "Veterans Day"
    yield nth(year, 11, THU, 4), "Thanksgiving Day"
    yield date(year, 12, 25), "Christmas Day"


def fed() -> Named:
    """Federal Reserve Banks, from 1962."""
    for year in range(1962, LAST_YEAR + 1):
        yield from weekdays(us_holidays(year))


def sifma() -> Named:
    """Treasury market, from 1962: Fed holidays, Good Friday, the Friday before a Saturday's Independence Day, Juneteenth or
    Christmas, and until 1985 the days New York kept (Lincoln's Birthday, Election Day, Veterans Day on 11 November)."""
    for year in range(1962, LAST_YEAR + 1):
        for day, name in weekdays(us_holidays(year)):
            if not (name == "Veterans Day" and 1974 <= year <= 1977):
                yield day, name
        if year not in OPEN_GOOD_FRIDAYS:
            yield easter(year) - timedelta(days=2), "Good Friday"
        moved = [(date(year, 7, 4), "Independence Day"), (date(year, 12, 25), "Christmas Day")]
        moved += [(date(year, 6, 19), "Juneteenth")] if year >= 2022 else []
        for day, name in moved:
            if day.weekday() == SAT:
                yield day - timedelta(days=1), f"{name} (observed)"
        if 1974 <= year <= 1977:
            yield from weekdays(iter([(date(year, 11, 11), "Veterans Day")]), sunday_to_monday=False)
        if year <= 1985:
            yield from weekdays(iter([(date(year, 2, 12), "Lincoln's Birthday")]))
        if year <= 1984:
            yield nth(year, 11, MON, 1) + timedelta(days=1), "Election Day"
    for text, name in TREASURY_MARKET_EXTRA.items():
        yield date.fromisoformat(text), name


def lbma() -> Named:
    """Days without a PM gold auction, from 1968: bank holidays in England, the last weekday before Christmas and New Year."""
    import holidays  # development dependency

    bank = holidays.country_holidays("GB", subdiv="ENG", years=range(1968, LAST_YEAR + 2), language="en_US")
    yield from weekdays(((day, name) for day, name in bank.items() if day.year <= LAST_YEAR), sunday_to_monday=False)
    for year in range(1968, LAST_YEAR + 1):
        for feast in (date(year, 12, 25), date(year + 1, 1, 1)):
            day = feast - timedelta(days=1)
            while day.weekday() >= SAT:
                day -= timedelta(days=1)
            yield day, "No PM auction"


def nyse() -> Named:
    """New York Stock Exchange, from 1968, with its unscheduled closures."""
    import exchange_calendars  # type: ignore[import-untyped]  # development dependencies
    import holidays

    calendar = exchange_calendars.get_calendar("XNYS", start="1968-01-01", end=f"{LAST_YEAR}-12-31")
    names = holidays.financial_holidays("NYSE", years=range(1968, LAST_YEAR + 1))
    open_days = {stamp.date() for stamp in calendar.sessions}
    day = date(1968, 1, 1)
    while day.year <= LAST_YEAR:
        if day.weekday() < SAT and day not in open_days:
            yield day, names.get(day) or "Unscheduled closure"
        day += timedelta(days=1)


def main() -> None:
    rows: dict[tuple[str, str], str] = {}
    for rule in (fed, lbma, nyse, sifma):
        for day, name in rule():
            rows.setdefault((rule.__name__, day.isoformat()), name)
    with (Path(__file__).parent / "holidays.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(("calendar", "day", "name"))
        writer.writerows((*key, name) for key, name in sorted(rows.items()))


if __name__ == "__main__":
    main()
