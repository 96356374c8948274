"""A made-up published snapshot: a small Chinese market.

`python tests/dashboards/desk_world.py --home DIR --size demo|empty` writes one to look at.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl
from desk_market import AS_OF, PROVINCES, entities, market, monitoring, movements
from desk_schemas import DESK_MARTS, mart

SNAPSHOT = "20250701T010000Z-3f9c2a7b"
KINDS = {
    "wash_trade": "manipulation",
    "circular_trade": "manipulation",
    "marking_the_close": "manipulation",
    "off_market_block": "manipulation",
    "pass_through": "manipulation",
    "mass_balance_gap": "falsification",
    "lab_date_conflict": "falsification",
    "lab_ratio_conflict": "falsification",
    "output_mismatch": "falsification",
    "surrender_shortfall": "compliance",
    "late_report": "compliance",
    "price_limit_hits": "market_risk",
    "volatility_regime": "market_risk",
    "concentration": "market_risk",
}
LEVELS = ("blue", "yellow", "orange", "red")


def _evidence(kind: str, position: int, marts: dict[str, pl.DataFrame]) -> list[dict[str, object]]:
    def take(table: str, key: list[str], frame: str, rows: pl.DataFrame) -> dict[str, object]:
        assert rows.height, (kind, table)
        return {
            "table": table,
            "key": key,
            "rows": [[str(v) for v in row] for row in rows.select(key).rows()],
        }

    trades, transfers = marts["fct_trades"], marts["fct_transfers"]
    unit = marts["fct_lab_tests"]["unit_id"][0]
    if kind in ("wash_trade", "marking_the_close", "off_market_block"):
        return [take("trades", ["trade_id"], "fct_trades", trades[position % 40 : position % 40 + 5])]
    if kind in ("circular_trade", "pass_through"):
        return [take("transfers", ["transfer_id"], "fct_transfers", transfers.head(6))]
    if kind == "mass_balance_gap":
        months = marts["fct_mass_balance_months"].filter(pl.col("unit_id") == unit)[6:]
        entry = take("activity_reports", ["unit_id", "month"], "", months)
        keys = [[*row, "coal", "1"] for row in entry["rows"]]  # type: ignore[attr-defined]
        meters = [[row[0], row[1], "coal_feed"] for row in entry["rows"]]  # type: ignore[attr-defined]
        return [
            {"table": "activity_reports", "key": ["unit_id", "month", "fuel", "revision"], "rows": keys},
            {"table": "meters_daily", "key": ["unit_id", "date", "meter"], "rows": meters},
        ]
    if kind in ("lab_date_conflict", "lab_ratio_conflict"):
        wrong = (
            pl.col("tested_before_sampled") if kind == "lab_date_conflict" else pl.col("carbon_daf_pct") > 90
        )
        return [take("lab_tests", ["sample_id"], "", marts["fct_lab_tests"].filter(wrong))]
    if kind == "output_mismatch":
        years = marts["fct_unit_years"].filter((pl.col("unit_id") == unit) & (pl.col("year") == 2024))
        return [take("unit_years", ["unit_id", "year"], "", years)]
    if kind in ("surrender_shortfall", "concentration"):
        rows = marts["fct_compliance_years"].filter(pl.col("verdict") == "not_compliant")
        return [take("compliance", ["entity_id", "year"], "", rows[position % rows.height :][:1])]
    if kind == "late_report":
        rows = marts["fct_emission_reports"].filter(pl.col("days_late") > 0)
        return [take("emission_reports", ["entity_id", "year"], "", rows[position % rows.height :][:1])]
    days = marts["fct_market_days"]
    if days.is_empty():
        return [take("transfers", ["transfer_id"], "", transfers.head(3))]
    return [
        take("market_days", ["date", "instrument_id"], "", days[400 + position % 40 : 404 + position % 40])
    ]


def alerts(count: int, marts: dict[str, pl.DataFrame], first_year: int) -> dict[str, pl.DataFrame]:
    """Alerts of all kinds, most of them blue or yellow, with evidence that can be looked up."""
    rng = np.random.default_rng(5)
    kinds = list(KINDS)
    names = marts["dim_entities"]["entity_name"]
    rows = []
    for position in range(count):
        kind = kinds[position % len(kinds)]
        score = float(np.round(rng.beta(2, 2.4), 4))
        level = LEVELS[int(np.digitize(score, [0.5, 0.7, 0.85]))]
        entity = position % len(names)
        start = dt.datetime(first_year, 1, 1) + dt.timedelta(
            days=int(rng.integers(0, (AS_OF - dt.date(first_year, 1, 1)).days - 40))
        )
        rows.append(
            {
                "alert_id": f"A-{position:016x}",
                "kind": kind,
                "family": KINDS[kind],
                "subject_type": "entity",
                "subject_ids_json": json.dumps([f"E{entity:06d}", f"AC{entity:06d}"]),
                "province_code": PROVINCES[entity % len(PROVINCES)],
                "window_start": start,
                "window_end": start + dt.timedelta(days=int(rng.integers(1, 35))),
                "score": score,
                "p_value": float(np.round((1 - score) ** 3, 5)),
                "level": level,
                "title_zh": f"{names[entity]}：相关数字超出门槛，可疑度 {score:.2f}",
                "title_en": f"{names[entity]}: figures beyond their thresholds, score {score:.2f}",
                "measures": json.dumps(
                    {
                        "gap_share": {"value": 0.1 + score / 4, "threshold": 0.1, "unit": "fraction of 1"},
                        "quantity": {"value": 300_000 * score, "threshold": 100_000, "unit": "tCO2e"},
                        "occurrences": {"value": 3 + position % 5, "threshold": None, "unit": "count"},
                    },
                    sort_keys=True,
                ),
                "evidence": json.dumps(_evidence(kind, position, marts)),
                "rule_refs_json": json.dumps(["A-10", "A-15"]),
                "detector": f"{kind}_detector",
                "detector_version": "1",
                "snapshot_id": SNAPSHOT,
                "entity_name": names[entity],
                "period": start.strftime("%Y-%m"),
            }
        )
    frame = pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame()
    return {"fct_alerts": mart("fct_alerts", frame.to_dict(as_series=False) if rows else None)}


def quality() -> dict[str, pl.DataFrame]:
    """Accounting, quarantine and check results of an ordinary run."""
    tables = ("entities", "accounts", "transfers", "trades", "compliance", "lab_tests", "market_days")
    position = list(range(12))
    return {
        "fct_row_accounting": mart(
            "fct_row_accounting",
            {
                "table_name": tables,
                "files": [1, 1, 24, 24, 1, 12, 1],
                "rows_in": [402, 815, 16_020, 15_900, 1_206, 640, 968],
                "rows_kept": [400, 810, 16_000, 15_880, 1_200, 600, 960],
                "rows_superseded": [0, 0, 12, 0, 6, 8, 8],
                "rows_quarantined": [2, 5, 8, 20, 0, 32, 0],
            },
        ),
        "fct_file_accounting": mart(
            "fct_file_accounting",
            {
                "stage": ["reader", "lake", "lake"],
                "table_name": ["transfers", "transfers", "lab_tests"],
                "file": ["transaction.csv", "transfers.parquet", "lab_tests/date=2025-06-01/part-0.parquet"],
                "rows_in": [100, 85, 640],
                "rows_kept": [85, 85, 600],
                "rows_superseded": [0, 0, 8],
                "rows_quarantined": [12, 0, 32],
                "rows_without_data": [3, 0, 0],
                "rows_repeated": [2, 0, 0],
                "tonnes_in": [1_000.0, 600.0, None],
                "tonnes_quarantined": [400.0, 0.0, None],
            },
        ),
        "fct_quarantine_reasons": mart(
            "fct_quarantine_reasons",
            {
                "table_name": ["lab_tests", "transfers"],
                "file": ["lab_tests/date=2025-06-01/part-0.parquet", "transaction.csv"],
                "reason": ["wrong_type", "malformed_line"],
                "column_name": ["carbon", "none"],
                "row_count": [32, 12],
                "tonnes": [None, 400.0],
                "example_row_number": [3, 17],
                "example_value": ["五十八", "1;2"],
            },
        ),
        "fct_reading_faults": mart(
            "fct_reading_faults",
            {
                "source_table": ["cems_hourly", "meters_daily"],
                "unit_id": ["U1", "U1"],
                "period": ["2025-03", "2025-02"],
                "quantity": ["co2_mass", "metered_emissions"],
                "fault": ["impossible_value", "unit_of_measure"],
                "readings": [700, 1],
                "lowest": [290_000.0, 2.3e6],
                "highest": [310_000.0, 2.3e6],
                "unit_factor": [1_000.0, 1_000.0],
            },
        ),
        "reading_ranges": mart(
            "reading_ranges",
            {
                "source_table": ["cems_hourly", "meters_daily"],
                "quantity": ["co2_mass", "value"],
                "applies_to": ["all", "coal_feed"],
                "minimum": [0.0, 0.0],
                "maximum": [2_500.0, 30_000.0],
                "unit": ["tCO2/h", "t/d"],
            },
        ),
        "fct_detector_runs": mart(
            "fct_detector_runs",
            {
                "kind": ["wash_trade", "late_report", "ledger_break"],
                "version": ["2.0.0", "2.0.0", "1.0.0"],
                "state": ["ran", "ran", "not_applicable"],
                "reason": [None, None, "no rows of fct_transfers"],
                "is_critical": [False] * 3,
                "candidates": [4, 0, 0],
                "alerts": [3, 0, 0],
                "undated": [0] * 3,
                "seconds": [0.5, 0.1, 0.0],
            },
        ),
        "fct_detection_coverage": mart(
            "fct_detection_coverage",
            {
                "kind": ["wash_trade"] * 3,
                "mart": ["fct_trades"] * 3,
                "table_name": ["trades"] * 3,
                "period": ["2025-01", "2025-02", "2025-03"],
                "province_code": ["all"] * 3,
                "rows_seen": [10, 0, 12],
                "subjects_seen": [4, 0, 5],
                "state": ["covered", "blind", "covered"],
                "reason": [None, "no_rows", None],
                "detail": [None] * 3,
            },
        ),
        "fct_quarantine": mart(
            "fct_quarantine",
            {
                "quarantine_id": [f"Q{i}" for i in range(67)],
                "table_name": ["lab_tests"] * 32
                + ["trades"] * 20
                + ["transfers"] * 8
                + ["accounts"] * 5
                + ["entities"] * 2,
                "record_key": [json.dumps({"id": i}) for i in range(67)],
                "reason": ["wrong_type"] * 32 + ["orphan"] * 28 + ["unknown_enum"] * 7,
                "column_name": ["carbon"] * 32 + ["buy_account_id"] * 28 + ["holder_type"] * 7,
                "value": ["五十八"] * 32 + ["AC999999"] * 28 + ["trader"] * 7,
                "file": ["lab_tests/date=2025-06-01/part-0.parquet"] * 67,
                "row_number": list(range(67)),
            },
        ),
        "fct_quality_results": mart(
            "fct_quality_results",
            {
                "gate": ["ingestion"] * 7 + ["publication"] * 5,
                "table_name": [
                    *tables,
                    "fct_alerts",
                    "fct_trades",
                    "fct_holdings",
                    "fct_compliance_years",
                    "fct_lab_tests",
                ],
                "expectation": ["expect_column_values_to_be_between"] * 12,
                "severity": ["critical", "warning", "info"] * 4,
                "success": [one not in (4, 7) for one in position],
                "observed": ["0", "0", "0", "0", "12 rows", "0", "0", "3 rows", "0", "0", "0", "0"],
                "expected": ["0 rows"] * 12,
                "unexpected_count": [0, 0, 0, 0, 12, 0, 0, 3, 0, 0, 0, 0],
                "element_count": [1_000] * 12,
                "rule_ref": ["A-10"] * 12,
                "description_zh": ["数值应在物理可能的范围内"] * 12,
                "description_en": ["Values lie in the physically possible range"] * 12,
                "why_zh": ["正常的数据来源，被隔离的行不到百分之一。"] * 12,
                "why_en": ["A regular feed has less than one quarantined row in a hundred."] * 12,
                "position": position,
            },
        ),
    }


def write_home(
    home: Path, marts: dict[str, pl.DataFrame], snapshot: str = SNAPSHOT, currency: str = "CNY"
) -> Path:
    """Publish marts under a home the way a run does: a folder, then the link."""
    folder = home / "published" / snapshot
    (folder / "marts").mkdir(parents=True)
    (folder / "data_docs" / "ingestion").mkdir(parents=True)
    (folder / "data_docs" / "ingestion" / "index.html").write_text("<html></html>")
    for name in DESK_MARTS:
        marts.get(name, mart(name)).write_parquet(folder / "marts" / f"{name}.parquet")
    manifest = {
        "snapshot_id": snapshot,
        "created_at": "2025-07-01T01:00:00+00:00",
        "as_of": AS_OF.isoformat(),
        "market": {
            "id": "cn",
            "name_zh": "全国碳排放权交易市场",
            "name_en": "China national market",
            "currency": currency,
            "timezone": "Asia/Shanghai",
        },
        "source": "simulated market, seed 7",
        "tables": {name: {"rows": frame.height} for name, frame in marts.items()},
        "gates": {"ingestion": {"passed": True, "warnings": 1, "critical": 0}},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False))
    link = home / "published" / "current"
    fresh = home / "published" / "current.new"
    fresh.symlink_to(snapshot)
    fresh.replace(link)
    return home


def demo() -> dict[str, pl.DataFrame]:
    """A small market with everything."""
    marts = market() | entities(40, range(2021, 2025)) | movements(40, 900, 2024) | monitoring(6) | quality()
    return marts | alerts(126, marts, 2024)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--size", choices=["demo", "empty"], default="demo")
    chosen = parser.parse_args()
    write_home(chosen.home, {"demo": demo, "empty": dict}[chosen.size]())
