"""The nouns of ingest: what the registry declares, what goes over the wire, what comes out of a parser.

Belongs here: data shapes. Does not belong here: any behaviour of a provider, of HTTP or of the file system.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, model_validator

Domain = Literal["rates", "funding", "market", "crypto", "onchain", "filings", "gold", "inflation"]
Frequency = Literal["daily", "weekly", "monthly", "quarterly", "annual"]
Calendar = Literal["nyse", "sifma", "fed", "lbma", "24x7"]
Kind = Literal["rate", "price", "stock", "flow", "index", "event"]
Tier = Literal["open", "internal", "restricted"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Publication(Strict):
    """When observation d is public: the release seed's row for `release`, else d + lag on `calendar` at `at` in `tz`."""

    lag_days: int = Field(ge=0)
    lag_unit: Literal["business", "calendar"] = "business"
    calendar: Calendar | None = None  # default: the dataset's own
    at: str = Field(pattern=r"^\d\d:\d\d$")
    tz: str
    release: str | None = None  # key into calendars/release_dates.csv
    reason: str  # where the lag comes from


class Licence(Strict):
    tier: Tier
    citation: str


class Series(Strict):
    id: str  # "<provider>.<name>"
    field: str  # the column, key or tag in the payload
    title: str
    unit: str
    kind: Kind
    quantity: str  # what marts ask for; several series may give the same quantity
    priority: int = 1  # 1 wins where it has a value
    plausible: tuple[float, float]  # inclusive; a value outside is quarantined
    unit_guard: bool = True  # refuse a load whose level flips by x100, x1000, ... (off for flows that jump by nature)
    theses: tuple[str, ...] = ()


class Dataset(Strict):
    """One request unit: what is asked for in one go and kept in one change-log file."""

    id: str
    domain: Domain
    provider: str
    title: str
    request: dict[str, Any] = Field(default_factory=dict)  # provider-specific; the provider's module documents it
    frequency: Frequency
    anchor: str | None = None  # weekly: weekday of the observation date, e.g. "wednesday"
    calendar: Calendar
    dates: Literal["any", "weekdays", "sessions"] = "weekdays"  # daily, not 24x7: days a value may bear; sessions where proven
    publication: Publication
    revises: bool
    vintages: Literal["native", "fetch_time"] = "fetch_time"
    first_date: date  # upstream's first observation (not asked for earlier)
    last_date: date | None = None  # set when upstream ended the series: never late after it
    change_tolerance: float = 0.0  # relative; smaller differences are float noise, not revisions
    overlap_days: int = 60  # an increment asks again for this many days
    unofficial: bool = False
    requires_key: str | None = None  # environment variable
    licence: Licence
    series: tuple[Series, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Dataset:
        if not self.series:
            raise ValueError(f"{self.id}: a dataset without series")
        if self.frequency == "weekly" and self.anchor is None:
            raise ValueError(f"{self.id}: a weekly dataset needs the weekday its dates fall on (anchor)")
        for series in self.series:
            if not series.id.startswith(f"{self.provider}."):
                raise ValueError(f"{self.id}: series id {series.id!r} must begin with {self.provider!r} and a dot")
            if series.plausible[0] >= series.plausible[1]:
                raise ValueError(f"{series.id}: plausible range is empty")
        return self

    @property
    def carry_days(self) -> int:
        """How long an observation may stand in for a newer one (calendar days after its date)."""
        return {"daily": 5, "weekly": 9, "monthly": 75, "quarterly": 190, "annual": 400}[self.frequency]


class Row(NamedTuple):
    """One parsed observation. `value` None = the upstream's missing marker. `vintage` = native release moment (UTC)."""

    series_id: str
    observation_date: date
    value: float | None
    vintage: datetime | None = None


@dataclass(frozen=True)
class Request:
    """One HTTP request with its canonical public URL. `secrets` names query parameters or headers never to be shown."""

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    method: str = "GET"
    json: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Response:
    """What came back, body as received after transfer decoding. `request` holds no secrets any more."""

    request: Request
    status: int
    headers: Mapping[str, str]
    content: bytes
    fetched_at: datetime
    fetch_id: str
    content_sha256: str
    accepted_at: datetime | None = None  # when a person said that this answer is right whatever the guards say


@dataclass(frozen=True)
class Held:
    """What the raw zone already has of a dataset; empty for a full refresh."""

    newest: Mapping[str, date] = field(default_factory=dict)  # series id -> newest observation date with a value
    vintages: Mapping[str, frozenset[date]] = field(default_factory=dict)  # series id -> vintage days already landed


class Source(Protocol):
    """A provider. `requests` is driven like a coroutine: each yielded request is answered with its Response."""

    name: str
    hosts: Mapping[str, float]  # host -> minimum seconds between two requests

    def requests(
        self, dataset: Dataset, held: Held, now: datetime, env: Mapping[str, str]
    ) -> Generator[Request, Response, None]: ...

    def parse(self, dataset: Dataset, response: Response) -> list[Row]: ...


@runtime_checkable
class JointSource(Protocol):
    """A source that also reads the answers of one fetch together: for sums over pages."""

    def parse_all(self, dataset: Dataset, responses: Sequence[Response]) -> list[Row] | None:
        """Rows of all `responses`, as pure as `parse`; None where each is to be parsed by itself."""


@dataclass(frozen=True)
class FetchOutcome:
    """How one dataset fared in one run."""

    dataset_id: str
    outcome: Literal["ok", "unchanged", "failed", "not_configured", "not_due"]
    error_type: str | None = None
    error_message: str | None = None
    rows_added: int = 0
    rows_revised: int = 0
    rows_quarantined: int = 0
    quarantine_example: str | None = None
    rows_after_clock: int = 0
    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    newest: date | None = None
