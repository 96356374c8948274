"""Numbers of the simulated exchange and its agents: from rules, market statistics and own choices.

A code in brackets is the rule or statistic that a number comes from (`docs/reference/codes.md`). `own` marks
a choice of the simulation, made so that the market looks plausible; it stands for no published figure.
"""

from __future__ import annotations

from datetime import date

# Volume of a trading year over the emissions whose year is surrendered at its end.
VOLUME_SHARE = {2024: 0.0360, 2025: 0.0287}  # 189 Mt of 5.244 Gt, 235 Mt of 8.194 Gt [J-05, J-04]
BLOCK_SHARE = 0.82  # of the volume [J-01, J-03, J-18]
LEAST_LISTED_SHARE = 0.08  # of the volume that comes to the book unplanned, own
MONTH_SHARE = {  # of a year's volume; four fifths in the last quarter [J-10, J-11], months within own
    1: 0.013, 2: 0.009, 3: 0.014, 4: 0.018, 5: 0.018, 6: 0.020, 7: 0.023, 8: 0.033, 9: 0.054,
    10: 0.138, 11: 0.296, 12: 0.364,
}  # fmt: skip
DAY_SPREAD = 0.55  # log, between days of one month, own: ten days carry a quarter of a year and more
COUNT_EXPONENT = 0.35  # orders follow the volume's season that much less than in proportion, own

# What people hear and think, in logarithms of the price.
OPENING_PRICE = {2024: 79.42, 2025: 97.49}  # CNY/t, the close of the year before [J-03, J-05]
# Steps of the value that everybody has in mind, as policy becomes known: dates and sizes own, so that the
# levels come near 96 in 2024 closing at 97.5 and 62 in 2025 closing at 74.6 [J-05, J-04, J-16, J-17].
POLICY_NEWS = (
    (date(2024, 1, 8), 0.02), (date(2024, 2, 26), 0.05), (date(2024, 3, 20), 0.05),
    (date(2024, 4, 10), 0.10), (date(2024, 6, 3), -0.06), (date(2024, 7, 4), -0.04),
    (date(2024, 8, 19), 0.04), (date(2024, 9, 9), 0.06), (date(2024, 10, 16), 0.04),
    (date(2024, 11, 11), 0.02), (date(2024, 12, 5), -0.05), (date(2024, 12, 20), -0.025),
    (date(2025, 1, 8), -0.02), (date(2025, 2, 14), -0.05), (date(2025, 3, 26), -0.06),
    (date(2025, 4, 21), -0.07), (date(2025, 5, 19), -0.06), (date(2025, 6, 23), 0.01),
    (date(2025, 7, 31), -0.03), (date(2025, 8, 20), -0.08), (date(2025, 9, 8), -0.10),
    (date(2025, 9, 24), -0.08), (date(2025, 10, 15), -0.03), (date(2025, 11, 5), 0.08),
    (date(2025, 11, 24), 0.02), (date(2025, 12, 11), 0.02), (date(2025, 12, 19), 0.10),
    (date(2025, 12, 24), 0.11),
)  # fmt: skip
ABSORPTION = 0.35  # of a policy step is understood a day, own
MINOR_NEWS = 0.0185  # spread of the small news of a day, own
MINOR_NEWS_TAILS = 3.5  # degrees of freedom of its Student distribution, own
MINOR_NEWS_FADES = 0.14  # a day, own
FLOW_LEARNED = 0.006  # what a day of one-sided trading teaches, own
FLOW_FORGOTTEN = 0.10  # a day, own
VINTAGE_DISCOUNT = 0.006  # for every year that a vintage is older than the newest, own
CREDIT_DISCOUNT = 0.03  # mean discount of credits to allowances, own (2025: 70.76 and 62.36 [J-21])
CREDIT_SPREAD = 0.03  # how far that discount wanders, own
PRIVATE_SPREAD = 0.022  # between the beliefs of traders, own
PRIVATE_FADES = 0.04  # a day, own
VOLATILITY = 0.016  # daily, what agents take for usual, own
VOLATILITY_MEMORY = 0.22  # weight of the latest day in felt volatility, own

# Who enters orders.
EVENTS_PER_ORDER = 1.9  # own
TRADES_PER_TAKER = 1.5  # own
MAKER_SHARE = 0.45  # of all orders, own
INSTRUMENT_WEIGHTS = (0.62, 0.20, 0.07, 0.04)  # of the orders, newest vintage first, own
CREDIT_WEIGHT = 0.05  # of the orders, own
NEW_LISTING_DAYS = 20  # until a new vintage has drawn the interest, own
SIZE_SPREAD = 1.0  # log, of listed orders, own
TREND_MEMORY_SESSIONS = 2.5  # against which chartists see a trend, own
INVENTORY_AVERSION = 0.02  # log, belief of who holds twice what he likes, own

# Compliance.
BUYING_TRANCHES = 4  # at most, own
SELLING_TRANCHES = 5  # at most, own
OFFERED_SHARE = 0.06  # of the listed volume that long emitters offer a day beyond what short ones seek, own
SMALL_NEEDS_SHARE = 0.40  # of the listed volume that compliance buying may take, own
LAST_CALL_SESSIONS = 7  # before the deadline, own
CREDIT_VOLUME_SHARE = 0.00108  # of covered emissions, traded a year: 8.84 Mt of 8.194 Gt [J-21, J-04]
CREDIT_LAST_SESSIONS = 19  # before the deadline, when nobody counts on credits any more, own
CREDIT_CEILING = 1.01  # of the allowances' close, above which nobody needs credits, own

# Blocks.
DISCOUNT_FLOOR, DISCOUNT_CEILING = -0.03, 0.22  # [J-13]
DISCOUNT_BASE, DISCOUNT_NOISE = 0.011, 0.010  # own, for a median of 2 to 5 % [J-13, J-13b]
DISCOUNT_BY_SIZE = 0.020  # for every e-fold of the smallest block, own
DISCOUNT_BY_URGENCY = 0.27  # of who has to sell 150,000 t at any price; more of it presses harder, own
INTERNAL_DISCOUNT = 0.008  # within a group, own

# Auctions.
AUCTIONS_A_YEAR = 8  # [B-14]
AUCTION_MONTHS_DAYS = ((3, 12), (5, 14), (7, 9), (9, 10), (10, 22), (11, 12), (12, 3), (12, 26))  # own
AUCTION_SHARE = 0.00015  # of covered emissions offered at each, own
RESERVE_PRICE = 0.85  # of the reference price, own
