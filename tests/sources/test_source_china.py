"""Daily tables of Chinese markets, after their documented headings."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from pipelines.sources import SourceError, read
from tests.sources import workbooks

HEADINGS = [
    ["配额品种", "交易方式", "当日", None, "累计", None],
    [None, None, "成交量（吨）", "成交金额（元）", "成交量（吨）", "成交金额（元）"],
]
DAY = [
    ["碳排放配额23", "挂牌协议交易", "1,000", "83,200.00", 9.0, 9.0],
    [None, "大宗协议交易", "-", "-", 9.0, 9.0],
    [None, "小计", "1,000", "83,200.00", 9.0, 9.0],
    ["碳排放配额19-20", "挂牌协议交易", 5.0, 400.5, 9.0, 9.0],
    [None, "大宗协议交易", 100.0, 7000.0, 9.0, 9.0],
    [None, "单向竞价", 7.0, 560.0, 9.0, 9.0],
    ["碳排放配额24", "协议转让", 1.0, 80.0, 9.0, 9.0],
    ["交易合计", "-", 1106.0, 1.0, 9.0, 9.0],
    ["数据来源：中碳登"],
]


def days(tmp_path, *columns):
    frame = pl.read_parquet(tmp_path / "out" / "market_days.parquet")
    return frame.select("date", "instrument_id", *columns).rows()


def account(report):
    return [(line.read, line.written, line.without_data, line.quarantined) for line in report.rows()]


SIDES = ("listed_volume", "listed_value", "block_volume", "block_value")


def test_vintages_and_modes_of_a_day(tmp_path):
    title = [["全国碳市场交易情况（2026年3月5日）"], [None]]
    book = workbooks.write(tmp_path / "table.xlsx", {"Sheet1": [*title, *HEADINGS, *DAY]})
    report = read("cea_daily", book, tmp_path / "out")
    day = date(2026, 3, 5)
    assert days(tmp_path, *SIDES) == [
        (day, "CEA19-20", 5, Decimal("400.50"), 100, Decimal("7000.00")),
        (day, "CEA23", 1000, Decimal("83200.00"), None, None),
    ]
    assert account(report) == [(8, 3, 4, 1)]
    instruments = pl.read_parquet(tmp_path / "out" / "instruments.parquet").select("instrument_id", "vintage")
    assert instruments.rows() == [("CEA19-20", None), ("CEA23", 2023)]


def test_ten_thousands_in_the_heading_and_the_day_in_the_name_of_a_gb18030_file(tmp_path):
    (tmp_path / "20260306.csv").write_bytes(
        "配额品种,交易方式,当日,,累计,\n,,成交量（万吨）,成交金额（万元）,成交量（吨）,成交金额（元）\n"
        "碳排放配额23,挂牌协议交易,0.1234,8.32,1,1\n".encode("gb18030")
    )
    read("cea_daily", tmp_path / "20260306.csv", tmp_path / "out")
    assert days(tmp_path, "listed_volume", "listed_value") == [
        (date(2026, 3, 6), "CEA23", 1234, Decimal("83200.00"))
    ]


def test_an_unknown_unit_is_refused(tmp_path):
    (tmp_path / "20260306.csv").write_text(
        "配额品种,交易方式,当日,\n,,成交量（手）,成交金额（元）\n碳排放配额23,挂牌协议交易,1,8\n"
    )
    with pytest.raises(SourceError, match=r"expected the columns 当日 成交量"):
        read("cea_daily", tmp_path / "20260306.csv", tmp_path / "out")


def test_composite_prices(tmp_path):
    (tmp_path / "composite.csv").write_text(
        "全国碳市场综合价格行情（CEA）（2026年3月5日）,,,,\n开盘（元/吨）,最高（元/吨）,最低（元/吨）,收盘（元/吨）,涨跌幅（%）\n"
        "83.20,83.20,80.50,81.85,1.43\n"
    )
    read("cea_daily", tmp_path / "composite.csv", tmp_path / "out")
    assert days(tmp_path, "open", "close") == [(date(2026, 3, 5), "CEA", Decimal("83.20"), Decimal("81.85"))]


def test_ccer_by_sector(tmp_path):
    (tmp_path / "ccer.csv").write_text(
        "business_date,profession_name,business_amount,business_ave_price,business_price\n"
        "20260717,能源产业(可再生/不可再生资源),40610,89.91,3651290.00\n20260717,林业和其他碳汇类型,-,-,-\n"
        "20260717,小计,40610,-,3651290.00\n20260716,农业,1,1,1\n"
    )
    report = read("ccer_daily", tmp_path / "ccer.csv", tmp_path / "out")
    assert days(tmp_path, "listed_volume", "listed_value") == [
        (date(2026, 7, 17), "CCER-ENERGY", 40610, Decimal("3651290.00"))
    ]
    assert account(report) == [(4, 1, 2, 1)]


def test_pilot_markets(tmp_path):
    (tmp_path / "pilots.csv").write_text(
        "日期,成交价,成交量,成交额,地点\n2024/1/2,45.5,100,4550,湖北\n2024/1/3,45.5,0,0,湖北\n"
        "2024/1/2,60,10,600,上海\n2024/1/2,1,1,1,火星\n"
    )
    report = read("cn_pilots", tmp_path / "pilots.csv", tmp_path / "out")
    assert days(tmp_path, "close", "listed_volume") == [
        (date(2024, 1, 2), "HBEA", Decimal("45.50"), 100),
        (date(2024, 1, 2), "SHEA", Decimal("60.00"), 10),
    ]
    assert account(report) == [(4, 2, 1, 1)]
