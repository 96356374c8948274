"""What ids say about themselves: those that are likely one, and credit codes that cannot be right.

Nothing is changed or merged here: each finding is a row of `handover/identifier_faults.parquet` (one row a
table, column, fault and normal form), which dbt publishes and the publication gate reads. Ids of events, such
as trades and orders, are not compared.
Belongs here: the form of ids, and the handover. Does not belong here: places (`regions`), sums (`totals`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import duckdb

from pipelines.contract.outputs.lake import IDENTIFIER_FAULTS
from pipelines.contract.tables import TABLES
from pipelines.core.credit_codes import ALPHABET, LENGTH, check_character
from pipelines.core.sql import quoted
from pipelines.lake.identifier_rows import Place, identifier_row
from pipelines.lake.parts import kept_paths, read_parts
from pipelines.lake.regions import misplaced_cities, registered_elsewhere
from pipelines.lake.state import LakeState
from pipelines.lake.totals import totals

EVENTS = {"auction_bids", "penalties", "tips"}
"""Tables without a period whose ids name events and no parties or things."""

HOMES: dict[Place, Place] = {
    ("accounts", "holder_id"): ("entities", "entity_id"),
    ("trades", "instrument_id"): ("instruments", "instrument_id"),
    ("transfers", "from_account"): ("accounts", "account_id"),
    ("transfers", "to_account"): ("accounts", "account_id"),
}
"""Columns that name what another table lists, without being held to it; they are compared with that list."""

_CODE = re.compile(rf"[0-9A-Za-z]{{{LENGTH}}}")


def normal_form(value: str) -> str:
    """What ids share that differ in width, case, leading zeros or a trailing `.0` alone."""
    text = unicodedata.normalize("NFKC", value).strip().casefold()
    whole = re.sub(r"^(\d+)\.0+$", r"\1", text)
    return re.sub(r"(?<![\d.])0+(?=\d)", "", whole)


def places() -> list[Place]:
    """Columns that are looked at: names of parties and things where they are listed, and those of `HOMES`."""
    listed = [
        (table.name, column.name)
        for table in TABLES.values()
        if table.period_column is None and table.name not in EVENTS
        for column in table.columns
        if column.names_party and column.ref is None
    ]
    return [*listed, *(place for place in HOMES if place not in listed)]


def likely_equal(ids: dict[Place, set[str]]) -> Iterator[dict[str, object]]:
    """One row a column and group of ids that share their normal form."""
    for place, values in ids.items():
        home = ids.get(HOMES[place], set()) if place in HOMES else set()
        groups: dict[str, set[str]] = defaultdict(set)
        for value in values | home:
            groups[normal_form(value)].add(value)
        for form, group in sorted(groups.items()):
            if len(group) > 1 and not group <= home:
                yield identifier_row(place, "likely_equal", form, sorted(group))


def wrong_codes(ids: dict[Place, set[str]]) -> Iterator[dict[str, object]]:
    """One row a credit code with a wrong check character, or with a character that codes do not have."""
    seen: set[str] = set()
    for place, values in ids.items():
        for value in sorted(values - seen):
            if not _CODE.fullmatch(value):
                continue
            if set(value) - set(ALPHABET):
                yield identifier_row(place, "credit_code_character", value, [value])
            elif value[-1] != (expected := check_character(value[:-1])):
                yield identifier_row(place, "credit_code_check", value, [value], expected)
        seen |= values


def judge_identifiers(con: duckdb.DuckDBPyConnection, lake: Path, is_chinese: bool) -> None:
    """Write the handover for the lake as it is; Chinese markets alone have credit codes and regions."""
    state = LakeState.read(lake)
    ids: dict[Place, set[str]] = {}
    for table, column in places():
        if rows := _kept(lake, state, table):
            name = quoted(column)
            found = con.execute(f"select distinct {name} from {rows} where {name} is not null").fetchall()
            ids[table, column] = {row[0] for row in found}
    faults = [*likely_equal(ids)]
    emitters = _kept(lake, state, "entities")
    if is_chinese:
        faults += wrong_codes(ids)
        located = (
            con.execute(f"select entity_id, province_code, city_code from {emitters}").fetchall()
            if emitters
            else []
        )
        faults += [*misplaced_cities(located), *registered_elsewhere(located)]
    if compliance := _kept(lake, state, "compliance"):
        faults += totals(con, compliance, emitters)
    folder = lake / "handover"
    folder.mkdir(parents=True, exist_ok=True)
    order = ["table_name", "column_name", "fault", "normal_form"]
    IDENTIFIER_FAULTS.frame(faults).sort(order).write_parquet(folder / f"{IDENTIFIER_FAULTS.name}.parquet")


def _kept(lake: Path, state: LakeState, table: str) -> str | None:
    """Relation over a table's kept rows; None where there are none."""
    return read_parts(lake, TABLES[table], kept_paths(lake, table, state.tables.get(table, {}).values()))
