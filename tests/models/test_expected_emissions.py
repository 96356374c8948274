"""The peer model: contract of the output, determinism, a detection floor and a silence floor."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone

from models.card import model_card
from models.expected_emissions import OUTPUT_SCHEMA, ExpectedEmissions, score_unit_years
from models.features import fuel_mix
from models.manifest import data_hash, manifest, retrain, write_manifest


def unit_years(units=120, seed=1, scaled=(), factor=0.7, fuel="coal"):
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(units):
        capacity, rate = rng.uniform(100, 900), 0.09 + rng.choice([-0.0015, 0.0, 0.003])
        for year in (2022, 2023):
            hours = rng.uniform(3000, 8000)
            load = capacity * hours * rng.uniform(0.5, 0.9)
            heat = load * rng.normal(10.5, 0.7)
            co2 = heat * rate * np.exp(rng.normal(0, 0.01)) * (factor if unit in scaled else 1.0)
            rows.append(
                {
                    "unit_id": f"U{unit:03}", "year": year, "period": str(year),
                    "entity_id": f"E{unit // 3:03}",
                    "province_code": f"P{unit % 5}", "unit_class": "coal_gt300", "capacity": capacity,
                    "commissioned_on": date(1990, 1, 1), "fuel": fuel, "operating_hours": hours,
                    "heat_input_gj": heat, "gross_load_mwh": load, "co2_mass_tco2": co2,
                    "load_factor": load / (capacity * hours),
                }
            )  # fmt: skip
    return pl.DataFrame(rows)


@pytest.fixture(scope="module")
def honest():
    return score_unit_years(unit_years())


def test_the_output_has_the_agreed_columns_one_row_a_unit_and_year(honest):
    scores = honest.score_frame()
    assert scores.schema == pl.Schema(OUTPUT_SCHEMA)
    assert scores.select("unit_id", "year").is_unique().all() and scores.height == 240
    assert scores["score"].is_between(0, 1).all() and scores["p_value"].is_between(0, 1).all()
    assert (scores["lower_05"] < scores["upper_95"]).all()


def test_clone_gives_an_equal_unfitted_model_and_equal_scores(honest):
    copy = clone(honest)
    assert copy.get_params() == honest.get_params() and not hasattr(copy, "scores_")
    shuffled = unit_years().sample(fraction=1.0, shuffle=True, seed=9)
    assert copy.fit(shuffled).score_frame().equals(honest.score_frame())


def test_honest_units_stay_low(honest):
    assert (honest.score_frame()["score"] >= 0.5).mean() <= 0.01


@pytest.mark.parametrize("seed", range(2))
def test_understated_units_rank_first(seed):
    chosen = np.random.default_rng(seed).choice(120, 8, replace=False).tolist()
    scores = score_unit_years(unit_years(seed=seed, scaled=chosen)).score_frame()
    top = scores.sort("score", descending=True).head(16)
    hits = set(top["unit_id"]) & {f"U{unit:03}" for unit in chosen}
    assert len(hits) >= 7
    assert top.filter(pl.col("unit_id").is_in(list(hits)))["is_low"].all()


def test_a_group_with_too_few_peers_gets_no_score_and_is_named():
    few = unit_years(units=8, fuel="wood").with_columns(
        pl.concat_str(pl.lit("W"), "unit_id").alias("unit_id")
    )
    model = score_unit_years(pl.concat([unit_years(), few]))
    assert set(model.score_frame()["fuel_group"]) == {"coal"}
    assert model.unscored_.select("fuel_group", "peer_count").unique().rows() == [("biomass", 16)]
    assert score_unit_years(few).score_frame().is_empty()


def test_gas_at_a_site_explains_its_units_but_not_a_lone_one():
    base = unit_years(fuel="coal+natural gas")
    site = [f"U{unit:03}" for unit in (30, 31, 32)]
    low = pl.when(pl.col("unit_id").is_in([*site, "U060"])).then(0.65).otherwise(1.0)
    scores = score_unit_years(base.with_columns(pl.col("co2_mass_tco2") * low)).score_frame()
    best = dict(scores.group_by("unit_id").agg(pl.col("score").max()).iter_rows())
    assert best["U060"] > 0.8
    assert max(best[unit] for unit in site) < 0.5


def replaced(name, unit, value):
    return pl.when(pl.col("unit_id") == unit).then(value).otherwise(pl.col(name)).alias(name)


def test_idle_units_and_missing_figures_are_left_out():
    idle = unit_years().with_columns(
        replaced("heat_input_gj", "U001", 0.0),
        replaced("co2_mass_tco2", "U002", None),
        replaced("operating_hours", "U003", 20.0),
        pl.lit(None, dtype=pl.Float64).alias("capacity"),
        pl.lit(None, dtype=pl.Date).alias("commissioned_on"),
    )  # fmt: skip
    scored = set(score_unit_years(idle).score_frame()["unit_id"])
    assert "U001" in scored and not {"U002", "U003"} & scored


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="heat_input_gj"):
        score_unit_years(unit_years(units=5).drop("heat_input_gj"))


@pytest.mark.parametrize(
    ("fuel", "unit_class", "group"),
    [
        ("coal", None, "coal"),
        ("coal+diesel oil", None, "coal"),
        ("coal+natural gas", None, "coal_with_gas"),
        ("coal, pipeline natural gas+diesel oil", None, "coal_and_gas"),
        ("coal refuse", None, "coal_with_other_solids"),
        ("coal+tire derived fuel", None, "coal_with_other_solids"),
        ("natural gas+coal", None, "gas_and_coal"),
        ("natural_gas", None, "gas"),
        ("natural gas+diesel oil", "gas_other", "gas"),
        ("residual oil", None, "oil"),
        (None, "coal_gt300", "coal"),
        (None, "gas_class_f", "gas"),
        (None, "clinker_line", "other"),
    ],
)
def test_fuel_groups(fuel, unit_class, group):
    assert fuel_mix(fuel, unit_class).group == group


def test_manifest_and_retraining(honest, tmp_path):
    data = unit_years()
    path = write_manifest(manifest(honest, data), tmp_path)
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["data"]["hash"] == data_hash(data.reverse())
    assert retrain(path, data).score_frame().equals(honest.score_frame())
    with pytest.raises(ValueError, match="data hash"):
        retrain(path, unit_years(seed=2))


def test_the_card_holds_measured_figures(honest):
    card = model_card(honest)
    for heading in (
        "Purpose",
        "Training window",
        "Features",
        "Exclusions",
        "figures",
        "Known failures",
        "Drift",
    ):
        assert heading in card
    assert "240 unit years" in card and "`co2_tco2_per_gj`" not in card.split("## Features")[0]


def test_real_coal_units_with_understated_co2_rank_among_the_highest(real_data, tmp_path):
    from pipelines.sources import read

    read("campd", real_data / "campd", tmp_path / "out")
    tables = {
        name: pl.read_parquet(tmp_path / "out" / f"{name}.parquet")
        for name in ("units", "entities", "unit_years")
    }
    units = tables["units"].select("unit_id", "entity_id", "unit_class", "capacity", "commissioned_on")
    rows = (
        tables["unit_years"]
        .join(units, on="unit_id")
        .join(tables["entities"].select("entity_id", "province_code"), on="entity_id")
        .rename({"heat_input": "heat_input_gj", "gross_load": "gross_load_mwh", "co2_mass": "co2_mass_tco2"})
        .with_columns(
            pl.col("year").cast(pl.String).alias("period"),
            pl.col("commissioned_on").cast(pl.Date),
            pl.lit(None, dtype=pl.Float64).alias("load_factor"),
        )
    )  # fmt: skip
    coal = rows.filter(pl.col("fuel").str.starts_with("coal") & (pl.col("co2_mass_tco2") > 0))[
        "unit_id"
    ].unique()
    chosen = np.random.default_rng(0).choice(coal.sort().to_numpy(), 20, replace=False).tolist()
    scaled = pl.when(pl.col("unit_id").is_in(chosen)).then(0.7).otherwise(1.0)
    scores = score_unit_years(rows.with_columns(pl.col("co2_mass_tco2") * scaled)).score_frame()
    best = (
        scores.filter(pl.col("unit_id").is_in(coal.implode()))
        .group_by("unit_id")
        .agg(pl.col("score").max())
        .sort("score", descending=True)
    )
    assert len(set(best.head(40)["unit_id"]) & set(chosen)) >= 16


def test_parameters_are_the_constructors():
    assert ExpectedEmissions(max_iter=7).get_params()["max_iter"] == 7
