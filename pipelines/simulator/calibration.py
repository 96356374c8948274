"""Every number that the simulated market takes from the rules or from published market figures.

A name in brackets is the rule or the statistic that a number comes from (benchmarks D, measurement E,
trading B, calendar C, market statistics J of the project's rule catalogue). Numbers marked `own` are
choices of the simulation, made so that the market looks plausible; they stand for no published figure.
"""

from __future__ import annotations

from datetime import date

# Allocation, power sector, compliance years 2023 and 2024.
ELECTRICITY_BENCHMARK = {  # tCO2/MWh generated [D-01 .. D-04]
    ("coal_gt300", 2023): 0.7950,
    ("coal_gt300", 2024): 0.7910,
    ("coal_le300", 2023): 0.8090,
    ("coal_le300", 2024): 0.8049,
    ("coal_unconventional", 2023): 0.8285,
    ("coal_unconventional", 2024): 0.8244,
    ("gas_class_f", 2023): 0.3305,
    ("gas_class_f", 2024): 0.3288,
}
HEAT_BENCHMARK = {  # tCO2/GJ [D-01 .. D-04]
    ("coal", 2023): 0.1038,
    ("coal", 2024): 0.1033,
    ("gas", 2023): 0.0536,
    ("gas", 2024): 0.0533,
}
PEAK_SHAVING_BASE = 1.015  # [D-05]
PEAK_SHAVING_BELOW = 0.65  # load factor, [D-05]
SHORTFALL_FLOOR = 0.80  # share of verified emissions that is always covered [D-07]
PRELIMINARY_SHARE = 0.70  # of the year before's verified emissions [D-08, C-07]
LARGE_COAL_MW = 400.0  # from here on the class above 300 MW [D-01, D-02]

# Measurement.
CARBON_TO_CO2 = 44 / 12  # [E-01]
OXIDATION = {"coal": 0.99, "lignite": 0.99, "anthracite": 0.99, "coke": 0.99, "natural_gas": 0.99}  # [E-06]
CARBON_PER_HEAT = {"coal": 0.02618, "lignite": 0.02797, "anthracite": 0.02749}  # tC/GJ [E-11]
DEFAULT_CARBON_PER_HEAT = 0.03085  # tC/GJ, coal that was not analysed [E-04]
GAS_CARBON_PER_HEAT = 0.0153  # tC/GJ, own, inside [E-13]
MAX_CONDENSING_EFFICIENCY = 0.46  # [E-14]
REPORT_DAYS = 40  # monthly filing and laboratory reports [C-04, E-07]
CO2_DENSITY = 0.0019643  # t/Nm3 at 0 degrees C and 101.325 kPa

# Calendar of the two compliance years: allocation is decided, then booked; C-05 .. C-09.
PRELIMINARY_DECIDED = {2023: date(2024, 6, 21), 2024: date(2025, 4, 15)}  # 2023: own; 2024 [C-07]
PRELIMINARY_BOOKED = {2023: date(2024, 6, 24), 2024: date(2025, 4, 18)}
FINAL_DECIDED = {2023: date(2024, 10, 31), 2024: date(2025, 7, 31)}  # 2023: own; 2024 [C-08]
FINAL_BOOKED = {2023: date(2024, 11, 8), 2024: date(2025, 8, 20)}
INDUSTRY_DECIDED = date(2025, 9, 30)  # [C-08]
INDUSTRY_BOOKED = date(2025, 10, 20)
SURRENDER_DUE = {2023: date(2024, 12, 31), 2024: date(2025, 12, 31)}  # [C-09]

# Trading.
LISTED_BELOW = 100_000  # t, single listed orders are smaller, block orders at least that [B-02, B-03]
LISTED_LIMIT_PCT = 10  # [B-04]
BLOCK_LIMIT_PCT = 30  # [B-04]
ANCHOR_PRICE = {  # CNY/t, month by month between published closes [J-05, J-04, J-16, J-17]
    date(2024, 7, 1): 88.0,
    date(2024, 9, 30): 98.0,
    date(2024, 11, 20): 104.0,
    date(2024, 12, 31): 97.5,
    date(2025, 3, 31): 86.0,
    date(2025, 6, 30): 74.0,
    date(2025, 9, 15): 62.0,
    date(2025, 11, 15): 58.0,
    date(2025, 12, 31): 74.6,
}
VALUE_NOISE = 0.011  # log a day, own
VALUE_REVERSION = 0.08  # a day, own
BLOCK_DISCOUNT = (0.03, 0.015)  # mean and spread [J-13, J-13b]
SEASON = {  # share of emitters' activity by month; about four fifths in the last quarter [J-10, J-11]
    1: 0.05,
    2: 0.05,
    3: 0.08,
    4: 0.10,
    5: 0.12,
    6: 0.12,
    7: 0.15,
    8: 0.20,
    9: 0.30,
    10: 0.60,
    11: 1.00,
    12: 1.20,
}

# The fleet (own, unless marked).
SURPLUS_RATIO = 1.012  # allocation over emissions of the coal fleet in 2023 and 2024 together
HEAT_RATE = {  # GJ of fuel per MWh generated: mean and relative spread between units
    "coal_gt300": (8.40, 0.03),
    "coal_le300": (8.60, 0.03),
    "coal_unconventional": (8.75, 0.03),
    "gas_class_f": (6.05, 0.02),
}
HEAT_SIDE = 1.08  # GJ of fuel per GJ of heat supplied
