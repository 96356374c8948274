"""EUTL transaction blocks, as transfers.

One row a block: a transaction moves several blocks, which can be equal in everything but `id`; all
are real and kept, `transfer_id` is the block's id.

Decisions:

* The kind follows the supplementary type where there is one, else the main type. `other` is left to
  the plain movement (main 10 without supplementary type), whose purpose the log does not state; no
  trade is known behind it. `internal` are the administrators' own: corrections, conversions, reversals, and
  movements between registries. Retirement counts as cancellation, since both are final.
* An issuance names the same account on both sides; it comes from no account.
* Accounts that account.csv has are `ACC-<id>`, all others `LOG-<id>`.
* The log gives no time zone. Its hours show the office day at the same hours in winter and in summer, so
  they are local time and are read as Europe/Brussels; in the hour that autumn repeats, the earlier
  reading is taken, and an hour that spring leaves out is read as winter time.
* Vintage is the first year of the trading period for general allowances, null for other units.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.sources.intake import Intake
from pipelines.sources.reading import codes, unknown_codes

ZONE = "Europe/Brussels"
_WINTER_OFFSET = pl.duration(hours=1)
_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")


@dataclass(frozen=True)
class Transfers:
    """Transfers, and the ids of accounts that only they name."""

    intake: Intake
    rows: pl.DataFrame
    referenced: pl.Series
    notes: list[str]


def transfers(intake: Intake, numbers: pl.Series) -> Transfers:
    """Transfers of transaction.csv; `numbers` are the account numbers of account.csv."""
    intake.require(
        "id", "date", "transactionTypeMain_id", "transactionTypeSupplementary_id", "unitType_id", "amount"
    )
    intake.frame = intake.frame.with_columns(
        pl.col("transferringAccount_id", "acquiringAccount_id", "id").str.strip_suffix(".0")
    )
    _read_time(intake)
    intake.integer("amount")
    intake.quarantine(pl.col("amount") <= 0, "amount: expected more than 0")
    _read_kind(intake)
    intake.quarantine(
        pl.col("transferringAccount_id").is_null() & pl.col("acquiringAccount_id").is_null(),
        "names no account",
    )
    intake.unique("id")
    units = codes("eutl_units")
    rows = _rows(intake.frame, numbers, units)
    referenced = pl.concat([rows["from_account"], rows["to_account"]]).drop_nulls().unique().sort()
    referenced = referenced.filter(referenced.str.starts_with("LOG-"))
    notes = unknown_codes(intake.frame, "unitType_id", units, "unit type OTHER")
    if len(referenced):
        notes.append(f"accounts: {len(referenced):,} rows made for accounts that only transaction.csv names")
    return Transfers(intake, rows, referenced, notes)


def _read_time(intake: Intake) -> None:
    local_time = pl.coalesce(
        pl.col("date").str.to_datetime(form, time_unit="us", strict=False) for form in _FORMATS
    )
    intake.quarantine(
        local_time.is_null(), pl.format("date: expected YYYY-MM-DD HH:MM:SS, found '{}'", "date")
    )
    local = local_time.dt.replace_time_zone(ZONE, ambiguous="earliest", non_existent="null")
    winter = (local_time - _WINTER_OFFSET).dt.replace_time_zone("UTC")
    intake.frame = intake.frame.with_columns(ts=pl.coalesce(local.dt.convert_time_zone("UTC"), winter))


def _read_kind(intake: Intake) -> None:
    types = codes("eutl_transaction_types")
    main = types.filter(pl.col("part") == "main")
    more = types.filter(pl.col("part") == "supplementary")
    main_kind = pl.col("transactionTypeMain_id").replace_strict(
        main["code"], main["kind"], default=None, return_dtype=pl.String
    )
    more_kind = pl.col("transactionTypeSupplementary_id").replace_strict(
        more["code"], more["kind"], default=None, return_dtype=pl.String
    )
    plain = pl.col("transactionTypeSupplementary_id") == "0"
    kind = pl.when(main_kind.is_not_null()).then(pl.when(plain).then(main_kind).otherwise(more_kind))
    intake.frame = intake.frame.with_columns(kind=kind)
    intake.quarantine(
        pl.col("kind").is_null(),
        pl.format(
            "transaction type {}-{} is in no code list",
            "transactionTypeMain_id",
            "transactionTypeSupplementary_id",
        ),
    )


def _rows(frame: pl.DataFrame, numbers: pl.Series, units: pl.DataFrame) -> pl.DataFrame:
    def account(column: str) -> pl.Expr:
        known = pl.col(column).is_in(numbers.implode())
        prefix = pl.when(known).then(pl.lit("ACC-")).otherwise(pl.lit("LOG-"))
        return prefix + pl.col(column)

    def unit(column: str, default: str | None) -> pl.Expr:
        return pl.col("unitType_id").replace_strict(
            units["code"], units[column], default=default, return_dtype=pl.String
        )

    issued = pl.col("kind") == "issuance"
    sender = account("transferringAccount_id")
    receiver = account("acquiringAccount_id")
    return frame.select(
        pl.col("id").alias("transfer_id"),
        "ts",
        pl.when(~issued).then(sender).alias("from_account"),
        pl.when(issued).then(pl.coalesce(receiver, sender)).otherwise(receiver).alias("to_account"),
        unit("unit_type", "OTHER").alias("unit_type"),
        unit("vintage", None).cast(pl.Int64).alias("vintage"),
        pl.col("amount").alias("quantity"),
        "kind",
    )
