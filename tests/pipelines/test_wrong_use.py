"""Wrong uses of the command line: the code that each ends with, and what its message says.

Every message says what was expected and what was found, and never repeats an exception of Python.
"""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path

import pytest

from pipelines.cli import main as command_line
from pipelines.core.errors import SourceError
from pipelines.core.market import read_market
from pipelines.sources.connectors import postgres

FILES = {
    "text.txt": b"hello\n",
    "quotes.csv": b"date,open,high,low,settle,volume\n2019-01-02,1,1,1,1,1\n",
    "empty.csv": b"",
    "cut.zip": b"PK\x03\x04abc",
    "cut.xlsx": b"PK\x03\x04abc",
    "page.xlsx": b"<html>log in first</html>",
    "empty.xlsx": b"",
    "locked.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
    "old.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 64,
    "cut.parquet": b"PAR1abc",
    "broken.yml": b"a: [b\nc: d\n",
    "list.yml": b"- a\n",
    "typed.yml": b"title: 3\nmarket: {}\ninputs: 7\ntables: {}\ncolour: red\n",
    "latin.yml": b"title: \xe9t\xe9\n",
    "sql.yml": b"""
title: Quotes
market: {id: eu}
inputs:
  rows:
    table: market_days
    rows: one trading day
    columns: {date: {names: [date], type: date}}
    derive: {double: no_such_column * 2}
tables:
  market_days: {from: rows, columns: {date: date}}
""",
    "h_broken/sources.yml": b"sources: [a\n",
    "h_list/sources.yml": b"- a\n",
    "h_typed/sources.yml": b"market: {id: cn}\nsources: {x: 7}\n",
    "h_kind/sources.yml": b"market: {id: cn}\nsources: {x: {kind: fax}}\n",
    "h_no_market/sources.yml": b"sources: {x: {kind: folder, path: inbox, table: trades}}\n",
    "h_no_id/sources.yml": b"market: {currency: CNY}\nsources: {x: {kind: folder, path: i, table: trades}}\n",
    "h_market/sources.yml": b"market: {id: Mars}\nsources: {x: {kind: folder, path: i, table: trades}}\n",
    "h_secret/sources.yml": b"market: {id: cn}\nsources: {x: {kind: postgres, dsn: hunter2}}\n",
    "stations.yml": b"stations: 7\n",
    "folder/note.doc": b"x",
}
USES = [
    ("fly", 2, ["No such command 'fly'"]),
    ("run --colour red", 2, ["No such option: --colour"]),
    ("run --source {tmp} --home {tmp}/text.txt", 2, ["text.txt: expected a folder", "Name another home"]),
    ("run --source {tmp} --home {tmp}/text.txt/x", 2, ["found the file", "text.txt"]),
    ("run --source {tmp} --home {tmp}/h --as-of yesterday", 2, ["--as-of", "YYYY-MM-DD", "'yesterday'"]),
    ("run --source {tmp} --engine spark", 2, ["--engine spark: expected duckdb"]),
    ("run --home {tmp}/h", 2, ["expected --source", "carbonwarden pull"]),
    ("read excel {tmp}/text.txt --out {tmp}/o", 2, ["expected one of campd", "'excel'"]),
    ("read eua {tmp}/none.csv --out {tmp}/o", 3, ["none.csv: expected a file, found nothing"]),
    ("read eua {tmp}/folder --out {tmp}/o", 3, ["folder: expected files that end in", "note.doc"]),
    ("read eua {tmp}/text.txt --out {tmp}/o", 3, ["text.txt: expected the columns date", "found hello"]),
    ("read eua {tmp}/empty.csv --out {tmp}/o", 3, ["empty.csv: expected a table, found an empty file"]),
    ("read eua {tmp}/cut.parquet --out {tmp}/o", 3, ["cut.parquet: expected a complete Parquet file"]),
    ("read eua {tmp}/quotes.csv --out {tmp}/text.txt", 2, ["text.txt: expected a folder to write to"]),
    ("read eua {tmp}/quotes.csv --out {tmp}/folder", 2, ["folder: expected an empty folder", "note.doc"]),
    ("read eua {tmp}/quotes.csv --out {tmp}/o --encoding klingon", 3, ["encoding: expected", "'klingon'"]),
    ("read {tmp}/none.yml {tmp}/text.txt --out {tmp}/o", 3, ["none.yml: expected a mapping file", "nothing"]),
    (
        "read {tmp}/dir.yml {tmp}/text.txt --out {tmp}/o",
        3,
        ["dir.yml: expected a mapping file, found a folder"],
    ),
    (
        "read {tmp}/broken.yml {tmp}/text.txt --out {tmp}/o",
        3,
        ["broken.yml: expected YAML", "line 2, column 2"],
    ),
    ("read {tmp}/latin.yml {tmp}/text.txt --out {tmp}/o", 3, ["latin.yml: expected YAML in UTF-8", "byte 8"]),
    ("read {tmp}/list.yml {tmp}/text.txt --out {tmp}/o", 3, ["list.yml: expected a mapping", "found a list"]),
    (
        "read {tmp}/typed.yml {tmp}/text.txt --out {tmp}/o",
        3,
        ["title: expected a text, found 3", "inputs: expected settings with their names, found 7", "colour"],
    ),
    (
        "read {tmp}/sql.yml {tmp}/quotes.csv --out {tmp}/o",
        3,
        ["sql.yml, inputs.rows.derive.double: expected SQL", "no_such_column", "Correct the expression"],
    ),
    ("read eutl {tmp}/cut.zip --out {tmp}/o", 3, ["cut.zip: expected a complete zip archive"]),
    ("read mrr {tmp}/cut.xlsx --out {tmp}/o", 3, ["cut.xlsx: expected a workbook, found a file that is cut"]),
    ("read mrr {tmp}/page.xlsx --out {tmp}/o", 3, ["page.xlsx: expected a workbook, found a page"]),
    ("read mrr {tmp}/empty.xlsx --out {tmp}/o", 3, ["empty.xlsx: expected", "empty"]),
    (
        "read mrr {tmp}/locked.xlsx --out {tmp}/o",
        3,
        ["locked.xlsx", "protected by a password", "remove the password"],
    ),
    ("read mrr {tmp}/old.xlsx --out {tmp}/o", 3, ["old.xlsx", "another format than its name says"]),
    ("map {tmp}/none.csv", 3, ["none.csv: expected a file, found nothing"]),
    ("map {tmp}/folder", 3, ["folder: expected a file, found a folder"]),
    ("map {tmp}/quotes.csv --table colours", 2, ["expected a table of the contract", "'colours'"]),
    ("map {tmp}/quotes.csv --out {tmp}/no/m.yml", 2, ["m.yml: expected a new file", "no folder"]),
    ("map {tmp}/quotes.csv --out {tmp}/text.txt", 2, ["text.txt: expected a new file", "found one"]),
    ("pull --home {tmp}/h", 2, ["sources.yml: expected the declaration of sources, found nothing there"]),
    ("pull --home {tmp}/h_broken", 2, ["sources.yml: expected YAML, found a fault in line 2"]),
    ("pull --home {tmp}/h_list", 2, ["expected settings with their names"]),
    ("pull --home {tmp}/h_typed", 2, ["sources.x: expected settings with their names"]),
    ("pull --home {tmp}/h_kind", 2, ["sources.x", "'postgres', 'database', 'http', 'folder', 'telemetry'"]),
    ("pull --home {tmp}/h_no_market", 2, ["market: expected this entry, found none"]),
    ("pull --home {tmp}/h_no_id", 2, ["market: expected the id of the market, such as cn"]),
    ("pull --home {tmp}/h_market", 2, ["market.id: expected the id of a market, such as cn"]),
    ("pull --home {tmp}/h_secret", 2, ["dsn", "docs/how-to/connect-a-source.md"]),
    ("sql selec --home {tmp}/h", 2, ["published: expected a publication, found none"]),
    ("alerts --home {tmp}/text.txt", 2, ["text.txt: expected a folder"]),
    ("rules --as-of 2025-13-01", 2, ["--as-of: expected a day as YYYY-MM-DD, found '2025-13-01'"]),
    ("rules --market mars", 2, ["--market: expected one of cn", "found 'mars'"]),
    ("simulate --out {tmp}/text.txt", 2, ["text.txt is a file, expected a directory"]),
    (
        "receive --home {tmp}/h --config {tmp}/none.yml",
        3,
        ["none.yml: expected a file of stations, found nothing"],
    ),
    ("receive --home {tmp}/h --config {tmp}/stations.yml", 3, ["stations.yml: expected a file of stations"]),
    (
        "dashboard --home {tmp}/h --port {taken}",
        2,
        ["expected a free port, found that the port is in use", "--port"],
    ),
]
OWN = ("No such", "is a file, expected")
"""Beginnings of messages of the command-line library, and one that says both in other words."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that are used wrongly."""
    made = tmp_path_factory.mktemp("wrong")
    for name, content in FILES.items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_bytes(content)
    (made / "dir.yml").mkdir()
    (made / "h").mkdir()
    return made


@pytest.mark.parametrize(("use", "code", "said"), USES, ids=[use for use, _, _ in USES])
def test_a_wrong_use_is_explained(folder, use, code, said, monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        arguments = use.format(tmp=folder, taken=taken.getsockname()[1]).split(" ")
        monkeypatch.setattr(sys, "argv", ["carbonwarden", *arguments])
        monkeypatch.setenv("COLUMNS", "400")
        with pytest.raises(SystemExit) as ended:
            command_line.main()
    message = capsys.readouterr().err
    assert ended.value.code == code, message
    assert [text for text in said if text not in message] == []
    assert re.search(r"expected", message) or message.startswith(tuple(f"carbonwarden: {own}" for own in OWN))
    assert not re.search(r"Errno|Traceback|[a-z]Error: |pydantic|unicode string|hunter2", message)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("MEMORY_LIMIT", "lots", "expected a value such as 2GB, 512MB or 1.5GiB; found 'lots'"),
        ("THREADS", "two", "expected a whole number, found 'two'"),
        ("THREADS", "0", "expected at least 1, found '0'"),
        ("AS_OF", "soon", "expected a day as YYYY-MM-DD, found 'soon'"),
    ],
)
def test_a_wrong_variable_names_itself(variable, value, said, monkeypatch, capsys):
    monkeypatch.setenv(f"CARBONWARDEN_{variable}", value)
    monkeypatch.setattr(sys, "argv", ["carbonwarden", "alerts"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    assert f"CARBONWARDEN_{variable}: {said}" in capsys.readouterr().err.replace("\n", "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id: [cn\n", "expected YAML in UTF-8, found a fault in line 2"),
        ("- cn\n", "expected settings with their names, found a list"),
        ("id: 7\n", "id: expected a text, found 7"),
        ("id: cn\ntimezone: Mars/Base\n", "timezone: expected an IANA time zone"),
    ],
)
def test_wrong_settings_of_a_market_name_the_entry(tmp_path, content, said):
    (tmp_path / "market.yml").write_text(content)
    with pytest.raises(SourceError, match=re.escape(said)) as found:
        read_market(tmp_path)
    assert str(found.value).startswith(f"{tmp_path / 'market.yml'}: ")


def test_a_file_that_may_not_be_read_is_named(folder, monkeypatch, capsys):
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(folder / "quotes.csv"))

    monkeypatch.setattr("pipelines.sources.mapping.run.read", refused)
    monkeypatch.setattr(
        sys, "argv", ["carbonwarden", "read", "eua", str(folder / "quotes.csv"), "--out", str(folder / "o")]
    )
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    message = capsys.readouterr().err.replace("\n", "")
    assert ended.value.code == 3
    assert "quotes.csv: expected files that can be read, found no permission" in message


def test_a_driver_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    with pytest.raises(
        SourceError, match=r"source registry: expected the PostgreSQL driver, found no package"
    ):
        postgres._check_driver("registry")
