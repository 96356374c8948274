"""Figures that were published about the national market, each with its source and how sure it is.

`id` names the statistic in the project's rule catalogue; `verified` is `yes`, `page` (read in a web page
excerpt), `computed` (from verified figures or the exchange's daily file), or `none` (no figure was published).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One line of the realism table.

    `low` and `high` bound what is taken for like the real market; without them the line only informs.
    Bounds are the scatter of the published years, or wider where only one year is published.
    """

    id: str
    what: str
    unit: str
    real: str
    source: str
    verified: str
    low: float | None = None
    high: float | None = None


_MEE = "Ministry of Ecology and Environment, summary of 2025"
_DAILY = "exchange's daily quotes 2021-07 to 2024-06"
_PRESS = "press reports of the exchange's year-end figures"

PUBLISHED: tuple[Published, ...] = (
    Published("trading_days", "Trading days a year", "days", "242 (2024), 243 (2025)", f"J-05, J-04: {_MEE}", "yes", 242, 243),
    Published("volume_share", "Yearly volume over covered emissions", "%", "3.6 (2024: 189 Mt of 5.24 Gt), 2.9 (2025: 235 Mt of 8.19 Gt)", f"J-05, J-04: {_MEE}", "computed", 2.0, 5.0),
    Published("value_cny_per_covered_t", "Yearly value over covered emissions", "CNY/t", "3.5 (2024), 1.8 (2025)", f"J-05, J-04: {_MEE}", "computed", 1.2, 5.0),
    Published("average_price", "Average price of the year, all modes", "CNY/t", "96 (2024), 62.36 (2025)", f"J-05, J-04: {_MEE}", "page", 50.0, 115.0),
    Published("year_end_close", "Close of the year", "CNY/t", "97.49 (2024), 74.63 (2025)", f"J-05, J-04: {_MEE}", "page", 55.0, 120.0),
    Published("fourth_quarter_share", "Share of the fourth quarter in the year's volume", "fraction", "0.79 (2024), > 0.74 (2021)", "J-10, J-11: press reports, computed", "computed", 0.74, 0.82),
    Published("block_share", "Share of block trades in the year's volume", "fraction", "0.878 (2022), 0.835 (2023), 0.79 (July 2024)", f"J-02, J-03, J-05: {_PRESS}", "page", 0.75, 0.88),
    Published("block_discount_median", "Block discount to the previous close, median", "%", "2.7 to 4.4", "J-13, J-13b: press reports, computed", "computed", 2.0, 5.0),
    Published("block_discount_p95", "Block discount, 95th percentile", "%", "19.9 seen on 2026-01-13; 21 to 26 in the daily file", f"J-13; {_DAILY}", "computed", 7.0, 26.0),
    Published("no_listed_trade_days", "Days without a listed trade, all vintages together", "days a year", "0 to 1 in the daily file; they exist by vintage", f"J-14; {_DAILY}", "computed", 0.0, 10.0),
    Published("daily_volatility", "Standard deviation of the daily log return", "%", "2.6 (2021), 1.4 (2022), 1.9 (2023), 1.9 (2024 H1)", _DAILY, "computed", 1.0, 3.0),
    Published("return_kurtosis", "Kurtosis of the daily log return", "", "5.5, 14.1, 10.9, 4.1 (same years)", _DAILY, "computed", 3.5, 20.0),
    Published("clustering", "Autocorrelation of absolute returns, mean of lags 1 to 5", "", "0.21, 0.21, 0.14 (2021 to 2023); 0.19 over all", _DAILY, "computed", 0.05, 0.5),
    Published("limit_days", "Days on which the close of all vintages together moves by the limit", "days a year", "0 to 1", _DAILY, "computed", 0.0, 3.0),
    Published("limit_days_by_vintage", "Days on which some vintage closes at its limit", "days a year", "none published by vintage", "", "none"),
    Published("ten_largest_days", "Share of the ten largest days in the year's volume", "fraction", "0.54, 0.57, 0.33 (2021 to 2023)", _DAILY, "computed", 0.2, 0.6),
    Published("daily_volume_gini", "Gini coefficient of daily volume over the year", "", "0.77, 0.87, 0.77 (2021 to 2023)", _DAILY, "computed", 0.6, 0.9),
    Published("traded_share", "Key emitters of the power sector that traded", "fraction", "0.82 (second cycle)", f"J: {_PRESS}", "page", 0.6, 1.0),
    Published("credit_volume_share", "Credits traded over allowances traded", "%", "3.8 (2025: 8.84 of 235 Mt)", f"J-21: {_PRESS}", "computed", 0.5, 8.0),
    Published("credit_price", "Average price of credits", "CNY/t", "70.76 (2025)", f"G-11, J-21: {_MEE}", "yes", 50.0, 110.0),
    Published("surrender_rate", "Obligations met by the deadline", "% of emissions", "99.98 (2023), 99.99 (2024)", f"J-05, J-04: {_MEE}", "yes", 98.0, 100.0),
    Published("trading_hhi", "Concentration of trading: Herfindahl index of accounts' volumes", "0 to 10,000", "none published", "", "none"),
    Published("top_ten_accounts", "Share of the ten most active accounts in the volume", "fraction", "none published", "", "none"),
    Published("cancel_ratio", "Listed orders withdrawn before any trade", "fraction", "none published", "", "none"),
    Published("order_lifetime_median_s", "Median life of a withdrawn listed order", "s", "none published", "", "none"),
    Published("power_share", "Power sector's share of covered emissions", "fraction", "0.63 to 0.64 (5.2 of 8.19 Gt)", f"J-05, J-04: {_MEE}", "computed", 0.45, 0.75),
    Published("entity_emissions_median", "Median emissions of a power company", "Mt", "mean 2.5 (5.24 Gt of 2,096)", "J-05, computed", "computed", 0.5, 5.0),
    Published("cems_to_report", "Monitored over reported CO2 of a month, median of units", "ratio", "none published; unbiased by intent", "", "none", 0.98, 1.02),
    Published("cems_to_report_spread", "Same, half the distance from the 5th to the 95th percentile", "ratio", "none published", "", "none"),
    Published("carbon_per_heat_coal", "Carbon per heat, bituminous, mean", "tC/TJ", "26.18", "E-11: verification guide", "yes", 25.4, 27.0),
    Published("carbon_per_heat_lignite", "Carbon per heat, lignite, mean", "tC/TJ", "27.97", "E-11: verification guide", "yes", 27.1, 28.8),
    Published("carbon_per_heat_anthracite", "Carbon per heat, anthracite, mean", "tC/TJ", "27.49", "E-11: verification guide", "yes", 26.7, 28.3),
    Published("carbon_daf_inside", "Analyses whose dry ash-free carbon is inside its rank's range", "fraction", "experience range of each rank", "E-10: verification guide", "yes", 0.97, 1.0),
    Published("default_carbon_share", "Coal reports of power units that state default carbon", "fraction", "none published", "", "none", 0.0, 0.1),
)  # fmt: skip
