"""Which picture shows an alert's evidence, and the rows around the evidence that it needs.

Belongs here: from evidence to cards. Does not belong here: marks and axes (`charts/`).
Adding a picture for a kind is one line in `_BY_KIND`; a kind that is not listed gets the pictures
of the tables that its evidence comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from dashboards import evidence, figures
from dashboards.alerts import Alert
from dashboards.charts import detail, flows, ledger, output, reports, samples
from dashboards.charts import market as market_charts
from dashboards.data import Snapshot, schema
from dashboards.evidence import Evidence
from dashboards.page import Card, Desk


@dataclass(frozen=True)
class Found:
    """An alert, and the rows behind it by the mart that holds them."""

    alert: Alert
    rows: dict[str, pl.DataFrame]


# Trading days drawn before and after the finding.
_AROUND = 45
BLOCKS = "off_market_block"


def _flows(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    for mart, source, target, moment in (
        ("fct_trades", "sell_account_id", "buy_account_id", "traded_at"),
        ("fct_transfers", "from_account_id", "to_account_id", "transferred_at"),
    ):
        if mart not in found.rows:
            continue
        edges = flows.edges_of(found.rows[mart], source, target, moment)
        ids = tuple(sorted({*edges["source"], *edges["target"]}))
        chart = flows.flows(edges, evidence.account_names(snapshot, ids), desk.words)
        if chart is not None:
            words = desk.words
            return Card(words("detail.picture_flows"), chart, words("detail.picture_flows_hint"))
    return None


def _marked_days(found: Found) -> pl.DataFrame:
    """The days and instruments that the evidence is about."""
    if "fct_market_days" in found.rows:
        return found.rows["fct_market_days"].select("date", "instrument_id").unique()
    if "fct_trades" in found.rows:
        trades = found.rows["fct_trades"].select(pl.col("trade_date").alias("date"), "instrument_id")
        return trades.drop_nulls().unique()
    return pl.DataFrame(schema={"date": pl.Date, "instrument_id": pl.String})


def _prices(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    marked = _marked_days(found)
    days = figures.market_days(snapshot)
    if marked.is_empty() or days.is_empty():
        return None
    first, last = marked["date"].min(), marked["date"].max()
    own = days.filter(pl.col("instrument_id").is_in(marked["instrument_id"].unique().implode()))
    dates = own["date"].unique().sort()
    before = dates.filter(dates < first).tail(_AROUND).min() or first
    after = dates.filter(dates > last).head(_AROUND).max() or last
    around = own.filter(pl.col("date").is_between(before, after)).join(
        marked.with_columns(pl.lit(True).alias("marked")), on=["date", "instrument_id"], how="left"
    )
    around = around.with_columns(pl.col("marked").fill_null(False))
    chart = detail.marked_prices(around, _deals(found), desk.words, desk.market["currency"])
    return Card(desk.words("detail.picture_prices"), chart, desk.words("detail.picture_prices_hint"))


def _deals(found: Found) -> pl.DataFrame:
    """The prices of the finding's trades, or of a day's blocks; `quantity` in tonnes."""
    wanted = ("date", "instrument_id", "price", "quantity")
    if "fct_trades" in found.rows:
        trades = found.rows["fct_trades"].filter(pl.col("price") > 0)
        return trades.select(
            pl.col("trade_date").alias("date"), "instrument_id", "price", quantity="quantity_tco2e"
        )
    if found.alert["kind"] == BLOCKS and "fct_market_days" in found.rows:
        return found.rows["fct_market_days"].select(
            "date", "instrument_id", price="block_average_price", quantity="block_volume_tco2e"
        )
    return pl.DataFrame(schema=dict.fromkeys(wanted, pl.Float64))


def _mark(rows: pl.DataFrame, found: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Rows with `marked`: whether they are among the evidence."""
    marks = found.select(keys).unique().with_columns(pl.lit(True).alias("marked"))
    return rows.join(marks, on=keys, how="left").with_columns(pl.col("marked").fill_null(False))


def _surroundings(
    snapshot: Snapshot, found: Found, origin: str, mart: str, subject: str, columns: tuple[str, ...]
) -> pl.DataFrame | None:
    """All rows of `mart` about the evidence's commonest subject."""
    if origin not in found.rows or not set(columns) <= set(schema(snapshot, mart)):
        return None
    ids = found.rows[origin][subject].drop_nulls().mode().sort()
    rows = evidence.context(snapshot, mart, subject, tuple(ids.head(1)), columns)
    return rows if rows.height else None


def _expected(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    columns = ("unit_id", "year", "target", "actual", "expected", "lower_05", "upper_95")
    rows = _surroundings(snapshot, found, "fct_unit_years", "expected_emissions", "unit_id", columns)
    if rows is None:
        return None
    chart = reports.expected(_mark(rows, found.rows["fct_unit_years"], ["unit_id", "year"]), desk.words)
    return Card(desk.words("detail.picture_expected"), chart, desk.words("detail.picture_expected_hint"))


def _compliance(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    columns = ("entity_id", "year", "required_tco2e", "provided_tco2e")
    mart = "fct_compliance_years"
    rows = _surroundings(snapshot, found, mart, mart, "entity_id", columns)
    if rows is None:
        return None
    return Card(desk.words("detail.picture_compliance"), reports.required_provided(rows, desk.words))


def _samples(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    del snapshot
    if "fct_lab_tests" not in found.rows:
        return None
    chart = samples.sample_dates(found.rows["fct_lab_tests"], desk.words)
    return Card(desk.words("detail.picture_lab"), chart, desk.words("detail.picture_lab_hint"))


def _ratios(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    columns = ("sample_id", "entity_id", "carbon_daf_pct", "ncv_gj_per_t")
    mart = "fct_lab_tests"
    rows = _surroundings(snapshot, found, mart, mart, "entity_id", columns)
    if rows is None:
        return None
    chart = samples.sample_ratio(_mark(rows, found.rows[mart], ["sample_id"]), desk.words)
    return Card(desk.words("detail.picture_lab_ratio"), chart)


def _months(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    columns = (
        "unit_id",
        "month",
        *reports.MONTHLY,
    )
    mart = "fct_mass_balance_months"
    rows = _surroundings(snapshot, found, mart, mart, "unit_id", columns)
    if rows is None:
        return None
    chart = reports.monthly(_mark(rows, found.rows[mart], ["unit_id", "month"]), desk.words)
    return Card(desk.words("detail.picture_monthly"), chart)


def _reports(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    columns = ("entity_id", "year", "days_late", "due_on")
    mart = "fct_emission_reports"
    rows = _surroundings(snapshot, found, mart, mart, "entity_id", columns)
    if rows is None:
        return None
    return Card(desk.words("detail.picture_reports"), reports.report_days(rows, desk.words))


def _settled(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    del snapshot
    if "fct_trades" not in found.rows:
        return None
    settlements = found.rows.get("fct_transfers")
    chart = ledger.traded_settled(found.rows["fct_trades"], settlements, desk.words)
    return Card(desk.words("detail.picture_ledger"), chart, desk.words("detail.picture_ledger_hint"))


def _outputs(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    rows = _output_months(snapshot, found)
    if rows is None:
        return None
    chart = output.declared_metered(rows, desk.words)
    return Card(desk.words("detail.picture_output"), chart, desk.words("detail.picture_output_hint"))


def _inputs(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    rows = _output_months(snapshot, found)
    if rows is None:
        return None
    chart = output.inputs_per_output(rows, desk.words)
    return Card(desk.words("detail.picture_inputs"), chart, desk.words("detail.picture_inputs_hint"))


def _output_months(snapshot: Snapshot, found: Found) -> pl.DataFrame | None:
    """Months of the evidence's unit with `marked`."""
    origin, mart = "fct_mass_balance_months", "fct_output_months"
    rows = _surroundings(snapshot, found, origin, mart, "unit_id", ("unit_id", "month", *output.COLUMNS))
    return None if rows is None else _mark(rows, found.rows[origin], ["unit_id", "month"])


def _obligations(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    """When the reports of the alert's first subject with obligations of its kind came."""
    columns = ("subject_id", "subject_type", "report_kind", "period_start", "due_on", "days_late", "state")
    mart = "fct_report_obligations"
    if not set(columns) <= set(schema(snapshot, mart)):
        return None
    own = found.alert["subject_type"]
    rows = evidence.context(snapshot, mart, "subject_id", tuple(found.alert.subject_ids), columns)
    rows = rows.filter(pl.col("subject_type") == own) if rows.height else rows
    if rows.is_empty():
        return None
    chart = reports.obligations(rows, desk.words)
    return Card(desk.words("detail.picture_obligations"), chart)


def _holders(desk: Desk, snapshot: Snapshot, found: Found) -> Card | None:
    del found
    chart = market_charts.holders(figures.parties(snapshot), desk.words)
    return Card(desk.words("detail.picture_holders"), chart)


Picture = Callable[[Desk, Snapshot, Found], Card | None]

_BY_KIND: dict[str, tuple[Picture, ...]] = {
    "circular_trade": (_flows,),
    "pass_through": (_flows,),
    "wash_trade": (_flows, _prices),
    "matched_orders": (_flows, _prices),
    "ledger_break": (_settled,),
    "late_report": (_obligations,),
    "missing_report": (_obligations,),
    "mass_balance_gap": (_months,),
    "output_mismatch": (_outputs, _inputs, _expected),
    "lab_date_conflict": (_samples,),
    "lab_ratio_conflict": (_ratios,),
    "cornering": (_holders, _prices),
    "concentration": (_holders, _prices),
    "position_limit": (_holders,),
}
_BY_TABLE: tuple[Picture, ...] = (_prices, _months, _compliance, _expected, _samples, _reports, _flows)


def choose(desk: Desk, snapshot: Snapshot, alert: Alert, rows: list[Evidence]) -> list[Card]:
    """The kind's pictures, or one of the table; none where no picture has anything to show."""
    found = Found(alert, {one.mart: one.rows for one in rows if one.mart and one.rows.height})
    own = _BY_KIND.get(alert["kind"], ())
    cards: list[Card] = []
    for picture in dict.fromkeys((*own, *_BY_TABLE)):
        card = picture(desk, snapshot, found)
        if card is not None and card.chart is not None:
            cards.append(card)
        # The kind's own pictures suffice; without any, a picture of the table is shown.
        if cards and picture not in own[:-1]:
            break
    return cards
