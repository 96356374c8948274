"""EU Transaction Log (EUTL), in the layout of the euets.info download: one zip of CSV files.

Read are `installation`, `account`, `account_holder`, `compliance` and `transaction` `.csv`; other
members are named in the notes. `eutl_registry` makes entities, accounts and compliance years,
`eutl_transfers` makes transfers; their docstrings hold the decisions. The source has no prices
and no trades.

What a code means stands in `codes/eutl_*.csv`. A code of no list is never guessed: an
activity becomes `other`, an account type `unknown`, a unit type `OTHER`, each with a note; a movement
whose type is unknown is quarantined.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.sources.eutl_registry import Accounts, compliance_years, entities, installation_years
from pipelines.sources.eutl_transfers import transfers
from pipelines.sources.intake import Intake
from pipelines.sources.reading import Reading
from pipelines.sources.tabular import TextTable, fingerprint, parse_csv, read_zip_members, with_rows

MARKET = {
    "id": "eu",
    "name_zh": "欧盟排放交易体系",
    "name_en": "EU Emissions Trading System",
    "currency": "EUR",
    "timezone": "Europe/Brussels",
}
_COLUMNS = {
    "installation": (
        "id",
        "name",
        "registry_id",
        "activity_id",
        "isAircraftOperator",
        "firstYearOfEmissions",
        "lastYearOfEmissions",
    ),
    "account_holder": ("id", "name"),
    "account": ("id", "registry_id", "accountHolder_id", "accountType_id", "isOpen", "installation_id"),
    "compliance": (
        "installation_id",
        "year",
        "compliance_id",
        "verified",
        "verifiedNote",
        "verifiedCummulative",
        "surrendered",
        "surrenderedCummulative",
    ),
    "transaction": (
        "id",
        "date",
        "transactionTypeMain_id",
        "transactionTypeSupplementary_id",
        "transferringAccount_id",
        "acquiringAccount_id",
        "unitType_id",
        "amount",
    ),
}
_OPTIONAL = {"account": ("openingDate", "closingDate")}


def read(path: Path) -> Reading:
    """Entities, accounts, compliance years and transfers of one archive."""
    archive = fingerprint(path)
    sources, notes = _open(path)
    installations = _installations(with_rows(sources["installation"], f"{path}: installation.csv"))
    holders = Intake(sources["account_holder"])
    holders.require("id")
    holders.unique("id")
    accounts = Accounts(Intake(sources["account"]), holders)
    compliance = _compliance(sources["compliance"])
    moved = transfers(Intake(sources["transaction"]), accounts.numbers)
    named = [accounts.intake.frame["installation_id"], compliance.frame["installation_id"]]
    entity_rows, entity_notes = entities(installations, accounts, named, installation_years(compliance))
    years, year_notes = compliance_years(compliance)
    return Reading(
        market=MARKET,
        inputs=[archive],
        tables={
            "entities": entity_rows,
            "accounts": accounts.rows(moved.referenced),
            "compliance": years,
            "transfers": moved.rows,
        },
        intakes=[
            (installations, "entities"),
            (accounts.intake, "accounts"),
            (holders, "accounts"),
            (compliance, "compliance"),
            (moved.intake, "transfers"),
        ],
        unused_columns={name: source.unused for name, source in sources.items() if source.unused},
        notes=[*notes, *entity_notes, *accounts.notes(), *year_notes, *moved.notes],
    )


def _open(path: Path) -> tuple[dict[str, TextTable], list[str]]:
    contents, others = read_zip_members(path, tuple(f"{name}.csv" for name in _COLUMNS))
    sources: dict[str, TextTable] = {}
    for name, columns in _COLUMNS.items():
        sources[name] = parse_csv(
            contents.pop(f"{name}.csv"),
            name,
            f"{path}: {name}.csv",
            {column: (column,) for column in columns},
            {column: (column,) for column in _OPTIONAL.get(name, ())},
        )
    notes = [note for source in sources.values() for note in source.notes]
    if others:
        notes.append(f"members of the archive that were not read: {', '.join(others)}")
    return sources, notes


def _installations(source: TextTable) -> Intake:
    intake = Intake(source)
    intake.require("id", "registry_id")
    intake.integer("firstYearOfEmissions", "lastYearOfEmissions")
    intake.unique("id")
    return intake


def _compliance(source: TextTable) -> Intake:
    intake = Intake(source)
    intake.require("installation_id", "year")
    intake.integer("year", "surrendered", "surrenderedCummulative")
    intake.number("verified", "verifiedCummulative")
    intake.unique("installation_id", "year")
    return intake
