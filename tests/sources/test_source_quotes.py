from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from pipelines.core.market import read_market
from pipelines.sources import SourceError, read

CEA = (
    "date,listed_open,listed_high,listed_low,listed_close,listed_volume_t,listed_amount_cny,block_volume_t,"
    "block_amount_cny,block_close\n"
)
EUA = "date,open,high,low,settle,volume\n"


@pytest.fixture
def quotes(tmp_path):
    def run(format, text):
        path = tmp_path / f"{format}.csv"
        path.write_text(text, encoding="utf-8")
        report = read(format, path, tmp_path / "out")
        return report, pl.read_parquet(tmp_path / "out" / "market_days.parquet").to_dicts()

    return run


def test_cea_day(quotes, tmp_path):
    report, days = quotes(
        "cea", CEA + "2021-07-16,48.0,51.8,48.0,51.23,4103953.0,210230053.25,0.0,0.0,51.23\n"
    )
    (day,) = days
    assert (day["date"], day["instrument_id"]) == (date(2021, 7, 16), "CEA")
    assert [day[name] for name in ("open", "high", "low", "close")] == [
        Decimal("48.00"),
        Decimal("51.80"),
        Decimal("48.00"),
        Decimal("51.23"),
    ]
    assert (day["listed_volume"], day["listed_value"]) == (4103953, Decimal("210230053.25"))
    assert (day["block_volume"], day["block_value"]) == (0, Decimal("0.00"))
    assert (day["previous_close"], day["limit_up"], day["limit_down"]) == (None, None, None)
    assert report.unused_columns == {"cea": ("block_close",)}
    assert read_market(tmp_path / "out").id == "cn"


def test_cea_days_without_any_figure_are_no_trading_days(quotes):
    report, days = quotes("cea", CEA + "2022-08-06,,,,,,,,,\n2022-08-08,58.0,58.0,58.0,58.0,10.0,580.0,,,\n")
    assert [(day["close"], day["block_volume"]) for day in days] == [(Decimal("58.00"), None)]
    (line,) = report.rows()
    assert (line.read, line.written, line.without_data) == (2, 1, 1)


def test_cea_rows_that_cannot_be_read(quotes):
    report, days = quotes(
        "cea",
        CEA
        + "2021-07-16,48,48,48,48,10,480,0,0,\n"
        + "2021-07-18,48,48,48,48,10,480,0,0,\n"
        + "2021-07-18,49,49,49,49,10,490,0,0,\n"
        + "2021-07-19,48.123,48,48,48,10,480,0,0,\n"
        + "2021-07-20,48,48,48,48,10.5,480,0,0,\n"
        + "July 20,48,48,48,48,10,480,0,0,\n",
    )
    assert [day["close"] for day in days] == [Decimal("48.00")]
    assert [str(reason) for reason in report.rows()[0].reasons] == [
        "2 x contradiction in date (20 t), such as '2021-07-18'",
        "1 x too_many_decimals in listed_open (10 t), such as '48.123'",
        "1 x wrong_type in date (10 t), such as 'July 20'",
        "1 x wrong_type in listed_volume_t (10 t), such as '10.5'",
    ]


def test_dates_with_slashes_and_exact_scientific_notation_are_read(quotes):
    _, days = quotes("cea", CEA + "2023/1/3,48,48,48,48,10,4.166496E7,0,0,\n")
    assert [(day["date"], day["listed_value"]) for day in days] == [
        (date(2023, 1, 3), Decimal("41664960.00"))
    ]


@pytest.mark.parametrize(("good", "bad", "refused"), [(0, 1, True), (81, 19, False), (79, 21, True)])
def test_a_reading_that_lost_too_much_is_refused(quotes, good, bad, refused):
    days = [f"{date(2022, 1, 1) + timedelta(n)},48,48,48,48,10,480,0,0,\n" for n in range(good)]
    lines = days + ["no day,48,48,48,48,10,480,0,0,\n"] * bad
    if not refused:
        report, _ = quotes("cea", CEA + "".join(lines))
        assert report.quarantined == bad
        return
    with pytest.raises(SourceError, match=f"found {good}.*{bad} x wrong_type in date .*such as 'no day'"):
        quotes("cea", CEA + "".join(lines))


def test_eua_settles_and_counts_lots(quotes, tmp_path):
    report, days = quotes("eua", EUA + "2008-04-08,24.87,24.87,24.87,24.87,\n2019-01-02,,,,25.1,31191.0\n")
    assert [(day["open"], day["close"], day["listed_volume"]) for day in days] == [
        (Decimal("24.87"), Decimal("24.87"), None),
        (None, Decimal("25.10"), 31191000),
    ]
    market = read_market(tmp_path / "out")
    assert (market.id, market.currency, market.timezone) == ("eu", "EUR", "Europe/Brussels")
    assert pl.read_parquet(tmp_path / "out" / "instruments.parquet").to_dicts() == [
        {
            "instrument_id": "EUA-DEC",
            "unit_type": "EUA",
            "vintage": None,
            "tick": Decimal("0.0100"),
            "lot": 1000,
        }
    ]
    assert report.tables["market_days"] == 2


def test_required_tables_are_there_and_empty(quotes, tmp_path):
    quotes("eua", EUA + "2019-01-02,,,,25.1,1\n")
    for name in ("entities", "accounts", "trades"):
        frame = pl.read_parquet(tmp_path / "out" / f"{name}.parquet")
        assert frame.is_empty()
        assert frame.width > 5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty file"),
        (b" \n\n", "empty file"),
        (EUA.encode(), "expected rows below the headings"),
        (
            b"date,open,high,low\n2019-01-02,1,1,1\n",
            "expected the columns settle, volume; found date, open, high, low",
        ),
        (
            b"date,open,open,high,low,settle,volume\n2019-01-02,1,1,1,1,1,1\n",
            "'open' once in line 1, found it 2",
        ),
        (
            EUA.encode() + b"2019-01-02,1,1,1,1,1,9,9\n",
            "1 x malformed_line, such as '2019-01-02,1,1,1,1,1,9,9'",
        ),
        (EUA.encode() + b'"2019-01-02,1,1,1,1,1\n', "1 x malformed_line"),
        (b"\x00\x01\x02\x03\x04" * 9, "zero bytes"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, content, words):
    path = tmp_path / "eua.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words):
        read("eua", path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_found_by_the_headings(tmp_path, delimiter):
    path = tmp_path / "eua.csv"
    path.write_text((EUA + "2019-01-02,1,1,1,1,1\n").replace(",", delimiter))
    assert read("eua", path, tmp_path / "out").rows()[0].written == 1


def test_a_byte_order_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "eua.csv"
    path.write_bytes(b"\xef\xbb\xbf" + EUA.replace("\n", "\r\n").encode() + b"2019-01-02,1,1,1,1,1\r\n")
    assert read("eua", path, tmp_path / "out").rows()[0].written == 1


def test_a_last_line_without_end_is_noted(tmp_path):
    path = tmp_path / "eua.csv"
    path.write_text(EUA + "2019-01-02,1,1,1,1,1\n2019-01-03,1,1,1,1")
    report = read("eua", path, tmp_path / "out")
    assert any("the last line has no line end" in note for note in report.notes)
    assert report.rows()[0].reason == "1 x malformed_line, such as '2019-01-03,1,1,1,1'"
