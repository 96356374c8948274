"""What a source does not hold is unknown: no finding may come from it.

A market of seven plants and two instruments in which each kind of absence stands beside a sound record.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

AS_OF = date(2025, 6, 30)
MARTS = (
    "fct_market_days", "fct_transfers", "fct_account_pauses", "fct_report_obligations", "fct_output_months",
    "fct_mass_balance_months", "fct_compliance_years", "fct_unit_years",
)  # fmt: skip
KINDS = (
    "liquidity_drought", "volatility_regime", "price_limit_hits", "pass_through", "missing_report",
    "late_report", "output_mismatch", "mass_balance_gap", "surrender_shortfall",
)  # fmt: skip
PLANTS = 7
MONTHS = pl.date_range(date(2024, 1, 1), date(2025, 3, 1), "1mo", eager=True).to_list()
LEFT = 2
"""Out of the scheme since a day that nobody states; its last filing is that of December."""
SPARSE = 3
"""One meter day and twenty monitored hours a month from January on."""


def entities() -> list[dict[str, object]]:
    return [
        {"entity_id": f"E{n}", "entity_name": f"Plant {n}", "sector": "power", "province_code": "110000",
         "status": "exited" if n == LEFT else "listed", "listed_on": "2023-01-01"}
        for n in range(PLANTS)
    ]  # fmt: skip


def filings() -> list[dict[str, object]]:
    return [
        {"entity_id": f"E{n}", "unit_id": f"U{n}", "month": month, "fuel": "coal", "fuel_consumption": 20_000,
         "ncv": 20.0, "carbon_content": 0.52, "oxidation_factor": 0.99, "reported_emissions": 37_752.0,
         "electricity_generated": 50_000.0, "submitted_at": f"{month + timedelta(days=40)}T00:00:00Z",
         "revision": 1}
        for n in range(PLANTS) for month in MONTHS if n != LEFT or month.year == 2024
    ]  # fmt: skip


def meters() -> pl.DataFrame:
    """A net reading each day; of the sparse plant one low day a month in 2025."""
    days = pl.date_range(MONTHS[0], date(2025, 3, 31), "1d", eager=True)
    plants = pl.DataFrame({"unit_id": [f"U{n}" for n in range(PLANTS)]})
    rows = plants.join(pl.DataFrame({"date": days}), how="cross").with_columns(
        meter=pl.lit("electricity_out"), value=pl.lit(1_650.0)
    )
    sparse = (pl.col("unit_id") == f"U{SPARSE}") & (pl.col("date").dt.year() == 2025)
    return rows.filter(~sparse | (pl.col("date").dt.day() == 1)).with_columns(
        value=pl.when(sparse).then(100.0).otherwise("value")
    )


def hours() -> list[dict[str, object]]:
    """Twenty hours of a month of 744, each far above what the month reported."""
    start = datetime(2025, 3, 5, tzinfo=UTC)
    return [
        {"unit_id": f"U{SPARSE}", "ts": f"{start + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ}",
         "co2_mass": 2_400.0, "operating": 1.0, "quality": "valid"}
        for n in range(20)
    ]  # fmt: skip


def market_days() -> pl.DataFrame:
    """Two instruments; BLANK has no volumes in 2025, GAP was not delivered from October to December."""
    days = [day for n in range(600) if (day := date(2023, 9, 1) + timedelta(days=n)).weekday() < 5]
    base = pl.DataFrame({"date": days}).with_row_index("n")
    close = (80 + 0.4 * (pl.col("n") * 2.1).sin()).round(2)
    later = pl.col("date") >= date(2025, 1, 1)
    blank = base.select(
        "date", instrument_id=pl.lit("BLANK"), close=close, listed_volume=pl.when(~later).then(10_000)
    )
    gap = base.select(
        "date",
        instrument_id=pl.lit("GAP"),
        close=pl.when(later).then(close + 30).otherwise(close),
        listed_volume=pl.lit(10_000),
    )
    rows = pl.concat([blank, gap])
    return rows.filter(~pl.col("date").is_between(date(2024, 10, 1), date(2024, 12, 31)))


def transfers() -> list[dict[str, object]]:
    """Movements every week, none from April to December 2024 of any account, then a chain within hours."""
    week = [date(2023, 1, 2) + timedelta(weeks=n) for n in range(65)]
    moves = [(f"{day}T02:00:00Z", f"A{n % 5}", f"A{(n + 1) % 5}", 100) for n, day in enumerate(week)]
    moves += [(f"2025-01-10T0{n}:00:00Z", f"A{n}", f"A{n + 1}", 50_000) for n in range(4)]
    moves += [(f"2025-0{month}-10T02:00:00Z", "A0", "A1", 100) for month in range(2, 6)]
    return [
        {"transfer_id": f"X{n}", "ts": ts, "from_account": source, "to_account": target, "unit_type": "CEA",
         "vintage": 2024, "quantity": quantity, "kind": "other"}
        for n, (ts, source, target, quantity) in enumerate(moves)
    ]  # fmt: skip


def years() -> list[dict[str, object]]:
    """A register that is still empty for 2024; of one plant it states for 2023 the credits alone."""
    rows = [
        {"entity_id": f"E{n}", "year": 2023, "verified_emissions": 400_000.0, "obligation": 400_000,
         "surrendered": 400_000, "offsets_surrendered": 0}
        for n in range(PLANTS)
    ]  # fmt: skip
    rows[5] |= {"surrendered": None, "offsets_surrendered": 20_000}
    return rows + [{"entity_id": f"E{n}", "year": 2024} for n in range(PLANTS)]


# One run of lake and warehouse for all kinds of absence.
def test_what_a_source_does_not_hold_accuses_nobody(write_source, supervised):
    source = write_source(
        entities=entities(),
        units=[
            {"unit_id": f"U{n}", "entity_id": f"E{n}", "unit_class": "coal_gt300", "capacity": 300,
             "capacity_unit": "MW"}
            for n in range(PLANTS)
        ],
        accounts=[
            {"account_id": f"A{n}", "holder_id": f"F{n}", "holder_type": "financial"} for n in range(5)
        ],
        instruments=[
            {"instrument_id": name, "unit_type": "CEA", "vintage": 2024, "tick": 0.01, "lot": 1}
            for name in ("BLANK", "GAP")
        ],
        activity_reports=filings(), meters_daily=meters(), cems_hourly=hours(), market_days=market_days(),
        transfers=transfers(), compliance=years(),
        trades=[
            {"trade_id": "T", "ts": "2025-01-02T02:00:00Z", "instrument_id": "GAP", "mode": "listed",
             "price": 110, "quantity": 1, "buy_account_id": "A0", "sell_account_id": "A1"}
        ],
    )  # fmt: skip
    market = supervised(source, AS_OF, *MARTS)
    found = market.alerts(*KINDS)
    assert found.select("kind", "title_en").rows() == []
    assert market.mart("fct_output_months").height == len(filings())
    assert market.mart("fct_account_pauses")["pause_days"].max() < 180
