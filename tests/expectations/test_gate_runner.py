"""The runner: crashes raise, nothing goes to pandas, pages work offline, results are the same again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from anomaly.core.texts import with_folders
from expectations import engine, session
from expectations.data_docs import offline
from expectations.policy import Market
from expectations.results import CheckError
from expectations.runner import MESSAGES, validate
from expectations.session import Limits
from expectations.suite import Frame, between

FOREIGN = re.compile(
    r"""<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)\s*=\s*["']?(?:https?:)?//""", re.I
)


def test_a_missing_column_raises_and_is_not_bad_data(ingestion_gate):
    with pytest.raises(CheckError, match=r'suite trades, table trades.*"mode"'):
        ingestion_gate({"trades": pl.DataFrame({"trade_id": ["T1"]})})
    frame = pl.DataFrame({"trade_id": ["T1"], "mode": ["block"], "quantity": [5], "ts": [None]})
    with pytest.raises(CheckError, match=r"suite trades, expectation price, table trades"):
        ingestion_gate({"trades": frame.with_columns(pl.col("ts").cast(pl.Datetime("us")))})


def test_a_check_that_breaks_while_it_computes_raises(ingestion_gate, plausible, tmp_path):
    # Text in a column of numbers binds in a view but cannot be compared with a number.
    frame = pl.DataFrame({"party": ["x"], "share": ["a tenth"], "consortium_id": ["K"], "entity_id": ["E"]})
    with pytest.raises(CheckError, match="consortium_members"):
        ingestion_gate({"consortium_members": frame})


def test_an_exception_inside_the_library_raises_with_suite_expectation_and_table(tmp_path):
    suite = Frame("ingestion", Market(), date(2025, 6, 30)).suite("trades", ["trade_id"], [between("price")])
    database, config = tmp_path / "gate.duckdb", Limits().config(tmp_path)
    pl.DataFrame({"trade_id": ["T1"], "price": ["dear"]}).write_parquet(tmp_path / "trades.parquet")
    session.open_tables(database, {"trades": tmp_path / "trades.parquet"}, config)
    session.create_suite_views(database, [suite], config)
    with engine.Engine(database, config) as opened, pytest.raises(CheckError) as raised:
        opened.validate(suite, {"price": "price"})
    message = str(raised.value)
    assert all(
        part in message for part in ("suite trades", "expectation price", "table trades", "Cannot compare")
    )


def test_a_table_without_rows_breaks_no_check(tmp_path):
    suite = Frame("ingestion", Market(), date(2025, 6, 30)).suite("trades", ["trade_id"], [between("price")])
    database, config = tmp_path / "gate.duckdb", Limits().config(tmp_path)
    empty = pl.DataFrame(schema={"trade_id": pl.String, "price": pl.Float64})
    empty.write_parquet(tmp_path / "trades.parquet")
    session.open_tables(database, {"trades": tmp_path / "trades.parquet"}, config)
    session.create_suite_views(database, [suite], config)
    with engine.Engine(database, config) as opened:
        (outcome,) = opened.validate(suite, {"price": "price"}).values()
    assert (outcome.success, outcome.values, outcome.unexpected) == (True, 0, 0)


def test_unreadable_and_absent_files_raise(tmp_path):
    (tmp_path / "trades.parquet").write_bytes(b"no parquet")
    settings = {
        "market": Market(),
        "as_of": "2025-06-30",
        "work_dir": tmp_path / "w",
        "describe": with_folders(MESSAGES).text,
    }
    with pytest.raises(CheckError, match=r"table trades: expected 1 readable Parquet"):
        validate("ingestion", {"trades": tmp_path / "trades.parquet"}, **settings)
    with pytest.raises(CheckError, match=r"table trades: expected the file .*gone.parquet"):
        validate("ingestion", {"trades": [tmp_path / "gone.parquet"]}, **settings)


def test_wrong_use_is_named(tmp_path):
    settings = {
        "market": Market(),
        "as_of": "2025-06-30",
        "work_dir": tmp_path,
        "describe": with_folders(MESSAGES).text,
    }
    with pytest.raises(ValueError, match="expected one of ingestion, publication"):
        validate("another gate", {"trades": tmp_path}, **settings)
    with pytest.raises(ValueError, match="at least one table"):
        validate("ingestion", {}, **settings)


def test_a_table_may_be_a_file_a_list_of_files_or_a_folder(ingestion_gate, plausible, tmp_path):
    frames = tmp_path / "frames"
    (frames / "deeper").mkdir(parents=True)
    for name in ("a.parquet", "deeper/b.parquet"):
        pl.DataFrame({"table_name": [name], "row_count": [1]}).write_parquet(frames / name)
    listed = sorted(frames.rglob("*.parquet"))
    assert session.files_of("t", frames) == session.files_of("t", listed) == listed
    assert session.files_of("t", listed[0]) == listed[:1]
    assert session.files_of("t", []) == session.files_of("t", frames / "none") == []


def test_a_large_table_is_judged_in_the_database(tmp_path, monkeypatch):
    import pandas as pd

    rows = 3_000_000
    path = tmp_path / "cems_hourly.parquet"
    index = pl.int_range(rows, eager=True)
    pl.DataFrame(
        {
            "unit_id": index.cast(pl.String),
            "ts": pl.Series([0]).cast(pl.Datetime("us")).extend_constant(None, rows - 1),
            "co2_mass": index % 900,
            "co2_concentration": 12.0,
            "flow": 2e6,
            "o2": 6.0,
            "heat_input": 5000.0,
            "gross_load": 500.0,
            "operating": 1.0,
            "quality": "valid",
        }
    ).write_parquet(path)
    made: list[int] = []
    build = pd.DataFrame.__init__

    def counted(self, data=None, *arguments, **named):
        made.append(len(data) if hasattr(data, "__len__") else 0)
        build(self, data, *arguments, **named)

    monkeypatch.setattr(pd.DataFrame, "__init__", counted)
    result = validate(
        "ingestion",
        {"cems_hourly": path},
        market=Market(),
        as_of="2025-06-30",
        work_dir=tmp_path / "work",
        describe=with_folders(MESSAGES).text,
        limits=Limits(memory="256MB"),
    )
    assert max(made, default=0) < 1000
    assert {row.element_count for row in result.results if row.expectation == "o2_pct"} == {rows}


def test_results_are_the_same_again_and_leave_nothing_behind(ingestion_gate, plausible, tmp_path):
    tables = {table: [plausible[table]] for table in ("units", "accounts")}
    tables["trades"] = [plausible["trades"] | {"price": -1}] * 5
    first, second = ingestion_gate(tables), ingestion_gate(tables)
    assert first == second
    assert [row.position for row in first.results] == list(range(1, len(first.results) + 1))
    assert list((tmp_path / "work").iterdir()) == []
    json.dumps(first.rows())


def test_result_counts_add_up(ingestion_gate, plausible):
    result = ingestion_gate({"trades": [plausible["trades"] | {"price": -1}]})
    assert sum(result.counts.values()) == len(result.results)
    assert result.counts["critical"] == len(result.refusals) == 1
    names = [(row.table_name, row.expectation) for row in result.results]
    assert len(set(names)) == len(names)


def test_data_docs_open_without_a_network(ingestion_gate, plausible, tmp_path):
    site = tmp_path / "site"
    (site).mkdir()
    (site / "old.html").write_text("of an earlier run")
    tables = {"trades": [plausible["trades"] | {"price": -1}], "units": [plausible["units"]]}
    ingestion_gate(tables, docs_dir=site)
    pages = {str(page.relative_to(site)): page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    assert pages.keys() == {"index.html", "suites/content.html", "suites/trades.html", "suites/units.html"}
    for name, page in pages.items():
        assert not FOREIGN.search(page), name
        assert "<script" not in page, name
        assert not re.search(r"@import|url\(\s*[\"']?(?:https?:)?//", page), name
        for target in re.findall(r'(?:href|src)="([^"#]+)"', page):
            assert target.startswith("http") or (site / name).parent.joinpath(target).is_file(), (
                name,
                target,
            )
    assert "trade_id-0: -1.00" in pages["index.html"]
    assert "At least 95 % of trade prices" in pages["index.html"]
    assert "至少 95 % 的成交价" in pages["suites/trades.html"]
    assert (site / "data_docs.css").is_file()


def test_remote_tags_are_taken_out_however_they_are_written():
    page = """<head><link rel="stylesheet" href="https://cdn.example/a.css"><link href='//cdn.example/b.css'>
    <script src="https://cdn.example/a.js" integrity="x"></script><script>$("#a").modal()</script>
    <style>@font-face { src: url("https://cdn.example/f.otf") }</style></head>
    <img class="x" src="https://cdn.example/logo.png?d=1" /><a href="https://example.org">kept</a>"""
    cleaned = offline(page)
    assert "cdn.example" not in cleaned
    assert "<script" not in cleaned
    assert 'href="https://example.org"' in cleaned


def test_a_run_ends_in_silence_and_says_nothing_on_the_way(tmp_path):
    pl.DataFrame({"account_id": ["a"], "opened_on": [None], "closed_on": [None]}).with_columns(
        pl.col("opened_on", "closed_on").cast(pl.Date)
    ).write_parquet(tmp_path / "accounts.parquet")
    program = (
        "from pathlib import Path\n"
        "from anomaly.core.texts import with_folders\n"
        "from expectations.runner import MESSAGES, validate\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "validate('ingestion', {'accounts': folder / 'accounts.parquet'},"
        " market={'id': 'cn', 'currency': 'CNY'},"
        " as_of='2025-06-30', work_dir=folder / 'w',"
        " describe=with_folders(MESSAGES).text, docs_dir=folder / 'docs')\n"
        "print('to the end')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    # Under -c a process that loads pyspark.sql.connect is ended half-way, with exit code 0.
    assert (done.stdout, done.stderr) == ("to the end\n", "")
    assert (tmp_path / "docs" / "index.html").is_file()
