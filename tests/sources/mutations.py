"""Published samples of every format, and seeded damage to them: bytes, lines, values, encodings."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

from tests.sources.conftest import CAMPD_HEADER, EUTL

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
SAMPLES = {
    "cea": _CEA.encode(),
    "cea-terminal": _TERMINAL.encode("gb18030"),
    "eua": _EUA.encode("utf-16"),
    "mrr": _MRR.encode(),
    "campd": _CAMPD.encode(),
    "campd-hours": _HOURS.encode(),
    "union_registry": _GRID.encode(),
    "cea_daily": _TWO_LINES.encode("gb18030"),
    "eutl": b"",
}
_FRAGMENTS = (
    *(
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b'""',
        b"'",
        b";",
        b"\t",
        b"=cmd()",
        b"../..",
    ),
    *("，".encode(), "\u202e".encode(), "\u200b".encode(), "日".encode("gb18030")),
    *(b"1e400", b"-1", b"9" * 20, b"NaN", b"2023-02-30", b"0x10", b"1,234", b"1.234,5", b"31/12/2023"),
    *(b" " * 50, b"x" * 500, b"\n\n\n", b'"\n', b',"'),
)


def damaged(choose: random.Random, content: bytes) -> bytes:
    """`content` after a few random edits."""
    for _ in range(choose.choice((1, 1, 1, 2, 3, 8))):
        content = choose.choice(_EDITS)(choose, content)
    return content


def write(choose: random.Random, name: str, folder: Path) -> tuple[str, Path]:
    """A damaged sample on disk, and the format that it is read as."""
    format = name.partition("-")[0]
    if format != "eutl":
        path = folder / f"{name}.csv"
        path.write_bytes(damaged(choose, SAMPLES[name]))
        return format, path
    path, victim = folder / "eutl.zip", choose.choice(sorted(EUTL))
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in EUTL.items():
            archive.writestr(member, damaged(choose, text.encode()) if member == victim else text)
    return format, path


def _insert(choose: random.Random, content: bytes) -> bytes:
    place = choose.randrange(len(content) + 1)
    return content[:place] + choose.choice(_FRAGMENTS) + content[place:]


def _overwrite(choose: random.Random, content: bytes) -> bytes:
    place = choose.randrange(len(content) + 1)
    return content[:place] + bytes([choose.randrange(256)]) + content[place + 1 :]


def _remove(choose: random.Random, content: bytes) -> bytes:
    place = choose.randrange(len(content) + 1)
    return content[:place] + content[place + choose.choice((1, 1, 2, 5, 40)) :]


def _cut(choose: random.Random, content: bytes) -> bytes:
    return content[: choose.randrange(len(content) + 1)]


def _repeat(choose: random.Random, content: bytes) -> bytes:
    first, last = sorted((choose.randrange(len(content) + 1), choose.randrange(len(content) + 1)))
    return content[:last] + content[first:last][:300] + content[last:]


def _lines(choose: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    if choose.random() < 0.5:
        choose.shuffle(lines)
    lines[choose.randrange(len(lines))] = choose.choice(lines)
    return b"\n".join(lines)


def _value(choose: random.Random, content: bytes) -> bytes:
    fields = content.split(b",")
    fields[choose.randrange(len(fields))] = choose.choice(_FRAGMENTS)
    return b",".join(fields)


def _replace(choose: random.Random, content: bytes) -> bytes:
    common = choose.choice((b",", b"\n", b'"', b"0", b"-"))
    return content.replace(common, choose.choice(_FRAGMENTS), choose.choice((1, 3, 10)))


_EDITS = (_insert, _overwrite, _remove, _cut, _repeat, _lines, _value, _replace)
