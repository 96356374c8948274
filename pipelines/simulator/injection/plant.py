"""Plants known cases in a copy of a source directory, by the scenarios that the simulated market has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.core.progress import report
from pipelines.simulator.cases import KINDS
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import SEVERITIES, Case, CasePlanner
from pipelines.simulator.injection import credits, filings, market, monitors, registering, reports
from pipelines.simulator.injection.context import Context
from pipelines.simulator.injection.copy import Changes, SourceCopy
from pipelines.simulator.injection.correspondence import correspond
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.injection.holdings import Holdings
from pipelines.simulator.injection.ids import Numbers
from pipelines.simulator.injection.support import check_kind, check_plan
from pipelines.simulator.injection.world import view
from pipelines.simulator.labels import label_table
from pipelines.simulator.plan import Plan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import labels_path

_TRIES = 6
_LACKING = (RuntimeError, KeyError, ValueError, IndexError, StopIteration, ZeroDivisionError, TypeError)


@dataclass(frozen=True)
class Count:
    """Rows of one table that differ from the source."""

    changed: int
    added: int
    removed: int


@dataclass(frozen=True)
class InjectionReport:
    """What one call of `inject` did: counts by table and kind, and why kinds or severities are not there."""

    out: Path
    labels: Path
    seed: int
    changes: dict[str, Count]
    cases: dict[str, int]
    skipped: dict[str, str]
    unrealised: list[str]


class _OneCase(CasePlanner):
    """A planner for which each kind adds one case, of the severity that is asked for."""

    severity = SEVERITIES[0]

    def severities(self, rng: object) -> list[str]:
        return [self.severity]


def inject(source: Path, out: Path, seed: int, kinds: list[str] | None = None) -> InjectionReport:
    """Copy a source directory and plant a case of every severity of each kind that its tables can show.

    The labels go to `<out>.labels.parquet` beside the copy. Files in which no row changes are copied
    byte for byte. The same arguments give the same bytes.

    Args:
        source: any source directory of the contract, simulated or real.
        out: directory to write; it may exist if it is empty.
        seed: any whole number from 0.
        kinds: names of kinds; all without.

    Raises:
        ValueError: an unknown kind, a negative seed, or a source without any date.
        FileNotFoundError: no source directory, or none with tables.
        FileExistsError: `out` holds files already, or is the source.
    """
    chosen = _chosen(kinds)
    if seed < 0:
        raise ValueError(f"seed is {seed}, expected a whole number from 0")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} exists already, expected a new or empty directory; choose another")
    planter = _Planter(SourceCopy(source), Streams(seed))
    for kind in chosen:
        report(f"planting {kind.name}")
        planter.plant(kind)
    report("writing the copy")
    planter.copy.write(out)
    labels = labels_path(out)
    planter.labels().write_parquet(labels)
    return InjectionReport(
        out=out,
        labels=labels,
        seed=seed,
        changes={
            name: Count(*map(len, (c.changed, c.added, c.removed))) for name, c in planter.total.items()
        },
        cases=dict(sorted(Counter(case.kind for case in planter.cases).items())),
        skipped=planter.skipped,
        unrealised=planter.unrealised,
    )


def _chosen(kinds: list[str] | None) -> list[Kind]:
    by_name = {kind.name: kind for kind in KINDS}
    unknown = sorted(set(kinds or []) - by_name.keys())
    if unknown:
        raise ValueError(f"unknown kinds {', '.join(unknown)}, expected some of {', '.join(sorted(by_name))}")
    return [kind for kind in KINDS if kinds is None or kind.name in kinds]


class _Planter:
    """One injection in progress."""

    def __init__(self, copy: SourceCopy, streams: Streams) -> None:
        self.copy, self.streams = copy, streams
        self.match = correspond(copy)
        self.world = view(copy, self.match)
        self.holdings = Holdings(copy)
        self.numbers = Numbers(copy)
        self.planner = _OneCase(self.world, self._empty(), self.match.timeline, self.world.scale)
        self.cases: list[Case] = []
        self.total: dict[str, Changes] = {}
        self.skipped: dict[str, str] = {}
        self.unrealised: list[str] = []

    def _empty(self) -> Plan:
        return Plan.empty(len(self.match.timeline.months), len(self.world.fleet))

    def plant(self, kind: Kind) -> None:
        """A case of every severity, each tried some times with other actors."""
        reasons: dict[str, str] = {}
        for severity in SEVERITIES:
            for attempt in range(_TRIES):
                try:
                    self._one(kind, severity, attempt)
                    break
                except UnplantableError as error:
                    reasons[severity] = str(error)
            else:
                continue
            reasons.pop(severity, None)
        if len(reasons) == len(SEVERITIES):
            self.skipped[kind.name] = reasons[SEVERITIES[-1]]
        else:
            self.unrealised += [f"{kind.name} ({severity}): {text}" for severity, text in reasons.items()]

    def _one(self, kind: Kind, severity: str, attempt: int) -> None:
        check_kind(kind.name, self.copy, self.holdings.is_whole)
        planner = self.planner
        planner.severity, planner.plan = severity, self._empty()
        known = len(planner.cases)
        try:
            kind.arrange(planner, self.streams.of("injection", kind.name, severity, attempt))
        except _LACKING as error:
            # A scenario that lacks what it works with says so in its own way; a mask of nobody by its type.
            del planner.cases[known:]
            raise UnplantableError(f"its scenario finds nothing to work with ({_message(error)})") from error
        if len(planner.cases) <= known:
            raise UnplantableError("its scenario finds nobody to set a case with")
        before = self.copy.checkpoint()
        holdings = self.holdings
        try:
            check_plan(planner.plan, self.copy)
            self._carry_out(planner.plan, kind.name, severity, attempt)
            if not self.copy.affected():
                raise UnplantableError("nothing of it shows in the tables of this source")
        except UnplantableError:
            self.copy.restore(before)
            self.holdings = holdings
            del planner.cases[known:]
            raise
        case = planner.cases[known]
        self._note(case)

    def _carry_out(self, plan: Plan, kind: str, severity: str, attempt: int) -> None:
        self.copy.begin()
        self.holdings = self.holdings.branch()
        context = Context(
            copy=self.copy,
            world=self.world,
            match=self.match,
            holdings=self.holdings,
            numbers=self.numbers,
            rng=self.streams.of("injection", kind, severity, attempt, "carried out"),
        )
        registering.carry_out(context, plan.registry)
        market.carry_out(context, plan.trading)
        reports.carry_out(context, plan.emitters)
        filings.carry_out(context, plan.emitters)
        monitors.carry_out(context, plan.emitters)
        credits.carry_out(context, plan.projects)

    def _note(self, case: Case) -> None:
        case.affected = self.copy.affected()
        case.window = self.match.window(case.window) if case.window else self._span()
        for name, log in self.copy.changes.items():
            total = self.total.setdefault(name, Changes())
            total.changed += log.changed
            total.added += log.added
            total.removed += log.removed
        self.cases.append(case)

    def _span(self) -> tuple[int, int]:
        """From the first to just after the last row that the case added or changed."""
        moments: list[int] = []
        for name in ("orders", "trades", "transfers"):
            log = self.copy.changes.get(name)
            if log:
                keys = pl.Series([str(key[0]) for key in (*log.added, *log.changed)], dtype=pl.String)
                column = {"orders": "event_id", "trades": "trade_id", "transfers": "transfer_id"}[name]
                rows = self.copy.rows(name, pl.col(column).is_in(keys.implode()))
                moments += rows["ts"].to_physical().to_list()
        if not moments:
            start = self.match.timeline.first_day
            return self.match.window(CasePlanner.day_window(start, self.match.timeline.last_day))
        return min(moments), max(moments) + 1_000_000

    def labels(self) -> pl.DataFrame:
        """One row a case, in the form of the simulated market's labels."""
        return label_table("case_id", self.cases)


def _message(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"{type(error).__name__}: {text}" if not isinstance(error, RuntimeError) else text
