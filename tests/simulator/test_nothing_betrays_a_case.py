"""Only the labels identify a case: ids, names, places in tables and row numbers carry no information.

Models are asked to separate labelled actors from others of the same type by all but their conduct, and
must do no better than on shuffled labels. What conduct shows (dates, prices, figures, relations) is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.contract.tables import TABLES
from tests.shared import Written

FOLDS, SHUFFLES, FEWEST = 5, 60, 12
FEATURES = 96

Actors = pl.DataFrame
"""One row an actor: `id`, `stratum`, `text` (all its writing) and numeric columns that begin with `n_`."""


def directory(market: Written, name: str) -> pl.DataFrame:
    key = TABLES[name].key[0]
    rows = market[name].with_row_index("n_place")
    return rows.with_columns(pl.col(key).rank("ordinal").alias("n_rank"), pl.col(key).alias("id"))


def first_places(market: Written, name: str, column: str) -> pl.DataFrame:
    """Where in a table that is not kept in order of time an actor stands first."""
    rows = market[name].with_row_index(f"n_{name}")
    return rows.group_by(pl.col(column).alias("id")).agg(pl.col(f"n_{name}").min())


def digits(frame: pl.DataFrame, number: pl.Expr) -> pl.DataFrame:
    """The last digits of an id's number and their sum, remainders and repeats."""
    frame = frame.with_columns(number.cast(pl.String).alias("_number"))
    last = [
        pl.col("_number").str.slice(-n, 1).cast(pl.Int64, strict=False).alias(f"n_digit{n}")
        for n in (1, 2, 3)
    ]
    value = pl.col("_number").cast(pl.Int64, strict=False)
    return frame.with_columns(
        *last,
        *((value % n).alias(f"n_mod{n}") for n in (3, 7, 8, 11)),
        pl.col("_number").str.len_chars().alias("n_length"),
    ).drop("_number")


def accounts(market: Written) -> Actors:
    rows = digits(directory(market, "accounts"), pl.col("account_id").str.extract(r"(\d+)$"))
    return rows.with_columns(
        pl.col("holder_type").alias("stratum"),
        # An emitter's name is looked at with the emitter, and says where it is at home.
        pl.when(pl.col("holder_type") == "compliance")
        .then(pl.lit(""))
        .otherwise(pl.concat_str("holder_name", pl.lit(" "), "holder_id", ignore_nulls=True))
        .alias("text"),
    )


def entities(market: Written) -> Actors:
    units = market["units"].sort("capacity", descending=True).unique("entity_id", maintain_order=True)
    rows = digits(directory(market, "entities"), pl.col("entity_id").str.extract(r"MAFX(\d+)"))
    rows = rows.join(units.select("entity_id", "unit_class"), on="entity_id", how="left")
    for name in ("compliance", "allocations", "emission_reports", "other_rights"):
        rows = rows.join(first_places(market, name, "entity_id"), on="id", how="left")
    is_listed = pl.col("listed_on").is_not_null().cast(pl.String)
    return rows.with_columns(
        pl.concat_str("unit_class", is_listed, ignore_nulls=True).alias("stratum"),
        # The name without the place that it begins with: where coal is burnt is no secret.
        pl.concat_str(
            pl.col("entity_name").str.replace(r"^示例\p{Han}{2,3}", ""), pl.col("entity_id").str.slice(8)
        ).alias("text"),
    )


def units(market: Written) -> Actors:
    rows = digits(directory(market, "units"), pl.col("unit_id").str.extract(r"(\d+)$"))
    for name in ("unit_years", "activity_reports"):
        rows = rows.join(first_places(market, name, "unit_id"), on="id", how="left")
    samples = (
        market["lab_tests"]
        .group_by(pl.col("unit_id").alias("id"))
        .agg(
            pl.col("sample_id").sort().head(6).str.join(" ").alias("samples"),
            pl.col("sample_id").str.len_chars().mean().alias("n_sample_length"),
            pl.col("report_no").str.len_chars().mean().alias("n_report_length"),
            pl.col("sample_id").str.extract(r"(\d)$").cast(pl.Int64).mean().alias("n_sample_digit"),
        )
    )
    rows = rows.join(samples, on="id", how="left")
    return rows.with_columns(
        pl.col("unit_class").alias("stratum"),
        pl.concat_str("unit_id", pl.lit(" "), pl.col("samples").fill_null("")).alias("text"),
    )


def projects(market: Written) -> Actors:
    rows = digits(directory(market, "offset_projects"), pl.col("project_id").str.extract(r"(\d+)$"))
    issued = market["offset_issuances"]["project_id"].unique()
    return rows.filter(pl.col("project_id").is_in(issued.implode())).with_columns(
        pl.lit("project").alias("stratum"), pl.col("project_id").alias("text")
    )


ACTORS: dict[str, Callable[[Written], Actors]] = {
    "accounts": accounts,
    "entities": entities,
    "units": units,
    "projects": projects,
}


def labelled(market: Written) -> set[str]:
    return set(market.labels["subject_ids"].explode())


def matrix(actors: Actors) -> tuple[np.ndarray, np.ndarray]:
    """Numbers as ranks within the stratum, and hashed pieces of text."""
    numbers = [name for name in actors.columns if name.startswith("n_")]
    ranks = actors.select(
        (pl.col(name).cast(pl.Float64).rank("average") / pl.len()).fill_null(-0.5) for name in numbers
    ).to_numpy()
    pieces = HashingVectorizer(analyzer="char", ngram_range=(1, 3), n_features=FEATURES, alternate_sign=False)
    return ranks, pieces.transform(actors["text"].to_list()).toarray()


def separability(actors: Actors, marked: set[str], rng: np.random.Generator) -> np.ndarray | None:
    """How well models separate marked actors, in all strata together; then the same for shuffled marks.

    The first figure is that of the real marks. Each is a mean AUC over strata and models, out of fold.
    """
    sums, weights = np.zeros(1 + SHUFFLES), 0.0
    for stratum in sorted(set(actors["stratum"].fill_null(""))):
        part = actors.filter(pl.col("stratum").fill_null("") == stratum)
        real = part["id"].is_in(list(marked)).to_numpy().astype(float)
        if min(real.sum(), len(real) - real.sum()) < FEWEST:
            continue
        # Linear in the marks, so that all shuffles are fitted at once.
        marks = np.column_stack([real, *(rng.permutation(real) for _ in range(SHUFFLES))])
        for features, model in zip(
            matrix(part),
            (
                make_pipeline(StandardScaler(), KernelRidge(alpha=1.0, kernel="rbf", gamma=0.05)),
                make_pipeline(StandardScaler(), Ridge(alpha=50.0)),
            ),
            strict=True,
        ):
            scores = np.zeros_like(marks)
            for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(features, real):
                scores[test] = model.fit(features[train], marks[train]).predict(features[test])
            weight = real.sum()
            sums += weight * np.array([roc_auc_score(marks[:, n], scores[:, n]) for n in range(1 + SHUFFLES)])
            weights += weight
    return sums / weights if weights else None


def bound(aucs: np.ndarray) -> float:
    """What chance reaches about once in 30,000 markets: four standard deviations above shuffled marks."""
    return float(aucs[1:].mean() + 4 * aucs[1:].std())


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng(17)


@pytest.mark.parametrize("name", sorted(ACTORS))
def test_actors_of_cases_cannot_be_identified_by_how_they_are_written_down(name, medium_market, rng):
    aucs = separability(ACTORS[name](medium_market), labelled(medium_market), rng)
    assert aucs is not None, "no type has enough labelled actors to ask"
    assert aucs[0] < bound(aucs), f"AUC {aucs[0]:.3f}, by chance at most {bound(aucs):.3f}"


@pytest.mark.parametrize("leak", ["first in the table", "low ids", "a mark in the name"])
def test_a_planted_leak_is_found(leak, medium_market, rng):
    marked = labelled(medium_market)
    actors = accounts(medium_market)
    is_marked = pl.col("id").is_in(list(marked))
    if leak == "first in the table":
        actors = actors.sort(~is_marked, maintain_order=True).with_columns(
            pl.int_range(pl.len()).alias("n_place")
        )
    elif leak == "low ids":
        actors = actors.sort(~is_marked, maintain_order=True).with_columns(
            pl.int_range(pl.len()).alias("n_rank")
        )
    else:
        actors = actors.with_columns(
            pl.when(is_marked).then(pl.col("text") + "甲").otherwise("text").alias("text")
        )
    aucs = separability(actors, marked, rng)
    assert aucs is not None
    assert aucs[0] > bound(aucs)


@pytest.mark.parametrize("name", ["trades", "transfers", "orders"])
def test_rows_are_numbered_in_time_whoever_they_belong_to(name, medium_market):
    rows = medium_market[name]
    key = TABLES[name].key[0]
    numbers = rows[key].str.extract(r"(\d+)$").cast(pl.Int64)
    assert rows[key].str.replace(r"\d+$", "").n_unique() == 1
    assert rows[key].str.len_chars().n_unique() == 1
    in_time = rows.with_columns(numbers.alias("number")).sort("number")
    assert in_time["ts"].is_sorted()
    # No number is left out or kept for anybody.
    assert numbers.max() - numbers.min() + 1 == rows.height


@pytest.mark.parametrize("name", ["trades", "transfers", "orders", "lab_tests"])
def test_last_digits_of_labelled_rows_are_those_of_any_row(name, medium_market):
    affected = {row[0] for text in medium_market.labels["affected"] for row in json.loads(text).get(name, [])}
    key = TABLES[name].key[0]
    rows = medium_market[name].with_columns(
        pl.col(key).str.extract(r"(\d)\D*$").cast(pl.Int64).alias("digit"),
        pl.col(key).is_in(list(affected)).alias("marked"),
    )
    marked = rows.filter("marked")
    expected = rows.group_by("digit").len().sort("digit")["len"].to_numpy() / rows.height
    observed = (
        marked.group_by("digit")
        .len()
        .join(pl.DataFrame({"digit": range(10)}, schema={"digit": pl.Int64}), on="digit", how="right")
        .sort("digit")["len"]
        .fill_null(0)
        .to_numpy()
    )
    assert marked.height > 50
    chi = float((((observed - expected * marked.height) ** 2) / (expected * marked.height)).sum())
    assert chi < 35, "chi square of 9 degrees beyond one in 10,000"


def test_directories_are_in_the_order_of_their_ids(medium_market):
    for name in ("entities", "accounts", "units", "offset_projects", "service_bodies", "parks"):
        assert medium_market[name][TABLES[name].key[0]].is_sorted(), name


def test_files_are_one_a_month_or_one_in_all(medium_market):
    for path in medium_market.report.out.rglob("*.parquet"):
        inside = path.relative_to(medium_market.report.out)
        assert len(inside.parts) == 1 or re.fullmatch(r"\d{4}-\d{2}\.parquet", inside.name), inside


def test_clean_and_labelled_markets_have_the_same_columns(market, clean_market):
    assert market.report.rows.keys() == clean_market.report.rows.keys()
    for name in market.report.rows:
        assert market[name].schema == clean_market[name].schema, name
