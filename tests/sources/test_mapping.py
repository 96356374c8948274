"""Mapping files of one's own: what they can say, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
import yaml

from pipelines.sources import SourceError, read
from pipelines.sources.mapping.intake import Intake

MARKET = {
    "id": "x",
    "name_zh": "某市场",
    "name_en": "Some market",
    "currency": "CNY",
    "timezone": "Asia/Shanghai",
}


@pytest.fixture
def market_days(tmp_path):
    """Read a text of daily quotes by a mapping with the given changes; the days, and the report."""

    def run(text, columns, further=None, days=None, encoding="utf-8", name="quotes.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        mapping = {
            "title": "Quotes",
            "market": MARKET,
            "inputs": {
                "quotes": {
                    "table": "market_days",
                    "rows": "a day",
                    "columns": {"date": {"type": "date"}, **columns},
                    **(further or {}),
                }
            },
            "tables": {
                "instruments": {
                    "rows": [{"instrument_id": "A", "unit_type": "CEA", "lot": 1, "tick": "0.01"}]
                },
                "market_days": {
                    "from": "quotes",
                    "columns": {"date": "date", "instrument_id": "'A'", **(days or {})},
                },
            },
        }
        file = tmp_path / "mapping.yml"
        file.write_text(yaml.safe_dump(mapping, allow_unicode=True), encoding="utf-8")
        report = read(str(file), path, tmp_path / "out")
        return pl.read_parquet(tmp_path / "out" / "market_days.parquet"), report

    return run


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1,234.5", "12"], [1234.5, 12.0]),
        (["1.234,5", "12"], [1234.5, 12.0]),
        (["1 234,5", "12"], [1234.5, 12.0]),
        (["0,125", "1,234"], [0.125, 1.234]),
        (["1,234,567", "1,234"], [1234567.0, 1234.0]),
        (["１２．５", "－３"], [12.5, -3.0]),
        (["4.166496E7", "1e-2"], [41664960.0, 0.01]),
    ],
)
def test_numbers_in_every_notation(market_days, texts, values):
    text = "date;value\n" + "".join(f"2024-01-0{day};{value}\n" for day, value in enumerate(texts, 1))
    days, report = market_days(
        text, {"value": {"type": "float64"}}, days={"close": "cast(value as decimal(12,4))"}
    )
    assert report.quarantined == 0
    assert days["close"].cast(pl.Float64).to_list() == pytest.approx(values, abs=0.01)


def test_scientific_notation_of_money_is_exact(market_days):
    days, _ = market_days(
        "date,value\n2024-01-01,2.1023005325E8\n2024-01-02,123456789012345.67\n",
        {"value": {"type": "decimal(20,2)"}},
        days={"listed_value": "value"},
    )
    assert days["listed_value"].to_list() == [Decimal("210230053.25"), Decimal("123456789012345.67")]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2023/1/3", "2023年1月4日"], [date(2023, 1, 3), date(2023, 1, 4)]),
        (["20230103", "2023.1.4"], [date(2023, 1, 3), date(2023, 1, 4)]),
        (["03/04/2023", "31/12/2023"], [date(2023, 4, 3), date(2023, 12, 31)]),
        (["03/04/2023", "12/31/2023"], [date(2023, 3, 4), date(2023, 12, 31)]),
        (["44929", "44930"], [date(2023, 1, 3), date(2023, 1, 4)]),
        (["２０２３－０１－０３"], [date(2023, 1, 3)]),
        (["2023-01-03 00:00:00"], [date(2023, 1, 3)]),
    ],
)
def test_dates_in_every_notation(market_days, texts, expected):
    days, report = market_days("date\n" + "\n".join(texts) + "\n", {})
    assert (days["date"].to_list(), report.quarantined) == (expected, 0)


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("date\n03/04/2023\n05/06/2023\n", {}, "State `date_order: dmy` or"),
        ("date\n31/12/2023\n12/31/2023\n", {}, "values that ask for either"),
        ('date;v\n2024-01-01;"1,234"\n', {"v": {"type": "float64"}}, "State `decimal: point` or"),
    ],
)
def test_two_readings_are_refused_with_the_choice(market_days, text, columns, words):
    with pytest.raises(SourceError, match=words):
        market_days(text, columns)


def test_the_choice_decides(market_days):
    days, _ = market_days("date\n03/04/2023\n", {"date": {"type": "date", "date_order": "dmy"}})
    assert days["date"].to_list() == [date(2023, 4, 3)]


@pytest.mark.parametrize(("unit", "expected"), [("吨", 12), ("万吨", 120_000)])
def test_the_line_of_units_decides_the_factor(market_days, unit, expected):
    columns = {"volume": {"type": "int64", "units": {"吨": 1, "万吨": 10_000}}}
    text = f"date,volume\n单位,{unit}\n2024-01-01,12\n"
    days, _ = market_days(text, columns, {"unit_row": "^单位$"}, {"listed_volume": "volume"})
    assert days["listed_volume"].to_list() == [expected]


def test_fractions_of_a_large_unit_are_whole_tonnes(market_days):
    columns = {"volume": {"type": "int64", "units": {"万吨": 10_000}}}
    text = "date,volume\n单位,万吨\n2024-01-01,1.2345\n"
    days, _ = market_days(text, columns, {"unit_row": "^单位$"}, {"listed_volume": "volume"})
    assert days["listed_volume"].to_list() == [12_345]


def test_a_unit_of_which_the_mapping_says_nothing_refuses_the_file(market_days):
    columns = {"volume": {"type": "int64"}, "mode": {"names": ["mode"]}}
    with pytest.raises(SourceError, match=r"found '万吨' in line 2. Add `units: \{万吨: FACTOR\}`"):
        market_days("date,volume,mode\n单位,万吨,-\n2024-01-01,12,listed\n", columns, {"unit_row": "^单位$"})


def test_an_unknown_unit_refuses_the_file(market_days):
    columns = {"volume": {"type": "int64", "units": {"吨": 1}}}
    with pytest.raises(SourceError, match="found '手' in line 2"):
        market_days("date,volume\n单位,手\n2024-01-01,12\n", columns, {"unit_row": "^单位$"})


def test_a_line_of_units_that_ends_too_early_refuses_the_file(market_days):
    columns = {"volume": {"type": "int64", "units": {"吨": 1}}}
    with pytest.raises(SourceError, match="found '' in line 2"):
        market_days("date,volume\n单位\n2024-01-01,12\n", columns, {"unit_row": "^单位$"})


def test_rules_derived_columns_and_keys(market_days):
    text = "date,kind,v\n2024-01-01,a,1\n2024-01-02,b,2\n2024-01-03,a,3\n2024-01-03,a,3\n"
    further = {
        "derive": {"doubled": "v * 2"},
        "quarantine": [{"when": "kind = 'b'", "reason": "unknown_enum", "column": "kind"}],
        "key": ["date"],
    }
    days, report = market_days(
        text, {"kind": {}, "v": {"type": "int64"}}, further, {"listed_volume": "doubled"}
    )
    assert days["listed_volume"].to_list() == [2, 6]
    assert report.rows()[0].reason == (
        "1 x duplicate_row in date, such as '2024-01-03'; 1 x unknown_enum in kind, such as 'b'"
    )


@pytest.mark.parametrize("name", ["at", "select", "order"])
def test_a_column_may_have_the_name_of_a_keyword(market_days, name):
    days, _ = market_days(
        "date,quote\n2024-01-02,81.5\n",
        {name: {"type": "decimal(12,2)", "names": ["quote"]}},
        days={"close": name},
    )
    assert days["close"].to_list() == [Decimal("81.50")]


def test_invisible_characters_in_text_are_quarantined(market_days):
    text = "date,kind\n2024-01-01,a\n2024-01-02,b\x07\n"
    _, report = market_days(text, {"kind": {}})
    assert report.rows()[0].reason.startswith("1 x control_characters in kind")


def test_local_times_become_utc(tmp_path):
    (tmp_path / "moves.csv").write_text(
        "id,at\n1,2007-03-25 02:30\n2,2007-10-28 02:30\n3,2007-07-01T10:00:00Z\n"
    )
    mapping = {
        "title": "Moves",
        "market": MARKET,
        "inputs": {
            "moves": {
                "table": "transfers",
                "rows": "a block",
                "columns": {
                    "id": {},
                    "moved": {"names": ["at"], "type": "timestamp", "zone": "Europe/Brussels"},
                },
            }
        },
        "tables": {
            "transfers": {
                "from": "moves",
                "columns": {
                    "transfer_id": "id",
                    "ts": "moved",
                    "unit_type": "'EUA'",
                    "quantity": "1",
                    "kind": "'other'",
                },
            }
        },
    }
    (tmp_path / "mapping.yml").write_text(yaml.safe_dump(mapping))
    read(str(tmp_path / "mapping.yml"), tmp_path / "moves.csv", tmp_path / "out")
    moments = pl.read_parquet(tmp_path / "out" / "transfers.parquet")["ts"].to_list()
    assert moments == [
        datetime(2007, 3, 25, 1, 30, tzinfo=UTC),
        datetime(2007, 10, 28, 0, 30, tzinfo=UTC),
        datetime(2007, 7, 1, 10, 0, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colums": {}}, "inputs.quotes.colums: expected an entry that is known"),
        ({"table": "quotes"}, "expected a table of the contract, found 'quotes'"),
        ({"key": ["day"]}, "expected columns of the input, found day"),
        ({"quarantine": [{"when": "true", "reason": "ugly"}]}, "found 'ugly'"),
        ({"derive": {"x": "no_such_function(1)"}}, r"inputs\.quotes\.derive\.x: expected SQL"),
        ({"derive": {"x": "(select 1 from read_csv('/etc/passwd'))"}}, "disabled by configuration"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_entry(market_days, change, words):
    with pytest.raises(SourceError, match=words):
        market_days("date\n2024-01-01\n", {}, change)


def test_a_mapping_that_is_not_there_or_no_yaml(tmp_path):
    with pytest.raises(SourceError, match="expected a mapping file"):
        read(str(tmp_path / "no.yml"), tmp_path, tmp_path / "out")
    (tmp_path / "bad.yml").write_text("a: [")
    with pytest.raises(SourceError, match="expected YAML"):
        read(str(tmp_path / "bad.yml"), tmp_path, tmp_path / "out")


def test_a_table_that_the_contract_does_not_allow_is_named(market_days):
    with pytest.raises(SourceError, match=r"tables\.market_days.*found colour"):
        market_days("date\n2024-01-01\n", {}, days={"colour": "'red'"})


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({"date": "no_such_column"}, r"tables\.market_days: expected SQL.*no_such_column"),
        ({"colour": "'red'"}, r"tables\.market_days: expected columns of the contract only, found colour"),
    ],
)
def test_the_sql_of_tables_is_checked_before_a_row_is_read(market_days, monkeypatch, days, words):
    def add(intake, layout):
        raise AssertionError("a row was read")

    monkeypatch.setattr(Intake, "add", add)
    with pytest.raises(SourceError, match=words):
        market_days("date\n2024-01-01\n", {}, days=days)
