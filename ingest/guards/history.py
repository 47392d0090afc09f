"""What is held comes back as something else: with the other sign, at other dates, as zeros, or much of it changed.

Belongs here: an answer against what is held of the same dates. Does not belong here: units (`units`), a few dates that
vanished (`ingest.changelog`). A person can take an answer that these checks refuse: `lowtide accept`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from itertools import dropwhile

from ingest.accepted import hint
from ingest.errors import OutOfRange, SchemaDrift
from ingest.facts import Fact
from ingest.model import Dataset, Row, Series

REWRITTEN_AT_LEAST, REWRITTEN_SHARE, SHIFTS = 10, 0.9, 13  # held values that come back turned or at other dates
CHANGED_AT_LEAST, CHANGED_SHARE, CHANGED_BY = 10, 0.1, 0.05  # of a series that does not revise, by more than a twentieth
ZEROS = 3  # in a row: not a hole, not a day
ZERO_STEP_PCT, ZERO_STEP_SHARE = 1.0, 0.05  # a rate may be cut by that, or by that share of its range, to zero (2020-03-16: 1 pct)
ZERO_STEP_INDEX = 0.05


def refuse_rewritten(dataset: Dataset, series: Series, mine: Mapping[date, list[Fact]], rows: Sequence[Row]) -> None:
    """Refuses a load that rewrites history as no revision does. `rows` have values.

    Raises OutOfRange when values that differed all came back as the same one (a column of zeros) or nine in ten with the other
    sign, SchemaDrift when they come back up to 13 observations or days away (a time zone, a year), counted from the first that
    differs. Fewer than ten say nothing.
    """
    sent = {row.observation_date: row.value for row in rows if row.vintage is None and row.value is not None}
    common = [(day, mine[day][-1].value, sent[day]) for day in sorted(sent) if day in mine]
    triples = [(day, old, new) for day, old, new in common if old is not None]
    changed_on = list(dropwhile(lambda triple: triple[1] == triple[2], triples))
    pairs = [(old, new) for _, old, new in changed_on]
    changed = sum(old != new for old, new in pairs)
    if len(pairs) < REWRITTEN_AT_LEAST or changed * 2 < len(pairs):
        return
    if len({new for _, new in pairs}) == 1 and len({old for old, _ in pairs}) >= REWRITTEN_AT_LEAST:
        raise OutOfRange(f"{series.id}: {changed} of {len(pairs)} held values came back as {pairs[0][1]:g}, all of them{hint(dataset.id)}")
    if sum(old == -new != 0 for old, new in pairs) >= REWRITTEN_SHARE * len(pairs):
        raise OutOfRange(f"{series.id}: {changed} of {len(pairs)} held values came back with the other sign{hint(dataset.id)}")
    for shift in range(1, min(SHIFTS, len(pairs) // 2) + 1):
        for later, earlier in ((0, 1), (1, 0)):
            moved = zip(pairs[shift:], pairs, strict=False)
            same = sum(now[later] == before[earlier] for now, before in moved)
            if same >= REWRITTEN_SHARE * (len(pairs) - shift):
                raise SchemaDrift(f"{series.id}: the values held came back {shift} observations away from their dates{hint(dataset.id)}")
    first, start = min(sent), changed_on[0][0]
    for days in (sign * n for n in range(1, SHIFTS + 1) for sign in (1, -1)):  # over weekends these are other rows than above
        came = [(value, mine[day - timedelta(days=days)][-1].value) for day, value in sent.items()
                if day >= start and day - timedelta(days=days) >= first and day - timedelta(days=days) in mine]  # fmt: skip
        same = sum(now == before for now, before in came)
        if 2 * len(came) >= len(pairs) and len(came) >= REWRITTEN_AT_LEAST and same >= REWRITTEN_SHARE * len(came):
            raise SchemaDrift(f"{series.id}: the values held came back {abs(days)} day{'s' * (abs(days) > 1)} away from their dates{hint(dataset.id)}")


def refuse_zeros(dataset: Dataset, series: Series, mine: Mapping[date, list[Fact]], rows: Sequence[Row]) -> None:
    """Refuses a rate, price or index that falls to exactly zero from where it was and stays. `rows` have values.

    Near zero nothing is said (policy rates are cut to zero by up to a point), nor once three zeros are held, nor where the
    answer begins with zeros. Raises OutOfRange.
    """
    if series.kind not in ("rate", "price", "index") or not any(row.value == 0 for row in rows):
        return
    low, high = series.plausible
    step = max(ZERO_STEP_PCT, ZERO_STEP_SHARE * (high - low)) if series.kind == "rate" else ZERO_STEP_INDEX
    sent = {row.observation_date: row.value for row in rows}
    first = min(sent)
    values = {day: facts[-1].value for day, facts in mine.items() if day >= first} | sent
    before = 0.0
    run: list[date] = []
    for day, value in [*sorted((day, value) for day, value in values.items() if value is not None), (date.max, 1.0)]:
        if value == 0:
            run.append(day)
            continue
        held = sum(one in mine and mine[one][-1].value == 0 for one in run)
        if len(run) >= ZEROS > held and abs(before) > step:
            raise OutOfRange(f"{series.id}: {before:g} and then {len(run)} times 0 from {run[0]} on{hint(dataset.id)}")
        before, run = value, []


def refuse_changed(
    dataset: Dataset,
    series: Series,
    mine: Mapping[date, list[Fact]],
    sent: Mapping[date, float | None],
    withheld: Collection[date] = (),
) -> None:
    """Refuses an answer (`sent`, without its `withheld` dates) in which many held values of a series that does not revise are
    others by more than a twentieth, missing or gone. A smaller change is a revision, even of one that says it does not.

    Dates before and after the answer's are not asked about. Raises SchemaDrift when most of them have no value any more, else
    OutOfRange; both need ten and more than 10 %.
    """
    if dataset.revises or series.kind == "event" or not sent:
        return
    first, last = min(sent), max(sent)
    held = {day: facts[-1].value for day, facts in mine.items()
            if first <= day <= last and facts[-1].value is not None and day not in withheld}  # fmt: skip
    gone = [day for day in held if sent.get(day) is None]
    changed = [day for day, value in held.items() if (new := sent.get(day)) is not None and value is not None
               and abs(new - value) > CHANGED_BY * abs(value)]  # fmt: skip
    count = len(gone) + len(changed)
    if count < CHANGED_AT_LEAST or count <= CHANGED_SHARE * len(held):
        return
    if len(gone) > len(changed):
        raise SchemaDrift(f"{series.id}: {len(gone)} of {len(held)} held values from {first} to {last} have no value any more, "
                          f"e.g. {min(gone)}{hint(dataset.id)}")  # fmt: skip
    day = min(changed)
    raise OutOfRange(f"{series.id}: {count} of {len(held)} held values changed, and this series does not revise, e.g. {day} "
                     f"from {held[day]:g} to {sent[day]:g}{hint(dataset.id)}")  # fmt: skip
