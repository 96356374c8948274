"""Writes everything that plants, laboratories and monitors publish."""

from __future__ import annotations

from pipelines.simulator.emitters.cems import write_cems
from pipelines.simulator.emitters.meters import write_meters
from pipelines.simulator.emitters.monthly import activity_reports
from pipelines.simulator.emitters.reports import Reports
from pipelines.simulator.emitters.rights import other_rights
from pipelines.simulator.emitters.samples import lab_tests
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.emitters.yearly import emission_reports, unit_years
from pipelines.simulator.plan import Plan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.world import World


def write_emitters(
    world: World, truth: Truth, reports: Reports, plan: Plan, streams: Streams, sink: Sink
) -> None:
    """Write laboratory, monthly and annual reports, unit totals, other rights, meters and monitors."""
    sink.write("lab_tests", lab_tests(world, truth, plan.emitters, reports.analyses, streams))
    sink.write("activity_reports", activity_reports(reports))
    sink.write("emission_reports", emission_reports(reports))
    sink.write("unit_years", unit_years(reports))
    sink.write("other_rights", other_rights(world, truth, streams))
    write_meters(world, truth, plan.emitters, streams, sink)
    write_cems(world, truth, plan.emitters, streams, sink)
