"""Ids that are likely one, credit codes and provinces: reported with what was expected, never changed."""

from __future__ import annotations

import json

import polars as pl
import pytest

from pipelines.core.credit_codes import check_character
from pipelines.lake.identifiers import judge_identifiers, likely_equal, normal_form, wrong_codes
from pipelines.lake.store import connect
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


@pytest.mark.parametrize(("market", "faults"), [("cn", 2), ("cn-gd", 2), ("eu", 1)])
def test_faults_of_a_delivery(delivery, tmp_path, market, faults):
    delivery.add_row("entities", "91350100M000100Y44,Plant,power,350000,listed")
    delivery.add_row("transfers", "X9,2025-02-06T16:00:00+08:00,a01,A2,CEA,5,gift,")
    delivery.update()
    with connect("512MB", 1, tmp_path / "judge") as con:
        judge_identifiers(con, delivery.lake, market)
    found = pl.read_parquet(delivery.lake / "handover" / "identifier_faults.parquet")
    assert found.height == faults
    alike = found.filter(fault="likely_equal").row(0, named=True)
    assert (alike["table_name"], alike["column_name"]) == ("transfers", "from_account")
    assert json.loads(alike["ids_json"]) == ["A1", "a01"]
    assert set(delivery.kept("transfers")["from_account"]) >= {"a01"}
