"""A given source as a world: who is in its tables, in the shape in which cases are arranged.

What a table does not state is filled with neutral values: no group, no park, no laboratory.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

import numpy as np
import polars as pl

from pipelines.simulator.fleet import Fleet
from pipelines.simulator.injection.copy import SourceCopy
from pipelines.simulator.injection.correspondence import Correspondence
from pipelines.simulator.scales import SCALES
from pipelines.simulator.world import PROVINCES, Accounts, Body, Consortium, Entities, Park, World
from pipelines.simulator.world.model import FormerGroup, Issuance, Ownership, Projects

T = TypeVar("T")
_SELDOM = 6  # an unknown holder seen so seldom is taken for a private one
LONG_AGO = date(1990, 1, 1)
_ROLES = {
    "consortium": "consortium",
    "financial": "fund",
    "unknown": "fund",
    "individual": "individual",
    "project_owner": "owner",
    "government": "government",
    "auction": "auction",
    "cancellation": "retirement",
    "reserve": "reserve",
}
_FUELS = {"natural gas": "natural_gas", "diesel oil": "diesel", "residual oil": "fuel_oil", "oil": "fuel_oil"}
_POWER_CLASSES = ("coal_gt300", "coal_le300", "coal_unconventional", "gas_class_f", "gas_other")
_HEAT_RATE = {
    "coal_gt300": 8.4,
    "coal_le300": 8.6,
    "coal_unconventional": 8.8,
    "gas_class_f": 6.05,
    "gas_other": 6.4,
}


def view(copy: SourceCopy, match: Correspondence) -> World:
    """The source as a world in the planner's time; entities with an account come first, as everywhere."""
    accounts = copy.rows("accounts")
    entities, first_account = _ordered_entities(copy, accounts)
    position = {code: number for number, code in enumerate(entities["entity_id"])}
    laboratories = _bodies(copy, "laboratory")
    verifiers = _bodies(copy, "verifier")
    fleet = _fleet(copy, match, position, entities, [body.id for body in laboratories])
    parks = [
        Park(code, name, 0) for code, name in copy.rows("parks").select("park_id", "park_name").iter_rows()
    ]
    groups = entities["group_id"].drop_nulls().unique().sort().to_list()
    people = _accounts(copy, match, entities, first_account, set(groups))
    is_small = (
        np.array([code is None for code in first_account])
        if any(first_account)
        else np.zeros(len(entities), bool)
    )
    return World(
        scale=replace(SCALES["small"], cases_per_kind=1),
        timeline=match.timeline,
        entities=_entities(
            copy, match, entities, is_small, groups, [park.id for park in parks], verifiers, fleet
        ),
        fleet=fleet,
        accounts=people,
        ownership=_ownership(copy, match, position, groups),
        group_ids=groups,
        parks=parks,
        laboratories=laboratories,
        verifiers=verifiers,
        consultants=_bodies(copy, "consultant"),
        consortia=_consortia(copy, people, position),
        projects=_projects(copy, people, verifiers),
    )


def _ordered_entities(copy: SourceCopy, accounts: pl.DataFrame) -> tuple[pl.DataFrame, list[str | None]]:
    """Entities with an account of their own first; with each the first of its accounts, or None."""
    held = accounts.filter(pl.col("holder_type") == "compliance").unique(
        "holder_id", keep="first", maintain_order=True
    )
    entities = copy.rows("entities").join(
        held.select(entity_id="holder_id", account_id="account_id"), on="entity_id", how="left"
    )
    entities = entities.sort(pl.col("account_id").is_null(), "entity_id", maintain_order=True)
    return entities, entities["account_id"].to_list()


def _indices(values: list[str | None], known: list[str]) -> np.ndarray:
    place = {name: number for number, name in enumerate(known)}
    return np.array([place.get(value, -1) if value is not None else -1 for value in values], dtype=np.int64)


def _entities(
    copy: SourceCopy,
    match: Correspondence,
    rows: pl.DataFrame,
    is_small: np.ndarray,
    groups: list[str],
    parks: list[str],
    verifiers: list[Body],
    fleet: Fleet,
) -> Entities:
    codes = rows["entity_id"].to_list()
    reports = copy.rows("emission_reports")
    verifier = dict(reports.select("entity_id", "verifier_id").drop_nulls().iter_rows())
    laboratory = np.zeros(len(codes), dtype=np.int64)
    laboratory[fleet.entity] = fleet.laboratory.clip(0)
    return Entities(
        id=codes,
        name=rows["entity_name"].to_list(),
        sector=rows["sector"].to_numpy().astype(str),
        province=_indices(rows["province_code"].to_list(), [p.code for p in PROVINCES]).clip(0),
        city=rows["city_code"].fill_null("").to_list(),
        park=_indices(rows["park_id"].to_list(), parks),
        group=_indices(rows["group_id"].to_list(), groups),
        status=rows["status"].to_numpy().astype(str),
        listed_on=_back(match, rows["listed_on"]),
        exited_on=_back(match, rows["exited_on"]),
        stopped_on=[None] * len(codes),
        is_small=is_small,
        size=np.zeros(len(codes)),
        verifier=_indices([verifier.get(code) for code in codes], [body.id for body in verifiers]).clip(0),
        consultant=np.full(len(codes), -1),
        laboratory=laboratory,
    )


def _ownership(
    copy: SourceCopy, match: Correspondence, position: dict[str, int], groups: list[str]
) -> Ownership:
    """Which entities had another group before; shares and first days are not needed in a copy."""
    past = copy.rows("control_relations").filter(
        (pl.col("subject_type") == "entity") & pl.col("valid_to").is_not_null()
    )
    former = {
        position[code]: FormerGroup(
            groups.index(owner) if owner in groups else -1, match.back(last + timedelta(days=1))
        )
        for code, owner, last in past.sort("valid_to")
        .select("subject_id", "controller_id", "valid_to")
        .iter_rows()
        if code in position
    }
    return Ownership(np.ones(len(position)), [LONG_AGO] * len(position), former)


def _accounts(
    copy: SourceCopy,
    match: Correspondence,
    entities: pl.DataFrame,
    first_account: list[str | None],
    groups: set[str],
) -> Accounts:
    """Account `e` is entity `e`'s; where nobody holds an account, a stand-in without a part in any trade."""
    rows = _with_first_seen(copy)
    own = [code for code in first_account if code is not None]
    stand_ins = [] if own else [(code, code) for code in entities["entity_id"]]
    lead = rows.filter(pl.col("account_id").is_in(own)).sort(
        pl.col("account_id").replace_strict({code: n for n, code in enumerate(own)}, default=0)
    )
    rest = rows.filter(~pl.col("account_id").is_in(own))
    both = pl.concat([lead, rest])
    roles = ["entity"] * lead.height + [
        _role(kind, controller, groups, seen)
        for kind, controller, seen in rest.select("holder_type", "controller_id", "times_seen").rows()
    ]
    count = len(stand_ins)
    closed: list[date | None] = [None] * count
    return Accounts(
        id=[code for code, _ in stand_ins] + both["account_id"].to_list(),
        holder_id=[code for _, code in stand_ins] + both["holder_id"].to_list(),
        holder_name=[""] * count + both["holder_name"].fill_null("").to_list(),
        role=np.array(["none"] * count + roles, dtype=object).astype(str),
        controller=[None] * count + both["controller_id"].to_list(),
        opened_on=[LONG_AGO] * count + [day or LONG_AGO for day in _back(match, both["opened_on"])],
        closed_on=closed + _back(match, both["closed_on"]),
    )


def _back(match: Correspondence, days: pl.Series) -> list[date | None]:
    """Days of the source as simulated days."""
    return [None if day is None else match.back(day) for day in days]


def _with_first_seen(copy: SourceCopy) -> pl.DataFrame:
    """Accounts; one whose opening is not known was opened when it was first seen in a transfer."""
    moves = copy.rows("transfers")
    seen = (
        pl.concat([moves.select("ts", account_id=f"{side}_account") for side in ("from", "to")])
        .drop_nulls("account_id")
        .group_by("account_id")
        .agg(pl.col("ts").min().dt.date().alias("first_seen"), pl.len().alias("times_seen"))
    )
    rows = copy.rows("accounts").join(seen, on="account_id", how="left", maintain_order="left")
    return rows.with_columns(pl.coalesce("opened_on", "first_seen").alias("opened_on"))


def _role(holder_type: str, controller: str | None, groups: set[str], seen: int | None) -> str:
    if holder_type == "unknown" and (seen or 0) <= _SELDOM:
        return "individual"
    if holder_type == "financial" and controller in groups:
        return "treasury"
    return _ROLES.get(holder_type, "further")


def _fleet(
    copy: SourceCopy,
    match: Correspondence,
    position: dict[str, int],
    entities: pl.DataFrame,
    laboratories: list[str],
) -> Fleet:
    units = copy.rows("units").filter(pl.col("entity_id").is_in(list(position)))
    units = units.with_columns(
        pl.col("entity_id").replace_strict(position, default=-1, return_dtype=pl.Int64).alias("entity")
    ).sort("entity", "unit_id", maintain_order=True)
    reports, tests, years = copy.rows("activity_reports"), copy.rows("lab_tests"), copy.rows("unit_years")
    usual = reports.group_by("unit_id").agg(
        pl.col("fuel").mode().sort().first().alias("reported_fuel"),
        (pl.col("carbon_basis") == "measured").mean().alias("measured"),
        pl.col("heat_supplied").mean().alias("heat"),
    )
    sampled = tests.group_by("unit_id").agg(pl.col("lab_id").drop_nulls().mode().sort().first())
    burnt = years.group_by("unit_id").agg(
        pl.col("fuel").drop_nulls().last().alias("yearly_fuel"),
        (pl.col("heat_input").sum() / pl.col("gross_load").sum()).alias("heat_rate"),
    )
    for more in (usual, sampled, burnt):
        units = units.join(more, on="unit_id", how="left", maintain_order="left")
    unit_class = units["unit_class"].to_numpy().astype(str)
    fuel = np.array(
        [_fuel(*row) for row in units.select("reported_fuel", "yearly_fuel", "unit_class").rows()],
        dtype=object,
    ).astype(str)
    is_coal = np.isin(fuel, ("coal", "lignite", "anthracite"))
    measured = units["measured"].to_numpy()
    usual_rate = np.array([_HEAT_RATE.get(name, 8.6) for name in unit_class])
    rate = units["heat_rate"].to_numpy()
    return Fleet(
        id=units["unit_id"].to_list(),
        entity=units["entity"].to_numpy(),
        unit_class=unit_class,
        fuel=fuel,
        capacity=units["capacity"].to_numpy(),
        is_power=np.isin(unit_class, _POWER_CLASSES),
        cooling=units["cooling"].to_list(),
        commissioned_on=[day or LONG_AGO for day in _back(match, units["commissioned_on"])],
        retired_on=_back(match, units["retired_on"]),
        north=np.zeros(units.height, dtype=bool),
        province=np.zeros(units.height, dtype=np.int64),
        heat_rate=np.where(np.isfinite(rate), rate, usual_rate),
        heat_per_mw=(units["heat"].fill_null(0.0).to_numpy() > 0) * 0.1,
        heat_base=np.zeros(units.height),
        laboratory=_indices(units["lab_id"].to_list(), laboratories),
        measures_carbon=np.where(np.isnan(measured.astype(float)), is_coal, measured.astype(float) > 0.5),
    )


def _fuel(reported: str | None, yearly: str | None, unit_class: str) -> str:
    if reported:
        return reported
    if yearly:
        first = yearly.split("+")[0]
        return _FUELS.get(first, first)
    if unit_class.startswith("coal"):
        return "coal"
    return "natural_gas" if unit_class.startswith("gas") else "none"


def _bodies(copy: SourceCopy, kind: str) -> list[Body]:
    rows = copy.rows("service_bodies", pl.col("kind") == kind)
    return [
        Body(code, name, since or LONG_AGO, until, 0, 10.0, 0.5)
        for code, name, since, until in rows.select(
            "body_id", "body_name", "accredited_on", "revoked_on"
        ).rows()
    ]


def _consortia(copy: SourceCopy, accounts: Accounts, position: dict[str, int]) -> list[Consortium]:
    found: dict[str, list[tuple[int, float]]] = {}
    rows = copy.rows("consortium_members").select("consortium_id", "entity_id", "share").rows()
    for consortium, entity, share in rows:
        if entity in position:
            found.setdefault(consortium, []).append((position[entity], share))
    holders = {holder: number for number, holder in enumerate(accounts.holder_id)}
    return [
        Consortium(name, holders[name], members) for name, members in sorted(found.items()) if name in holders
    ]


def _projects(copy: SourceCopy, accounts: Accounts, verifiers: list[Body]) -> Projects:
    rows = copy.rows("offset_projects").sort("project_id")
    holders = {holder: number for number, holder in enumerate(accounts.holder_id)}
    bodies = {body.id: number for number, body in enumerate(verifiers)}
    issued: dict[str, list[Issuance]] = {}
    for row in copy.rows("offset_issuances").sort("period_start", "issuance_id").iter_rows(named=True):
        issued.setdefault(row["project_id"], []).append(
            Issuance(
                row["issuance_id"],
                row["period_start"],
                row["period_end"],
                row["issued_on"],
                bodies.get(row["verifier_id"], 0),
                row["quantity"],
            )
        )
    return Projects(
        id=rows["project_id"].to_list(),
        name=rows["project_name"].to_list(),
        methodology=rows["methodology"].to_list(),
        owner=np.array([holders.get(owner, -1) for owner in rows["owner_id"]], dtype=np.int64),
        province_code=rows["province_code"].to_list(),
        latitude=rows["latitude"].to_numpy(),
        longitude=rows["longitude"].to_numpy(),
        area_ha=rows["area_ha"].to_numpy(),
        expected_annual=rows["expected_annual"].to_numpy(),
        status=rows["status"].to_list(),
        registered_on=rows["registered_on"].to_list(),
        crediting_start=rows["crediting_start"].to_list(),
        crediting_end=rows["crediting_end"].to_list(),
        validator=np.zeros(rows.height, dtype=np.int64),
        issuances=[issued.get(code, []) for code in rows["project_id"]],
    )
