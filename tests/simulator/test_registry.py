"""The published record of holdings and surrender in whole markets."""

from datetime import date

import polars as pl
import pytest

from pipelines.simulator import law


def _balances(transfers):
    """Holdings after every movement, in the order of time and id."""
    legs = [
        transfers.select(
            "ts", "transfer_id", "unit_type", "vintage", account=side, change=sign * pl.col("quantity")
        )
        for side, sign in (("from_account", -1), ("to_account", 1))
    ]
    return (
        pl.concat(legs)
        .drop_nulls("account")
        .sort("ts", "transfer_id")
        .with_columns(balance=pl.col("change").cum_sum().over("account", "unit_type", "vintage"))
    )


def _year_end(transfers, year):
    """Allowances that every account holds when a year is over (Shanghai time)."""
    end = pl.datetime(year, 12, 31, 16, time_zone="UTC")
    before = _balances(transfers.filter(pl.col("ts") < end, pl.col("unit_type") == "CEA"))
    return before.group_by("account").agg(held=pl.col("change").sum())


def test_nobody_ever_holds_less_than_nothing(clean_market):
    assert _balances(clean_market["transfers"])["balance"].min() >= 0


def test_no_trader_holds_more_than_the_default_limit(clean_market):
    allowances = clean_market["transfers"].filter(pl.col("unit_type") == "CEA")
    held = _balances(allowances).with_columns(total=pl.col("change").cum_sum().over("account"))
    highest = held.group_by("account", pl.col("ts").dt.date()).agg(pl.col("total").last())
    traders = clean_market["accounts"].filter(pl.col("holder_type").is_in(["financial", "individual"]))
    mine = highest.filter(pl.col("account").is_in(traders["account_id"].to_list()))
    assert 0 < mine["total"].max() <= law.holding_limit()


def test_transfers_are_numbered_in_time(market):
    transfers = market["transfers"].sort("transfer_id")
    assert transfers["ts"].is_sorted()
    numbers = transfers["transfer_id"].str.strip_prefix("M-").cast(pl.Int64)
    assert numbers.to_list() == list(range(1, len(numbers) + 1))


def test_every_account_opened_before_it_moved_anything(market):
    opened = market["accounts"].select(account="account_id", opened="opened_on")
    moved = _balances(market["transfers"]).group_by("account").agg(first=pl.col("ts").min().dt.date())
    assert moved.join(opened, on="account", how="left").filter(pl.col("first") < pl.col("opened")).is_empty()


def test_allocation_is_booked_as_decided(clean_market):
    decided = clean_market["allocations"].with_columns(
        counts=(pl.col("stage") != "preliminary")
        | (pl.col("stage") == "final").any().over("entity_id", "year").not_()
    )
    wanted = decided.filter("counts").group_by("entity_id", "year").agg(pl.col("quantity").sum())
    booked = clean_market["transfers"].filter(pl.col("kind") == "allocation")
    given = booked.group_by(account="to_account", year="vintage").agg(given=pl.col("quantity").sum())
    back = booked.group_by(account="from_account", year="vintage").agg(back=pl.col("quantity").sum())
    accounts = clean_market["accounts"].select(account="account_id", entity_id="holder_id")
    joined = (
        wanted.join(accounts, on="entity_id")
        .join(given, on=["account", "year"], how="left")
        .join(back, on=["account", "year"], how="left")
        .with_columns(net=pl.col("given").fill_null(0) - pl.col("back").fill_null(0))
    )
    assert joined.height == wanted.height
    assert (joined["net"] == joined["quantity"]).all()


def test_surrendered_is_what_went_to_the_retirement_account(market):
    retirement = market["accounts"].filter(pl.col("holder_type") == "cancellation")["account_id"].item()
    gone = market["transfers"].filter(pl.col("kind") == "surrender")
    assert set(gone["to_account"]) == {retirement}
    accounts = market["accounts"].select(from_account="account_id", entity_id="holder_id")
    by_unit = (
        gone.join(accounts, on="from_account")
        .group_by("entity_id")
        .agg(
            allowances=pl.col("quantity").filter(pl.col("unit_type") == "CEA").sum(),
            credits=pl.col("quantity").filter(pl.col("unit_type") == "CCER").sum(),
        )
    )
    stated = (
        market["compliance"].group_by("entity_id").agg(pl.col("surrendered", "offsets_surrendered").sum())
    )
    joined = stated.join(by_unit, on="entity_id", how="left").fill_null(0)
    assert (joined["surrendered"] == joined["allowances"]).all()
    assert (joined["offsets_surrendered"] == joined["credits"]).all()
    assert by_unit.height == stated.filter(pl.col("surrendered") + pl.col("offsets_surrendered") > 0).height


def test_everybody_honest_complies_in_time_within_the_cap(clean_market):
    compliance = clean_market["compliance"].drop_nulls("obligation")
    total = compliance["surrendered"] + compliance["offsets_surrendered"]
    assert (total == compliance["obligation"]).all()
    assert (compliance["completed_on"] <= compliance["due_on"]).all()
    assert set(compliance["registry_status"]) == {"compliant"}
    cap = (compliance["obligation"] * law.offset_cap(2024)).floor()
    assert (compliance["offsets_surrendered"] <= cap).all()
    assert (compliance["offsets_surrendered"] > 0).any()


def test_only_vintages_up_to_the_compliance_year_are_surrendered(market):
    gone = market["transfers"].filter(pl.col("kind") == "surrender", pl.col("unit_type") == "CEA")
    shifted = gone.with_columns(year=pl.col("ts").dt.offset_by("-20d").dt.year() - 1)
    assert (shifted["vintage"] <= shifted["year"]).all()


def test_surrender_comes_late_in_the_year(clean_market):
    days = clean_market["compliance"]["completed_on"].drop_nulls()
    assert days.dt.month().is_in([11, 12]).all()
    assert 0.5 < (days.dt.month() == 12).mean() < 0.95
    assert (days.dt.day() >= 28).sum() > 0.1 * len(days)


def test_reserve_hardly_ever_has_to_help(clean_market):
    releases = clean_market["transfers"].filter(pl.col("kind") == "reserve_release")
    auction = clean_market["accounts"].filter(pl.col("holder_type") == "auction")["account_id"].item()
    helped = releases.filter(pl.col("to_account") != auction)
    obligations = clean_market["compliance"]["obligation"].sum()
    assert helped["quantity"].sum() < 0.002 * obligations


def _carried(written):
    rows = written["transfers"].filter(pl.col("kind") == "carry_over")
    old = rows.drop_nulls("from_account").group_by(account="from_account").agg(pl.col("quantity").sum())
    new = rows.drop_nulls("to_account").group_by(account="to_account").agg(reissued=pl.col("quantity").sum())
    trades = written["trades"].filter(pl.col("instrument_id").str.starts_with("CEA"))
    sold = trades.group_by(account="sell_account_id").agg(sold=pl.col("quantity").sum())
    bought = trades.group_by(account="buy_account_id").agg(bought=pl.col("quantity").sum())
    return (
        old.join(new, on="account", how="full", coalesce=True)
        .join(sold, on="account", how="left")
        .join(bought, on="account", how="left")
        .join(_year_end(written["transfers"], 2025), on="account", how="left")
        .with_columns(net=pl.col("sold").fill_null(0) - pl.col("bought").fill_null(0))
        .with_columns(bound=(pl.col("net").clip(lower_bound=0) * 1.5 + 10_000).floor())
    )


def test_carry_over_turns_old_vintages_into_the_next_one_for_one(market):
    carried = _carried(market)
    assert (carried["quantity"] == carried["reissued"]).all()
    rows = market["transfers"].filter(pl.col("kind") == "carry_over")
    assert set(rows.drop_nulls("to_account")["vintage"]) == {2025}
    assert rows.drop_nulls("from_account")["vintage"].max() <= 2024
    assert rows["ts"].min().date() >= date(2026, 1, 5)


def test_carry_over_stays_within_its_bound_and_the_holding(clean_market):
    carried = _carried(clean_market)
    assert carried.height >= 5
    assert (carried["quantity"] <= carried["bound"]).all()
    assert (carried["quantity"] <= carried["held"]).all()


def test_arranged_carry_over_exceeds_its_bound(market):
    tagged = market.labels.filter(pl.col("kind") == "carry_over_exceeded")
    accounts = market["accounts"].select(account="account_id", holder="holder_id")
    carried = _carried(market).join(accounts, on="account")
    for subjects in tagged["subject_ids"]:
        mine = carried.filter(
            pl.col("account").is_in(subjects.to_list()) | pl.col("holder").is_in(subjects.to_list())
        )
        assert (mine["quantity"] > mine["bound"]).all()
        assert mine.height == 1


def test_penalties_with_a_deduction_are_booked(market):
    deducted = market["penalties"].drop_nulls("allowance_deduction")
    booked = market["transfers"].filter(pl.col("kind") == "penalty_deduction")["quantity"].sum()
    assert 0 < booked <= deducted["allowance_deduction"].sum()


def test_routine_transfers_within_groups_have_one_controller(clean_market):
    transfers = clean_market["transfers"].filter(pl.col("kind") == "internal", pl.col("trade_id").is_null())
    who = clean_market["accounts"].select("account_id", "controller_id", "holder_type")
    joined = transfers.join(who, left_on="from_account", right_on="account_id").join(
        who, left_on="to_account", right_on="account_id", suffix="_taker"
    )
    routine = joined.filter(
        (pl.col("holder_type") == "financial") | (pl.col("holder_type_taker") == "financial"),
        pl.col("controller_id") == pl.col("controller_id_taker"),
    )
    assert routine.height > 0.5 * transfers.height


@pytest.mark.parametrize("column", ["cumulative_verified", "cumulative_surrendered"])
def test_no_cumulative_figures_are_published(clean_market, column):
    assert clean_market["compliance"][column].null_count() == clean_market["compliance"].height
