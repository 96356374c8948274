"""Signs, sentinels, placeholders and totals are neither quantities nor parties."""

from __future__ import annotations

import pytest

DAY = "2025-02-06T16:00:00+08:00"


@pytest.mark.parametrize(
    ("table", "row", "fault"),
    [
        ("transfers", f"X9,{DAY},,,CEA,200,gift,", ("missing_value", "from_account, to_account")),
        ("transfers", f"X9,{DAY},A1,A2,CEA,-1,gift,", ("impossible_quantity", "quantity")),
        ("transfers", f"X9,{DAY},-,A2,CEA,5,gift,", ("placeholder", "from_account")),
        ("transfers", f"X9,{DAY},A1,N/A,CEA,5,gift,", ("placeholder", "to_account")),
        ("transfers", f"X9,{DAY},A1\u00ad,A2,CEA,5,gift,", ("control_characters", "from_account")),
        ("transfers", f"X9,{DAY},A1,\u3000A2,CEA,5,gift,", ("control_characters", "to_account")),
        ("trades", f"T9,{DAY},CEA24,listed,95.10,-99,A1,A2", ("impossible_quantity", "quantity")),
        ("trades", f"T9,{DAY},null,listed,95.10,100,A1,A2", ("placeholder", "instrument_id")),
        ("units", "U9,E1,coal_gt300,-999,MW", ("impossible_quantity", "capacity")),
        ("accounts", "A9,E1,compliance,未知", ("placeholder", "controller_id")),
        ("accounts", "A9,-99,compliance,", ("placeholder", "holder_id")),
        ("entities", "TOT,Country total,other,ZZ,listed", ("total_row", "entity_name")),
        ("entities", "DE_total,Germany,other,DE,listed", ("total_row", "entity_id")),
        ("entities", "ZZ,Total,other,ZZ,listed", ("total_row", "entity_name")),
        ("entities", "E9,全国合计,power,110000,listed", ("total_row", "entity_name")),
        ("entities", "E9,EU27 + UK,other,ZZ,listed", ("total_row", "entity_name")),
        ("entities", "E9,European Union (27 countries),other,ZZ,listed", ("total_row", "entity_name")),
        ("entities", "E9,Gesamtsumme,other,DE,listed", ("total_row", "entity_name")),
        ("entities", "E9,全国排放总量,power,100000,listed", ("total_row", "entity_name")),
        ("units", "小计,E1,coal_gt300,1200,MW", ("total_row", "unit_id")),
        ("accounts", "Sum,E1,compliance,", ("total_row", "account_id")),
        ("entities", "E9,EU28,other,ZZ,listed", ("total_row", "entity_name")),
    ],
)
def test_what_stands_for_nothing_is_quarantined_by_its_name(delivery, accounted, table, row, fault):
    delivery.add_row(table, row)
    summary = delivery.update()
    accounted(summary)
    found = delivery.quarantine().select("table_name", "reason", "column_name").rows()
    assert found == [(table, *fault)]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("transfers", f"X9,{DAY},,A2,CEA,5,issuance,"),
        ("transfers", f"X9,{DAY},A1,,CEA,5,cancellation,"),
        ("transfers", f"X9,{DAY},A1,A2,CEA,9999,gift,"),
        ("compliance", "E2,2024,0,,"),
        ("compliance", "E2,2024,500,500,-99"),
        ("entities", "E9,Total Raffinage France,petrochemicals,FR,listed"),
        ("entities", "-7,Summit Power,power,US-NY,listed"),
        ("units", "EU01,E1,coal_gt300,1200,MW"),
        ("accounts", "EU-28,E1,compliance,"),
        ("entities", "E9,EU Steel GmbH,steel,DE,listed"),
        ("entities", "E9,全国碳素有限公司,other,110000,listed"),
        ("entities", "E9,European Union Mills,paper,FI,listed"),
    ],
)
def test_what_only_looks_so_is_kept(delivery, table, row):
    """A quantity of 9,999 t, an issuance without a sender, companies whose names begin like a total."""
    delivery.add_row(table, row)
    assert delivery.update().tables[table].quarantined == 0


def test_rows_of_a_total_follow_it(delivery, accounted):
    """Its years are orphans, so that no sum counts a country twice."""
    delivery.add_row("entities", "ALL,All installations,other,ZZ,listed")
    delivery.add_row("compliance", "ALL,2023,1500.5,1501,1401")
    summary = delivery.update()
    accounted(summary)
    assert delivery.reasons() == {("entities", "total_row"), ("compliance", "orphan")}
