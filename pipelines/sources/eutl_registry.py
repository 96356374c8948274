"""EUTL installations, accounts and compliance years, as entities, accounts and compliance.

Decisions:

* An entity is an installation or an aircraft operator; `entity_id` is the installation id as published. An
  installation that only an account or a compliance year names becomes an entity of sector
  `other`, so that its rows are kept. `province_code` is the country of the administering registry; Northern
  Ireland, which the log calls XI, is `GB-NIR`.
* Combustion of fuels counts as sector `power`; the log does not separate power plants from other boilers.
* `listed_on` is 1 January of the first year of emissions. An entity has exited when its last year of
  emissions is not later than the latest year in the files, or when all its accounts are closed;
  `exited_on` is 31 December of that last year where it is known and not before the first. Permit
  dates are not used: they go back to the year 11.
* Operator and aircraft accounts belong to their installation (`holder_id` = `entity_id`). The company that
  holds the account is the controller, `HLD-<account holder id>`, and its name is the holder's name; the
  same id is the entity's group, so that entity and account count as one party. An account without an
  installation belongs to its company.
* Account ids are `ACC-<id>` for account.csv. Ids that only transaction.csv names are `LOG-<id>`, of type
  `unknown`: some editions of the download number the accounts of the two files differently.
* `registry_status` is the compliance letter; a letter with `*` counts as its letter. Without a letter, the
  notes `Excluded` and `Not Reported` stand in for it. Where the register says that there was no
  obligation (letter `-`, or `Excluded` without a letter) the obligation is 0, else it is left null.
* `due_on` is left null: the deadline is a rule and looked up as one. Allocated amounts are not written,
  as the contract asks for a decision's date and number and the log has neither. `surrendered` counts
  allowances and credits together, as the log does.
"""

from __future__ import annotations

import polars as pl

from pipelines.sources.intake import Intake
from pipelines.sources.reading import codes, unknown_codes

_YEARS = (1990, 2100)
_OPEN = ["true", "t", "1"]
_CLOSED = ["false", "f", "0"]


class Accounts:
    """Accounts of account.csv, their holders, and those that only transfers name."""

    def __init__(self, intake: Intake, holders: Intake) -> None:
        """Type the accounts; holders without any account are quarantined."""
        self.intake = intake
        self.holders = holders
        intake.require("id")
        intake.unique("id")
        self.numbers = intake.frame["id"]
        held = intake.frame["accountHolder_id"].drop_nulls().unique().implode()
        holders.quarantine(~pl.col("id").is_in(held), "not_referenced", "id")
        names = holders.frame.select(accountHolder_id="id", holder_name="name")
        opened = pl.col("isOpen").str.to_lowercase()
        self.frame = intake.frame.join(
            names, on="accountHolder_id", how="left", maintain_order="left"
        ).select(
            pl.format("ACC-{}", "id").alias("account_id"),
            "installation_id",
            "accountType_id",
            "holder_name",
            pl.format("HLD-{}", "accountHolder_id").alias("controller_id"),
            pl.when(opened.is_in(_OPEN)).then(True).when(opened.is_in(_CLOSED)).then(False).alias("is_open"),
            _day("openingDate").alias("opened_on"),
            _day("closingDate").alias("closed_on"),
        )

    def rows(self, referenced: pl.Series) -> pl.DataFrame:
        """The contract's accounts; `referenced` are account ids that only transfers name."""
        types = codes("eutl_account_types")
        by_type = pl.col("accountType_id").replace_strict(
            types["code"], types["holder_type"], default="unknown", return_dtype=pl.String
        )
        operated = pl.col("installation_id").is_not_null()
        known = self.frame.select(
            "account_id",
            pl.coalesce("installation_id", "controller_id", "account_id").alias("holder_id"),
            "holder_name",
            pl.when(operated)
            .then(pl.lit("compliance"))
            .otherwise(by_type.fill_null("unknown"))
            .alias("holder_type"),
            "controller_id",
            "opened_on",
            "closed_on",
        )
        only_named = pl.DataFrame({"account_id": referenced, "holder_id": referenced}).with_columns(
            pl.lit("unknown").alias("holder_type")
        )
        return pl.concat([known, only_named], how="diagonal")

    def by_entity(self) -> pl.DataFrame:
        """One row an installation: its company, by an open account if it can be, and whether all closed."""
        return (
            self.frame.filter(pl.col("installation_id").is_not_null())
            .sort("installation_id", pl.col("is_open").fill_null(value=True), "account_id")
            .group_by("installation_id", maintain_order=True)
            .agg(
                pl.col("controller_id").last().alias("group_id"),
                (~pl.col("is_open").fill_null(value=True)).all().alias("all_closed"),
            )
        )

    def notes(self) -> list[str]:
        """Account types of no code list, and companies that are not in account_holder.csv."""
        types = codes("eutl_account_types")
        untyped = self.frame.filter(pl.col("installation_id").is_null())
        notes = unknown_codes(untyped, "accountType_id", types, "holder type unknown")
        nameless = self.frame.filter(pl.col("controller_id").is_not_null() & pl.col("holder_name").is_null())
        if nameless.height:
            notes.append(f"account.csv: {nameless.height:,} accounts have a holder without a name")
        for column in ("openingDate", "closingDate"):
            unread = self.intake.frame.filter(pl.col(column).is_not_null() & _day(column).is_null()).height
            if unread:
                notes.append(f"account.csv: {unread:,} values of {column} are no dates and were left out")
        return notes


def _day(column: str) -> pl.Expr:
    return pl.col(column).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)


def installation_years(compliance: Intake) -> int:
    """The latest year with emissions in the compliance years; 0 without any."""
    verified = compliance.frame.filter(pl.col("verified").is_not_null())["year"]
    return int(verified.max() or 0)  # type: ignore[arg-type]


def entities(
    intake: Intake, accounts: Accounts, named: list[pl.Series], latest_verified: int
) -> tuple[pl.DataFrame, list[str]]:
    """Entities of installation.csv and those that only `named` ids refer to, with notes."""
    known = intake.frame
    latest = max(int(known["firstYearOfEmissions"].max() or 0), latest_verified)  # type: ignore[arg-type]
    missing = _only_named(named, known["id"])
    frame = pl.concat([known, missing], how="diagonal").join(
        accounts.by_entity(), left_on="id", right_on="installation_id", how="left"
    )
    activities = codes("eutl_activities")
    sector = pl.col("activity_id").replace_strict(
        activities["code"], activities["sector"], default="other", return_dtype=pl.String
    )
    aircraft = pl.col("isAircraftOperator").str.to_lowercase().is_in(_OPEN)
    gone = pl.col("lastYearOfEmissions").is_between(_YEARS[0], latest)
    ends = gone & (pl.col("lastYearOfEmissions") >= pl.col("firstYearOfEmissions").fill_null(0))
    exited = gone | pl.col("all_closed")
    rows = frame.select(
        pl.col("id").alias("entity_id"),
        pl.coalesce("name", "id").alias("entity_name"),
        pl.when(aircraft).then(pl.lit("aviation")).otherwise(sector.fill_null("other")).alias("sector"),
        pl.col("registry_id").replace({"XI": "GB-NIR"}).alias("province_code"),
        "group_id",
        pl.when(exited).then(pl.lit("exited")).otherwise(pl.lit("listed")).alias("status"),
        pl.when(pl.col("firstYearOfEmissions").is_between(*_YEARS))
        .then(pl.date(pl.col("firstYearOfEmissions"), 1, 1))
        .alias("listed_on"),
        pl.when(ends).then(pl.date(pl.col("lastYearOfEmissions"), 12, 31)).alias("exited_on"),
    )
    notes = unknown_codes(known, "activity_id", activities, "sector other")
    if missing.height:
        notes.append(f"entities: {missing.height:,} rows made for installations that installation.csv lacks")
    return rows, notes


def _only_named(named: list[pl.Series], known: pl.Series) -> pl.DataFrame:
    ids = pl.concat(named).drop_nulls().unique().sort()
    missing = ids.filter(~ids.is_in(known.implode()))
    return pl.DataFrame({"id": missing}).with_columns(
        registry_id=pl.col("id").str.extract(r"^([A-Z]{2})_").fill_null("EU")
    )


def compliance_years(intake: Intake) -> tuple[pl.DataFrame, list[str]]:
    """Compliance years with the registry's own status, with notes."""
    letters = codes("eutl_compliance")
    frame = intake.frame.with_columns(
        letter=pl.col("compliance_id").str.strip_chars_end("*"),
        excluded=pl.col("verifiedNote").str.to_lowercase() == "excluded",
        unreported=pl.col("verifiedNote").str.to_lowercase() == "not reported",
    )
    verdict = pl.col("letter").replace_strict(
        letters["code"], letters["registry_status"], default=None, return_dtype=pl.String
    )
    by_note = pl.when("excluded").then(pl.lit("excluded")).when("unreported").then(pl.lit("not_reported"))
    free = (pl.col("letter") == "-") | (pl.col("letter").is_null() & pl.col("excluded"))
    rows = frame.select(
        pl.col("installation_id").alias("entity_id"),
        "year",
        pl.col("verified").alias("verified_emissions"),
        pl.when(free).then(pl.lit(0, pl.Int64)).alias("obligation"),
        "surrendered",
        pl.col("verifiedCummulative").alias("cumulative_verified"),
        pl.col("surrenderedCummulative").alias("cumulative_surrendered"),
        pl.when(pl.col("letter").is_null()).then(by_note).otherwise(verdict).alias("registry_status"),
    )
    notes = unknown_codes(
        frame.select(compliance_id="letter"), "compliance_id", letters, "a year without registry status"
    )
    figures = [
        "verified",
        "verifiedCummulative",
        "surrendered",
        "surrenderedCummulative",
        "letter",
        "verifiedNote",
    ]
    bare = frame.filter(pl.all_horizontal(pl.col(figures).is_null())).height
    if bare:
        notes.append(f"compliance.csv: {bare:,} rows state neither figure nor letter nor note; they are kept")
    return rows, notes
