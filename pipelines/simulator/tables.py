"""What the registration system and the directories publish, as contract tables."""

from __future__ import annotations

import polars as pl

from pipelines.simulator import calibration
from pipelines.simulator.allocation import Allotment
from pipelines.simulator.emitters.reports import Reports
from pipelines.simulator.frames import timestamps
from pipelines.simulator.registry import VINTAGES, Registry
from pipelines.simulator.world import PROVINCES, World, group_id

_HOLDER_TYPES = {
    "entity": "compliance",
    "arm": "financial",
    "trader": "financial",
    "maker": "financial",
    "individual": "individual",
    "government": "government",
    "retirement": "cancellation",
}


def directories(world: World) -> dict[str, pl.DataFrame]:
    """Entities, parks, units, accounts and service bodies."""
    return {
        "entities": _entities(world),
        "parks": pl.DataFrame(world.parks, schema=["park_id", "park_name", "province_code"], orient="row"),
        "units": _units(world),
        "accounts": _accounts(world),
        "service_bodies": _service_bodies(world),
    }


def _entities(world: World) -> pl.DataFrame:
    entities = world.entities
    return pl.DataFrame(
        {
            "entity_id": entities.id,
            "entity_name": entities.name,
            "sector": entities.sector,
            "province_code": [PROVINCES[p][0] for p in entities.province],
            "city_code": [PROVINCES[p][1] for p in entities.province],
            "park_id": [world.parks[p][0] if p >= 0 else None for p in entities.park],
            "group_id": [group_id(g) for g in entities.group],
            "status": ["listed"] * len(entities),
            "listed_on": entities.listed_on,
            "exited_on": pl.Series([None] * len(entities), dtype=pl.Date),
        }
    )


def _units(world: World) -> pl.DataFrame:
    fleet = world.fleet
    return pl.DataFrame(
        {
            "unit_id": fleet.id,
            "entity_id": [world.entities.id[e] for e in fleet.entity],
            "unit_class": fleet.unit_class,
            "capacity": fleet.capacity,
            "capacity_unit": ["MW" if power else "kt_per_year" for power in fleet.is_power],
            "cooling": fleet.cooling,
            "commissioned_on": fleet.commissioned_on,
            "retired_on": pl.Series([None] * len(fleet), dtype=pl.Date),
        }
    )


def _accounts(world: World) -> pl.DataFrame:
    accounts = world.accounts
    return pl.DataFrame(
        {
            "account_id": accounts.id,
            "holder_id": accounts.holder_id,
            "holder_name": accounts.holder_name,
            "holder_type": [_HOLDER_TYPES[role] for role in accounts.role],
            "controller_id": pl.Series(accounts.controller, dtype=pl.String),
            "opened_on": accounts.opened_on,
            "closed_on": pl.Series([None] * len(accounts), dtype=pl.Date),
        }
    )


def _service_bodies(world: World) -> pl.DataFrame:
    rows = [(*body, "laboratory") for body in world.laboratories]
    rows += [(*body, "verifier") for body in world.verifiers]
    frame = pl.DataFrame(rows, schema=["body_id", "body_name", "accredited_on", "kind"], orient="row")
    return frame.with_columns(pl.lit(None, dtype=pl.Date).alias("revoked_on"))


def allocations(world: World, decisions: list[Allotment]) -> pl.DataFrame:
    """Every decision, one row each."""
    return pl.DataFrame(
        {
            "entity_id": [world.entities.id[a.entity] for a in decisions],
            "year": [a.year for a in decisions],
            "method": [a.method for a in decisions],
            "stage": [a.stage for a in decisions],
            "quantity": [a.quantity for a in decisions],
            "decided_on": [a.decided_on for a in decisions],
            "document_no": [_document(a) for a in decisions],
        }
    )


def _document(decision: Allotment) -> str:
    kind = "预分配" if decision.stage == "preliminary" else "核定分配"
    return f"示例{kind}〔{decision.decided_on.year}〕{decision.year}-{decision.method[:1].upper()}号"


def transfers(world: World, registry: Registry, trade_ids: dict[int, str]) -> pl.DataFrame:
    """Every movement in time, one row each; `tag` is for labels and is not published."""
    ids = world.accounts.id
    rows = sorted(enumerate(registry.ledger.rows), key=lambda item: (item[1][0], item[0]))
    moments, givers, takers, vintages, quantities, kinds, trades, tags = zip(
        *(row for _, row in rows), strict=True
    )
    return pl.DataFrame(
        {
            "transfer_id": [f"M-{number:09d}" for number in range(1, len(rows) + 1)],
            "ts": timestamps(moments),
            "from_account": [None if a is None else ids[a] for a in givers],
            "to_account": [None if a is None else ids[a] for a in takers],
            "unit_type": ["CEA"] * len(rows),
            "vintage": vintages,
            "quantity": quantities,
            "kind": kinds,
            "trade_id": pl.Series([None if t is None else trade_ids[t] for t in trades], dtype=pl.String),
            "tag": pl.Series(tags, dtype=pl.Int64),
        }
    )


def compliance(world: World, reports: Reports, registry: Registry) -> pl.DataFrame:
    """One row an entity and compliance year, as the registry shows it after both deadlines."""
    rows: list[tuple[object, ...]] = []
    for year in VINTAGES:
        verified = reports.verified(year)
        duties = {duty.entity: duty for duty in registry.duties[year]}
        for entity, code in enumerate(world.entities.id):
            if world.entities.listed_on[entity].year > year:
                continue
            duty = duties.get(entity)
            if duty is None:
                rows.append((code, year, None, None, 0, None, "not_reported"))
                continue
            is_done = duty.surrendered >= duty.obligation
            rows.append(
                (
                    code,
                    year,
                    float(verified[entity]),
                    duty.obligation,
                    duty.surrendered,
                    duty.completed_on if is_done else None,
                    "compliant" if is_done else "not_compliant",
                )
            )
    frame = pl.DataFrame(
        rows,
        schema={
            "entity_id": pl.String,
            "year": pl.Int64,
            "verified_emissions": pl.Float64,
            "obligation": pl.Int64,
            "surrendered": pl.Int64,
            "completed_on": pl.Date,
            "registry_status": pl.String,
        },
        orient="row",
    )
    return frame.with_columns(
        pl.col("year").replace_strict(calibration.SURRENDER_DUE, return_dtype=pl.Date).alias("due_on"),
        pl.lit(0, dtype=pl.Int64).alias("offsets_surrendered"),
        pl.lit(None, dtype=pl.Float64).alias("cumulative_verified"),
        pl.lit(None, dtype=pl.Int64).alias("cumulative_surrendered"),
    )
