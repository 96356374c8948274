"""Eight alerts of eight kinds, computed once more from the source files.

Nothing here reads a mart to learn what is right: figures, dates and names come from the delivered tables and
from the rule that each function states. They are compared with the alert, with the words on its page and with
the data of its picture.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from test_desk_views import said

from dashboards import alerts, assessments, data, evidence, pictures
from dashboards.language import Words
from dashboards.page import Desk

LOCAL = "Asia/Shanghai"
Row = dict[str, Any]


@dataclass
class Expected:
    """What one alert must say.

    Attributes:
        measures: figures by name.
        days: first and last local day of the window.
        names: what the page must name: parties, days, formatted figures.
        tonnes: tonnes at stake.
        money: money at stake; at the market's price where it is None.
        picture: rows that the picture's data must contain, as parts of them.
    """

    measures: Row
    days: tuple[date, date]
    names: list[str]
    tonnes: float
    money: float | None = None
    picture: list[Row] = field(default_factory=list)


class Source:
    """The delivered tables."""

    def __init__(self, table: Callable[[str], pl.DataFrame]) -> None:
        self.table = table

    def where(self, name: str, **values: object) -> pl.DataFrame:
        """Rows with these values; a list admits each of its members."""
        chosen = {key: value if isinstance(value, list) else [value] for key, value in values.items()}
        return self.table(name).filter(*(pl.col(key).is_in(members) for key, members in chosen.items()))

    def price(self, day: date) -> float | None:
        """Average price of the listed trades of all allowances over the last twenty days with trades.

        None where the last of these days lies more than 92 days back.
        """
        allowances = self.where("instruments", unit_type="CEA")["instrument_id"].to_list()
        days = self.where("market_days", instrument_id=allowances).filter(pl.col("listed_volume") > 0)
        days = days.filter(pl.col("date") <= day)
        last = days["date"].unique().sort().tail(20).to_list()
        if not last or last[-1] < day - timedelta(days=92):
            return None
        chosen = days.filter(pl.col("date").is_in(last))
        return float(chosen["listed_value"].sum()) / float(chosen["listed_volume"].sum())

    def name(self, entity: str) -> str:
        """An entity's name."""
        return self.where("entities", entity_id=entity)["entity_name"].item()


def keys(alert: Row, table: str, column: str) -> list[Any]:
    """Values of a key column in an alert's evidence."""
    parts = [part for part in json.loads(alert["evidence"]) if part["table"] == table]
    return [row[part["key"].index(column)] for part in parts for row in part["rows"]]


def local_day(column: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone(LOCAL).dt.date()


def ledger_break(source: Source, alert: Row) -> Expected:
    """Trades of a day between two accounts, and the settlements that name them."""
    ids = keys(alert, "trades", "trade_id")
    trades = source.where("trades", trade_id=ids)
    settled = source.where("transfers", trade_id=ids, kind="trade_settlement")
    (seller,), (buyer,) = trades["sell_account_id"].unique(), trades["buy_account_id"].unique()
    (day,) = trades.select(local_day("ts"))["ts"].unique()
    same = settled.filter((pl.col("from_account") == seller) & (pl.col("to_account") == buyer))
    traded, moved = int(trades["quantity"].sum()), int(settled["quantity"].sum())
    between = int(same["quantity"].sum())
    return Expected(
        {"traded": traded, "settled": between, "moved": moved, "trades": trades.height},
        (day, day),
        [seller, buyer, str(day), f"{traded:,} t", f"{between:,} t"],
        max(abs(traded - between), abs(traded - moved)),
        picture=[{"trade_id": one} for one in ids],
    )


def surrender_shortfall(source: Source, alert: Row) -> Expected:
    """An entity's obligation of a year less its allowances and credits."""
    entity, year = alert["subject_ids"][0], keys(alert, "compliance", "year")[0]
    row = source.where("compliance", entity_id=entity, year=year).row(0, named=True)
    provided = row["surrendered"] + (row["offsets_surrendered"] or 0)
    short = row["obligation"] - provided
    return Expected(
        {"required": row["obligation"], "provided": provided, "shortfall": short},
        (date(year, 1, 1), row["due_on"]),
        [source.name(entity), entity, f"{short:,} t short"],
        short,
        picture=[{"year": year, "tonnes": row["obligation"]}, {"year": year, "tonnes": provided}],
    )


def late_report(source: Source, alert: Row) -> Expected:
    """A unit's first filing of a month, due forty days after the month's end."""
    unit, month = (keys(alert, "activity_reports", name)[0] for name in ("unit_id", "month"))
    month = date.fromisoformat(month)
    rows = source.where("activity_reports", unit_id=unit, month=month)
    end = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    first = rows.select(local_day("submitted_at").min()).item()
    late = (first - end - timedelta(days=40)).days
    latest = rows.filter(pl.col("revision") == pl.col("revision").max())
    return Expected(
        {"days_late": late},
        (month, end),
        [source.name(rows["entity_id"][0]), unit, f"{month:%Y-%m}", f"{late} day(s) late"],
        float(latest["reported_emissions"].sum()),
        picture=[{"period_start": f"{month}", "days": late}],
    )


def missing_report(source: Source, alert: Row) -> Expected:
    """Months between a unit's filings, or after the last one, that nobody filed."""
    unit = next(one for one in alert["subject_ids"] if one.startswith("U-"))
    months = [date.fromisoformat(one) for one in keys(alert, "activity_reports", "month")]
    filed = source.where("activity_reports", unit_id=unit)
    assert not set(filed["month"]) & set(months), "the months are absent from the delivery"
    usual = (
        filed.filter(pl.col("revision") == pl.col("revision").max().over("month"))
        .group_by("month")
        .agg(pl.col("reported_emissions").sum())["reported_emissions"]
        .median()
    )
    end = (max(months) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Expected(
        {"missing_months": len(months)},
        (min(months), end),
        [unit, source.name(filed["entity_id"][0]), f"{len(months)} monthly filing(s) missing"],
        usual * len(months),
        picture=[{"period_start": f"{month}", "name": "Missing"} for month in months],
    )


def off_market_block(source: Source, alert: Row) -> Expected:
    """A block's price against the instrument's previous close."""
    row = source.where("trades", trade_id=keys(alert, "trades", "trade_id")).row(0, named=True)
    day = pl.Series([row["ts"]]).dt.convert_time_zone(LOCAL).dt.date()[0]
    close = source.where("market_days", date=day, instrument_id=row["instrument_id"])["previous_close"].item()
    price, against = float(row["price"]), float(row["price"]) / float(close) - 1
    return Expected(
        {"discount": -against, "quantity": row["quantity"]},
        (day, day),
        [row["buy_account_id"], row["sell_account_id"], f"{price:.2f}", f"{against:+.1%}"],
        row["quantity"],
        price * row["quantity"],
        picture=[{"price": price, "quantity": row["quantity"]}],
    )


def wash_trade(source: Source, alert: Row) -> Expected:
    """The quantity and money of trades among the accounts of one party or of a set."""
    trades = source.where("trades", trade_id=keys(alert, "trades", "trade_id"))
    accounts = {*trades["buy_account_id"], *trades["sell_account_id"]}
    assert accounts <= set(alert["subject_ids"])
    days = trades.select(local_day("ts"))["ts"]
    quantity = int(trades["quantity"].sum())
    money = float((trades["quantity"] * trades["price"].cast(pl.Float64)).sum())
    pairs = trades.group_by("sell_account_id", "buy_account_id").agg(pl.col("quantity").sum())
    return Expected(
        {"trades": trades.height, "quantity": quantity},
        (days.min(), days.max()),
        [*sorted(accounts), f"{quantity:,} t"],
        quantity,
        money,
        picture=[{"source": a, "target": b, "tonnes": tonnes} for a, b, tonnes in pairs.iter_rows()],
    )


def lab_date_conflict(source: Source, alert: Row) -> Expected:
    """Samples whose dates contradict each other, and the reported emissions of their units and months."""
    tests = source.where("lab_tests", sample_id=keys(alert, "lab_tests", "sample_id"))
    order = {
        "tested_before_sampled": ("tested_on", "sampled_on"),
        "tested_before_received": ("tested_on", "received_on"),
        "reported_before_tested": ("reported_on", "tested_on"),
        "received_before_sampled": ("received_on", "sampled_on"),
    }
    counts = {name: tests.filter(pl.col(a) < pl.col(b)).height for name, (a, b) in order.items()}
    dates = [one for name in ("sampled_on", "received_on", "tested_on", "reported_on") for one in tests[name]]
    months = tests.select("unit_id", month=pl.col("sampled_on").dt.truncate("1mo")).unique()
    reports = source.table("activity_reports").join(months, on=["unit_id", "month"])
    latest = reports.filter(pl.col("revision") == pl.col("revision").max().over("unit_id", "month"))
    return Expected(
        {name: count for name, count in counts.items() if count},
        (min(dates), max(dates)),
        [source.name(tests["entity_id"][0]), f"{tests.height} sample(s)"],
        float(latest["reported_emissions"].sum()),
        picture=[{"label": f"{one['sample_id']} ({one['sampled_on']})"} for one in tests.to_dicts()],
    )


def price_limit_hits(source: Source, alert: Row) -> Expected:
    """Days on which an instrument closed at its limit, and all that was traded on them."""
    (instrument,) = set(keys(alert, "market_days", "instrument_id"))
    days = [date.fromisoformat(one) for one in keys(alert, "market_days", "date")]
    rows = source.where("market_days", instrument_id=instrument, date=days)
    up, down = (rows.filter(pl.col("close") == pl.col(f"limit_{side}")).height for side in ("up", "down"))
    traded = rows.select(pl.sum("listed_volume", "block_volume")).sum_horizontal().item()
    money = float(rows.select(pl.sum("listed_value", "block_value").cast(pl.Float64)).sum_horizontal().item())
    closes = [{"date": str(row["date"]), "close": float(row["close"])} for row in rows.to_dicts()]
    return Expected(
        {"hits": len(days), "limit_up": up, "limit_down": down},
        (min(days), max(days)),
        [instrument, str(min(days)), str(max(days)), f"{len(days)} closes at the limit"],
        traded,
        money,
        picture=closes,
    )


RULES: dict[str, Callable[[Source, Row], Expected]] = {
    rule.__name__: rule
    for rule in (
        ledger_break,
        surrender_shortfall,
        late_report,
        missing_report,
        off_market_block,
        wash_trade,
        lab_date_conflict,
        price_limit_hits,
    )
}
# Of a kind's searches, the one that the rule above is about.
VARIANTS = {"late_report": "monthly", "missing_report": "monthly"}


def chosen(rows: pl.DataFrame, kind: str) -> Row:
    """The alert of a kind with the highest score that the kind's rule is about."""
    found = rows.filter(pl.col("kind") == kind).sort("score", "alert_id", descending=[True, False])
    if kind in VARIANTS:
        found = found.filter(pl.col("subject_type") == "unit")
    if kind == "lab_date_conflict":
        found = found.filter(pl.col("title_en").str.contains("contradict each other"))
    assert found.height, f"the market has an alert of {kind}"
    return found.row(0, named=True)


def matches(part: Row, row: Row) -> bool:
    """Whether a row of a picture has the values of a part; times count by their day."""
    for name, value in part.items():
        own = row.get(name)
        if isinstance(value, float) and isinstance(own, int | float):
            if own != pytest.approx(value):
                return False
        elif isinstance(own, str) and "T" in own and str(value) == own[:10]:
            continue
        elif own != value:
            return False
    return True


def drawn(home: Any, alert_id: str) -> Iterator[Row]:
    """All rows in the data of an alert's pictures."""
    snapshot = data.current(home)
    alert = alerts.one(snapshot, alert_id)
    desk = Desk(Words("en"), home, snapshot)
    for card in pictures.choose(desk, snapshot, alert, evidence.look_up(snapshot, alert.evidence)):
        for rows in json.loads(card.chart.to_json())["datasets"].values():
            yield from rows


@pytest.mark.parametrize("kind", RULES)
def test_an_alert_agrees_with_the_source_files(published, open_view, kind):
    settings = published.settings
    snapshot = data.current(settings)
    rows = pl.read_parquet(published.marts / "fct_alerts.parquet").with_columns(
        subject_ids=pl.col("subject_ids_json").str.json_decode(pl.List(pl.String))
    )
    alert, source = chosen(rows, kind), Source(published.table)
    expected = RULES[kind](source, alert)

    measures = json.loads(alert["measures"])
    found = {name: measures[name]["value"] for name in expected.measures}
    assert found == {name: pytest.approx(value) for name, value in expected.measures.items()}
    zone = pl.Series([alert["window_start"], alert["window_end"] - timedelta(microseconds=1)])
    days = zone.dt.replace_time_zone("UTC").dt.convert_time_zone(LOCAL).dt.date()
    assert tuple(days) == expected.days

    assessed = assessments.one(snapshot, alert["alert_id"])
    assert assessed.row["stake_tco2e"] == pytest.approx(expected.tonnes)
    money = expected.money
    if money is None:
        price = source.price(expected.days[1])
        assert assessed.row["price"] == (None if price is None else pytest.approx(price))
        money = None if price is None else price * expected.tonnes
    assert assessed.row["stake_money"] == (None if money is None else pytest.approx(money, abs=0.01))

    page = said(open_view(settings.home, "alert_detail", "en", alert=alert["alert_id"])).replace("\\", "")
    worth = "no price of the market is known" if money is None else f"{money:,.0f}"
    shown = [*expected.names, f"{expected.tonnes:,.0f}", worth]
    assert [one for one in shown if one not in page] == []

    points = list(drawn(settings, alert["alert_id"]))
    assert [part for part in expected.picture if not any(matches(part, row) for row in points)] == []
