"""California mandatory reporting of greenhouse gases (MRR): facility years and their verification.

One row a facility (or supplier, or electricity importer) and year. Defects of the source: emissions are not
split into combustion and process; there are no dates of submission or verification; only the last
state of a report is published, so every report is revision 1; small reporters are not verified and
have neither verifier nor statement.

Decisions: the published total stands as verified where the verifier's statement is positive or
qualified. Name, state and sector of an entity are those of its latest year. An entity that reports in
the latest year of the file is listed, any other has left. Remarks in brackets behind a
statement (revised, late) do not change it and are counted in the notes. Reporters without a state have
the province `ZZ`, unknown.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.sources.intake import Intake
from pipelines.sources.reading import Reading, codes
from pipelines.sources.tabular import fingerprint, read_csv_file

MARKET = {
    "id": "us-ca",
    "name_zh": "加利福尼亚州总量控制与交易计划",
    "name_en": "California Cap-and-Trade Program",
    "currency": "USD",
    "timezone": "America/Los_Angeles",
}
UNKNOWN_PLACE = "ZZ"
_CANADA = ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]
_COLUMNS = {
    "entity_id": ("ARB ID",),
    "entity_name": ("Facility Name",),
    "year": ("Report Year",),
    "total": ("Total CO2e (combustion, process, vented, and supplier)",),
    "statement": ("Emissions Data",),
    "body_name": ("Verification Body",),
    "state": ("State",),
    "naics": ("North American Industry Classification System (NAICS) Code and Description",),
    "industry": ("Industry Sector",),
}


def read(path: Path) -> Reading:
    """Entities, emission reports and verifiers of one file of facility years."""
    source = read_csv_file(path, _COLUMNS)
    intake = Intake(source)
    intake.require("entity_id", "year", "total")
    intake.integer("year")
    intake.number("total")
    _read_statements(intake)
    intake.unique("entity_id", "year")
    bodies = _bodies(intake.frame)
    return Reading(
        market=MARKET,
        inputs=[fingerprint(path)],
        tables={
            "entities": _entities(intake.frame),
            "service_bodies": bodies,
            "emission_reports": _reports(intake.frame),
        },
        intakes=[(intake, "emission_reports")],
        unused_columns={intake.name: source.unused} if source.unused else {},
        notes=[*source.notes, *_notes(intake.frame)],
    )


def _read_statements(intake: Intake) -> None:
    """Split statement and remark, and quarantine rows whose statement is in no code list."""
    known = codes("mrr_statements").select(pl.col("code").alias("bare"), "conclusion")
    intake.frame = intake.frame.with_columns(
        pl.col("statement").str.replace(r"\s*\(.*\)$", "").str.to_lowercase().alias("bare"),
        pl.col("statement").str.extract(r"\((.*)\)$").alias("remark"),
    ).join(known, on="bare", how="left", maintain_order="left")
    intake.quarantine(
        pl.col("statement").is_not_null() & pl.col("conclusion").is_null(),
        "unknown_enum",
        "statement",
    )


def _body_id() -> pl.Expr:
    slug = pl.col("body_name").str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "-").str.strip_chars("-")
    return pl.format("verifier-{}", slug)


def _bodies(frame: pl.DataFrame) -> pl.DataFrame:
    """Verifiers; spellings that differ in punctuation alone are one body, named as most often spelled."""
    named = frame.filter(pl.col("body_name").is_not_null())
    spellings = named.group_by(_body_id().alias("body_id"), "body_name").len()
    return (
        spellings.sort(["len", "body_name"], descending=[True, False])
        .unique("body_id", keep="first", maintain_order=True)
        .select("body_id", "body_name", pl.lit("verifier").alias("kind"))
    )


def _entities(frame: pl.DataFrame) -> pl.DataFrame:
    latest = frame["year"].max()
    by_entity = (
        frame.with_columns(_sector(frame).alias("sector"))
        .sort("entity_id", "year")
        .group_by("entity_id", maintain_order=True)
        .agg(
            pl.col("entity_name").drop_nulls().last(),
            pl.col("sector").last(),
            pl.col("state").drop_nulls().last(),
            pl.col("year").max(),
        )
    )
    country = pl.when(pl.col("state").is_in(_CANADA)).then(pl.lit("CA-")).otherwise(pl.lit("US-"))
    status = pl.when(pl.col("year") == latest).then(pl.lit("listed")).otherwise(pl.lit("exited"))
    return by_entity.select(
        "entity_id",
        pl.coalesce("entity_name", "entity_id"),
        "sector",
        (country + pl.col("state")).fill_null(UNKNOWN_PLACE).alias("province_code"),
        status.alias("status"),
    )


def _sector(frame: pl.DataFrame) -> pl.Series:
    """Sector by the programme's industry, else by the longest known start of the NAICS code, else other."""
    known = codes("mrr_sectors")
    industries = known.filter(pl.col("basis") == "industry")
    sector = (
        pl.col("industry")
        .str.split(" / ")
        .list.first()
        .str.to_lowercase()
        .replace_strict(industries["code"], industries["sector"], default=None, return_dtype=pl.String)
    )
    naics = known.filter(pl.col("basis") == "naics")
    lengths = sorted({len(code) for code in naics["code"]}, reverse=True)
    by_naics = [
        pl.col("naics")
        .str.slice(0, length)
        .replace_strict(naics["code"], naics["sector"], default=None, return_dtype=pl.String)
        for length in lengths
    ]
    return frame.select(pl.coalesce(sector, *by_naics, pl.lit("other")).alias("sector")).to_series()


def _reports(frame: pl.DataFrame) -> pl.DataFrame:
    stands = pl.col("conclusion").is_in(["conforms", "conforms_with_reservation"])
    return frame.select(
        "entity_id",
        "year",
        pl.lit(1, pl.Int64).alias("revision"),
        "total",
        pl.when(pl.col("body_name").is_not_null()).then(_body_id()).alias("verifier_id"),
        pl.when(stands).then("total").alias("verified_total"),
        "conclusion",
    )


def _notes(frame: pl.DataFrame) -> list[str]:
    remarks = frame.drop_nulls("remark").group_by("bare", "remark").len().sort("bare", "remark")
    notes = [
        f"Emissions Data: {count:,} statements '{bare}' carry the remark '{remark}'"
        for bare, remark, count in remarks.iter_rows()
    ]
    placeless = frame.group_by("entity_id").agg(pl.col("state").count()).filter(pl.col("state") == 0)
    if placeless.height:
        notes.append(f"State: {placeless.height} reporters have none and got the province {UNKNOWN_PLACE}")
    return notes
