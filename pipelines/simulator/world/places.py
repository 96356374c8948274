"""The 31 provinces: codes (GB/T 2260), coal, climate, and how much of each industry stands where.

Weights are the simulation's own, in the order of size of published provincial capacities: thermal power,
clinker, steel, aluminium. Latitude and longitude are rough centres.
"""

from __future__ import annotations

from typing import NamedTuple


class Province(NamedTuple):
    """One province. `coals` are shares of bituminous coal, lignite and anthracite in what is burnt."""

    code: str
    name: str
    cities: tuple[str, ...]
    is_heated: bool
    coals: tuple[float, float, float]
    latitude: float
    longitude: float
    power: float
    cement: float
    steel: float
    aluminium: float


def _cities(code: str, numbers: str) -> tuple[str, ...]:
    found: list[str] = []
    for part in numbers.split(","):
        first, _, last = part.partition("-")
        found += [f"{code[:2]}{n:02d}00" for n in range(int(first), int(last or first) + 1)]
    return tuple(found)


def _province(
    code: str,
    name: str,
    cities: str,
    is_heated: bool,
    coals: tuple[float, float, float],
    centre: tuple[float, float],
    weights: tuple[float, float, float, float],
) -> Province:
    return Province(code, name, _cities(code, cities), is_heated, coals, *centre, *weights)


_BITUMINOUS = (1.0, 0.0, 0.0)
_MOSTLY = (0.92, 0.05, 0.03)

PROVINCES: tuple[Province, ...] = (
    _province("110000", "北京", "1", True, _BITUMINOUS, (40.1, 116.4), (0.9, 0.1, 0.0, 0.0)),
    _province("120000", "天津", "1", True, _BITUMINOUS, (39.3, 117.3), (1.2, 0.1, 1.6, 0.0)),
    _province("130000", "河北", "1-11", True, _BITUMINOUS, (38.2, 115.4), (4.9, 4.2, 20.0, 0.4)),
    _province("140000", "山西", "1-11", True, (0.8, 0.0, 0.2), (37.5, 112.3), (6.4, 3.1, 6.5, 2.4)),
    _province("150000", "内蒙古", "1-9,22,25,29", True, (0.5, 0.5, 0.0),
              (42.5, 112.6), (8.6, 4.0, 3.2, 14.0)),
    _province("210000", "辽宁", "1-14", True, (0.7, 0.3, 0.0), (41.3, 122.6), (3.3, 2.6, 7.0, 1.2)),
    _province("220000", "吉林", "1-8,24", True, (0.4, 0.6, 0.0), (43.7, 126.2), (1.8, 1.5, 1.6, 0.0)),
    _province("230000", "黑龙江", "1-12,27", True, (0.65, 0.35, 0.0), (47.9, 128.0), (2.4, 1.5, 0.9, 0.0)),
    _province("310000", "上海", "1", False, _BITUMINOUS, (31.2, 121.5), (1.6, 0.1, 1.6, 0.0)),
    _province("320000", "江苏", "1-13", False, _BITUMINOUS, (33.0, 119.5), (8.0, 3.2, 11.5, 0.3)),
    _province("330000", "浙江", "1-11", False, _BITUMINOUS, (29.2, 120.1), (5.4, 3.3, 1.5, 0.5)),
    _province("340000", "安徽", "1-8,10-13,15-18", False, _BITUMINOUS, (31.9, 117.2), (4.6, 6.6, 3.2, 0.2)),
    _province("350000", "福建", "1-9", False, (0.8, 0.0, 0.2), (26.0, 118.0), (2.9, 2.6, 2.6, 0.6)),
    _province("360000", "江西", "1-11", False, (0.95, 0.0, 0.05), (27.6, 115.7), (2.2, 4.2, 2.8, 0.0)),
    _province("370000", "山东", "1-11,13-17", True, _BITUMINOUS, (36.4, 118.2), (11.6, 4.5, 7.6, 15.0)),
    _province("410000", "河南", "1-17", True, (0.85, 0.0, 0.15), (33.9, 113.6), (5.6, 4.6, 3.5, 5.0)),
    _province("420000", "湖北", "1-3,5-13", False, _MOSTLY, (31.0, 112.3), (2.8, 4.0, 3.6, 0.5)),
    _province("430000", "湖南", "1-13,31", False, (0.7, 0.0, 0.3), (27.6, 111.7), (2.2, 4.6, 2.6, 0.3)),
    _province("440000", "广东", "1-9,12-20,51-53", False, _BITUMINOUS, (23.3, 113.4), (7.0, 5.6, 3.2, 0.0)),
    _province("450000", "广西", "1-14", False, (0.85, 0.0, 0.15), (23.8, 108.8), (2.2, 5.2, 3.4, 6.0)),
    _province("460000", "海南", "1-4", False, _BITUMINOUS, (19.2, 109.8), (0.5, 0.5, 0.0, 0.0)),
    _province("500000", "重庆", "1", False, (0.85, 0.0, 0.15), (29.6, 107.8), (1.3, 2.3, 0.9, 1.2)),
    _province("510000", "四川", "1,3-11,13-20,32-34", False, (0.8, 0.0, 0.2),
              (30.6, 102.7), (1.6, 5.4, 2.6, 1.8)),
    _province("520000", "贵州", "1-6,23,26,27", False, (0.3, 0.0, 0.7),
              (26.8, 106.9), (2.5, 4.3, 0.7, 3.0)),
    _province("530000", "云南", "1,3-9,23,25,26,28,29,31,33,34", False, (0.6, 0.35, 0.05),
              (24.9, 101.5), (1.1, 5.6, 2.2, 11.0)),
    _province("540000", "西藏", "1-6", False, _BITUMINOUS, (31.5, 88.5), (0.0, 0.5, 0.0, 0.0)),
    _province("610000", "陕西", "1-10", True, (0.97, 0.0, 0.03), (35.3, 108.9), (4.3, 3.0, 1.4, 1.6)),
    _province("620000", "甘肃", "1-12,29,30", True, _MOSTLY, (37.8, 101.0), (2.0, 2.4, 1.0, 7.0)),
    _province("630000", "青海", "1,2,22,23,25-28", True, _MOSTLY, (35.4, 96.2), (0.5, 1.0, 0.2, 6.0)),
    _province("640000", "宁夏", "1-5", True, (0.85, 0.0, 0.15), (37.3, 106.2), (2.9, 1.2, 0.6, 3.0)),
    _province("650000", "新疆", "1,2,4,5,23,27-32,40,42,43", True, (0.85, 0.15, 0.0),
              (41.1, 85.3), (6.5, 3.7, 1.6, 15.0)),
)  # fmt: skip

_SOUTH = ("44", "45", "46")


def region(province: Province) -> str:
    """The large region that a province belongs to: its code's first digit, the far south apart."""
    return "S" if province.code[:2] in _SOUTH else province.code[0]
