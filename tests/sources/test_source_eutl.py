from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines import sources
from pipelines.sources import SourceError, read
from tests.sources.conftest import EUTL

CODES = Path(sources.__file__).parent / "codes"


def rows(out, table, key):
    frame = pl.read_parquet(out / f"{table}.parquet")
    return {row[key]: row for row in frame.to_dicts()}


@pytest.fixture
def result(eutl_zip, tmp_path):
    out = tmp_path / "out"
    return out, read("eutl", eutl_zip(), out)


def test_every_row_is_written_or_quarantined(result):
    _, report = result
    account = {line.source: (line.read, line.written, line.quarantined) for line in report.rows()}
    assert account == {
        "installation": (4, 4, 0),
        "account": (5, 5, 0),
        "account_holder": (3, 2, 1),
        "compliance": (15, 12, 3),
        "transaction": (12, 6, 6),
    }


def test_rows_quarantined_keep_their_text_and_say_why(result):
    out, _ = result
    rows = pl.read_csv(out / "_quarantined" / "transaction.csv", infer_schema=False)
    names = ("row_number", "quarantine_reason", "quarantine_column", "quarantine_value")
    assert rows.select(names).rows() == [
        ("8", "unknown_enum", "transactionTypeMain_id", "10-888"),
        ("9", "wrong_type", "amount", "1.5"),
        ("10", "wrong_type", "date", "gestern"),
        ("11", "contradiction", "id", "11"),
        ("12", "contradiction", "id", "11"),
        ("13", "missing_value", "transferringAccount_id", None),
    ]
    assert rows.filter(row_number="9")["transferringAccount_id"].item() == "100.0"


def test_entities(result):
    out, report = result
    entities = rows(out, "entities", "entity_id")
    assert set(entities) == {"AT_1", "AT_2", "XI_3", "DE_4", "AT_99", "NO_5"}
    assert [entities[key]["sector"] for key in ("AT_1", "AT_2", "XI_3", "DE_4", "NO_5")] == [
        "power",
        "cement",
        "aviation",
        "other",
        "other",
    ]
    assert entities["XI_3"]["province_code"] == "GB-NIR"
    assert entities["NO_5"]["province_code"] == "NO"
    assert entities["DE_4"]["entity_name"] == "DE_4"
    assert entities["AT_1"]["group_id"] == "HLD-7"
    assert any("activity_id: 1 rows with codes of no code list (777)" in note for note in report.notes)


def test_an_entity_exits_with_its_last_year_of_emissions(result):
    out, _ = result
    entities = rows(out, "entities", "entity_id")
    assert (entities["AT_2"]["status"], entities["AT_2"]["exited_on"]) == ("exited", date(2007, 12, 31))
    assert (entities["AT_1"]["status"], entities["AT_1"]["listed_on"]) == ("listed", date(2005, 1, 1))
    assert entities["XI_3"]["status"] == "listed", "2030 is later than anything the files know"
    assert entities["DE_4"]["exited_on"] is None, "the last year lies before the first"


def test_an_entity_whose_accounts_are_all_closed_has_exited(eutl_zip, tmp_path):
    header = "id,registry_id,accountHolder_id,accountType_id,isOpen,installation_id,closingDate\n"
    accounts = (
        "1,AT,7,100-7,False,AT_1,2019-05-06 00:00:00\n2,DE,7,100-7,False,DE_4,soon\n3,DE,8,100-7,True,DE_4,\n"
    )
    report = read("eutl", eutl_zip({"account.csv": header + accounts}), tmp_path / "out")
    entities = rows(tmp_path / "out", "entities", "entity_id")
    assert (entities["AT_1"]["status"], entities["AT_1"]["exited_on"]) == ("exited", None)
    assert entities["XI_3"]["status"] == "listed", "without any account nothing is known to be closed"
    assert entities["DE_4"]["group_id"] == "HLD-8", "the company of the open account"
    assert rows(tmp_path / "out", "accounts", "account_id")["ACC-1"]["closed_on"] == date(2019, 5, 6)
    assert "account.csv: 1 values of closingDate are no dates and were left out" in report.notes


def test_accounts_of_both_numberings(result):
    out, _ = result
    accounts = rows(out, "accounts", "account_id")
    assert set(accounts) == {"ACC-100", "ACC-101", "ACC-102", "ACC-103", "ACC-104", "LOG-5", "LOG-6"}
    operator = accounts["ACC-100"]
    assert (operator["holder_id"], operator["holder_type"]) == ("AT_1", "compliance")
    assert (operator["holder_name"], operator["controller_id"]) == ("Strom AG", "HLD-7")
    assert (accounts["ACC-102"]["holder_id"], accounts["ACC-102"]["holder_type"]) == ("HLD-7", "financial")
    assert (accounts["ACC-103"]["holder_id"], accounts["ACC-103"]["holder_type"]) == ("ACC-103", "unknown")
    assert (accounts["LOG-5"]["holder_id"], accounts["LOG-5"]["holder_type"]) == ("LOG-5", "unknown")


def test_registry_status_follows_the_letter_then_the_note(result):
    out, _ = result
    years = pl.read_parquet(out / "compliance.parquet")
    status = {(row["entity_id"], row["year"]): row["registry_status"] for row in years.to_dicts()}
    assert [status["AT_1", year] for year in range(2005, 2012)] == [
        "compliant",
        "not_compliant",
        "not_reported",
        "not_compliant",
        "compliant",
        "suspended",
        "excluded",
    ]
    assert [status["AT_2", year] for year in range(2006, 2010)] == ["excluded", "not_reported", None, None]


def test_obligation_is_known_only_where_there_was_none(result):
    out, _ = result
    years = pl.read_parquet(out / "compliance.parquet").drop_nulls("obligation")
    assert years.select("entity_id", "year", "obligation").rows() == [("AT_1", 2011, 0), ("AT_2", 2006, 0)]


def test_blocks_equal_in_all_but_id_are_kept(result):
    out, _ = result
    moves = rows(out, "transfers", "transfer_id")
    first, second = dict(moves["1"]), dict(moves["2"])
    assert (first.pop("transfer_id"), second.pop("transfer_id")) == ("1", "2")
    assert first == second
    assert first["kind"] == "other"
    assert (first["from_account"], first["to_account"]) == ("ACC-100", "LOG-5")


def test_kinds_units_and_vintages(result):
    out, _ = result
    moves = rows(out, "transfers", "transfer_id")
    assert {key: moves[key]["kind"] for key in moves} == {
        "1": "other",
        "2": "other",
        "3": "issuance",
        "4": "surrender",
        "5": "cancellation",
        "6": "internal",
    }
    assert (moves["3"]["from_account"], moves["3"]["to_account"]) == (None, "LOG-6")
    assert (moves["3"]["unit_type"], moves["3"]["vintage"]) == ("EUA", 2008)
    assert (moves["5"]["unit_type"], moves["5"]["vintage"]) == ("CER", None)
    assert moves["6"]["unit_type"] == "OTHER"


def test_only_the_plain_movement_is_other():
    types = pl.read_csv(CODES / "eutl_transaction_types.csv", infer_schema=False)
    assert types.filter(kind="other").select("part", "code").rows() == [("main", "10")]


def test_times_are_brussels_wall_clock(result):
    out, _ = result
    moves = rows(out, "transfers", "transfer_id")
    assert moves["1"]["ts"] == datetime(2006, 1, 20, 6, 1, 15, 731000, UTC)
    assert moves["3"]["ts"] == datetime(2008, 7, 1, 8, tzinfo=UTC)
    assert moves["4"]["ts"] == datetime(2007, 3, 25, 1, 30, tzinfo=UTC), "an hour that spring leaves out"
    assert moves["5"]["ts"] == datetime(2007, 10, 28, 0, 30, tzinfo=UTC), "an hour that autumn repeats"


def test_members_in_a_folder_and_strange_members(eutl_zip, tmp_path):
    path = eutl_zip({"../../evil.csv": "a\n1\n", "/etc/account.csv": "a\n1\n"})
    report = read("eutl", path, tmp_path / "deep" / "er" / "out")
    assert any("../../evil.csv" in note and "/etc/account.csv" in note for note in report.notes)
    assert not list(tmp_path.rglob("evil.csv"))
    assert read("eutl", eutl_zip(folder="download/"), tmp_path / "two").tables["entities"] == 6


def test_a_member_name_that_climbs_is_never_taken(eutl_zip, tmp_path):
    path = eutl_zip({"account.csv": None, "../account.csv": "id\n1\n"})
    with pytest.raises(SourceError, match=r"expected one member account\.csv, found none"):
        read("eutl", path, tmp_path / "out")


def test_missing_and_doubled_members(eutl_zip, tmp_path):
    with pytest.raises(SourceError, match=r"expected one member transaction\.csv, found none"):
        read("eutl", eutl_zip({"transaction.csv": None}), tmp_path / "out")
    with pytest.raises(SourceError, match=r"expected one member account\.csv, found 2"):
        read("eutl", eutl_zip({"copy/account.csv": "id\n1\n"}), tmp_path / "out")


def test_a_cut_archive(eutl_zip, tmp_path):
    path = eutl_zip()
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SourceError, match="Download it again"):
        read("eutl", path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_member(eutl_zip, tmp_path):
    path = eutl_zip()
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("compliance.csv").header_offset + 30 + len("compliance.csv")
    content = bytearray(path.read_bytes())
    content[start + 40 : start + 60] = b"\0" * 20
    path.write_bytes(content)
    with pytest.raises(SourceError, match="again"):
        read("eutl", path, tmp_path / "out")


def test_not_a_zip_a_folder_and_nothing(tmp_path):
    plain = tmp_path / "eutl.zip"
    plain.write_text("id,name\n1,a\n")
    for path, words in (
        (plain, "complete zip archive"),
        (tmp_path, "found a folder"),
        (tmp_path / "no", "nothing"),
    ):
        with pytest.raises(SourceError, match=words):
            read("eutl", path, tmp_path / "out")


def test_a_missing_column_is_named_with_its_member(eutl_zip, tmp_path):
    path = eutl_zip({"account_holder.csv": "id,titel\n7,x\n"})
    with pytest.raises(SourceError, match=r"account_holder\.csv: expected the columns name; found id, titel"):
        read("eutl", path, tmp_path / "out")


def test_a_member_in_another_encoding_is_read_and_said(eutl_zip, tmp_path):
    latin = EUTL["account_holder.csv"].replace("Strom AG", "Öl & Gas").encode("cp1252")
    report = read("eutl", eutl_zip({"account_holder.csv": latin}), tmp_path / "out")
    assert "account_holder: encoding Windows-1252" in report.notes
    holders = pl.read_parquet(tmp_path / "out" / "accounts.parquet")["holder_name"]
    assert "Öl & Gas" in holders.to_list()


def test_no_installation_at_all(eutl_zip, tmp_path):
    header = "id,name,registry_id,activity_id,isAircraftOperator,firstYearOfEmissions,lastYearOfEmissions\n"
    with pytest.raises(SourceError, match="expected rows below the headings"):
        read("eutl", eutl_zip({"installation.csv": header}), tmp_path / "out")
    with pytest.raises(SourceError, match="empty file"):
        read("eutl", eutl_zip({"installation.csv": "\n"}), tmp_path / "out")
