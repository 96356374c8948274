"""What instruments, meters and reports show of falsification, kind by kind.

Blatant cases lie beyond all honest units; faint ones need not stand out.
"""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from tests.falsification import Plants, falsified_plants, inside, stands_out

FIGURES = ("ash", "volatile", "hydrogen", "carbon", "ncv")


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> Plants:
    return falsified_plants(tmp_path_factory)


def test_every_affected_row_is_published(plants: Plants) -> None:
    named: dict[str, list[tuple[str, ...]]] = {}
    for row in plants.labels.to_dicts():
        affected = json.loads(row["affected"])
        assert affected, row["description"]
        for name, keys in affected.items():
            named.setdefault(name, []).extend((row["case_id"], *map(str, key)) for key in keys)
    for name, keys in named.items():
        columns = list(TABLES[name].key)
        frame = pl.DataFrame(keys, schema=["case_id", *columns], orient="row")
        units = frame[columns[0]].unique().to_list()
        published = plants[name].filter(pl.col(columns[0]).is_in(units)).select(_as_text(columns))
        found = frame.with_columns(_as_text(columns)).join(published, on=columns, how="semi")
        # A month in which a unit stands still has no analysis, and no report where it never ran.
        assert found.height >= 0.9 * frame.height, name


def _as_text(columns: list[str]) -> list[pl.Expr]:
    """Key columns as labels print them; timestamps to the second."""
    return [pl.col(name).cast(pl.String).str.slice(0, 19).str.replace("T", " ") for name in columns]


def test_mass_balance_gap(plants: Plants) -> None:
    reports = plants.reports
    fuel = plants.against_meter("fuel_consumption", "coal_feed", "gas_flow").with_columns(-pl.col("value"))
    burned = pl.col("fuel_consumption") * pl.col("carbon_content") * pl.col("oxidation_factor") * 44 / 12
    added = (burned + pl.col("process_emissions").fill_null(0)) / pl.col("reported_emissions") - 1
    carbon = reports.join(
        plants.analyses.select("unit_id", "month", "received_carbon"), on=["unit_id", "month"]
    )
    found = pl.col("received_carbon") / pl.col("carbon_content") - 1
    stands_out(
        plants,
        "mass_balance_gap",
        fuel,
        carbon.select("unit_id", "month", value=found),
        reports.select("unit_id", "month", value=added),
    )


def test_cems_gap(plants: Plants) -> None:
    seen = pl.col("operating").filter(pl.col("co2_mass").is_not_null()).sum()
    month = plants.hours.group_by("unit_id", "month").agg(
        mass=pl.col("co2_mass").sum() / seen * pl.col("operating").sum(), hours=pl.len()
    )
    measured = plants.reports.filter(pl.col("carbon_basis") == "measured")
    both = month.filter(pl.col("hours") > 240).join(measured, on=["unit_id", "month"])
    gap = both.select("unit_id", "month", value=(pl.col("mass") / pl.col("reported_emissions")).log().abs())
    stands_out(plants, "cems_gap", gap, of=np.max)


def test_convenient_downtime(plants: Plants) -> None:
    by_month = ("unit_id", "month")
    rank = pl.col("gross_load").rank().over(by_month) / pl.col("gross_load").count().over(by_month)
    lost = plants.hours.with_columns(rank=rank).filter(
        pl.col("quality").is_in(["fault", "substituted"]) & pl.col("rank").is_not_null()
    )
    score = (pl.col("rank").mean() - 0.5) * (12 * pl.len()).sqrt()
    stands_out(plants, "convenient_downtime", lost.group_by(by_month).agg(value=score))


def test_flat_series(plants: Plants) -> None:
    seen = plants.hours.filter(pl.col("co2_mass").is_not_null())
    mass = pl.col("co2_mass")
    days = seen.group_by("unit_id", "date").agg(value=-mass.std() / mass.mean(), hours=pl.len())
    stands_out(plants, "flat_series", days.filter(pl.col("hours") >= 20), column="date")


def _unevenness(table: pl.DataFrame, figures: dict[str, int]) -> float:
    """Chi-square per digit of all printed decimals together, 0 for digits evenly spread."""
    digits = []
    for name, decimals in figures.items():
        scaled = np.round(table[name].drop_nulls().to_numpy() * 10**decimals).astype(np.int64)
        digits += [scaled // 10**place % 10 for place in range(decimals)]
    counts = np.bincount(np.concatenate(digits), minlength=10)
    even = counts.sum() / 10
    return float(((counts - even) ** 2).sum() / even / counts.sum())


def test_digit_anomaly(plants: Plants) -> None:
    """Digits of a case's own window against those of honest units over as long a time as there is."""
    meter = plants["meters_daily"].filter((pl.col("meter") == "coal_feed") & (pl.col("value") > 1))
    reported = {"fuel_consumption": 2, "ncv": 3, "electricity_generated": 3}
    sources: dict[str, tuple[pl.DataFrame, str, dict[str, int]]] = {
        "meter": (meter, "date", {"value": 3}),
        "stack": (plants.hours.filter(pl.col("co2_mass") > 1), "date", {"co2_mass": 3}),
        "report": (plants.reports.filter(pl.col("electricity_generated") > 1), "month", reported),
    }
    for case in plants.cases("digit_anomaly"):
        source = next(name for name in sources if f"its {name} " in case["description"])
        table, column, figures = sources[source]
        honest = table.filter(pl.col("unit_id").is_in(plants.honest[:60])).partition_by("unit_id")
        usual = max(_unevenness(one, figures) for one in honest if len(one) >= 20)
        own = inside(table, case, column)
        assert _unevenness(own, figures) > usual, case["description"]


def test_output_mismatch(plants: Plants) -> None:
    power = plants.reports.filter(pl.col("is_power") & (pl.col("heat_supplied") == 0))
    energy = pl.col("fuel_consumption") * pl.col("ncv")
    rate = pl.col("electricity_generated") * 3.6 / energy
    lines = plants.reports.filter(~pl.col("is_power"))
    read = plants.meters.filter(pl.col("meter") == "electricity_in").select("unit_id", "month", taken="read")
    fuel = pl.col("product_output") / energy
    taken = pl.col("product_output") / pl.col("taken")
    stands_out(
        plants,
        "output_mismatch",
        plants.against_meter("electricity_generated", "electricity_out"),
        plants.against_meter("heat_supplied", "heat_out"),
        plants.against_meter("product_output", "product"),
        power.select("unit_id", "month", value=rate / rate.median().over("unit_class")),
        lines.select("unit_id", "month", value=fuel / fuel.median().over("unit_class")),
        lines.join(read, on=["unit_id", "month"]).select(
            "unit_id", "month", value=taken / taken.median().over("unit_class")
        ),
    )


def test_repeated_values(plants: Plants) -> None:
    """How often the most frequent figures of a unit come again, by source."""
    stack = ["co2_mass", "co2_concentration", "flow"]
    sources = {
        "analysis": (plants.analyses, list(FIGURES)),
        "hours": (plants.hours.filter(pl.col("flow").is_not_null()), stack),
        "meter": (
            plants["meters_daily"].filter((pl.col("meter") == "coal_feed") & (pl.col("value") > 100)),
            ["value"],
        ),
        "report": (plants.reports.filter(pl.col("fuel_consumption") > 0), ["fuel_consumption", "ncv"]),
    }
    for case in plants.cases("repeated_values"):
        table, figures = next(
            source for name, source in sources.items() if f" {name} " in case["description"].replace(",", " ")
        )
        again = table.group_by("unit_id", *figures).len().filter(pl.col("len") > 1)
        again = again.group_by("unit_id").agg(pl.col("len").sum())
        usual = again.filter(pl.col("unit_id").is_in(plants.honest))["len"].max() or 0
        found = again.filter(pl.col("unit_id").is_in(case["subject_ids"]))["len"].max()
        assert isinstance(found, int), case["description"]
        assert found > usual, case["description"]
