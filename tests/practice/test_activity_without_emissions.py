"""Activity whose CO2 is left out is a finding; leaving a figure out is never safer than lowering it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipelines.sources import read

KIND = "missing_report"


def test_a_unit_year_without_its_co2(practice, tmp_path, supervised):
    read("campd", practice / "16-campd-blank-co2/emissions-annual.csv", tmp_path / "out")
    market = supervised(tmp_path / "out", date(2024, 12, 31), "fct_unit_years")
    (alert,) = market.alerts(KIND).to_dicts()
    blank = market.mart("fct_unit_years").filter(pl.col("co2_mass_tco2").is_null()).to_dicts()
    assert [alert["subject_ids"]] == [sorted([row["unit_id"], row["entity_id"]]) for row in blank]
    assert alert["window_start"].year == blank[0]["year"] - (alert["window_start"].month == 12)
    others = market.mart("fct_unit_years").drop_nulls("co2_mass_tco2")["co2_tco2_per_gj"]
    assert others.min() < blank[0]["blank_co2_tco2"] / blank[0]["heat_input_gj"] < others.max()


def years(**changed: object) -> pl.DataFrame:
    """Twenty unit years, the first of them changed."""
    rows = [
        {
            "unit_id": f"U{n}", "entity_id": f"E{n}", "entity_name": f"Plant {n}", "province_code": "TX",
            "year": 2023, "is_whole_year": True, "blank_share": 0.0, "blank_co2_tco2": 0.0,
        }
        for n in range(20)
    ]  # fmt: skip
    rows[0] |= changed
    return pl.DataFrame(rows)


def months(blank: set[tuple[int, int]]) -> pl.DataFrame:
    rows = [
        {
            "unit_id": f"U{n}", "entity_id": f"E{n}", "entity_name": f"Plant {n}", "province_code": "110000",
            "month": date(2024, month, 1), "fuel_emissions_tco2": 5e4,
            "reported_emissions_tco2": None if (n, month) in blank else 5e4,
        }
        for n in range(6) for month in range(1, 13)
    ]  # fmt: skip
    return pl.DataFrame(rows)


@pytest.mark.parametrize(("share", "tonnes", "found"), [(0.3, 4e5, 1), (0.02, 2e4, 0), (1.0, None, 1)])
def test_monitored_hours_without_co2(marts, run, share, tonnes, found):
    """A third of the hours; a few of them, as calibration takes; and a year that no peer explains."""
    years(blank_share=share, blank_co2_tco2=tonnes).write_parquet(marts / "fct_unit_years.parquet")
    alerts = run(KIND, id="us", timezone="America/New_York", as_of=date(2024, 6, 1))
    assert alerts.height == found
    assert all("without its CO2" in title for title in alerts["title_en"])


def test_more_tonnes_left_out_score_higher(marts, run):
    scores = []
    for tonnes in (1e4, 1e6, 8e6):
        years(blank_share=1.0, blank_co2_tco2=tonnes).write_parquet(marts / "fct_unit_years.parquet")
        scores.append(run(KIND, id="us", as_of=date(2024, 6, 1))["score"][0])
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]


def test_monthly_reports_with_fuel_and_without_emissions(marts, run):
    months({(2, 3), (2, 4), (4, 11)}).write_parquet(marts / "fct_mass_balance_months.parquet")
    alerts = run(KIND, as_of=date(2025, 6, 1)).sort("window_start")
    assert alerts["title_en"].to_list() == [
        "Plant 2 (E2), unit U2: monthly reports from 2024-03 state fuel and no emissions",
        "Plant 4 (E4), unit U4: monthly reports from 2024-11 state fuel and no emissions",
    ]


def test_a_source_that_never_states_the_figure_accuses_nobody(marts, run):
    months({(n, month) for n in range(6) for month in range(1, 13)}).write_parquet(
        marts / "fct_mass_balance_months.parquet"
    )
    assert run(KIND, as_of=date(2025, 6, 1)).is_empty()
