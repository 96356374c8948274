"""What models and detectors made: alerts, their evidence, expected emissions."""

from expectations.policy import sample
from expectations.suite import Figure, Frame, Suite, flag, where

_HEX_REST = "translate(substr(alert_id, 3), '0123456789abcdef', '')"


def fct_alerts(frame: Frame) -> Suite:
    """One row an alert: an id that can be cited, a score that can be ranked, titles that can be read."""
    return frame.suite(
        "fct_alerts",
        ["alert_id"],
        [
            Figure("score_range", "score", "score"),
            flag("score_absent", "score", "score is null"),
            Figure("p_value_range", "p_value", "p_value"),
            flag(
                "id_malformed",
                "alert_id",
                f"alert_id not like 'A-%' or length(alert_id) <> 18 or {_HEX_REST} <> ''",
            ),
            flag("title_zh_absent", "title_zh", "coalesce(trim(title_zh), '') = ''"),
            flag("title_en_absent", "title_en", "coalesce(trim(title_en), '') = ''"),
            flag(
                "evidence_absent",
                "evidence",
                "coalesce(replace(evidence, ' ', ''), '') in ('', '[]', '{}', 'null')",
            ),
            flag(
                "measures_absent",
                "measures",
                "coalesce(replace(measures, ' ', ''), '') in ('', '[]', '{}', 'null')",
            ),
            flag("window_empty", "window_end", "window_end <= window_start"),
            frame.after_as_of("window_after_as_of", "window_start"),
        ],
    )


def alert_support(frame: Frame) -> Suite:
    """One row an alert: how many rows of evidence and how many subjects it names."""
    return frame.suite(
        "alert_support",
        ["alert_id"],
        [
            Figure("evidence_count", "evidence_no", "evidence_rows"),
            Figure("subject_count", "subject_id", "subjects"),
        ],
        table="fct_alerts",
        rows=(
            "select a.alert_id, coalesce(e.n, 0) as evidence_rows, coalesce(s.n, 0) as subjects "
            "from fct_alerts as a "
            "left join (select alert_id, count(*) as n from fct_alert_evidence group by alert_id) as e "
            "on e.alert_id = a.alert_id "
            "left join (select alert_id, count(*) as n from fct_alert_subjects group by alert_id) as s "
            "on s.alert_id = a.alert_id"
        ),
        also=("fct_alert_evidence", "fct_alert_subjects"),
    )


def alert_volume(frame: Frame) -> Suite:
    """One row: do the alerts single out, or do they accuse everyone?"""
    enough = sample("entities_for_a_share")
    return frame.suite(
        "alert_volume",
        ["entities"],
        [
            Figure("alerted_share", "subject_id", where(f"entities >= {enough}", "1.0 * alerted / entities")),
            Figure("red_share", "level", where(f"alerts >= {enough}", "1.0 * red / alerts")),
        ],
        table="dim_entities",
        rows=(
            "select (select count(*) from dim_entities) as entities, "
            "(select count(*) from dim_entities "
            "where entity_id in (select subject_id from fct_alert_subjects)) as alerted, "
            "(select count(*) from fct_alerts) as alerts, "
            "(select count(*) from fct_alerts where level = 'red') as red"
        ),
        also=("fct_alert_subjects", "fct_alerts"),
    )


def expected_emissions(frame: Frame) -> Suite:
    """One row a unit and year that the model judged."""
    return frame.suite(
        "expected_emissions",
        ["unit_id", "year"],
        [
            Figure("score_range", "score", "score"),
            flag("score_absent", "score", "score is null"),
            Figure("p_value_range", "p_value", "p_value"),
            flag("interval_reversed", "expected", "lower_05 > expected or expected > upper_95"),
            Figure("expected_positive", "expected", "expected"),
            Figure("peers", "peer_count", "peer_count"),
        ],
    )


def model_calibration(frame: Frame) -> Suite:
    """One row: the share of reported figures inside the 5-95 % interval, which is meant to hold 90 %."""
    return frame.suite(
        "model_calibration",
        ["judged_rows"],
        [
            Figure(
                "interval_coverage",
                "actual",
                where(f"judged_rows >= {sample('rows_for_a_share')}", "1.0 * inside / judged_rows"),
            )
        ],
        table="expected_emissions",
        rows=(
            "select count(*) as judged_rows, "
            "sum(case when actual between lower_05 and upper_95 then 1 else 0 end) as inside "
            "from expected_emissions "
            "where actual is not null and lower_05 is not null and upper_95 is not null"
        ),
    )


SUITES = (fct_alerts, alert_support, alert_volume, expected_emissions, model_calibration)
