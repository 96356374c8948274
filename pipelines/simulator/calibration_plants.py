"""Every number about plants that the simulation takes from the rules, or chooses itself.

A code in brackets is the rule or statistic that a number comes from (`docs/reference/codes.md`).
Numbers marked `own` are choices of the simulation; they stand for no published figure.
"""

from __future__ import annotations

# Fuel and carbon.
CARBON_TO_CO2 = 44 / 12  # [E-01]
OXIDATION = 0.99  # coal, coke and gas [E-06]; [E3 table A.1]
CARBON_PER_HEAT = {"coal": 0.02618, "lignite": 0.02797, "anthracite": 0.02749}  # tC/GJ [E-11]
COKE_HEAT = 28.435  # GJ/t [E3]
COKE_CARBON = 0.02942  # tC/GJ, also the default [E3]
GAS_HEAT = 383.0  # GJ/10^4 Nm3 of pipeline gas, own; 285.0 to 398.3 are plausible [E-13]
GAS_CARBON = 0.01532  # tC/GJ, also the default [E3]
INJECTED_HEAT = 26.9  # GJ/t, dried coal blown into blast furnaces, own
MAX_CONDENSING_EFFICIENCY = 0.46  # [E-14]
EFFICIENCY_MARGIN = 0.003  # no coal unit comes nearer to that bound, own
CO2_DENSITY = 0.0019643  # t/Nm3 at 0 degrees C and 101.325 kPa
COAL_EQUIVALENT = 29.3076  # GJ per tce (GB/T 2589)

# The power fleet, own.
SURPLUS_RATIO = 1.007  # allocation over emissions of the coal fleet in the compliance years together
HEAT_RATE = {  # GJ of fuel per MWh generated: mean and relative spread between units
    "coal_gt300": (8.40, 0.036),
    "coal_le300": (8.62, 0.045),
    "coal_unconventional": (8.80, 0.045),
    "gas_class_f": (6.05, 0.02),
    "gas_other": (6.35, 0.025),
}
HEAT_SIDE = 1.08  # GJ of fuel per GJ of heat supplied
PART_LOAD = 0.10  # relative heat rate gained per unit of load factor lost
REFERENCE_LOAD = 0.68

# Industry.
CLINKER_PROCESS = 0.535  # tCO2 per t of Portland clinker [E-40]
CLINKER_DEDUCTION = 0.480  # tCO2 per t of carbide slag in the raw meal [E-41]
ALUMINIUM_PFC = (0.034 * 6630 + 0.0034 * 11100) / 1000  # tCO2e per t of metal [E-42]
ALUMINIUM_ANODE = 0.411 * (1 - 0.02 - 0.004) * 44 / 12  # tCO2 per t of metal [E-43]
STEEL_FACTORS = {  # tCO2 per t [E3]
    "limestone": 0.440,
    "electrode": 3.663,
    "pig_iron": 0.172,
    "scrap": 0.037,
    "crude_steel": 0.037,
}
# Per t of product: fuel energy (GJ) and electricity bought (MWh), own figures of usual size.
INDUSTRY_ENERGY = {
    "clinker_line": (3.05, 0.055),
    "blast_furnace_route": (15.7, 0.28),
    "electric_arc_furnace": (1.1, 0.46),
    "aluminium_potline": (0.0, 13.4),
    "other": (3.68, 0.12),
}
ELECTRICITY_EQUIVALENT = 0.1229  # tce per MWh (GB/T 2589)

# Instruments: relative errors that an honest plant states. Own, but within the classes of [E3, E-13].
MONITOR_BIAS = (0.008, 0.02)  # lasting, of the stack monitor's CO2 mass: spread and bound
MONITOR_NOISE = 0.03  # of an hour's mass
METER_ERRORS = {  # lasting bias (spread) and noise of a day
    "coal_feed": (0.002, 0.0035),
    "gas_flow": (0.002, 0.0035),
    "electricity_out": (0.0004, 0.0005),
    "electricity_in": (0.0005, 0.0008),
    "heat_out": (0.003, 0.004),
    "product": (0.002, 0.003),
}
# What follows for an honest plant's month: a fuel meter and the report, and the stack monitor and a report
# with measured carbon (both per MWh), agree within these.
METER_AGREEMENT = 0.01
MONITOR_AGREEMENT = 0.032
STOCK_ERROR = 0.0008  # of the fuel that a month's report states
ANALYSIS_ERRORS = {  # spread of a laboratory's figure around the truth: sampling and repeatability
    "place": 0.012,
    "total_moisture": 0.15,
    "moisture": 0.06,
    "ash": 0.20,
    "sulphur": 0.015,
    "carbon": 0.0025,
    "hydrogen": 0.006,
    "volatile": 0.006,
    "ncv": 0.0025,
}
