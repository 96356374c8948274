"""Measures of the market: volumes, prices, blocks, order flow, who trades; one value a trading year.

Shares are fractions unless the name says `percent`. Days are those of Shanghai.
"""

from __future__ import annotations

import duckdb
import numpy as np

Measures = dict[str, dict[str, float]]

_NEAR_LIMIT = 0.095  # of the ten per cent that a listed price may move in a day (rule B-04)

# The composite of a day: all allowance instruments together, as the published daily quotes are.
_DAYS = """
    select
        date,
        sum(coalesce(listed_volume, 0)) as listed,
        sum(coalesce(listed_value, 0)) as listed_value,
        sum(coalesce(block_volume, 0)) as block,
        sum(coalesce(block_value, 0)) as block_value
    from market_days join instruments using (instrument_id)
    where unit_type = 'CEA'
    group by date
    order by date
"""

_RETURNS = """
    select
        coalesce(
            sum(ln(close / previous_close) * listed_value) / nullif(sum(listed_value), 0), 0
        ) as composite
    from market_days join instruments using (instrument_id)
    where unit_type = 'CEA' and year(date) = $year
    group by date
    order by date
"""


def market_measures(con: duckdb.DuckDBPyConnection) -> Measures:
    """Every measure of the market by name, then by year (as text)."""
    days = con.execute(_DAYS).fetchnumpy()
    years = days["date"].astype("datetime64[Y]").astype(int) + 1970
    months = days["date"].astype("datetime64[M]").astype(int) % 12 + 1
    volume = (days["listed"] + days["block"]).astype(float)
    value = (days["listed_value"] + days["block_value"]).astype(float)
    out: Measures = {}
    for year in np.unique(years):
        inside = years == year
        whole = volume[inside].sum()
        if not whole:
            continue
        figures = {
            "trading_days": float(inside.sum()),
            "average_price": value[inside].sum() / whole,
            "fourth_quarter_share": volume[inside & (months >= 10)].sum() / whole,
            "block_share": days["block"][inside].sum() / whole,
            "no_listed_trade_days": float((days["listed"][inside] == 0).sum()),
            "ten_largest_days": np.sort(volume[inside])[-10:].sum() / whole,
            "daily_volume_gini": gini(volume[inside]),
            **return_measures(_returns(con, int(year))),
        }
        covered = _scalar(con, _COVERED, int(year) - 1)
        if covered:
            figures["volume_share"] = 100 * whole / covered
            figures["value_cny_per_covered_t"] = value[inside].sum() / covered
        for name, query in _BY_YEAR.items():
            figures[name] = _scalar(con, query, int(year))
        for name, figure in figures.items():
            if figure is not None and np.isfinite(figure):
                out.setdefault(name, {})[str(year)] = float(figure)
    return out


def _returns(con: duckdb.DuckDBPyConnection, year: int) -> np.ndarray:
    """Daily log returns of the composite: those of the vintages, weighted by their listed value of the day.

    Vintages differ in price, so an average price would jump with their shares; how the exchange blends
    them is not published (rule J-22).
    """
    return con.execute(_RETURNS, {"year": year}).fetchnumpy()["composite"].astype(float)


def return_measures(returns: np.ndarray) -> dict[str, float]:
    """Volatility (percent), kurtosis, clustering of daily log returns, days that moved by the limit."""
    if len(returns) < 20 or not returns.std():
        return {}
    size = np.abs(returns)
    lags = [np.corrcoef(size[:-lag], size[lag:])[0, 1] for lag in range(1, 6)]
    return {
        "daily_volatility": 100 * float(returns.std()),
        "return_kurtosis": float(((returns - returns.mean()) ** 4).mean() / returns.var() ** 2),
        "clustering": float(np.mean(lags)),
        "limit_days": float((np.abs(np.expm1(returns)) >= _NEAR_LIMIT).sum()),
    }


def gini(values: np.ndarray) -> float:
    """Gini coefficient: 0 where all are equal, towards 1 where one has everything."""
    ordered = np.sort(values)
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum()))


def _scalar(con: duckdb.DuckDBPyConnection, query: str, year: int) -> float | None:
    row = con.execute(query, {"year": year}).fetchone()
    return None if row is None or row[0] is None else float(row[0])


_COVERED = "select sum(verified_emissions) from compliance where year = $year"
_LOCAL_YEAR = "year(ts + interval 8 hour) = $year"
_VOLUMES = f"""
    with sides as (
        select unnest([buy_account_id, sell_account_id]) as account_id, quantity
        from trades join instruments using (instrument_id)
        where {_LOCAL_YEAR} and unit_type = 'CEA'
    ),
    volumes as (select account_id, sum(quantity) as volume from sides group by account_id),
    shares as (select volume / sum(volume) over () as share from volumes)
"""
_BLOCKS = """
    with blocks as (
        select 100 * (1 - trades.price / market_days.previous_close) as discount
        from trades
        join market_days
            on market_days.instrument_id = trades.instrument_id
            and market_days.date = cast(trades.ts + interval 8 hour as date)
        where trades.mode = 'block' and year(market_days.date) = $year
    )
"""
_ORDERS = f"""
    with lives as (
        select
            order_id,
            min(ts) filter (where event = 'new') as entered,
            max(ts) filter (where event = 'cancel') as withdrawn
        from orders
        where mode = 'listed' and {_LOCAL_YEAR}
        group by order_id
    ),
    traded as (
        select buy_order_id as order_id from trades where mode = 'listed'
        union
        select sell_order_id from trades where mode = 'listed'
    )
"""
_BY_YEAR = {
    "year_end_close": """
        select sum(close * listed_volume) / sum(listed_volume)
        from market_days join instruments using (instrument_id)
        where unit_type = 'CEA' and listed_volume > 0 and year(date) = $year and month(date) = 12
            and date >= (select max(date) - interval 7 day from market_days where year(date) = $year)
    """,
    "limit_days_by_vintage": """
        select count(distinct date) from market_days join instruments using (instrument_id)
        where unit_type = 'CEA' and year(date) = $year and listed_volume > 0
            and (close = limit_up or close = limit_down)
    """,
    "block_discount_median": f"{_BLOCKS} select median(discount) from blocks",
    "block_discount_p95": f"{_BLOCKS} select quantile_cont(discount, 0.95) from blocks",
    "traded_share": f"""
        with sides as (
            select unnest([buy_account_id, sell_account_id]) as account_id from trades where {_LOCAL_YEAR}
        )
        select count(distinct entity_id) filter (where account_id in (select account_id from sides))
            / count(distinct entity_id)
        from entities join accounts on holder_id = entity_id
        where sector = 'power' and holder_type = 'compliance' and status = 'listed'
    """,
    "credit_volume_share": f"""
        select 100 * sum(quantity) filter (where unit_type = 'CCER')
            / sum(quantity) filter (where unit_type = 'CEA')
        from trades join instruments using (instrument_id) where {_LOCAL_YEAR}
    """,
    "credit_price": f"""
        select sum(price * quantity) / sum(quantity)
        from trades join instruments using (instrument_id) where unit_type = 'CCER' and {_LOCAL_YEAR}
    """,
    "surrender_rate": """
        select 100 * sum(least(coalesce(surrendered, 0) + coalesce(offsets_surrendered, 0), obligation))
            / sum(obligation)
        from compliance where year = $year - 1
    """,
    "trading_hhi": f"{_VOLUMES} select 10000 * sum(share * share) from shares",
    "top_ten_accounts": f"""{_VOLUMES}
        select sum(share) from (select share from shares order by share desc limit 10)
    """,
    "cancel_ratio": f"""{_ORDERS}
        select count(*) filter (where withdrawn is not null and traded.order_id is null) / count(*)
        from lives left join traded using (order_id)
    """,
    "order_lifetime_median_s": f"""{_ORDERS}
        select median(epoch(withdrawn - entered)) from lives where withdrawn is not null
    """,
}
