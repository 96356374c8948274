"""Pictures of a source directory for `docs/simulator.md`.

Drawn from contract tables alone (and, for the cases, the labels beside them), so they show what a reader of
the data sees.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import altair as alt
import duckdb
import polars as pl
import polars.selectors as cs

from pipelines.simulator.realism.tables import connect
from pipelines.simulator.sink import labels_path

_WIDTH, _HEIGHT = 720, 220
_BLUE, _ORANGE, _GREY = "#1f4e79", "#c55a11", "#8c8c8c"
_SEVERITY = {"faint": "#c6d8ec", "plain": "#6b9bd1", "blatant": "#1f4e79"}

_YEAR = """
    select
        date,
        sum(listed_value) / sum(listed_volume) as price,
        sum(listed_volume) / 1e6 as listed,
        sum(block_volume) / 1e6 as block
    from market_days join instruments using (instrument_id)
    where unit_type = 'CEA'
    group by date
    order by date
"""
_TRADERS = """
    with sides as (
        select date_trunc('month', ts + interval 8 hour) as month, buy_account_id as account_id, quantity
        from trades
        union all
        select date_trunc('month', ts + interval 8 hour), sell_account_id, -quantity from trades
    )
    select cast(month as date) as month, holder_type, sum(quantity) / 1e6 as volume
    from sides join accounts using (account_id)
    group by all
    order by month, holder_type
"""
# Open orders of an instrument at a moment: what the last event left, less what traded since.
_BOOK = """
    with chosen as (
        select instrument_id, cast(ts + interval 8 hour as date) as day
        from orders
        where mode = 'listed' and month(ts + interval 8 hour) = 11
        group by all
        order by count(*) desc, day, instrument_id
        limit 1
    ),
    moment as (select instrument_id, day + time '14:00' - interval 8 hour as at from chosen),
    events as (
        select orders.*, moment.at
        from orders join moment
            on orders.instrument_id = moment.instrument_id
            and orders.mode = 'listed'
            and orders.ts between moment.at - interval 6 hour and moment.at
    ),
    standing as (
        select * from events
        qualify row_number() over (partition by order_id order by ts desc, event_id desc) = 1
    ),
    fills as (
        select unnest([buy_order_id, sell_order_id]) as order_id, ts, quantity from trades
    ),
    left_open as (
        select
            standing.order_id,
            any_value(standing.side) as side,
            any_value(standing.price) as price,
            any_value(standing.quantity) - coalesce(sum(fills.quantity), 0) as quantity
        from standing left join fills
            on fills.order_id = standing.order_id and fills.ts > standing.ts and fills.ts <= standing.at
        group by standing.order_id
    ),
    levels as (
        select side, cast(price as double) as price, sum(quantity) as quantity
        from left_open
        where quantity > 0
        group by all
    )
    select side, price, quantity
    from levels
    qualify row_number() over (
        partition by side order by case when side = 'buy' then -price else price end
    ) <= 5
    order by price
"""
# A unit with a usual number of hours that its monitor missed, while it runs.
_FORTNIGHT = """
    with units as (
        select unit_id, count(*) filter (where quality <> 'valid') as missed, count(distinct quality) as kinds
        from cems_hourly
        group by unit_id
        having avg(operating) > 0.9
    ),
    usual as (
        select unit_id from units
        where kinds >= 4
        order by abs(missed - (select median(missed) from units)), unit_id
        limit 1
    ),
    started as (
        select min(ts) - interval 5 day as first
        from cems_hourly join usual using (unit_id)
        where quality in ('fault', 'substituted') and operating = 1
            and ts > (select min(ts) + interval 20 day from cems_hourly)
    )
    select ts + interval 8 hour as hour, gross_load, co2_mass, quality
    from cems_hourly join usual using (unit_id), started
    where ts >= first and ts < first + interval 14 day
    order by ts
"""
_COAL = """
    select
        fuel,
        ncv,
        carbon * (100 - total_moisture) / (100 - moisture) / 100 as carbon_as_received
    from lab_tests
    where fuel in ('coal', 'lignite', 'anthracite')
    using sample reservoir(2500 rows) repeatable (1)
"""


def draw(source: Path, out: Path) -> list[Path]:
    """Write every picture as PNG and return their paths.

    Raises:
        FileNotFoundError: there is no such source directory.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    with connect(source) as con:
        for name, picture in PICTURES.items():
            path = out / f"simulator-{name}.png"
            picture(con).save(path, ppi=144)
            written.append(path)
    labels = labels_path(source)
    if labels.is_file():
        path = out / "simulator-cases.png"
        _cases(pl.read_parquet(labels)).save(path, ppi=144)
        written.append(path)
    return written


def _frame(con: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    return con.sql(query).pl().with_columns(cs.decimal().cast(pl.Float64))


def _year(con: duckdb.DuckDBPyConnection) -> alt.VConcatChart:
    days = _frame(con, _YEAR)
    price = (
        alt.Chart(days)
        .mark_line(color=_BLUE, interpolate="step-after")
        .encode(
            alt.X("date:T", title=None),
            alt.Y("price:Q", title="listed price, CNY/t", scale=alt.Scale(zero=False)),
        )
        .properties(width=_WIDTH, height=_HEIGHT)
    )
    modes = days.unpivot(["listed", "block"], index="date", variable_name="mode", value_name="volume")
    monthly = (
        modes.with_columns(pl.col("date").dt.truncate("1mo"))
        .group_by("date", "mode")
        .agg(pl.col("volume").sum())
    )
    volume = (
        alt.Chart(monthly.sort("date", "mode"))
        .mark_bar()
        .encode(
            alt.X("yearmonth(date):T", title=None),
            alt.Y("volume:Q", title="volume a month, Mt"),
            alt.Color(
                "mode:N", title=None, scale=alt.Scale(domain=["listed", "block"], range=[_ORANGE, _BLUE])
            ),
        )
        .properties(width=_WIDTH, height=_HEIGHT * 0.7)
    )
    return alt.vconcat(price, volume)


def _traders(con: duckdb.DuckDBPyConnection) -> alt.Chart:
    return (
        alt.Chart(_frame(con, _TRADERS))
        .mark_bar()
        .encode(
            alt.X("yearmonth(month):T", title=None),
            alt.Y("volume:Q", title="net bought above, net sold below, Mt a month"),
            alt.Color("holder_type:N", title="holder"),
        )
        .properties(width=_WIDTH, height=_HEIGHT)
    )


def _book(con: duckdb.DuckDBPyConnection) -> alt.Chart:
    return (
        alt.Chart(_frame(con, _BOOK))
        .mark_bar()
        .encode(
            alt.Y("price:O", title="price, CNY/t", sort="descending", axis=alt.Axis(format=".2f")),
            alt.X("quantity:Q", title="open quantity at 14:00, t"),
            alt.Color("side:N", title=None, scale=alt.Scale(domain=["buy", "sell"], range=[_BLUE, _ORANGE])),
        )
        .properties(width=_WIDTH * 0.6, height=_HEIGHT)
    )


def _monitor(con: duckdb.DuckDBPyConnection) -> alt.VConcatChart:
    hours = _frame(con, _FORTNIGHT)
    load = (
        alt.Chart(hours)
        .mark_line(color=_GREY)
        .encode(alt.X("hour:T", title=None), alt.Y("gross_load:Q", title="load, MWh"))
        .properties(width=_WIDTH, height=_HEIGHT * 0.5)
    )
    mass = (
        alt.Chart(hours)
        .mark_circle(size=14)
        .encode(
            alt.X("hour:T", title=None),
            alt.Y("co2_mass:Q", title="CO2, t an hour"),
            alt.Color("quality:N", title=None),
        )
        .properties(width=_WIDTH, height=_HEIGHT)
    )
    return alt.vconcat(load, mass)


def _coal(con: duckdb.DuckDBPyConnection) -> alt.Chart:
    return (
        alt.Chart(_frame(con, _COAL))
        .mark_circle(size=10, opacity=0.4)
        .encode(
            alt.X("ncv:Q", title="net calorific value, GJ/t as received", scale=alt.Scale(zero=False)),
            alt.Y("carbon_as_received:Q", title="carbon, t/t as received", scale=alt.Scale(zero=False)),
            alt.Color("fuel:N", title=None),
        )
        .properties(width=_WIDTH * 0.6, height=_HEIGHT * 1.3)
    )


def _cases(labels: pl.DataFrame) -> alt.Chart:
    return (
        alt.Chart(labels.select("kind", "severity", "window_start", "window_end"))
        .mark_bar(height=5, cornerRadius=2, stroke="white", strokeWidth=0.5)
        .encode(
            alt.X("window_start:T", title=None),
            alt.X2("window_end:T"),
            alt.Y("kind:N", title=None),
            alt.Color(
                "severity:N",
                scale=alt.Scale(domain=list(_SEVERITY), range=list(_SEVERITY.values())),
                title=None,
            ),
        )
        .properties(width=_WIDTH, height=alt.Step(15))
    )


PICTURES: dict[str, Callable[[duckdb.DuckDBPyConnection], alt.TopLevelMixin]] = {
    "year": _year,
    "traders": _traders,
    "book": _book,
    "monitor": _monitor,
    "coal": _coal,
}
