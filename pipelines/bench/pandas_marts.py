"""The same marts in plain pandas: what the warehouse is measured against.

Registry and trading marts are here, the monitoring marts in `pandas_monitoring`. Rows, keys and figures
are those of the dbt project's core marts; nothing is checked, kept or published.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.bench import pandas_monitoring as monitoring
from pipelines.bench.pandas_parties import Parties
from pipelines.bench.pandas_source import Source, month_text, naive, ratio, write

_PLAIN_KINDS = ["trade_settlement", "gift", "other"]
_COMPARABLE = ["compliant", "not_compliant", "not_reported"]


def entity_dimension(entities: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """One row an entity."""
    counts = units["entity_id"].value_counts()
    return entities.assign(
        party_id=entities["group_id"].fillna(entities["entity_id"]),
        unit_count=entities["entity_id"].map(counts).fillna(0).astype("int64"),
    )


def account_dimension(source: Source, entities: pd.DataFrame) -> pd.DataFrame:
    """One row an account; accounts with one `party_id` are one party."""
    holders = entities[["entity_id", "entity_name", "group_id", "province_code"]]
    accounts = source.read("accounts").merge(holders, left_on="holder_id", right_on="entity_id", how="left")
    accounts["holder_name"] = accounts["holder_name"].fillna(accounts["entity_name"])
    accounts["party_id"] = (
        accounts["controller_id"].fillna(accounts["group_id"]).fillna(accounts["holder_id"])
    )
    return accounts.drop(columns=["entity_name", "group_id"])


def unit_dimension(units: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """One row a unit."""
    owners = entities[["entity_id", "entity_name", "sector", "province_code"]]
    return units.merge(owners, on="entity_id", how="left")


def transfers(source: Source, moves: pd.DataFrame, parties: Parties) -> pd.DataFrame:
    """One row a movement, with the parties of its accounts on its day."""
    days = source.local_day(moves["ts"])
    sender, receiver = moves["from_account"], moves["to_account"]
    both = sender.notna() & receiver.notna()
    return pd.DataFrame(
        {
            "transfer_id": moves["transfer_id"],
            "period": month_text(naive(moves["ts"])),
            "transferred_at": naive(moves["ts"]),
            "from_account_id": sender,
            "to_account_id": receiver,
            "from_party_id": parties.on(sender, days),
            "to_party_id": parties.on(receiver, days),
            "unit_type": moves["unit_type"],
            "vintage": moves["vintage"],
            "quantity_tco2e": moves["quantity"],
            "kind": moves["kind"],
            "trade_id": moves["trade_id"],
            "is_plain": both & (sender != receiver) & moves["kind"].isin(_PLAIN_KINDS),
        }
    )


def holdings(source: Source, moves: pd.DataFrame) -> pd.DataFrame:
    """One row an account, unit type, vintage and day with a movement, with the running balance."""
    keys = ["account_id", "unit_type", "vintage", "date"]
    legs = moves[["unit_type", "quantity"]].assign(
        vintage=moves["vintage"].fillna(0).astype("int64"), date=source.local_day(moves["ts"])
    )
    inflow = legs.assign(account_id=moves["to_account"], inflow_tco2e=moves["quantity"], outflow_tco2e=0)
    outflow = legs.assign(account_id=moves["from_account"], inflow_tco2e=0, outflow_tco2e=moves["quantity"])
    days = pd.concat([inflow, outflow]).groupby(keys)[["inflow_tco2e", "outflow_tco2e"]].sum()
    change = days["inflow_tco2e"] - days["outflow_tco2e"]
    days["balance_tco2e"] = change.groupby(level=keys[:3]).cumsum()
    days = days.reset_index()
    return days.assign(period=month_text(days["date"]))


def _verdicts(years: pd.DataFrame, figures: pd.DataFrame, is_due: pd.Series) -> pd.Series:
    """The computed status of each entity and year; the registry's own status is no input."""
    no_figures = figures.drop(columns=["required", "provided", "shortfall"]).isna().all(axis="columns")
    outside = (years["year"] < years["listed_on"].dt.year) | (years["year"] > years["exited_on"].dt.year)
    nothing_owed = (
        figures["obligation"].eq(0)
        & figures["verified_emissions"].fillna(0).eq(0)
        & figures["shortfall"].fillna(0).eq(0)
    )
    unreported = figures["verified_emissions"].isna() & years["basis"].ne("cumulative")
    choices = [
        (nothing_owed | (no_figures & outside), "no_obligation"),
        (unreported & is_due, "not_reported"),
        (unreported, "not_due"),
        (figures["shortfall"].eq(0), "compliant"),
        (~is_due, "not_due"),
        (figures["shortfall"].gt(0), "not_compliant"),
    ]
    conditions, names = zip(*choices, strict=True)
    chosen = np.select([condition.to_numpy() for condition in conditions], names, default="")
    return pd.Series(chosen, index=years.index, dtype="str").where(chosen != "")


def compliance_years(source: Source, entities: pd.DataFrame) -> pd.DataFrame:
    """One row an entity and year: what it owed, what it provided and whether that is enough."""
    years = source.read("compliance").merge(
        entities[["entity_id", "entity_name", "sector", "province_code", "listed_on", "exited_on"]],
        on="entity_id",
        how="left",
    )
    rule = years.merge(monitoring.due_dates(source, "surrender", years), on=["sector", "year"], how="left")
    years["due_on"] = years["due_on"].fillna(rule["due_on_y"])
    amounts = ["verified_emissions", "obligation", "surrendered", "offsets_surrendered"]
    amounts += ["cumulative_verified", "cumulative_surrendered"]
    # As floats, an absent figure compares as false, which is what every comparison below needs.
    figures = years[amounts].astype("float64")
    emitted, owed = figures["verified_emissions"], figures["obligation"]
    given, offsets = figures["surrendered"], figures["offsets_surrendered"]
    cumulative = figures["cumulative_verified"].notna() & figures["cumulative_surrendered"].notna()
    annual = ~cumulative & (owed.notna() | emitted.notna()) & (given.notna() | offsets.notna())
    years["basis"] = pd.Series("annual", index=years.index).where(annual).mask(cumulative, "cumulative")
    required = owed.fillna(np.ceil(emitted)).where(annual)
    required = required.mask(cumulative, np.ceil(figures["cumulative_verified"]))
    provided = given.add(offsets, fill_value=0).where(annual)
    provided = provided.mask(cumulative, figures["cumulative_surrendered"])
    figures["required"], figures["provided"] = required, provided
    figures["shortfall"] = (required - provided).clip(lower=0)
    is_due = years["due_on"] < pd.Timestamp(source.as_of)
    verdict = _verdicts(years, figures, is_due)
    comparable = verdict.isin(_COMPARABLE) & years["registry_status"].isin(_COMPARABLE)
    return pd.DataFrame(
        {
            "entity_id": years["entity_id"],
            "year": years["year"],
            "period": years["year"].astype("str"),
            "entity_name": years["entity_name"],
            "sector": years["sector"],
            "province_code": years["province_code"],
            **{f"{name}_tco2e": years[name] for name in amounts},
            "due_on": years["due_on"],
            "basis": years["basis"],
            "required_tco2e": figures["required"].astype("Int64"),
            "provided_tco2e": figures["provided"].astype("Int64"),
            "shortfall_tco2e": figures["shortfall"].astype("Int64"),
            "is_due": is_due,
            "verdict": verdict,
            "registry_status": years["registry_status"],
            "agrees_with_registry": (verdict == years["registry_status"]).astype("boolean").where(comparable),
        }
    )


def _limits(source: Source, days: pd.DataFrame, mode: str) -> pd.DataFrame:
    """Price limits by rule, rounded half up to a cent, and the rule; aligned with `days`."""
    rules = source.rules("rule_price_limits").query("mode == @mode")
    found = days[["unit_type", "date"]].drop_duplicates().merge(rules, on="unit_type")
    found = found[found["date"].ge(found["valid_from"]) & ~found["date"].gt(found["valid_to"])]
    found = days[["unit_type", "date"]].merge(found, on=["unit_type", "date"], how="left")
    # Whole cents and whole basis points keep the product exact: 84.465 must become 84.47.
    cents = (days["previous_close"] * 100).round()
    points = (found["value"] * 10_000).round()
    return pd.DataFrame(
        {
            "down": (cents * (10_000 - points) + 5_000) // 10_000 / 100,
            "up": (cents * (10_000 + points) + 5_000) // 10_000 / 100,
            "rule_id": found["rule_id"],
        }
    )


def market_days(source: Source) -> pd.DataFrame:
    """One row a day and instrument: prices, the limits that held, volumes and returns."""
    instruments = source.read("instruments", "instrument_id", "unit_type", "vintage")
    days = source.read("market_days").merge(instruments, on="instrument_id", how="left")
    days = days.sort_values(["instrument_id", "date"], ignore_index=True)
    known = days.groupby("instrument_id")["close"].ffill()
    before = known.groupby(days["instrument_id"]).shift()
    days["previous_close"] = days["previous_close"].fillna(before)
    listed, block = _limits(source, days, "listed"), _limits(source, days, "block")
    stated = days["limit_down"].notna() | days["limit_up"].notna()
    ruled = ~stated & listed["down"].notna()
    days["limit_down"] = days["limit_down"].where(stated, listed["down"])
    days["limit_up"] = days["limit_up"].where(stated, listed["up"])
    days["limit_basis"] = pd.Series("source", index=days.index).where(stated).mask(ruled, "rule")
    days["limit_rule_id"] = listed["rule_id"].where(ruled)
    days["block_limit_down"], days["block_limit_up"] = block["down"], block["up"]
    days["period"] = month_text(days["date"])
    days["listed_average_price"] = ratio(days["listed_value"], days["listed_volume"].astype("float64"))
    days["block_average_price"] = ratio(days["block_value"], days["block_volume"].astype("float64"))
    days["block_discount"] = 1 - ratio(days["block_average_price"], days["previous_close"])
    close, previous = days["close"], days["previous_close"]
    days["log_return"] = np.log(close.where(close > 0) / previous.where(previous > 0))
    days["is_limit_up"] = close >= days["limit_up"]
    days["is_limit_down"] = close <= days["limit_down"]
    return days.rename(columns={"listed_volume": "listed_volume_tco2e", "block_volume": "block_volume_tco2e"})


def trades(source: Source, parties: Parties, days: pd.DataFrame) -> pd.DataFrame:
    """One row a trade, with the parties of its accounts on its day and the previous day's close."""
    deals = source.read("trades")
    deals["trade_date"] = source.local_day(deals["ts"])
    closes = days[["instrument_id", "date", "previous_close"]].rename(columns={"date": "trade_date"})
    deals = deals.merge(closes, on=["instrument_id", "trade_date"], how="left")
    deals["traded_at"] = naive(deals["ts"])
    deals["period"] = month_text(deals["traded_at"])
    deals["value"] = (deals["price"] * deals["quantity"]).round(2)
    for side in ("buy", "sell"):
        deals[f"{side}_party_id"] = parties.on(deals[f"{side}_account_id"], deals["trade_date"])
    deals["is_same_party"] = deals["buy_party_id"] == deals["sell_party_id"]
    return deals.drop(columns="ts").rename(columns={"quantity": "quantity_tco2e"})


def build(folder: Path, out: Path) -> None:
    """Compute every mart of a source directory and write each to `out` as one Parquet file."""
    source = Source.open(folder)
    out.mkdir(parents=True, exist_ok=True)

    def publish(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        write(frame, out / f"{name}.parquet")
        return frame

    entities, bare_units = source.read("entities"), source.read("units")
    publish("dim_entities", entity_dimension(entities, bare_units))
    units = publish("dim_units", unit_dimension(bare_units, entities))
    accounts = publish("dim_accounts", account_dimension(source, entities))
    parties = Parties(source, accounts)
    moves = source.read("transfers")
    publish("fct_transfers", transfers(source, moves, parties))
    publish("fct_holdings", holdings(source, moves))
    publish("fct_compliance_years", compliance_years(source, entities))
    days = publish("fct_market_days", market_days(source))
    publish("fct_trades", trades(source, parties, days))
    publish("fct_emission_reports", monitoring.emission_reports(source, entities))
    publish("fct_lab_tests", monitoring.lab_tests(source, entities))
    fuels = monitoring.fuel_months(source, entities, units)
    cems = monitoring.cems_months(source)
    publish("fct_unit_years", monitoring.unit_years(source, units, fuels, cems))
    publish("fct_mass_balance_months", monitoring.mass_balance_months(source, units, fuels, cems))


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
