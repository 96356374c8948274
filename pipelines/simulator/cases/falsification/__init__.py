"""Kinds of the family falsification, one module each; `selection` has what they share."""

from __future__ import annotations

from pipelines.simulator.cases.falsification import (
    cems_gap,
    convenient_downtime,
    digit_anomaly,
    flat_series,
    lab_date_conflict,
    lab_ratio_conflict,
    mass_balance_gap,
    offset_overclaim,
    output_mismatch,
    repeated_values,
    selective_default,
    template_report,
    threshold_bunching,
)
from pipelines.simulator.cases.kinds import Kind

KINDS: tuple[Kind, ...] = (
    cems_gap.KIND,
    convenient_downtime.KIND,
    digit_anomaly.KIND,
    flat_series.KIND,
    lab_date_conflict.KIND,
    lab_ratio_conflict.KIND,
    mass_balance_gap.KIND,
    offset_overclaim.KIND,
    output_mismatch.KIND,
    repeated_values.KIND,
    selective_default.KIND,
    template_report.KIND,
    threshold_bunching.KIND,
)
