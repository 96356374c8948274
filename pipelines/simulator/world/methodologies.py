"""What projects of every methodology are like: where they stand, how large they are, what they yield.

Yields, sizes and places are own choices.
"""

from __future__ import annotations

from typing import NamedTuple


class Methodology(NamedTuple):
    """What projects of one methodology are like.

    `per_ha` is t a hectare and year (None: `size` is t a year, not hectares), `size` the range of sizes,
    `term` the crediting period in years, `places` are province code, name, latitude, longitude and reach in
    degrees.
    """

    name_zh: str
    share: float
    per_ha: tuple[float, float] | None
    size: tuple[float, float]
    term: tuple[int, int]
    places: tuple[tuple[str, str, float, float, float], ...]


_COAST = (
    ("210000", "辽宁", 39.3, 122.3, 0.4),
    ("320000", "江苏", 33.4, 121.0, 0.5),
    ("330000", "浙江", 29.2, 122.1, 0.4),
    ("350000", "福建", 25.2, 119.5, 0.4),
    ("370000", "山东", 37.2, 122.1, 0.4),
    ("440000", "广东", 21.6, 112.4, 0.6),
    ("450000", "广西", 21.4, 108.7, 0.2),
    ("460000", "海南", 19.3, 108.8, 0.3),
)
_SOUTH_COAST = tuple(place for place in _COAST if place[0] in {"350000", "440000", "450000", "460000"})
_NORTH_WEST = (
    ("150000", "内蒙古", 41.5, 107.5, 1.5),
    ("620000", "甘肃", 39.8, 97.5, 1.2),
    ("630000", "青海", 36.5, 96.5, 1.2),
    ("650000", "新疆", 42.8, 92.5, 1.5),
)
_INLAND = (
    ("130000", "河北", 39.0, 115.3, 0.8),
    ("140000", "山西", 37.5, 112.3, 0.9),
    ("150000", "内蒙古", 42.5, 114.5, 1.4),
    ("220000", "吉林", 43.3, 126.5, 0.9),
    ("230000", "黑龙江", 47.3, 128.3, 1.3),
    ("340000", "安徽", 31.6, 117.2, 0.8),
    ("360000", "江西", 27.6, 115.5, 0.9),
    ("410000", "河南", 33.9, 113.5, 0.8),
    ("420000", "湖北", 31.0, 112.0, 0.9),
    ("430000", "湖南", 27.7, 111.8, 0.9),
    ("510000", "四川", 30.5, 103.2, 1.0),
    ("520000", "贵州", 26.8, 106.7, 0.8),
    ("530000", "云南", 25.0, 101.5, 1.2),
    ("610000", "陕西", 35.5, 108.8, 0.9),
    ("620000", "甘肃", 35.6, 104.6, 0.9),
)
_COAL = tuple(p for p in _INLAND if p[0] in {"140000", "340000", "410000", "520000", "610000"})
METHODOLOGIES = {
    "afforestation": Methodology("造林碳汇", 0.24, (5.5, 13.0), (400, 9_000), (20, 40), _INLAND),
    "mangrove": Methodology("红树林营造", 0.05, (8.0, 17.0), (25, 420), (20, 40), _SOUTH_COAST),
    "wetland": Methodology("滨海盐沼修复", 0.07, (2.5, 7.0), (120, 4_500), (20, 40), _COAST),
    "agriculture": Methodology("农田减排固碳", 0.10, (0.4, 1.6), (3_000, 42_000), (5, 10), _INLAND),
    "ocean_sink": Methodology("海洋碳汇", 0.07, (1.0, 3.5), (300, 6_500), (10, 20), _COAST),
    "ccus": Methodology("碳捕集利用与封存", 0.06, None, (40_000, 420_000), (10, 10), _COAL),
    "solar_thermal": Methodology("并网光热发电", 0.08, None, (60_000, 260_000), (10, 10), _NORTH_WEST),
    "offshore_wind": Methodology("并网海上风电", 0.10, None, (250_000, 980_000), (10, 10), _COAST),
    "methane": Methodology("低浓度瓦斯利用", 0.13, None, (15_000, 260_000), (10, 10), _COAL),
    "other": Methodology("公路隧道照明节能", 0.10, None, (3_000, 70_000), (10, 10), _INLAND),
}
