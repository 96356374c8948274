"""What the market-health page shows, aggregated from the published marts.

Belongs here: cached aggregates, each a small frame or figure; None or an empty frame where the
snapshot has nothing to say. Does not belong here: widgets, pictures, detection.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl
import streamlit as st

from dashboards.data import Snapshot, collect, key, scan, schema

# Accounts of administrations hold no position of a market participant.
ADMINISTRATIVE = ("reserve", "auction", "cancellation", "government")
DUE = ("compliant", "not_compliant", "not_reported")

_DAY = (
    "date",
    "instrument_id",
    "previous_close",
    "limit_down",
    "limit_up",
    "close",
    "listed_average_price",
    "listed_volume_tco2e",
    "block_volume_tco2e",
    "block_average_price",
    "block_discount",
)


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def market_days(snapshot: Snapshot) -> pl.DataFrame:
    """One row a day and instrument, oldest first."""
    frame = scan(snapshot, "fct_market_days", _DAY)
    if frame is None:
        kinds: dict[str, type[pl.DataType]] = {**dict.fromkeys(_DAY, pl.Float64), "date": pl.Date}
        return pl.DataFrame(schema={**kinds, "instrument_id": pl.String})
    return collect(frame.sort("date", "instrument_id"), snapshot, "fct_market_days")


_AUCTION = ("date", "instrument_id", "offered_tco2e", "sold_tco2e", "clearing_price")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def auctions(snapshot: Snapshot) -> pl.DataFrame:
    """One row an auction with a clearing price, oldest first."""
    frame = scan(snapshot, "fct_auctions", _AUCTION)
    if frame is None:
        return pl.DataFrame(schema={**dict.fromkeys(_AUCTION, pl.Float64), "date": pl.Date})
    priced = frame.filter(pl.col("clearing_price").is_not_null())
    return collect(priced.sort("date", "instrument_id"), snapshot, "fct_auctions")


def instruments(days: pl.DataFrame) -> list[str]:
    """Instruments with a price or a volume, the most recently and most heavily traded first."""
    if days.is_empty():
        return []
    volume = pl.col("listed_volume_tco2e").fill_null(0) + pl.col("block_volume_tco2e").fill_null(0)
    return (
        days.filter(
            pl.col("close").is_not_null() | pl.col("listed_average_price").is_not_null() | (volume > 0)
        )
        .with_columns(volume.alias("volume"))
        .group_by("instrument_id")
        .agg(pl.col("date").max(), pl.col("volume").tail(60).sum())
        .sort(["date", "volume", "instrument_id"], descending=[True, True, False])["instrument_id"]
        .to_list()
    )


@dataclass(frozen=True)
class Close:
    """An instrument's latest close; `change` is a fraction of the previous one."""

    instrument_id: str
    date: dt.date
    close: float
    change: float | None
    history: list[float]


def latest_close(days: pl.DataFrame, instrument: str) -> Close | None:
    """The last day on which the instrument has a close."""
    priced = days.filter((pl.col("instrument_id") == instrument) & pl.col("close").is_not_null())
    if priced.is_empty():
        return None
    last = priced.row(-1, named=True)
    before = last["previous_close"] or (priced["close"][-2] if priced.height > 1 else None)
    return Close(
        instrument,
        last["date"],
        last["close"],
        last["close"] / before - 1 if before else None,
        priced["close"].tail(60).to_list(),
    )


@dataclass(frozen=True)
class Volume:
    """Quantity traded in the last `days` trading days and the part of it in blocks."""

    total: float
    block_share: float | None


def recent_volume(days: pl.DataFrame, trading_days: int = 20) -> Volume | None:
    """Volume of all instruments over the last trading days."""
    if days.is_empty():
        return None
    dates = days["date"].unique().sort().tail(trading_days)
    recent = days.filter(pl.col("date").is_in(dates.implode()))
    listed = float(recent["listed_volume_tco2e"].sum())
    block = float(recent["block_volume_tco2e"].sum())
    total = listed + block
    return Volume(total, block / total if total else None)


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs={Snapshot: key})
def volatility(snapshot: Snapshot, instrument: str) -> tuple[float, float | None] | None:
    """The instrument's latest realised volatility and its percentile (0 to 1), where published."""
    found = schema(snapshot, "feat_market_days")
    wanted = ("date", "instrument_id", "realised_volatility_20d")
    if not set(wanted) <= set(found):
        return None
    rank = next((name for name in found if name.startswith("volatility_history_percentile")), None)
    frame = scan(snapshot, "feat_market_days", (*wanted, *([rank] if rank else [])))
    if frame is None:
        return None
    chosen = frame.filter(
        (pl.col("instrument_id") == instrument) & pl.col("realised_volatility_20d").is_not_nan()
    ).sort("date")
    rows = collect(chosen.tail(1), snapshot, "feat_market_days")
    if rows.is_empty() or rows["realised_volatility_20d"][0] is None:
        return None
    percentile = rows[rank][0] if rank else None
    # A source may give a fraction or a percentage; both are accepted.
    return rows["realised_volatility_20d"][
        0
    ], percentile / 100 if percentile and percentile > 1 else percentile


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def compliance_years(snapshot: Snapshot) -> pl.DataFrame:
    """One row a year and verdict: entities, shortfall."""
    frame = scan(snapshot, "fct_compliance_years", ("year", "verdict", "shortfall_tco2e", "is_due"))
    if frame is None:
        return pl.DataFrame(schema={"year": pl.Int64, "verdict": pl.String, "entities": pl.UInt32})
    return collect(
        frame.filter(pl.col("verdict").is_not_null())
        .group_by("year", "verdict")
        .agg(
            pl.len().alias("entities"),
            pl.col("shortfall_tco2e").cast(pl.Float64).filter(pl.col("is_due")).sum().alias("shortfall"),
        )
        .sort("year", "verdict"),
        snapshot,
        "fct_compliance_years",
    )


@dataclass(frozen=True)
class Compliance:
    """The latest year whose deadline has passed."""

    year: int
    due: int
    compliant: int
    short: int
    shortfall: float


def latest_compliance(years: pl.DataFrame) -> Compliance | None:
    """Who was due in the latest year that is due, and who complied."""
    due = years.filter(pl.col("verdict").is_in(DUE)) if years.height else years
    if due.is_empty():
        return None
    rows = due.filter(pl.col("year") == due["year"].max())
    counts = dict(rows.select("verdict", "entities").iter_rows())
    return Compliance(
        int(rows["year"][0]),
        sum(counts.values()),
        counts.get("compliant", 0),
        counts.get("not_compliant", 0),
        float(rows["shortfall"].sum()),
    )


@dataclass(frozen=True)
class Emissions:
    """Emissions by year and a grouping; `group` names the code list, `subjects` what was counted."""

    rows: pl.DataFrame
    group: str
    subjects: str


_EMISSION_MARTS = (
    ("fct_compliance_years", "verified_emissions_tco2e", "sector", "entity_id"),
    ("fct_emission_reports", "total_tco2e", "sector", "entity_id"),
    ("fct_unit_years", "co2_mass_tco2", "fuel", "unit_id"),
)


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def emissions(snapshot: Snapshot) -> Emissions | None:
    """Emissions by year and sector (or fuel), from the best mart that has any."""
    for mart, figure, group, subject in _EMISSION_MARTS:
        frame = scan(snapshot, mart, ("year", figure, group, subject))
        if frame is None:
            continue
        rows = collect(
            frame.filter(pl.col(figure) > 0)
            .group_by("year", pl.col(group).fill_null("other").alias("group"))
            .agg(pl.col(figure).sum().alias("tonnes"), pl.col(subject).n_unique().alias("subjects"))
            .sort("year", "group"),
            snapshot,
            mart,
        )
        if rows.height:
            return Emissions(rows, group, subject)
    return None


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def parties(snapshot: Snapshot) -> pl.DataFrame:
    """One row a party with a positive balance: name, tonnes, share; largest first.

    Balances are the last that the source shows, each account's counted for the party that controls it then.
    Names are those of the parties' accounts; parties with administrative accounts alone are left out.
    """
    balances = scan(
        snapshot, "fct_party_holdings", ("party_id", "unit_type", "vintage", "date", "balance_tco2e")
    )
    accounts = scan(
        snapshot, "dim_accounts", ("account_id", "party_id", "holder_id", "holder_name", "holder_type")
    )
    empty = pl.DataFrame(
        schema={"party_id": pl.String, "name": pl.String, "tonnes": pl.Float64, "share": pl.Float64}
    )
    if balances is None or accounts is None:
        return empty
    is_party = (pl.col("holder_id") == pl.col("party_id")).fill_null(False)
    names = (
        accounts.filter(~pl.col("holder_type").is_in(ADMINISTRATIVE))
        .sort(is_party, "account_id", descending=[True, False])
        .group_by(pl.coalesce("party_id", "holder_id").alias("party_id"))
        .agg(pl.coalesce("holder_name", "holder_id").first().alias("name"))
    )
    held = (
        balances.sort("date")
        .group_by("party_id", "unit_type", "vintage")
        .agg(pl.col("balance_tco2e").last())
        .group_by("party_id")
        .agg(pl.col("balance_tco2e").sum().cast(pl.Float64).alias("tonnes"))
        .filter(pl.col("tonnes") > 0)
        .join(names, on="party_id")
        .with_columns((pl.col("tonnes") / pl.col("tonnes").sum()).alias("share"))
        .select("party_id", "name", "tonnes", "share")
        .sort(["tonnes", "party_id"], descending=[True, False])
    )
    return collect(held, snapshot, "fct_party_holdings")


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Snapshot: key})
def transfer_quarters(snapshot: Snapshot) -> pl.DataFrame:
    """One row a quarter and kind of movement: tonnes; kinds beyond the six largest are `other`."""
    frame = scan(snapshot, "fct_transfers", ("transferred_at", "kind", "quantity_tco2e"))
    if frame is None:
        return pl.DataFrame(schema={"quarter": pl.Date, "kind": pl.String, "tonnes": pl.Float64})
    rows = collect(
        frame.group_by(pl.col("transferred_at").dt.date().dt.truncate("1q").alias("quarter"), "kind").agg(
            pl.col("quantity_tco2e").sum().cast(pl.Float64).alias("tonnes")
        ),
        snapshot,
        "fct_transfers",
    )
    largest = rows.group_by("kind").agg(pl.col("tonnes").sum()).sort("tonnes", "kind", descending=True)
    return (
        rows.with_columns(
            pl.when(pl.col("kind").is_in(largest["kind"].head(6).implode()))
            .then("kind")
            .otherwise(pl.lit("other"))
            .alias("kind")
        )
        .group_by("quarter", "kind")
        .agg(pl.col("tonnes").sum())
        .sort("quarter", "kind")
    )
