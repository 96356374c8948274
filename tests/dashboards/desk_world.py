"""A made-up published snapshot: a small Chinese market, or one as large as the EU registry.

`python tests/dashboards/desk_world.py --home DIR --size demo|large` writes one to look at.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl
from desk_schemas import MARTS, mart

AS_OF = dt.date(2025, 6, 30)
SNAPSHOT = "20250701T010000Z-3f9c2a7b"
SECTORS = ("power", "cement", "steel", "aluminium")
PROVINCES = ("130000", "140000", "150000", "320000", "370000", "410000", "440000", "610000")
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


def _days(start: dt.date, count: int) -> list[dt.date]:
    days = pl.date_range(start, start + dt.timedelta(days=count * 2), "1d", eager=True)
    return days.filter(days.dt.weekday() <= 5).head(count).to_list()


def market(count: int = 480) -> dict[str, pl.DataFrame]:
    """Two instruments with limits, blocks and days without trade."""
    rng = np.random.default_rng(1)
    frames, features = [], []
    for instrument, level, size in (("CEA24", 92.0, 400_000), ("CEA23", 84.0, 90_000)):
        dates = _days(dt.date(2023, 8, 28), count)
        path = level * np.exp(np.cumsum(rng.normal(0, 0.011, count)))
        close = np.round(path, 2)
        previous = np.round(np.concatenate([[level], close[:-1]]), 2)
        block = np.where(rng.random(count) < 0.4, rng.integers(100_000, size * 4, count), 0)
        discount = np.where(block > 0, rng.normal(0.05, 0.03, count), np.nan)
        returns = np.log(close / previous)
        frames.append(
            mart(
                "fct_market_days",
                {
                    "date": dates,
                    "instrument_id": [instrument] * count,
                    "period": [day.strftime("%Y-%m") for day in dates],
                    "unit_type": ["CEA"] * count,
                    "previous_close": previous,
                    "limit_down": np.round(previous * 0.9, 2),
                    "limit_up": np.round(previous * 1.1, 2),
                    "limit_basis": ["rule"] * count,
                    "open": previous,
                    "high": close * 1.01,
                    "low": close * 0.99,
                    "close": close,
                    "listed_volume_tco2e": rng.integers(20_000, size, count),
                    "block_volume_tco2e": block,
                    "block_average_price": pl.Series(previous * (1 - discount)).fill_nan(None),
                    "block_discount": pl.Series(discount).fill_nan(None),
                    "log_return": returns,
                },
            )
        )
        volatility = pl.Series(returns).rolling_std(20) * np.sqrt(242)
        features.append(
            mart(
                "feat_market_days",
                {
                    "date": dates,
                    "instrument_id": [instrument] * count,
                    "realised_volatility_20d": volatility,
                    "volatility_history_percentile": volatility.rank() / count,
                },
            )
        )
    return {"fct_market_days": pl.concat(frames), "feat_market_days": pl.concat(features)}


def entities(count: int, years: range) -> dict[str, pl.DataFrame]:
    """Entities, one account each, and their compliance years."""
    rng = np.random.default_rng(2)
    number = np.arange(count)
    ids = [f"E{i:06d}" for i in number]
    names = [f"示例{['发电', '水泥', '钢铁', '铝业'][i % 4]}有限公司{i:05d}号" for i in number]
    sector = [SECTORS[i % 4] for i in number]
    province = [PROVINCES[i % len(PROVINCES)] for i in number]
    size = rng.lognormal(12, 1.1, count)
    year_frames = []
    for year in years:
        verified = np.round(size * rng.normal(1, 0.08, count).clip(0.5, 1.5))
        obligation = np.ceil(verified)
        short = rng.random(count) < 0.03
        provided = np.where(short, np.round(obligation * 0.8), obligation)
        silent = rng.random(count) < 0.01
        is_due = dt.date(year + 1, 12, 31) < AS_OF
        verdict = np.where(silent, "not_reported", np.where(short, "not_compliant", "compliant"))
        year_frames.append(
            mart(
                "fct_compliance_years",
                {
                    "entity_id": ids,
                    "year": [year] * count,
                    "period": [str(year)] * count,
                    "entity_name": names,
                    "sector": sector,
                    "province_code": province,
                    "verified_emissions_tco2e": pl.Series(np.where(silent, np.nan, verified)).fill_nan(None),
                    "obligation_tco2e": obligation,
                    "surrendered_tco2e": provided if is_due else np.zeros(count),
                    "due_on": [dt.date(year + 1, 12, 31)] * count,
                    "basis": ["annual"] * count,
                    "required_tco2e": obligation,
                    "provided_tco2e": provided if is_due else np.zeros(count),
                    "shortfall_tco2e": np.where(is_due, obligation - provided, obligation),
                    "is_due": [is_due] * count,
                    "verdict": verdict if is_due else ["not_due"] * count,
                },
            )
        )
    reports = mart(
        "fct_emission_reports",
        {
            "entity_id": ids * 2,
            "year": [2023] * count + [2024] * count,
            "entity_name": names * 2,
            "sector": sector * 2,
            "province_code": province * 2,
            "total_tco2e": np.concatenate([size, size]),
            "submitted_at": [dt.datetime(2024, 3, 20)] * count + [dt.datetime(2025, 4, 8)] * count,
            "due_on": [dt.date(2024, 3, 31)] * count + [dt.date(2025, 3, 31)] * count,
            "days_late": [0] * count + [8] * count,
        },
    )
    accounts = {
        "account_id": [f"AC{i:06d}" for i in number],
        "holder_id": ids,
        "holder_name": names,
        "holder_type": ["compliance"] * count,
        "party_id": [f"G{i // 3:05d}" for i in number],
        "entity_id": ids,
        "province_code": province,
    }
    return {
        "dim_entities": mart(
            "dim_entities",
            {
                "entity_id": ids,
                "entity_name": names,
                "sector": sector,
                "province_code": province,
                "status": ["listed"] * count,
                "unit_count": [1] * count,
            },
        ),
        "dim_accounts": mart("dim_accounts", accounts),
        "fct_compliance_years": pl.concat(year_frames),
        "fct_emission_reports": reports,
        "fct_holdings": mart(
            "fct_holdings",
            {
                "account_id": accounts["account_id"],
                "unit_type": ["CEA"] * count,
                "vintage": [2024] * count,
                "date": [AS_OF] * count,
                "balance_tco2e": np.round(size * rng.random(count)),
            },
        ),
    }


def movements(accounts: int, count: int, first_year: int) -> dict[str, pl.DataFrame]:
    """Transfers and the trades that some of them settle; the first six form two rings."""
    rng = np.random.default_rng(3)
    span = (AS_OF - dt.date(first_year, 1, 4)).days * 86_400
    when = np.sort(rng.integers(0, span, count))
    start = dt.datetime(first_year, 1, 4)
    times = [start + dt.timedelta(seconds=int(one)) for one in when]
    seller, buyer = rng.integers(0, accounts, count), rng.integers(0, accounts, count)
    ring = min(6, accounts)
    for step in range(ring):
        seller[step], buyer[step] = step % 3, (step + 1) % 3
    quantity = np.round(rng.lognormal(9, 1, count)) + 1
    quantity[:ring] = 50_000
    kinds = np.array(["trade_settlement", "surrender", "allocation", "issuance", "other", "internal"])
    kind = kinds[rng.choice(6, count, p=[0.5, 0.2, 0.15, 0.05, 0.05, 0.05])]
    kind[:ring] = "trade_settlement"
    account = np.array([f"AC{i:06d}" for i in range(accounts)])
    shared = {"period": [time.strftime("%Y-%m") for time in times], "quantity_tco2e": quantity}
    transfers = mart(
        "fct_transfers",
        {
            **shared,
            "transfer_id": [f"TR{i:07d}" for i in range(count)],
            "transferred_at": times,
            "from_account_id": account[seller],
            "to_account_id": account[buyer],
            "unit_type": ["CEA"] * count,
            "vintage": [2024] * count,
            "kind": kind,
            "trade_id": [f"TD{i:07d}" for i in range(count)],
            "is_plain": kind == "trade_settlement",
        },
    )
    trades = mart(
        "fct_trades",
        {
            **shared,
            "trade_id": [f"TD{i:07d}" for i in range(count)],
            "traded_at": times,
            "trade_date": [time.date() for time in times],
            "instrument_id": ["CEA24"] * count,
            "mode": ["listed"] * count,
            "price": np.round(rng.normal(90, 4, count), 2),
            "buy_account_id": account[buyer],
            "sell_account_id": account[seller],
            "is_same_party": seller // 3 == buyer // 3,
        },
    )
    return {"fct_transfers": transfers, "fct_trades": trades}


def monitoring(units: int) -> dict[str, pl.DataFrame]:
    """Months, samples, years and expectations of some units; unit 0 understates from mid-2024."""
    rng = np.random.default_rng(4)
    months = pl.date_range(dt.date(2024, 1, 1), dt.date(2025, 5, 1), "1mo", eager=True).to_list()
    rows, samples, years, expected = [], [], [], []
    for unit in range(units):
        ids = {
            "unit_id": f"U{unit:05d}",
            "entity_id": f"E{unit:06d}",
            "entity_name": f"示例发电有限公司{unit:05d}号",
        }
        for position, month in enumerate(months):
            true = 52_000 * (1 + 0.15 * np.cos(position / 2)) * rng.normal(1, 0.02)
            low = 0.82 if unit == 0 and position >= 6 else 1.0
            rows.append(
                {
                    **ids,
                    "month": month,
                    "reported_emissions_tco2": true * low,
                    "metered_emissions_tco2": true * rng.normal(1, 0.01),
                    "cems_emissions_tco2": true * rng.normal(1, 0.015),
                }
            )
            sampled = month + dt.timedelta(days=3)
            shift = -3 if unit == 0 and position % 4 == 1 else 4
            samples.append(
                {
                    **ids,
                    "sample_id": f"S{unit:05d}-{position:02d}",
                    "lab_name": "示例煤质检测中心",
                    "sampled_on": sampled,
                    "received_on": sampled + dt.timedelta(days=2),
                    "tested_on": sampled + dt.timedelta(days=shift),
                    "reported_on": sampled + dt.timedelta(days=9),
                    "carbon_pct": 57 + rng.normal(0, 1.5),
                    "carbon_daf_pct": (97 if unit == 0 and position == 3 else 78) + rng.normal(0, 0.8),
                    "ncv_gj_per_t": 21.5 + rng.normal(0, 0.6),
                    "tested_before_sampled": shift < 0,
                }
            )
        for year in range(2017, 2025):
            rate = 0.86 * rng.normal(1, 0.02) * (0.8 if unit == 0 and year == 2024 else 1)
            years.append(
                {**ids, "year": year, "fuel": "coal", "co2_mass_tco2": rate * 3e6, "co2_tco2_per_mwh": rate}
            )
            expected.append(
                {
                    "unit_id": ids["unit_id"],
                    "year": year,
                    "target": "co2_tco2_per_mwh",
                    "actual": rate,
                    "expected": 0.86,
                    "lower_05": 0.81,
                    "upper_95": 0.92,
                }
            )
    names = ("fct_mass_balance_months", "fct_lab_tests", "fct_unit_years", "expected_emissions")
    return {
        name: mart(name, pl.DataFrame(part).to_dict(as_series=False))
        for name, part in zip(names, (rows, samples, years, expected), strict=True)
    }


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
                "gate": ["door"] * 7 + ["publication"] * 5,
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
    (folder / "data_docs" / "door").mkdir(parents=True)
    (folder / "data_docs" / "door" / "index.html").write_text("<html></html>")
    for name in MARTS:
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
        "gates": {"door": {"passed": True, "warnings": 1, "critical": 0}},
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


def large() -> dict[str, pl.DataFrame]:
    """As large as the EU registry: 13,700 entities, 174,000 compliance years, 12,000 alerts."""
    marts = market() | entities(13_700, range(2012, 2025)) | movements(13_700, 16_000, 2012)
    marts |= monitoring(200) | quality()
    return marts | alerts(12_000, marts, 2013)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--size", choices=["demo", "large", "empty"], default="demo")
    chosen = parser.parse_args()
    write_home(chosen.home, {"demo": demo, "large": large, "empty": dict}[chosen.size]())
