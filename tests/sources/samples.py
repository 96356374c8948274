"""Published samples of every format, sound and small: text in several encodings, workbooks.

Belongs here: what a damaged file is made from. Does not belong here: the damage (`mutations`).
"""

from __future__ import annotations

from datetime import date

from tests.sources.conftest import CAMPD_HEADER
from tests.sources.workbooks import Cell

_CEA = (
    "date,listed_open,listed_high,listed_low,listed_close,listed_volume_t,listed_amount_cny,block_volume_t,"
    "block_amount_cny\n"
) + "".join(f"2023-01-{day:02d},59.5,60,59,59.7,70000,4180000.50,0,0\n" for day in range(1, 29))
_TERMINAL = (
    "指标名称,最新价:挂牌协议交易(CEA),开盘价:挂牌协议交易(CEA),最高价:挂牌协议交易(CEA),"
    "最低价:挂牌协议交易(CEA),成交量:挂牌协议交易(CEA),成交金额:挂牌协议交易(CEA),"
    "成交量:大宗协议交易(CEA),成交金额:大宗协议交易(CEA)\n"
    "频率,日,日,日,日,日,日,日,日\n单位,元/吨,元/吨,元/吨,元/吨,吨,元,吨,元\n"
) + "".join(f"2023/1/{day},59,60,61,58,70000,4.18E6,0,0\n" for day in range(28, 0, -1))
_EUA = "date,open,high,low,settle,volume\n" + "".join(
    f"2019-01-{day:02d},25,25.2,24.8,25.1,31191.0\n" for day in range(1, 29)
)
_MRR = (
    ',,\n,"Annual\nSummary",\nARB ID,Facility Name,"Report\nYear",'
    '"Total CO2e\n(combustion, process, vented, and supplier)",Emissions Data,Verification Body,State,'
    '"North American Industry Classification System (NAICS)\nCode and Description",Industry Sector\n'
) + "".join(
    f'9000{n},"Plant, {n}",2022,"1{n},000.5",Positive (revised),"Green, Inc.",CA,322121 Paper,Other\n'
    for n in range(10, 30)
)
_CAMPD = CAMPD_HEADER + "".join(
    f"AL,Barry ,3,{unit},blank,2016,100,35000,1000,2000,Electric Utility,Operating (Started 01/02/1990),"
    f"Stoker,Coal,{'Wood' if unit % 3 else ''}\n"
    for unit in range(1, 12)
)
_HOURS = (
    "State,Facility Name,Facility ID,Unit ID,Date,Hour,Operating Time,Gross Load (MW),CO2 Mass (short tons),"
    "CO2 Mass Measure Indicator,Heat Input (mmBtu),Primary Fuel Type,Secondary Fuel Type,Unit Type\n"
) + "".join(
    f"AL,Barry,3,1,2023-07-01,{hour},{hour % 2},200,180,{'Measured' if hour % 2 else ''},1750,Coal,,Stoker\n"
    for hour in range(24)
)
_GRID = (
    "Read me,,,,,,\nREGISTRY_CODE,INSTALLATION_NAME,INSTALLATION_IDENTIFIER,MAIN_ACTIVITY_TYPE_CODE,"
    "VERIFIED_EMISSIONS_2022,ALLOCATION_2022,VERIFIED_EMISSIONS_2023\n"
) + "".join(f"AT,Werk {n},{n},20,{1000 + n},5,{-1 if n % 3 else 'Excluded'}\n" for n in range(1, 25))
_TWO_LINES = (
    "全国碳市场交易情况（2026年3月5日）,,,,,\n配额品种,交易方式,当日,,累计,\n"
    ",,成交量（万吨）,成交金额（元）,成交量（吨）,成交金额（元）\n"
) + "".join(
    f"碳排放配额{year},挂牌协议交易,0.12{year},83200.00,1,1\n,大宗协议交易,-,-,1,1\n,小计,0.12{year},83200.00,1,1\n"
    for year in range(21, 29)
)
_CREDITS = ("business_date,profession_name,business_amount,business_ave_price,business_price\n") + "".join(
    f"202607{day:02d},能源产业,{day}10,89.91,{day}651290.00\n202607{day:02d},小计,1,-,1\n"
    for day in range(1, 15)
)
_PILOTS = "日期,成交价,成交量,成交额,地点\n" + "".join(
    f"2024/1/{day},45.5,{day}00,{day}550,{place}\n" for day in range(2, 14) for place in ("湖北", "上海")
)
_QUARTERS = "Auction,Date,Quantity Offered,CCR Sold,Quantity Sold,Clearing Price,Total Proceeds\n" + "".join(
    f'Auction {n},20{n}-03-05,"1{n},491,350",--,"1{n},491,350",${n - 8}.25,"$93,965,400"\n'
    for n in range(10, 26)
)
SAMPLES = {
    "cea": _CEA.encode(),
    "cea-terminal": _TERMINAL.encode("gb18030"),
    "eua": _EUA.encode("utf-16"),
    "mrr": _MRR.encode(),
    "campd": _CAMPD.encode(),
    "campd-hours": _HOURS.encode(),
    "union_registry": _GRID.encode(),
    "cea_daily": _TWO_LINES.encode("gb18030"),
    "ccer_daily": _CREDITS.encode("gb18030"),
    "cn_pilots": _PILOTS.encode("utf-8-sig"),
    "rggi_auctions": _QUARTERS.encode("utf-16-le").join((b"\xff\xfe", b"")),
}
"""Format, or format and form after a hyphen, to the content of a sound text file."""

_EEX: list[Cell] = [
    *["Date", "Time", "Auction Name", "Contract", "Status", "Auction Price €/tCO2", "Minimum Bid €/tCO2"],
    *["Maximum Bid €/tCO2", "Mean €/tCO2", "Median €/tCO2", "Auction Volume tCO2", "Total Amount of Bids"],
    *["Cover Ratio", "Total Number of Bidders", "Number of Successful Bidders", "Total Revenue €", "Country"],
]
_CALIFORNIA: list[Cell] = [
    *["Auction", "Date", "Current Auction\nAllowances Offered", "Current Auction Allowances Sold"],
    *["Current Auction Settlement Price", "Advance Auction Allowances Offered"],
    *["Advance Auction Allowances Sold", "Advance Auction Settlement Price"],
]
BOOKS: dict[str, dict[str, list[list[Cell]]]] = {
    "eex_auctions": {
        "About": [["Emission spot"], ["Source: EEX"]],
        "Primary Market Auction": [
            ["Emission Spot Primary Market Auction Report"],
            [None],
            _EEX,
            *(
                [
                    *[
                        date(2023, 11, day),
                        "11:00",
                        "Auction 4. Period CAP3 EU",
                        "T3PA",
                        "successful",
                        70.0 + day,
                    ],
                    *[60.0, 120.0, 70.0, 70.5, 3_035_500.0, 4_000_000.0, 1.5, 19.0, 15.0, 1.0, "EU"],
                ]
                for day in range(1, 20)
            ),
        ],
    },
    "carb_auctions": {
        "Summary": [
            ["Summary of auction settlement prices and results"],
            _CALIFORNIA,
            *(
                [f"#{n}", f"May {2012 + n}", 100.0 * n, 90.0 * n, "$10.09", 60.0, 6.0, "$10.00"]
                for n in range(1, 12)
            ),
            ["Note: prices in US dollars"],
        ]
    },
    "eua": {
        "2019": [
            ["EUA"],
            ["date", "open", "high", "low", "settle", "volume"],
            *([date(2019, 1, day), 25.0, 25.5, 24.5, 25.1, 10.0] for day in range(1, 29)),
        ]
    },
}
"""Format to the sheets of a sound workbook."""
