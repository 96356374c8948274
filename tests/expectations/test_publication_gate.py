"""What may be published and what would mislead its readers."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

ALERT = {
    "alert_id": "A-0123456789abcdef",
    "detector": "wash_trade",
    "subject_type": "entity",
    "subject_ids": ["E1"],
    "score": 0.9,
    "p_value": 0.01,
    "level": "red",
    "title_zh": "疑似自我交易",
    "title_en": "Possible wash trade",
    "evidence": '[{"table": "trades", "key": ["trade_id"], "rows": [["T1"]]}]',
    "measures": '{"share": {"value": 0.9, "threshold": 0.5, "unit": "1"}}',
    "window_start": datetime(2025, 3, 3),
    "window_end": datetime(2025, 3, 4),
}


def _alerts(**changes: Any) -> dict[str, pl.DataFrame]:
    alert = ALERT | changes
    return {
        "fct_alerts": pl.DataFrame([alert], schema_overrides={"score": pl.Float64, "p_value": pl.Float64}),
        "fct_alert_evidence": pl.DataFrame({"alert_id": [alert["alert_id"]], "evidence_no": [1]}),
        "fct_alert_subjects": pl.DataFrame({"alert_id": [alert["alert_id"]], "subject_id": ["E1"]}),
    }


def test_a_whole_alert_passes(publication, broken):
    result = publication(_alerts())
    assert broken(result) == {}
    assert result.passed


FAULTS = [
    ({"score": 1.2}, "score_range"),
    ({"score": -0.1}, "score_range"),
    ({"score": float("nan")}, "score_range"),
    ({"score": None}, "score_absent"),
    ({"p_value": 2.0}, "p_value_range"),
    ({"alert_id": "A-0123456789ABCDEF"}, "id_malformed"),
    ({"alert_id": "A-0123"}, "id_malformed"),
    ({"title_zh": " "}, "title_zh_absent"),
    ({"title_en": None}, "title_en_absent"),
    ({"evidence": "[ ]"}, "evidence_absent"),
    ({"measures": "{}"}, "measures_absent"),
    ({"window_end": datetime(2025, 3, 3)}, "window_empty"),
    ({"level": "purple"}, "level_known"),
]


def test_alerts_that_cannot_stand_refuse_the_run(publication, broken):
    """All of them stand in one publication; each expectation counts the alerts with its fault, no other."""
    alerts = [
        _alerts(**({"alert_id": f"A-{number:016x}", "subject_ids": [f"E{number}"]} | change))
        for number, (change, _) in enumerate(FAULTS)
    ]
    result = publication({name: pl.concat([one[name] for one in alerts]) for name in alerts[0]})
    expected = Counter(name for _, name in FAULTS)
    found = {
        row.expectation: row.unexpected_count for row in result.results if row.table_name == "fct_alerts"
    }
    assert {name: found[name] for name in expected} == expected
    severities = broken(result)
    assert {severities[f"fct_alerts.{name}"] for name in expected} == {"critical"}
    assert not result.passed


def test_one_finding_under_two_ids_refuses_the_run(publication, broken):
    twice = [ALERT, ALERT | {"alert_id": "A-fedcba9876543210"}]
    result = publication(
        {
            "fct_alerts": pl.DataFrame(twice),
            "fct_alert_evidence": pl.DataFrame({"alert_id": [alert["alert_id"] for alert in twice]}),
            "fct_alert_subjects": pl.DataFrame(
                {"alert_id": [alert["alert_id"] for alert in twice], "subject_id": ["E1", "E1"]}
            ),
        }
    )
    assert broken(result) == {"fct_alerts.finding_repeated": "critical"}


def test_an_alert_without_rows_to_look_up_refuses_the_run(publication, broken):
    marts = _alerts() | {
        "fct_alert_evidence": pl.DataFrame(schema={"alert_id": pl.String, "evidence_no": pl.Int64}),
        "fct_alert_subjects": pl.DataFrame(schema={"alert_id": pl.String, "subject_id": pl.String}),
    }
    assert broken(publication(marts)) == {
        "fct_alerts.alert_support.evidence_count": "critical",
        "fct_alerts.alert_support.subject_count": "critical",
    }


def test_accusing_most_emitters_in_the_highest_level_warns(publication, broken):
    marts = {
        "dim_entities": pl.DataFrame({"entity_id": [f"E{i}" for i in range(100)]}),
        "fct_alerts": pl.DataFrame(
            [ALERT | {"alert_id": f"A-{i:016x}", "subject_ids": [f"E{i}"]} for i in range(60)]
        ),
        "fct_alert_subjects": pl.DataFrame(
            {"alert_id": [f"A-{i:016x}" for i in range(60)], "subject_id": [f"E{i}" for i in range(60)]}
        ),
        "fct_alert_evidence": pl.DataFrame({"alert_id": [f"A-{i:016x}" for i in range(60)]}),
    }
    assert broken(publication(marts)) == {
        "dim_entities.alerted_entities.alerted_share": "warning",
        "fct_alerts.alert_levels.red_share": "warning",
    }


@pytest.mark.parametrize(("agreed", "severity"), [(99, {}), (90, {"warning"}), (40, {"warning", "critical"})])
def test_verdicts_are_compared_with_the_registrys(publication, broken, agreed, severity):
    verdicts = pl.DataFrame(
        {
            "entity_id": [f"E{i}" for i in range(100)],
            "year": [2024] * 100,
            "agrees_with_registry": [i < agreed for i in range(100)],
            "verdict": ["compliant"] * 100,
        }
    )
    result = publication({"fct_compliance_years": verdicts})
    assert set(broken(result).values()) == set(severity)
    row = next(row for row in result.results if row.expectation == "registry_agreement.agreed_share")
    assert row.observed == f"{agreed / 100:g}"


def test_rows_lost_on_the_way_to_a_mart_refuse_the_run(publication, broken):
    accounting = pl.DataFrame({"table_name": ["trades", "units"], "rows_kept": [100, 0]})
    trades = pl.DataFrame({"trade_id": [str(i) for i in range(40)]})
    result = publication({"fct_row_accounting": accounting, "fct_trades": trades})
    assert broken(result) == {
        "fct_row_accounting.mart_rows.mart_over_kept": "warning",
        "fct_row_accounting.mart_rows.mart_over_kept_majority": "critical",
    }
    assert "source_table=trades, mart=fct_trades: 0.4" in result.refusals[0].observed


def test_more_energy_out_than_in_warns_and_a_condensing_unit_has_its_own_bound(publication, broken):
    months = pl.DataFrame(
        {
            "unit_id": ["chp", "condensing"],
            "month": [date(2025, 1, 1)] * 2,
            "electricity_generated_mwh": [100_000.0, 100_000.0],
            "heat_supplied_gj": [400_000.0, None],
            "fuel_energy_gj": [700_000.0, 720_000.0],
            "reported_emissions_tco2": [66_000.0, 68_000.0],
            "fuel_emissions_tco2": [66_000.0, 68_000.0],
        }
    )
    units = pl.DataFrame({"unit_id": ["chp", "condensing"], "unit_class": ["coal_gt300"] * 2})
    result = publication({"fct_mass_balance_months": months, "dim_units": units})
    assert broken(result) == {
        "fct_mass_balance_months.heat_balance.energy_out_over_in": "warning",
        "fct_mass_balance_months.heat_balance.condensing_efficiency": "warning",
    }
    rows = {row.expectation: row for row in result.results}
    assert "unit_id=chp" in rows["heat_balance.energy_out_over_in"].observed
    assert "unit_id=condensing" in rows["heat_balance.condensing_efficiency"].observed
    assert rows["heat_balance.condensing_efficiency"].rule_ref == "E-14"


def test_a_model_whose_interval_is_too_narrow_warns_and_a_reversed_one_refuses(publication, broken):
    base = {
        "unit_id": [str(i) for i in range(60)],
        "year": [2024] * 60,
        "actual": [1.0 if i % 2 else 3.0 for i in range(60)],
        "expected": [1.0] * 60,
        "lower_05": [0.8] * 60,
        "upper_95": [1.2] * 60,
        "score": [0.5] * 60,
        "p_value": [0.5] * 60,
        "peer_count": [20] * 60,
    }
    narrow = publication({"expected_emissions": pl.DataFrame(base)})
    assert broken(narrow) == {"expected_emissions.model_calibration.interval_coverage": "warning"}
    reversed_ = publication({"expected_emissions": pl.DataFrame(base | {"upper_95": [0.9] * 60})})
    assert broken(reversed_)["expected_emissions.interval_above"] == "critical"


def test_a_jump_in_one_day_warns_and_a_mixed_up_series_refuses(publication, broken):
    def days(returns: list[float]) -> dict[str, pl.DataFrame]:
        return {
            "fct_market_days": pl.DataFrame(
                {
                    "date": [date(2024, 1, 1)] * len(returns),
                    "instrument_id": [str(i) for i in range(len(returns))],
                    "log_return": returns,
                    "block_discount": [0.02] * len(returns),
                }
            )
        }

    assert broken(publication(days([0.01] * 39 + [-0.7]))) == {"fct_market_days.daily_return": "warning"}
    mixed = broken(publication(days([0.9, -0.9] * 20)))
    assert mixed["fct_market_days.daily_return_majority"] == "critical"
