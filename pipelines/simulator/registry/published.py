"""The registration system's tables, as frames of the contract (some with a column `tag`)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pipelines.simulator.allocation import Allotment, covered
from pipelines.simulator.frames import timestamps, trade_ids
from pipelines.simulator.ledger import KINDS, NO_TRADE
from pipelines.simulator.plan import Plan
from pipelines.simulator.registry.duties import Duties
from pipelines.simulator.timeline import Timeline

if TYPE_CHECKING:
    from pipelines.simulator.emitters.reports import Reports
    from pipelines.simulator.world import World

_STAGE_NAMES = {"preliminary": "预分配", "final": "核定分配", "adjustment": "配额调整"}


def transfers(world: World, timeline: Timeline, rows: dict[str, np.ndarray], published: int) -> pl.DataFrame:
    """Movements in time, one row each; numbers go on from the `published` ones before."""
    count = len(rows["moment"])
    accounts = pl.Series([*world.accounts.id, None], dtype=pl.String)
    units = pl.Series([asset.unit_type for asset in timeline.assets], dtype=pl.String)
    vintages = pl.Series([asset.vintage for asset in timeline.assets], dtype=pl.Int64)
    numbers = pl.Series(np.arange(published + 1, published + count + 1))
    trades = trade_ids(np.maximum(rows["trade"], 0))
    return pl.DataFrame(
        {
            "transfer_id": pl.select(pl.format("M-{}", numbers.cast(pl.String).str.zfill(9))).to_series(),
            "ts": timestamps(rows["moment"]),
            "from_account": accounts.gather(np.where(rows["giver"] < 0, len(world.accounts), rows["giver"])),
            "to_account": accounts.gather(np.where(rows["taker"] < 0, len(world.accounts), rows["taker"])),
            "unit_type": units.gather(rows["asset"]),
            "vintage": vintages.gather(rows["asset"]),
            "quantity": rows["quantity"],
            "kind": pl.Series(KINDS).gather(rows["kind"]),
            "trade_id": pl.select(
                pl.when(pl.Series(rows["trade"] != NO_TRADE)).then(trades).otherwise(None)
            ).to_series(),
            "tag": rows["tag"],
        }
    )


def allocations(world: World, decisions: list[Allotment]) -> pl.DataFrame:
    """Every decision, one row each; documents are numbered within stage, day and province by entity id."""
    frame = pl.DataFrame(
        {
            "entity_id": [world.entities.id[a.entity] for a in decisions],
            "year": [a.year for a in decisions],
            "method": [a.method for a in decisions],
            "stage": [a.stage for a in decisions],
            "quantity": [a.quantity for a in decisions],
            "decided_on": [a.decided_on for a in decisions],
            "province": [str(world.entities.city[a.entity])[:2] for a in decisions],
            "tag": pl.Series([a.tag for a in decisions], dtype=pl.Int64),
        }
    )
    number = pl.int_range(1, pl.len() + 1).over("stage", "decided_on", "province").cast(pl.String)
    return frame.sort("decided_on", "entity_id").with_columns(
        pl.format(
            "示例环碳〔{}〕{}-{}-{}号",
            pl.col("decided_on").dt.year(),
            pl.col("stage").replace_strict(_STAGE_NAMES, return_dtype=pl.String),
            pl.format("{}{}", pl.col("province"), pl.col("decided_on").dt.strftime("%m%d")),
            number.str.zfill(4),
        ).alias("document_no")
    )


def compliance(world: World, reports: Reports, plan: Plan, all_duties: list[Duties]) -> pl.DataFrame:
    """One row a covered entity and compliance year, as the registry shows it now.

    `registry_status` is what the registry saw at the deadline: whether allowances and credits together came
    to the obligation. It does not look at the cap on credits, nor at where the units came from.
    """
    return pl.concat([_of_year(world, reports, plan, duties) for duties in all_duties])


def _of_year(world: World, reports: Reports, plan: Plan, duties: Duties) -> pl.DataFrame:
    who = np.flatnonzero(covered(world, plan, duties.year))
    verified = reports.verified(duties.year)[who]
    row_of = np.full(len(world.entities), -1)
    row_of[duties.entity] = np.arange(len(duties.entity))
    row = row_of[who]
    has_duty = row >= 0
    completed = np.where(has_duty, duties.completed_on[row], 0)
    in_time = (completed > 0) & (completed <= duties.due.toordinal())
    status = np.where(has_duty, np.where(in_time, "compliant", "not_compliant"), "not_reported")
    tags = np.where(has_duty, np.where(duties.tag[row] > 0, duties.tag[row], duties.credit_tag[row]), 0)
    return pl.DataFrame(
        {
            "entity_id": [world.entities.id[e] for e in who.tolist()],
            "year": np.full(len(who), duties.year),
            "verified_emissions": pl.Series(verified).fill_nan(None),
            "obligation": _where(has_duty, duties.obligation[row]),
            "due_on": [duties.due] * len(who),
            "surrendered": np.where(has_duty, duties.allowances_done[row], 0),
            "offsets_surrendered": np.where(has_duty, duties.credits_done[row], 0),
            "cumulative_verified": pl.Series([None] * len(who), dtype=pl.Float64),
            "cumulative_surrendered": pl.Series([None] * len(who), dtype=pl.Int64),
            "completed_on": pl.Series(
                [date.fromordinal(day) if day else None for day in completed.tolist()], dtype=pl.Date
            ),
            "registry_status": status,
            "tag": tags.astype(np.int64),
        }
    )


def _where(mask: np.ndarray, values: np.ndarray) -> pl.Series:
    return pl.select(pl.when(pl.Series(mask)).then(pl.Series(values)).otherwise(None)).to_series()
