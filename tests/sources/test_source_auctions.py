"""Published auction results: EEX, RGGI, California, after their documented headings."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from pipelines.sources import read
from tests.sources import workbooks

EEX = [
    *["Date", "Time", "Auction Name", "Contract", "Status", "Auction Price €/tCO2", "Minimum Bid €/tCO2"],
    *["Maximum Bid €/tCO2", "Mean €/tCO2", "Median €/tCO2", "Auction Volume tCO2", "Total Amount of Bids"],
    *["Cover Ratio", "Total Number of Bidders", "Number of Successful Bidders", "Total Revenue €", "Country"],
    *["Innovation Fund\n(IF)"],
]


def eex(day, status, price, volume, name="Auction 4. Period CAP3 EU", contract="T3PA"):
    figures = [price, 60.0, 120.0, 70.0, 70.5, volume, 4_000_000.0, 1.5, 19.0, 15.0, 1.0, "EU", None]
    return [day, "11:00", name, contract, status, *figures]


def auctions(tmp_path):
    columns = ["auction_id", "date", "instrument_id", "offered", "clearing_price", "sold"]
    return pl.read_parquet(tmp_path / "out" / "auctions.parquet").select(columns).rows()


def account(report):
    return [(line.read, line.written, line.without_data, line.quarantined) for line in report.rows()]


def test_eex_reports_of_two_years(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    title = [["Emission Spot Primary Market Auction Report"], [None], ["Source: EEX"], [None], [None]]
    workbooks.write(
        folder / "emission-spot-primary-market-auction-report-2023-data.xlsx",
        {
            "Primary Market Auction": [
                *title,
                EEX,
                eex(date(2023, 11, 13), "successful", 77.01, 3_035_500.0),
                eex(date(2023, 11, 10), "cancelled", "-", 2_147_000.0, "Auction 4. Period DE"),
                eex(date(2023, 11, 9), "running", 77.0, 1000.0),
                eex(date(2023, 11, 8), "successful", None, 1000.0),
                ["Source: EEX AG"],
            ]
        },
    )
    workbooks.write(
        folder / "emission-spot-primary-market-auction-report-2022-data.xlsx",
        {
            "Primary Market Auction": [
                *title,
                EEX,
                eex("12.01.2022", "successful", 80.5, 500.0, "Aviation", "EAA3"),
                eex("12.01.2022", "successful", 80.6, 500.0, "Double", "T3PA"),
                eex("12.01.2022", "successful", 80.7, 500.0, "Double", "T3PA"),
            ]
        },
    )
    report = read("eex_auctions", folder, tmp_path / "out")
    assert auctions(tmp_path) == [
        ("EEX 2022-01-12 EAA3 Aviation", date(2022, 1, 12), "EAA3", 500, Decimal("80.50"), 500),
        (
            "EEX 2023-11-10 T3PA Auction 4. Period DE",
            date(2023, 11, 10),
            "T3PA",
            2_147_000,
            None,
            0,
        ),
        (
            "EEX 2023-11-13 T3PA Auction 4. Period CAP3 EU",
            date(2023, 11, 13),
            "T3PA",
            3_035_500,
            Decimal("77.01"),
            3_035_500,
        ),
    ]
    assert account(report) == [(3, 1, 0, 2), (4, 2, 0, 2)]
    assert [reason.reason for line in report.rows() for reason in line.reasons] == [
        *["contradiction", "missing_value", "unknown_enum"]
    ]
    units = pl.read_parquet(tmp_path / "out" / "instruments.parquet").select("instrument_id", "unit_type")
    assert dict(units.iter_rows()) == {"T3PA": "EUA", "EAA3": "OTHER"}
    assert not (tmp_path / "out" / "auction_bids.parquet").exists()


def test_rggi_table(tmp_path):
    (tmp_path / "rggi.csv").write_text(
        "Auction,Date,Quantity Offered,CCR Sold,Quantity Sold,Clearing Price,Total Proceeds\n"
        'Auction 23,2014-03-05,"18,491,350","5,000,000","23,491,350",$4.00,"$93,965,400"\n'
        'Auction 3,2009-03-18,"31,513,765",--,"31,513,765",$3.51,"$117,248,629"\n'
        'Auction 3 (Future),2009-03-18,"2,175,513",--,"2,175,513",$3.05,--\n'
        'Auction 9,2010-09-10,"100",--,"101",$1.86,$1\n'
        'Auction 8,2010-06-09,"100",--,"50",--,$1\n'
    )
    report = read("rggi_auctions", tmp_path / "rggi.csv", tmp_path / "out")
    assert auctions(tmp_path) == [
        ("RGGI-23", date(2014, 3, 5), "RGA", 23_491_350, Decimal("4.00"), 23_491_350),
        ("RGGI-3", date(2009, 3, 18), "RGA", 31_513_765, Decimal("3.51"), 31_513_765),
        ("RGGI-3-future", date(2009, 3, 18), "RGA-FUTURE", 2_175_513, Decimal("3.05"), 2_175_513),
    ]
    assert account(report) == [(5, 3, 0, 2)]
    assert any("short ton" in note for note in report.notes)


@pytest.mark.parametrize("month", ["November 2012", "Nov 2012", "2012-11-14"])
def test_california_summary(tmp_path, month):
    book = workbooks.write(
        tmp_path / "summary.xlsx",
        {
            "Summary": [
                ["Summary of auction settlement prices and results"],
                [
                    *[
                        "Auction",
                        "Date",
                        "Current Auction\nAllowances Offered",
                        "Current Auction Allowances Sold",
                    ],
                    *["Current Auction Settlement Price", "Advance Auction Allowances Offered"],
                    *["Advance Auction Allowances Sold", "Advance Auction Settlement Price"],
                ],
                ["#1", month, 100.0, 100.0, "$10.09", 60.0, 6.0, "$10.00"],
                ["#2", "May 2015", 100.0, 101.0, "$10.09", "N/A", "N/A", "N/A"],
                ["Note: prices in US dollars"],
            ]
        },
    )
    report = read("carb_auctions", book, tmp_path / "out")
    assert auctions(tmp_path) == [
        ("CA-1-advance", date(2012, 11, 1), "CCA-ADVANCE", 60, Decimal("10.00"), 6),
        ("CA-1-current", date(2012, 11, 1), "CCA", 100, Decimal("10.09"), 100),
    ]
    assert account(report) == [(4, 2, 1, 1)]
