"""A made-up market: prices, entities, movements, monitoring."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from desk_schemas import mart

AS_OF = dt.date(2025, 6, 30)
SECTORS = ("power", "cement", "steel", "aluminium")
PROVINCES = ("130000", "140000", "150000", "320000", "370000", "410000", "440000", "610000")


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
    parties = sorted(set(accounts["party_id"]))
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
        "fct_party_holdings": mart(
            "fct_party_holdings",
            {
                "party_id": parties,
                "unit_type": ["CEA"] * len(parties),
                "vintage": [2024] * len(parties),
                "date": [AS_OF] * len(parties),
                "balance_tco2e": np.round(1e6 * rng.random(len(parties))),
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
