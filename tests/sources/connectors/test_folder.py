"""Files that others put into a folder: at rest, changed, copied, unreadable, and with hostile names."""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.core.errors import SourceError
from pipelines.core.settings import Settings
from pipelines.sources.connectors import declaration
from pipelines.sources.connectors.folder import part_name
from pipelines.sources.connectors.pull import PullReport, pull

MAPPING = """
title: Accounts
market: {id: cn, name_zh: 全国, name_en: China, currency: CNY, timezone: Asia/Shanghai}
inputs:
  konten: {table: accounts, rows: one account, columns: {konto: {filled: true}, inhaber: {}}}
tables:
  accounts: {from: konten, columns: {account_id: konto, holder_id: inhaber, holder_type: "'compliance'"}}
"""


@pytest.fixture
def drop(tmp_path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def mapped(declare, drop) -> Settings:
    settings = declare(drop={"kind": "folder", "path": str(drop), "mapping": "konten.yml"})
    (settings.home / "konten.yml").write_text(MAPPING, encoding="utf-8")
    return settings


def _put(folder: Path, name: str, *accounts: str, age: float = 3600) -> Path:
    path = folder / name
    path.write_text(
        "\n".join(["konto;inhaber", *(f"{account};E" for account in accounts), ""]), encoding="utf-8"
    )
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def _pull(settings: Settings) -> PullReport:
    return pull(settings, declaration.load(settings.home), "drop")


def _ids(settings: Settings) -> list[str]:
    files = f"{settings.deliveries}/current/accounts/drop/*"
    return [
        row[0] for row in duckdb.sql(f"select account_id from read_parquet('{files}') order by 1").fetchall()
    ]


def test_new_and_changed_files_are_taken_once(mapped, drop):
    _put(drop, "a.csv", "A1", "A2")
    _put(drop, "b.csv", "B1")
    assert len(_pull(mapped).readings) == 2
    assert not _pull(mapped).changed
    _put(drop, "a.csv", "A3", age=1800)
    assert len(_pull(mapped).readings) == 1
    assert _ids(mapped) == ["A3", "B1"]
    # The same content at another time is no change.
    _put(drop, "a.csv", "A3", age=900)
    assert not _pull(mapped).readings


def test_a_file_that_is_being_written_is_left_for_later(mapped, drop):
    _put(drop, "a.csv", "A1")
    young = _put(drop, "b.csv", "B1", age=5)
    _put(drop, "c.csv.part", "C1")
    report = _pull(mapped)
    assert _ids(mapped) == ["A1"]
    assert "'b.csv' was written to a moment ago and is left for the next pull" in report.notes
    assert "'c.csv.part' has the name of an unfinished file and was left alone" in report.notes
    os.utime(young, (time.time() - 600, time.time() - 600))
    _pull(mapped)
    assert _ids(mapped) == ["A1", "B1"]


def test_a_file_that_changes_while_it_is_copied_is_left_for_later(mapped, drop, monkeypatch):
    path = _put(drop, "a.csv", "A1")

    def grow_and_copy(source: Path, target: Path, **_: object) -> None:
        target.write_bytes(source.read_bytes())
        _put(drop, "a.csv", "A1", "A2", age=1800)

    with monkeypatch.context() as patched:
        patched.setattr("pipelines.sources.connectors.folder.shutil.copyfile", grow_and_copy)
        report = _pull(mapped)
    assert report.notes == ["'a.csv' changed while it was copied and is left for the next pull"]
    _pull(mapped)
    assert path.is_file()
    assert _ids(mapped) == ["A1", "A2"]


def test_a_copy_under_another_name_is_not_delivered_twice(mapped, drop):
    _put(drop, "a.csv", "A1")
    _put(drop, "a (1).csv", "A1")
    report = _pull(mapped)
    assert _ids(mapped) == ["A1"]
    assert any("has the content of" in note for note in report.notes)


def test_a_file_that_cannot_be_read_stops_no_other_and_is_tried_again(mapped, drop):
    _put(drop, "a.csv", "A1")
    _put(drop, "b.csv", "B1")
    _pull(mapped)
    _put(drop, "a.csv", "A2", age=1800)
    (drop / "b.csv").write_bytes(b"\x00\x01 no table")
    os.utime(drop / "b.csv", (time.time() - 1800, time.time() - 1800))
    _put(drop, "c.csv")
    report = _pull(mapped)
    # What was delivered of b.csv before stays.
    assert _ids(mapped) == ["A2", "B1"]
    assert len(report.problems) == 2
    assert len(_pull(mapped).problems) == 2
    _put(drop, "b.csv", "B2", age=900)
    _put(drop, "c.csv", "C1", age=900)
    assert not _pull(mapped).problems
    assert _ids(mapped) == ["A2", "B2", "C1"]


@pytest.mark.parametrize(
    "name",
    [
        "$(id).csv",
        "; rm -rf ..csv",
        "x\\..\\x.csv",
        "a\nb.csv",
        "配额 2024年.csv",
        "-rf.csv",
        "x.y.csv",
    ],
)
def test_names_are_data(mapped, drop, name):
    _put(drop, name, "A1")
    _pull(mapped)
    assert _ids(mapped) == ["A1"]
    [file] = (mapped.deliveries / "current" / "accounts" / "drop").iterdir()
    assert file.name == f"{part_name(name)}.parquet"
    assert "." not in part_name(name)


def test_links_and_folders_are_left_alone(mapped, drop, tmp_path):
    outside = _put(tmp_path, "outside.csv", "X1")
    (drop / "link.csv").symlink_to(outside)
    (drop / "folder.csv").mkdir()
    _put(drop, ".hidden.csv", "H1")
    report = _pull(mapped)
    assert sorted(report.notes) == [
        "'folder.csv' is no regular file and was left alone",
        "'link.csv' is no regular file and was left alone",
    ]
    assert not report.readings


def test_files_of_the_contract_need_no_mapping(declare, drop):
    settings = declare(drop={"kind": "folder", "path": str(drop), "table": "accounts", "pattern": "*.csv"})
    (drop / "a.csv").write_text("account_id,holder_id,holder_type\nA,E,compliance\n", encoding="utf-8")
    os.utime(drop / "a.csv", (0, 0))
    _put(drop, "a.txt", "X")
    _pull(settings)
    [file] = (settings.deliveries / "current" / "accounts" / "drop").iterdir()
    assert file.read_bytes() == (drop / "a.csv").read_bytes()


@pytest.mark.parametrize(("withdrawn", "left"), [("keep", ["A1", "B1"]), ("remove", ["B1"])])
def test_a_withdrawn_file_stays_unless_declared_otherwise(declare, mapped, drop, withdrawn, left):
    declared = {"kind": "folder", "path": str(drop), "mapping": "konten.yml", "withdrawn": withdrawn}
    settings = declare(drop=declared)
    _put(drop, "a.csv", "A1")
    _put(drop, "b.csv", "B1")
    _pull(settings)
    (drop / "a.csv").unlink()
    _pull(settings)
    assert _ids(settings) == left


def test_an_empty_folder_removes_nothing(declare, mapped, drop):
    settings = declare(
        drop={"kind": "folder", "path": str(drop), "mapping": "konten.yml", "withdrawn": "remove"}
    )
    _put(drop, "a.csv", "A1").rename(drop / "a.csv")
    _pull(settings)
    (drop / "a.csv").unlink()
    with pytest.raises(SourceError, match="Check that it is mounted; nothing was removed"):
        _pull(settings)
    drop.rmdir()
    with pytest.raises(SourceError, match="expected a folder, found none"):
        _pull(settings)
    assert _ids(settings) == ["A1"]
