"""Ids that are likely one, credit codes, places, totals: reported with what was expected, never changed."""

from __future__ import annotations

import json

import polars as pl
import pytest

from pipelines.core.credit_codes import check_character
from pipelines.lake.identifiers import judge_identifiers, likely_equal, normal_form, wrong_codes
from pipelines.lake.regions import misplaced_cities, registered_elsewhere
from pipelines.lake.store import connect
from pipelines.lake.totals import totals
from pipelines.simulator.identifiers import credit_code

ENTITY, HOLDER = ("entities", "entity_id"), ("accounts", "holder_id")


@pytest.mark.parametrize(
    "alike",
    [
        ("DE-0042", "de-42", "ＤＥ－００４２"),
        ("10025", "10025.0", "0010025", "10025.00"),
        ("Ⅸ-7", "IX-007", "ix-7"),
        ("Straße 1", "STRASSE 01"),
        ("电厂①", "电厂1", "电厂01"),
    ],
)
def test_ids_are_likely_one(alike):
    assert len({normal_form(value) for value in alike}) == 1


@pytest.mark.parametrize(
    "other",
    [
        ("A10", "A1"),
        ("A-1-2", "A-12"),
        ("1.05", "1.5"),
        ("100", "10"),
        ("A.0", "A"),
        ("0", "00a"),
        ("甲", "申"),
    ],
)
def test_ids_that_differ_in_more_are_two(other):
    assert len({normal_form(value) for value in other}) == 2


def test_a_group_is_one_row_of_its_column():
    rows = [*likely_equal({ENTITY: {"E1", "e01", "E2"}, HOLDER: {"E1", "E２", "X9"}})]
    assert [(row["table_name"], row["normal_form"], json.loads(str(row["ids_json"]))) for row in rows] == [
        ("entities", "e1", ["E1", "e01"]),
        ("accounts", "e2", ["E2", "E２"]),
    ]


def test_the_standards_own_example():
    assert check_character("91350100M000100Y4") == "3"


def test_wrong_codes_name_the_expected_character():
    right = credit_code(7, "110000")
    turned = right[:3] + right[4] + right[3] + right[5:]
    wrong = right[:-1] + ("A" if right[-1] != "A" else "B")
    letter = "O" + right[1:]
    rows = {row["normal_form"]: row for row in wrong_codes({ENTITY: {right, wrong, letter, "E1", turned}})}
    assert rows[wrong]["expected"] == right[-1]
    assert rows[letter]["fault"] == "credit_code_character"
    assert right not in rows
    assert "E1" not in rows
    assert (turned in rows) == (turned != right)


def test_a_code_is_reported_where_it_is_listed():
    wrong = "91350100M000100Y44"
    rows = [*wrong_codes({ENTITY: {wrong}, HOLDER: {wrong}})]
    assert [(row["table_name"], row["expected"]) for row in rows] == [("entities", "3")]


def judged(delivery, folder, is_chinese=True) -> pl.DataFrame:
    with connect("512MB", 1, folder / "judge") as con:
        judge_identifiers(con, delivery.lake, is_chinese)
    return pl.read_parquet(delivery.lake / "handover" / "identifier_faults.parquet")


@pytest.mark.parametrize(("is_chinese", "faults"), [(True, 2), (False, 1)])
def test_faults_of_a_delivery(delivery, tmp_path, is_chinese, faults):
    delivery.add_row("entities", "91350100M000100Y44,Plant,power,350000,listed")
    delivery.add_row("transfers", "X9,2025-02-06T16:00:00+08:00,a01,A2,CEA,5,gift,")
    delivery.update()
    found = judged(delivery, tmp_path, is_chinese)
    assert found.height == faults
    alike = found.filter(fault="likely_equal").row(0, named=True)
    assert (alike["table_name"], alike["column_name"]) == ("transfers", "from_account")
    assert json.loads(alike["ids_json"]) == ["A1", "a01"]
    assert set(delivery.kept("transfers")["from_account"]) >= {"a01"}


@pytest.mark.parametrize(
    ("province", "city", "expected"),
    [
        ("370000", "370100", None),
        ("370000", "371402", None),
        ("370000", None, None),
        ("370000", "320100", "37"),
        ("110000", "01", None),
        ("430000", "四三零一", None),
        ("420000", "4201", None),
    ],
)
def test_a_city_lies_in_its_province(province, city, expected):
    rows = [*misplaced_cities([("E1", province, city), ("E2", province, city)])]
    assert [(row["normal_form"], row["id_count"], row["expected"]) for row in rows] == (
        [(f"{city}/{province}", 2, expected)] if expected else []
    )


@pytest.mark.parametrize(
    ("region", "province", "noted"),
    [
        ("370100", "370000", False),
        ("370100", "320000", True),
        ("100000", "320000", False),
        ("370100", None, False),
    ],
)
def test_a_credit_code_names_the_province_of_its_registration(region, province, noted):
    rows = [*registered_elsewhere([(credit_code(7, region), province, None), ("E-1", province, None)])]
    assert [row["expected"] for row in rows] == ([str(province)[:2]] if noted else [])


def emitters(totals: dict[str, tuple[str, dict[int, float]]]) -> tuple[str, str]:
    """Compliance and entities of 2 provinces with 6 emitters each in two years, and of further rows."""
    figures = {f"{p}{n}": (p, {2022: 20_000.0 + n, 2023: 19_000.0 + n}) for p in "AB" for n in range(6)}
    rows = [
        (entity, year, tonnes)
        for entity, (_, years) in (figures | totals).items()
        for year, tonnes in years.items()
    ]
    places = [(entity, province) for entity, (province, _) in (figures | totals).items()]
    return (
        f"(select * from (values {str(rows)[1:-1]}) as v(entity_id, year, verified_emissions))",
        f"(select * from (values {str(places)[1:-1]}) as v(entity_id, province_code))",
    )


A = {2022: 120_015.0, 2023: 114_015.0}
ALL = {2022: 240_030.4, 2023: 228_030.0}


@pytest.mark.parametrize(
    ("further", "found"),
    [
        ({}, []),
        ({"Germany": ("A", A)}, ["Germany"]),
        ({"Germany": ("A", A), "France": ("B", A), "Market": ("", ALL)}, ["France", "Germany", "Market"]),
        ({"Market": ("", ALL)}, ["Market"]),
        # right in one year of two, and too far off
        ({"Works": ("A", A | {2023: 90_000.0})}, []),
        ({"Works": ("A", {2022: 120_115.0, 2023: 114_115.0})}, []),
        # one year and few emitters may be a coincidence
        ({"Works": ("A", {2022: 120_015.0})}, []),
    ],
)
def test_an_emitter_that_is_the_sum_of_others_is_a_total(tmp_path, further, found):
    with connect("512MB", 1, tmp_path / "judge") as con:
        rows = [*totals(con, *emitters(further))]
    assert sorted(str(row["normal_form"]) for row in rows) == found


def test_small_figures_prove_no_total(tmp_path):
    figures = [(f"E{n}", year, 1.0) for n in range(9) for year in (2022, 2023)]
    figures += [("S", 2022, 9.0), ("S", 2023, 9.0)]
    rows = f"(select * from (values {str(figures)[1:-1]}) as v(entity_id, year, verified_emissions))"
    with connect("512MB", 1, tmp_path / "judge") as con:
        assert [*totals(con, rows, None)] == []


def test_a_country_among_its_emitters_is_named(delivery, tmp_path):
    for n in range(10, 16):
        delivery.add_row("entities", f"E{n},Works {n},power,330000,listed")
        for year in (2022, 2023):
            delivery.add_row("compliance", f"E{n},{year},{20_000 + n},{20_000 + n},{20_000 + n}")
    delivery.add_row("entities", "ZJ,浙江,power,330000,listed")
    for year, tonnes in ((2022, 120_075), (2023, 120_575)):
        delivery.add_row("compliance", f"ZJ,{year},{tonnes},{tonnes},0")
    delivery.update()
    assert delivery.reasons() == set(), "its name is that of a province and of no total"
    found = judged(delivery, tmp_path).filter(fault="sum_of_others")
    assert found.select("normal_form", "expected").rows() == [("ZJ", "7 emitters, 2 years")]
