"""The whole site of one build: every page in both languages, data files, scripts. One call writes it.

Belongs here: which pages there are and what each is given. Does not belong here: queries (`verdicts`, `health`), charts, HTML.
English lies at the top, Traditional Chinese in `zh-Hant/`; both share `assets/` and `data/`. Everything works from a file.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from lowtide.theses import GROUPS, Thesis
from report import figures, health, theme, timeline, vega, verdicts
from report.charts import charts_of, front_chart, leg_charts
from report.licences import Policy, without_reasons
from report.source import NoData, Source
from report.words import LANGS, Words, day, moment, number

FOLDER = "report"
HERE = Path(__file__).resolve().parent
STRIP_DAYS = 730


@dataclass(frozen=True)
class SiteReport:
    """What was written: the first page, how many pages and files, and how long it took."""

    index: Path
    pages: int
    seconds: float
    charts: int
    empty_charts: list[str] = field(default_factory=list)


def write(build: Path, into: Path | None = None, *, public: bool = False) -> SiteReport:
    """Write the report of the published build in folder `build` into `into` (default: `report/` inside it).

    public: leave out what licences forbid to redistribute. Raises LowtideError when `build` is no readable build,
    OSError when the disk refuses.
    """
    begun = time.monotonic()
    folder = into or build / FOLDER
    with Source.open(build) as source:
        theme.register()
        if public:
            source.manifest = without_reasons(source.manifest)
        site = _Site(source, Policy(source, public), folder, build)
        site.write()
        docs = build / "data_docs" / "index.html"
        pages = site.pages(docs.is_file() and into is None)
    return SiteReport(folder / "index.html", pages, round(time.monotonic() - begun, 2), site.drawn, site.empty)


def _why(words: Words, reason: NoData) -> str:
    return words(f"why_not.{reason.key}", **reason.parts)


def _label(words: Words, label: str) -> str:
    """An episode's label; its few English words are translated."""
    if words.lang == "zh_hant":
        for english, chinese in (("last episode, ended ", "最近一次，結束於 "), ("episode since ", "進行中，自 "), ("open since ", "進行中，自 ")):
            label = label.replace(english, chinese)
    return label


class _Site:
    """One site while it is written."""

    def __init__(self, source: Source, policy: Policy, folder: Path, build: Path) -> None:
        self.source, self.policy, self.folder, self.build = source, policy, folder, build
        self.standings = verdicts.standings(source)
        self.drawn, self.empty = 0, list[str]()
        self._held: dict[tuple[str, bool], list[verdicts.Run]] = {}
        for sub in ("assets", "data", "zh-Hant"):
            (folder / sub).mkdir(parents=True, exist_ok=True)
        self.env = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self.env.globals |= {
            "number": number, "day": day, "why": _why, "label": _label, "sign": lambda o: {">=": "≥", "<=": "≤"}.get(o, o),
            "script": lambda content: Markup(figures.script(content)), "shows": policy.shows, "theses": source.theses,
            "verdict_names": verdicts.VERDICTS,
        }  # fmt: skip

    def write(self) -> None:
        """Scripts, style and data: what both languages share."""
        for name in ("site.css", "site.js"):
            shutil.copyfile(HERE / "assets" / name, self.folder / "assets" / name)
        vega.write(self.folder / "assets" / "vega.js", self.build.parent)
        (self.folder / "data" / "asof.js").write_text(f"LOWTIDE.asof={figures.script(self._history())};\n", encoding="utf-8")
        self.quadrant = self._figure(front_chart(), self.source.theses.get("t5"))
        self.figures = {t.id: [self._figure(c, t) for c in charts_of(t)] for t in self.source.theses.values()}
        self.leg_figures = {t.id: [self._figure(c, t) for c in leg_charts(t)] for t in self.source.theses.values()}

    def _figure(self, chart: Any, thesis: Thesis | None) -> figures.Figure:
        made = figures.make(chart, self.source, self.policy, thesis)
        if made.spec is None:
            self.empty.append(chart.id)
        else:
            self.drawn += 1
            figures.write(made, self.folder / "data")
        return made

    def pages(self, gate_docs: bool) -> int:
        count = 0
        for lang in LANGS:
            words = Words(lang)
            sub, root = ("", "") if lang == "en" else ("zh-Hant", "../")
            for name, template, given in self._pages(words):
                other = f"zh-Hant/{name}" if lang == "en" else f"../{name}"
                shared = {"w": words, "root": root, "here": name, "other_href": other, "other_lang": "zh-Hant" if lang == "en" else "en",
                          "gate_docs": "index.html" if gate_docs else "", **self._stamp(words)}  # fmt: skip
                text = self.env.get_template(template).render({**shared, **given})
                (self.folder / sub / name).write_text(text, encoding="utf-8")
                count += 1
        return count

    def _pages(self, words: Words) -> Iterator[tuple[str, str, dict[str, Any]]]:
        yield "index.html", "index.html.j2", self._front(words)
        yield "asof.html", "asof.html.j2", self._asof(words)
        yield "health.html", "health.html.j2", self._health(words)
        for number_, standing in enumerate(self.standings):
            yield f"{standing.thesis.id}.html", "thesis.html.j2", self._thesis(words, number_, standing)

    def _stamp(self, words: Words) -> dict[str, Any]:
        told = self.source.manifest
        return {
            "origin": told["origin"], "live": told["origin"] == "live", "build_id": told["build_id"], "as_of": moment(told["as_of"]), "as_of_iso": told["as_of"],
            "built_at": moment(told["built_at"]), "version": told["lowtide_version"], "last_day": self.source.last_day.isoformat(),
            "banners": list(self._banners(words)),
        }  # fmt: skip

    def _banners(self, words: Words) -> Iterator[dict[str, str]]:
        told = self.source.manifest
        if told["simulated"]:
            yield {"kind": "simulated", "text": words("banner.simulated")}
        if told["origin"] == "replay":
            yield {"kind": "replay", "text": words("banner.replay", day=self.source.last_day)}
        for state in ("stale", "blocked"):
            if found := [t for t, s in told["theses"].items() if s["state"] == state]:
                yield {"kind": "stale", "text": words(f"banner.{state}_theses", list=", ".join(found))}
        used = {s["series_id"] for t in self.source.theses.values() if t.status == "built" for s in self.policy.inputs(t.id)}
        mine = [s for s in self.series if s["series_id"] in used]
        if late := sum(s["state"] == "late" for s in mine):
            yield {"kind": "info", "text": words("banner.late_series", n=late, total=len(mine))}
        if self.policy.public:
            yield {"kind": "info", "text": words("banner.public")}

    @cached_property
    def series(self) -> list[dict[str, Any]]:
        return health.series(self.source, self.policy)

    def _runs(self, thesis: str, settled: bool) -> list[verdicts.Run]:
        if (thesis, settled) not in self._held:
            self._held[thesis, settled] = verdicts.runs(self.source, thesis, settled)
        return self._held[thesis, settled]

    def _front(self, words: Words) -> dict[str, Any]:
        last = self.source.last_day
        first = last - timedelta(days=STRIP_DAYS)
        strips = {s.thesis.id: timeline.strip(self._runs(s.thesis.id, False), first, last, words) for s in self.standings}
        tally = Counter(s.verdict for s in self.standings)
        return {
            "groups": [(g, [s for s in self.standings if s.thesis.group == g]) for g in GROUPS], "strips": strips, "quadrant": self.quadrant,
            "counts": [(v, tally[v]) for v in verdicts.VERDICTS if tally[v]], "changed": verdicts.changes(self.source),
            "changed_days": verdicts.CHANGED_WITHIN_DAYS, "changed_first": last - timedelta(days=verdicts.CHANGED_WITHIN_DAYS),
        }  # fmt: skip

    def _thesis(self, words: Words, place: int, standing: verdicts.Standing) -> dict[str, Any]:
        thesis, source = standing.thesis, self.source
        built = thesis.status == "built"
        line = timeline.timeline(self._runs(thesis.id, False), self._runs(thesis.id, True), words) if built else None
        used = {s["series_id"] for s in self.policy.inputs(thesis.id)}
        sources = [{**s, "age": max(0, (source.last_day - s["newest_observation_date"]).days) if s["newest_observation_date"] else None} for s in self.series if s["series_id"] in used]
        around = {n: self.standings[place + by].thesis if 0 <= place + by < len(self.standings) else None for n, by in (("before", -1), ("after", 1))}
        mine, legs = self.figures[thesis.id], self.leg_figures[thesis.id]
        return {
            "s": standing, "legs_now": {leg["leg_id"]: leg for leg in standing.legs}, "shown": self.policy.shows(thesis.id), "line_of_time": line,
            "shares": verdicts.shares(source, thesis.id) if built else [], "figures": mine, "leg_figures": legs, "any_chart": any(f.spec for f in mine + legs),
            "log": verdicts.changes(source, thesis.id, 20) if built else [], "sources": sources, **around,
        }  # fmt: skip

    def _health(self, words: Words) -> dict[str, Any]:
        gate, told = health.gate(self.source, self.policy), self.source.manifest
        tally = Counter(s["state"] for s in self.series)
        carried = [(n, words("health.carried_from", build=t["carried_from"])) for n, t in told["tables"].items() if t["carried_from"]]
        carried += [(n, words("health.left_out", reason=r)) for n, r in told["left_out"].items()]
        refused = {s["dataset_id"]: s for s in self.series if s["refused"]}
        return {
            "series": self.series, "gate": gate, "carried": carried, "refused": list(refused.values()), "revisions": health.revisions(self.source),
            "tally": {"total": len(self.series), **{k: tally[k] for k in ("on_time", "late", "empty", "ended", "event")}},
            "gate_sum": {k: sum(t[k] for t in gate["tables"]) for k in ("checks", "block", "warn")} | {"tables": len(gate["tables"])},
        }  # fmt: skip

    @cached_property
    def _days(self) -> tuple[list[date], list[tuple[date, str, str]]]:
        return verdicts.history_days(self.source)

    def _asof(self, words: Words) -> dict[str, Any]:
        ends, episodes = self._days
        legs = {t.id: {leg.id: words.text(leg.title) for leg in t.legs} for t in self.source.theses.values()}
        units = {leg.unit: words.unit(leg.unit) for t in self.source.theses.values() for leg in t.legs}
        groups = [(g, [t for t in self.source.theses.values() if t.group == g]) for g in GROUPS]
        return {"month_ends": ends, "episode_days": episodes, "groups": groups, "legs": legs, "units": units}

    def _history(self) -> Mapping[str, Any]:
        """The as-of page's data, each text once; numbers of theses that may not be shown are left out."""
        ends, episodes = self._days
        data = verdicts.history(self.source, [*ends, *(e[0] for e in episodes)])
        hidden = {t for t in self.source.theses if not self.policy.shows(t)}
        columns: dict[str, list[Any]] = {n: list(v) for n, v in data.columns.items()}
        for name in ("leg", "margin", "unit"):
            columns[name] = [None if t in hidden else v for t, v in zip(data["thesis_id"], columns[name], strict=True)]
        columns["margin"] = [None if m is None else float(f"{m:.4g}") for m in columns["margin"]]
        columns["thesis"] = columns.pop("thesis_id")
        lists = {"dates": ("day",), "theses": ("thesis",), "verdicts": ("verdict", "settled"), "sinces": ("verdict_since", "settled_since"), "legs": ("leg",), "units": ("unit",)}
        told: dict[str, Any] = {}
        for name, used in lists.items():
            values = sorted({str(v) for c in used for v in columns[c] if v is not None})
            places = {v: n for n, v in enumerate(values)}
            told[name] = values
            for column in used:
                columns[column] = [None if v is None else places[str(v)] for v in columns[column]]
        return {**told, "columns": columns}
