"""No figure where none was due, or where the source does not hold the year yet, is no missing report."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.sources import read

MARTS = ("fct_report_obligations", "fct_compliance_years", "fct_emission_reports")


@pytest.mark.parametrize("as_of", [date(2024, 12, 31), date(2026, 11, 28)], ids=["2024", "later"])
def test_a_grid_of_years_accuses_nobody(practice, tmp_path, supervised, as_of):
    read("eutl", practice / "03-eutl-year-grid/eutl_grid.zip", tmp_path / "out")
    market = supervised(tmp_path / "out", as_of, *MARTS)
    assert market.mart("fct_compliance_years").height == 64 * 26
    assert market.alerts("missing_report").is_empty()


def entity(number: int, **changed: object) -> dict[str, object]:
    row = {"entity_id": f"E{number}", "entity_name": f"Works {number}", "sector": "power",
           "province_code": "DE", "status": "listed", "listed_on": None, "exited_on": None}  # fmt: skip
    return row | changed


def year(number: int, year: int, verified: float | None = 1e6, **changed: object) -> dict[str, object]:
    spent = None if verified is None else int(verified)
    row = {"entity_id": f"E{number}", "year": year, "verified_emissions": verified, "surrendered": spent,
           "registry_status": None}  # fmt: skip
    return row | changed


ACCOUNTS = [{"account_id": "A0", "holder_id": "E0", "holder_type": "compliance"}]
TRADE = {
    "trade_id": "T", "ts": "2020-01-01T00:00:00Z", "instrument_id": "EUA", "mode": "listed", "price": 1,
    "quantity": 1, "buy_account_id": "A0", "sell_account_id": "A0",
}  # fmt: skip
EU = "id: eu\nname_zh: 欧盟\nname_en: EU\ncurrency: EUR\ntimezone: Europe/Brussels\n"


def test_gaps_inside_a_life_are_found_and_nothing_else(write_source, supervised):
    """A register of four forms of empty years in one table, none of them a grid.

    E0 lacks 2020 between two figures; E1 opened in 2021; E2 left at the end of 2020 by the register's dates;
    E3 has a status of 2022 without a figure; E4 to E9 report each year. 2023 is not published but for E9.
    """
    years = [year(n, y) for n in range(4, 10) for y in (2019, 2020, 2021, 2022)]
    years += [year(0, 2019), year(0, 2020, None), year(0, 2021), year(0, 2022)]
    years += [year(1, 2019, None), year(1, 2020, None), year(1, 2021), year(1, 2022)]
    years += [year(2, 2019), year(2, 2020), year(2, 2021, None), year(2, 2022, None)]
    years += [year(3, 2021), year(3, 2022, None, registry_status="not_reported")]
    years += [year(n, 2023, None) for n in range(9)] + [year(9, 2023)]
    source = write_source(
        entities=[entity(n, exited_on="2020-12-31" if n == 2 else None) for n in range(10)],
        compliance=years, accounts=ACCOUNTS, trades=[TRADE],
    )  # fmt: skip
    (source / "market.yml").write_text(EU)
    market = supervised(source, date(2026, 6, 1), *MARTS)
    found = market.alerts("missing_report").select("subject_ids", "title_en").rows()
    assert sorted((subjects[0], title[-4:]) for subjects, title in found) == [("E0", "2020"), ("E3", "2022")]
    states = market.mart("fct_report_obligations").filter(year=2023)["state"]
    assert set(states) == {"submitted", "unknown"}, "2023 is not there as a whole"


def test_a_register_of_one_year_is_not_a_register_that_begins(write_source, supervised):
    """Of a single year nothing shows who was in the scheme: an empty row is no duty, a stated one is."""
    years = [year(n, 2022) for n in range(8)] + [year(8, 2022, None)]
    years += [year(9, 2022, None, registry_status="not_reported")]
    source = write_source(
        entities=[entity(n) for n in range(10)], compliance=years, accounts=ACCOUNTS, trades=[TRADE]
    )
    (source / "market.yml").write_text(EU)
    market = supervised(source, date(2024, 6, 1), *MARTS)
    assert market.alerts("missing_report")["subject_ids"].to_list() == [["E9"]]
