"""Market health: prices, liquidity, alerts, compliance and emissions at a glance."""

from __future__ import annotations

import datetime as dt

import polars as pl
import streamlit as st

from dashboards import ages, alerts, data, figures, page, safety, state
from dashboards.charts import market as charts
from dashboards.data import Snapshot
from dashboards.page import Card, Desk, Tile

WINDOWS = {"3m": 92, "1y": 366, "3y": 3 * 366, "all": None}


def _market_tiles(desk: Desk, snapshot: Snapshot, days: pl.DataFrame, instrument: str | None) -> list[Tile]:
    words, shown = desk.words, []
    close = figures.latest_close(days, instrument) if instrument else None
    if close:
        unit = words("unit.price", currency=words.currency(desk.market["currency"]))
        shown.append(
            Tile(
                words("health.close"),
                f"{words.number(close.close, 2)} {unit}",
                words(
                    "health.close_note",
                    instrument=safety.markdown(close.instrument_id),
                    date=words.date(close.date),
                ),
                words("health.close_help"),
                close.change,
            )
        )
    volatility = figures.volatility(snapshot, instrument) if instrument else None
    if volatility:
        rank = volatility[1]
        note = "" if rank is None else words("health.volatility_note", percentile=round(rank * 100))
        shown.append(
            Tile(
                words("health.volatility"),
                words.percent(volatility[0]),
                note,
                words("health.volatility_help"),
            )
        )
    volume = figures.recent_volume(days)
    if volume and volume.total:
        note = words("health.volume_note", share=words.percent(volume.block_share))
        shown.append(
            Tile(words("health.volume"), words.tonnes(volume.total), note, words("health.volume_help"))
        )
    return shown


def _holder_tile(desk: Desk, parties: pl.DataFrame) -> list[Tile]:
    words = desk.words
    if parties.is_empty():
        return []
    shares = parties["share"]
    hhi = words.number(float((shares * 100).pow(2).sum()))
    note = words("health.holders_note", hhi=hhi, count=words.number(parties.height))
    top = words.percent(float(shares.head(10).sum()))
    return [Tile(words("health.holders"), top, note, words("health.holders_help"))]


def _alert_tile(desk: Desk, snapshot: Snapshot) -> list[Tile]:
    words = desk.words
    if not data.schema(snapshot, alerts.MART):
        return []
    counts = alerts.level_counts(alerts.listing(snapshot))
    note = words("common.list_separator").join(
        f"{words.code('level', level)} {words.number(counts[level])}" for level in ("red", "orange")
    )
    total = words.number(sum(counts.values()))
    return [Tile(words("health.alerts"), total, note, words("health.alerts_help"))]


def _compliance_tiles(desk: Desk, years: pl.DataFrame) -> list[Tile]:
    words = desk.words
    latest = figures.latest_compliance(years)
    if not latest:
        return []
    rate = words("health.compliance_note", year=latest.year, **_counts(desk, latest.compliant, latest.due))
    short = words("health.shortfall_note", year=latest.year, count=words.number(latest.short))
    return [
        Tile(
            words("health.compliance"),
            words.percent(latest.compliant / latest.due, 2),
            rate,
            words("health.compliance_help"),
        ),
        Tile(
            words("health.shortfall"), words.tonnes(latest.shortfall), short, words("health.shortfall_help")
        ),
    ]


def _counts(desk: Desk, compliant: int, due: int) -> dict[str, str]:
    return {"compliant": desk.words.number(compliant), "due": desk.words.number(due)}


def _emission_tile(desk: Desk, emissions: figures.Emissions | None) -> list[Tile]:
    if emissions is None:
        return []
    words = desk.words
    latest = emissions.rows.filter(pl.col("year") == emissions.rows["year"].max())
    key = "emissions_units_note" if emissions.subjects == "unit_id" else "emissions_note"
    note = words(f"health.{key}", year=latest["year"][0], count=words.number(int(latest["subjects"].sum())))
    tonnes = words.tonnes(float(latest["tonnes"].sum()))
    return [Tile(words("health.emissions"), tonnes, note, words("health.emissions_help"))]


def _fresh_tile(desk: Desk, snapshot: Snapshot) -> Tile:
    words, manifest = desk.words, data.manifest(snapshot)
    made = page.moment(desk, manifest.get("created_at"))
    as_of = str(manifest.get("as_of", ""))
    rows = ages.ages(snapshot, as_of)
    until = words.date(rows["covered_until"].min()) if rows.height else as_of  # type: ignore[arg-type]
    note = words("health.fresh_note", when=made, as_of=as_of)
    return Tile(words("health.fresh"), until, note, words("health.fresh_help"))


def _window(days: pl.DataFrame, instrument: str, window: str) -> pl.DataFrame:
    chosen = days.filter(pl.col("instrument_id") == instrument)
    length = WINDOWS[window]
    if length is None or chosen.is_empty():
        return chosen
    return chosen.filter(pl.col("date") > chosen["date"].max() - dt.timedelta(days=length))  # type: ignore[operator]


def _prices(desk: Desk, days: pl.DataFrame, known: list[str]) -> None:
    words = desk.words
    instrument = state.code("instrument", known, known[0])
    window = state.code("window", list(WINDOWS), "1y")
    state.load("market", [instrument, window])
    with st.container(border=True):
        title, left, right = st.columns([4.2, 2, 3.8], vertical_alignment="bottom")
        title.subheader(words("health.prices"), anchor=False)
        left.selectbox(words("health.instrument"), known, key=instrument.key, label_visibility="collapsed")
        right.segmented_control(
            words("health.window"),
            list(WINDOWS),
            format_func=lambda one: words(f"health.window_{one}"),
            key=window.key,
            required=True,
            label_visibility="collapsed",
            width="stretch",
        )
        shown = _window(days, instrument.value, window.value)
        price = charts.price(shown, words, desk.market["currency"])
        volume = charts.volume(shown, words)
        if price is None:
            st.info(words("health.no_price" if volume else "health.no_trade"))
        page.draw(price)
        page.draw(volume)
    state.save("market", [instrument, window])


def main() -> None:
    """Tiles, then pictures of whatever the snapshot holds."""
    desk, snapshot = page.begin("market_health")
    words = desk.words
    days = figures.market_days(snapshot)
    known = figures.instruments(days)
    years = figures.compliance_years(snapshot)
    parties = figures.parties(snapshot)
    emissions = figures.emissions(snapshot)
    chosen = st.query_params.get("instrument")
    instrument = chosen if chosen in known else (known[0] if known else None)
    shown = [
        *_market_tiles(desk, snapshot, days, instrument),
        *_holder_tile(desk, parties),
        *_alert_tile(desk, snapshot),
        *_compliance_tiles(desk, years),
        _fresh_tile(desk, snapshot),
        *_emission_tile(desk, emissions),
    ]
    # Two full rows; emissions, which have a picture of their own below, are left out first.
    page.tiles(desk, shown[:8])
    if known:
        _prices(desk, days, known)
    chosen = state.code("instrument", known, known[0]).value if known else ""
    own = days.filter(pl.col("instrument_id") == chosen)
    by_group = "sector_emissions" if emissions and emissions.group == "sector" else "fuel_emissions"
    gallery = [
        Card(words("health.compliance_years"), charts.compliance(years, words)),
        Card(words("health.shortfall_years"), charts.shortfall(years, words)),
        Card(
            words(f"health.{by_group}"),
            charts.emissions(emissions.rows, emissions.group, words) if emissions else None,
        ),
        Card(words("health.top_holders"), charts.holders(parties, words)),
        Card(words("health.transfers"), charts.transfers(figures.transfer_quarters(snapshot), words)),
        Card(
            words("health.auctions"),
            charts.auctions(figures.auctions(snapshot), words, desk.market["currency"]),
            words("health.auctions_lead"),
        ),
        Card(
            words("health.block_discount"),
            charts.block_discount(own, words),
            words("health.block_discount_lead"),
        ),
    ]
    page.cards(gallery)
    absent = [card.title for card in gallery if card.chart is None]
    if not known:
        absent.insert(0, words("health.prices"))
    if absent:
        st.caption(words("empty.not_in_source", names=words("common.list_separator").join(absent)))


if __name__ == "__main__":
    main()
