"""Compliance cases break the rule that they stand for, as published; look-alikes and clean markets do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.simulator.cases import compliance
from tests.shared import Written

KINDS = [kind.name for kind in compliance.KINDS]
ZONE = "Asia/Shanghai"
FILING_DAYS, CREDIT_CAP, LISTED_FROM = 40, 0.05, 26_000
BASE, RATE = 10_000, 1.5
LIMIT = 1_000_000


def cases(market: Written, kind: str) -> Iterator[dict[str, Any]]:
    for row in market.labels.filter(pl.col("kind") == kind).iter_rows(named=True):
        yield {**row, "affected": json.loads(row["affected"])}


def subjects(frame: pl.DataFrame, kind: str) -> set[str]:
    return set(frame.filter(pl.col("kind") == kind)["subject_ids"].explode().drop_nulls())


def late_months(market: Written) -> pl.DataFrame:
    """First revisions handed in after the fortieth day, with how late they are."""
    due = (pl.col("month").dt.offset_by("1mo") + timedelta(days=FILING_DAYS)).cast(pl.Datetime("us"))
    handed_in = pl.col("submitted_at").dt.convert_time_zone(ZONE).dt.replace_time_zone(None)
    rows = market["activity_reports"].filter(pl.col("revision") == 1)
    return rows.with_columns((handed_in - due).alias("late")).filter(pl.col("late") > timedelta(0))


def late_years(market: Written) -> pl.DataFrame:
    """Annual reports of key emitters handed in after their day."""
    sectors = market["entities"].filter(pl.col("listed_on").is_not_null()).select("entity_id", "sector")
    rows = market["emission_reports"].filter(pl.col("revision") == 1).join(sectors, on="entity_id")
    is_first_of_industry = (pl.col("sector") != "power") & (pl.col("year") == 2024)
    due = (
        pl.when(is_first_of_industry).then(pl.date(2025, 6, 30)).otherwise(pl.date(pl.col("year") + 1, 3, 31))
    )
    day = pl.col("submitted_at").dt.convert_time_zone(ZONE).dt.date()
    return rows.filter(day > due)


def shortfalls(market: Written) -> pl.DataFrame:
    """Duties that were not met by the deadline, by the registry's own transfers."""
    holders = market["accounts"].select(from_account="account_id", entity_id="holder_id")
    given = (
        market["transfers"]
        .filter(pl.col("kind") == "surrender")
        .join(holders, on="from_account")
        .with_columns(pl.col("ts").dt.convert_time_zone(ZONE).dt.date().alias("day"))
    )
    late = market["compliance"].filter(
        (pl.col("surrendered") + pl.col("offsets_surrendered") < pl.col("obligation"))
        | (pl.col("completed_on") > pl.col("due_on"))
    )
    # What the table says and what moved agree: each year's surrender is within the weeks before its deadline.
    moved = given.with_columns((pl.col("day") - timedelta(days=100)).dt.year().alias("paid_in"))
    total = moved.group_by("entity_id", year=pl.col("paid_in") - 1).agg(pl.col("quantity").sum())
    stated = (
        market["compliance"]
        .join(total, on=["entity_id", "year"], how="left")
        .with_columns(pl.col("quantity").fill_null(0))
    )
    assert (
        stated["quantity"] == stated["surrendered"].fill_null(0) + stated["offsets_surrendered"].fill_null(0)
    ).all()
    return late


def carried_beyond(market: Written) -> dict[str, float]:
    """Accounts that carried over more than base amount and net sales admit, with the ratio."""
    trades = market["trades"].filter(pl.col("instrument_id") != "CCER")
    sold = dict(trades.group_by("sell_account_id").agg(pl.col("quantity").sum()).iter_rows())
    bought = dict(trades.group_by("buy_account_id").agg(pl.col("quantity").sum()).iter_rows())
    carried = market["transfers"].filter(
        (pl.col("kind") == "carry_over") & pl.col("from_account").is_not_null()
    )
    beyond = {}
    for account, quantity in carried.group_by("from_account").agg(pl.col("quantity").sum()).iter_rows():
        most = int(BASE + max(sold.get(account, 0) - bought.get(account, 0), 0) * RATE)
        if quantity > most:
            beyond[account] = quantity / most
    return beyond


def highest_holdings(market: Written) -> dict[str, int]:
    """The most allowances that an account ever held."""
    rows = market["transfers"].filter(pl.col("unit_type") == "CEA")
    sides = pl.concat(
        rows.select("ts", "transfer_id", account=f"{side}_account", signed=pl.col("quantity") * sign)
        for side, sign in (("from", -1), ("to", 1))
    ).drop_nulls("account")
    held = sides.sort("ts", "transfer_id").with_columns(pl.col("signed").cum_sum().over("account"))
    return dict(held.group_by("account").agg(pl.col("signed").max()).iter_rows())


def beyond_limit(market: Written) -> set[str]:
    """Traders that ever held more than the limit."""
    traders = market["accounts"].filter(pl.col("holder_type").is_in(["financial", "individual"]))
    held = highest_holdings(market)
    return {account for account in traders["account_id"] if held.get(account, 0) > LIMIT}


def unreconciled(market: Written) -> set[str]:
    """Trades whose settlements do not add up to them, and transfers of what is not held."""
    settled = (
        market["transfers"]
        .filter(pl.col("kind") == "trade_settlement")
        .group_by("trade_id")
        .agg(pl.col("quantity").sum().alias("settled"))
    )
    trades = (
        market["trades"].join(settled, on="trade_id", how="left").with_columns(pl.col("settled").fill_null(0))
    )
    wrong = trades.filter(pl.col("settled") != pl.col("quantity"))
    rows = market["transfers"]
    sides = pl.concat(
        rows.select("ts", "transfer_id", "unit_type", "vintage", account=f"{side}_account",
                    signed=pl.col("quantity") * sign)
        for side, sign in (("to", 1), ("from", -1))
    ).drop_nulls("account").sort("ts", "transfer_id")  # fmt: skip
    held = sides.with_columns(
        pl.col("signed").cum_sum().over("account", "unit_type", "vintage").alias("held")
    )
    return set(wrong["trade_id"]) | set(held.filter(pl.col("held") < 0)["account"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_there_in_three_severities_with_a_lookalike(kind, market):
    rows = market.labels.filter(pl.col("kind") == kind)
    assert set(rows["severity"]) == {"faint", "plain", "blatant"}
    assert market.lookalikes.filter(pl.col("kind") == kind).height >= 1
    assert next(one for one in compliance.KINDS if one.name == kind).lookalike


def test_affected_rows_exist(market):
    for kind in KINDS:
        for case in cases(market, kind):
            for name, keys in case["affected"].items():
                key = TABLES[name].key
                published = {tuple(map(str, row)) for row in market[name].select(key).iter_rows()}
                assert {tuple(map(str, row)) for row in keys} <= published, (kind, name)


def test_late_reports_are_late_by_their_severity(market):
    months, years = late_months(market), late_years(market)
    for case in cases(market, "late_report"):
        if keys := case["affected"].get("activity_reports"):
            rows = months.filter(pl.col("unit_id").is_in([key[0] for key in keys]))
            rows = rows.filter(pl.col("month").is_in([date.fromisoformat(str(key[1])) for key in keys]))
            assert rows.height >= len(keys)
            days = rows["late"].max().total_seconds() / 86_400
            low, high = {"faint": (0, 4), "plain": (3, 27), "blatant": (20, 80)}[case["severity"]]
            assert low < days < high
        else:
            assert tuple(case["affected"]["emission_reports"][0][:2]) in {
                (row[0], row[1]) for row in years.select("entity_id", "year").iter_rows()
            }


def test_only_cases_are_late(market, clean_market):
    assert late_months(clean_market).height == 0
    assert late_years(clean_market).height == 0
    named = subjects(market.labels, "late_report")
    assert set(late_months(market)["unit_id"]) <= named
    assert set(late_years(market)["entity_id"]) <= named


def test_missing_months_and_years_are_missing(market):
    for case in cases(market, "missing_report"):
        if "compliance" in case["affected"]:
            entity, year = case["affected"]["compliance"][0]
            assert (
                not market["emission_reports"]
                .filter((pl.col("entity_id") == entity) & (pl.col("year") == year))
                .height
            )
            continue
        unit = case["subject_ids"][1]
        months = (
            market["activity_reports"]
            .filter(pl.col("unit_id") == unit)["month"]
            .cast(pl.Datetime("us", "UTC"))
        )
        inside = months.filter((months >= case["window_start"]) & (months < case["window_end"]))
        assert inside.len() == 0
        # The unit reports before or after: it is these months that are missing.
        assert months.len() > 0


def test_lookalikes_of_missing_reports_file_noughts(market):
    rows = market.lookalikes.filter(pl.col("kind") == "missing_report")
    for subject, start in rows.select("subject_ids", "window_start").iter_rows():
        report = market["activity_reports"].filter(
            (pl.col("unit_id") == subject[1]) & (pl.col("month") == start.date())
        )
        assert report.height >= 1
        assert report["reported_emissions"].fill_null(0.0).sum() == 0


def test_shortfalls_are_the_cases_and_nobody_elses(market, clean_market):
    assert shortfalls(clean_market).height == 0
    missed = {(row[0], row[1]) for row in shortfalls(market).select("entity_id", "year").iter_rows()}
    for case in cases(market, "surrender_shortfall"):
        assert tuple(case["affected"]["compliance"][0]) in missed
    without_report = subjects(market.labels, "missing_report")
    assert {entity for entity, _ in missed} <= subjects(market.labels, "surrender_shortfall") | without_report


def test_credits_beyond_the_cap(market, clean_market):
    def beyond(one: Written) -> pl.DataFrame:
        return one["compliance"].filter(
            pl.col("offsets_surrendered") > (pl.col("obligation") * CREDIT_CAP).floor().cast(pl.Int64)
        )

    assert beyond(clean_market).height == 0
    assert set(beyond(market)["entity_id"]) == subjects(market.labels, "offset_cap_exceeded")
    for entity in subjects(market.lookalikes, "offset_cap_exceeded"):
        rows = market["compliance"].filter(pl.col("entity_id") == entity)
        assert (rows["offsets_surrendered"] == (rows["obligation"] * CREDIT_CAP).floor().cast(pl.Int64)).any()


def test_carry_over_beyond_the_bound(market, clean_market):
    assert carried_beyond(clean_market) == {}
    beyond = carried_beyond(market)
    named = {case["subject_ids"][1]: case["severity"] for case in cases(market, "carry_over_exceeded")}
    assert beyond.keys() == named.keys()
    for account, ratio in beyond.items():
        low, high = {"faint": (1.0, 1.15), "plain": (1.2, 2.1), "blatant": (2.3, 6.5)}[named[account]]
        assert low < ratio < high


def test_unlisted_emitters_emit_more_than_the_threshold(market, clean_market):
    def unlisted(one: Written) -> set[str]:
        off = one["entities"].filter(pl.col("listed_on").is_null() | pl.col("exited_on").is_not_null())
        large = one["emission_reports"].filter(pl.col("total") >= LISTED_FROM)
        after_exit = large.join(off, on="entity_id").filter(
            pl.col("listed_on").is_null() | (pl.col("exited_on").dt.year() < pl.col("year"))
        )
        return set(after_exit["entity_id"])

    assert unlisted(clean_market) == set()
    named = subjects(market.labels, "unlisted_emitter")
    assert named <= unlisted(market)
    assert not unlisted(market) & subjects(market.lookalikes, "unlisted_emitter")
    for table in ("compliance", "allocations"):
        assert not market[table].filter(pl.col("entity_id").is_in(list(named))).height


def test_positions_beyond_the_limit(market, clean_market):
    assert beyond_limit(clean_market) == set()
    named = {case["subject_ids"][0]: case["severity"] for case in cases(market, "position_limit")}
    held = highest_holdings(market)
    for account, severity in named.items():
        low, high = {"faint": (1.0, 1.3), "plain": (1.1, 2.0), "blatant": (1.7, 4.2)}[severity]
        assert low * LIMIT < held[account] < high * LIMIT, (severity, held[account])
    assert not beyond_limit(market) & subjects(market.lookalikes, "position_limit")


def test_ledger_breaks_do_not_reconcile_and_nothing_else(market, clean_market):
    assert unreconciled(clean_market) == set()
    wrong = unreconciled(market)
    affected = set()
    for case in cases(market, "ledger_break"):
        mine = {key[0] for key in case["affected"].get("trades", [])} | set(case["subject_ids"])
        assert wrong & mine, case["description"]
        # Who was booked too little may give more later than the record shows it to hold.
        parties = market["trades"].filter(pl.col("trade_id").is_in(list(mine)))
        affected |= mine | set(parties["buy_account_id"]) | set(parties["sell_account_id"])
    assert wrong <= affected


def test_allocation_errors_differ_from_a_clean_market_of_the_same_seed(market, clean_market):
    """Nothing but cases changes what is allocated for the same figures: final decisions plus adjustments."""

    def granted(one: Written) -> pl.DataFrame:
        rows = one["allocations"].filter(pl.col("stage") != "preliminary")
        return rows.group_by("entity_id", "year").agg(pl.col("quantity").sum())

    both = granted(market).join(granted(clean_market), on=["entity_id", "year"], suffix="_clean")
    ratio = dict(
        both.select(
            pl.concat_str("entity_id", pl.lit(" "), "year"), pl.col("quantity") / pl.col("quantity_clean") - 1
        ).iter_rows()
    )
    # Who overstates output is allocated more for it, by the method.
    cheats = set(market.labels.filter(~pl.col("kind").is_in(KINDS))["subject_ids"].explode())
    for case in cases(market, "allocation_error"):
        if case["subject_ids"][0] in cheats:
            continue
        year = int(case["description"][-4:])
        error = abs(ratio[f"{case['subject_ids'][0]} {year}"])
        low, high = {"faint": (0.004, 0.025), "plain": (0.03, 0.11), "blatant": (0.18, 0.62)}[
            case["severity"]
        ]
        assert low < error < high
    for entity in subjects(market.lookalikes, "allocation_error") - cheats:
        mine = [value for key, value in ratio.items() if key.startswith(entity)]
        assert all(abs(value) < 1e-3 for value in mine)


def test_some_actors_play_several_parts(medium_market):
    labels = medium_market.labels
    families = labels.explode("subject_ids").filter(pl.col("kind").is_in(KINDS))["subject_ids"].unique()
    others = labels.explode("subject_ids").filter(~pl.col("kind").is_in(KINDS))["subject_ids"].unique()
    assert len(set(families) & set(others)) >= 3
