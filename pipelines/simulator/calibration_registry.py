"""Numbers of the registration system: allocation, calendar, surrender, credits, penalties.

A code in brackets is the rule or the statistic that a number comes from (`docs/reference/codes.md`). Numbers
marked `own` are choices of the simulation; they stand for no published figure.
"""

from __future__ import annotations

from datetime import date

# Allocation; its benchmarks and shares are read from the seeds of rules (law.py).
CORRECTED = 0.005  # share of power companies whose final figure is corrected by an adjustment, own

# Calendar: allocation is decided, then booked. The dates of 2023 are own, those of 2024 from C-07; later days
# of final allocation are read from the seeds.
PRELIMINARY_DECIDED = {2023: date(2024, 6, 21), 2024: date(2025, 4, 15)}
PRELIMINARY_BOOKED = {2023: date(2024, 6, 24), 2024: date(2025, 4, 18)}
FINAL_DECIDED = {2023: date(2024, 10, 31)}
FINAL_BOOKED = {2023: date(2024, 11, 8)}
SURRENDER_WINDOW_DAYS = 45  # surrender from mid-November, own
CREDIT_PATIENCE_DAYS = 26  # so long before the deadline buyers of credits give up what they have not got, own

# What is outstanding when the record opens (own: the surplus of the cycles before is not published).
SURPLUS = 0.045  # of the power sector's yearly emissions
OLDER_VINTAGE_SHARE = (0.4, 0.6)  # of the two older vintages
SURPLUS_HOLDERS = 0.55  # share of power companies with a surplus of their own that also have an older one
SHORT_HOLDERS = 0.12  # the same of those that are short
SHORT_WEIGHT = 0.12  # of what these have, beside the others
OPENING_SHARES = {  # of that surplus, by role
    "entity": 0.785,
    "treasury": 0.06,
    "fund": 0.085,
    "broker": 0.035,
    "maker": 0.03,
    "individual": 0.005,
}
MOST_AT_OPENING = {  # t an account
    "entity": 700_000,
    "treasury": 400_000,
    "fund": 300_000,
    "broker": 250_000,
    "maker": 500_000,
    "individual": 9_000,
}
RESERVE = 0.012  # of the power sector's yearly emissions, in the government's reserve
OPENING_CREDITS = 0.25  # credits outstanding from before, as a share of what projects issue in the span

# Groups: who buys for whom (own).
DELEGATED = 0.55  # share of declared members whose treasury buys for them
SWEPT = (0.15, 0.45)  # of a long member's surplus, to the treasury
TREASURY_CEILING = 450_000  # t; a treasury sweeps no more than that together

# Credits.
CREDIT_DEMAND = 0.55  # of what is issued by November, own [G-11, J-21: half of the credits change hands]

# Carry-over [C-13].
CARRY_OVER_EARLY = 0.18  # share of the entitled that apply in the first days, own

# Average price of the month before the deadline where the market's own is not known [J-05, J-04], CNY.
MONTH_BEFORE_DEADLINE = {2021: 54.0, 2022: 73.0, 2023: 100.0, 2024: 60.0}
