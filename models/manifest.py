"""The manifest of a trained model: a JSON file from which the same model can be trained again.

Belongs here: hashing of inputs, the manifest, writing and reading it. No pickle: loading one runs code.
The same data (by hash), parameters, seed and library version give the same scores.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import sklearn

from models.expected_emissions import MODEL_ID, MODEL_VERSION, ExpectedEmissions
from models.features import FEATURES, INPUT_COLUMNS, TARGETS


def data_hash(frame: pl.DataFrame, columns: tuple[str, ...] = INPUT_COLUMNS) -> str:
    """BLAKE2b of the rows' text in sorted order: equal data has an equal hash in any row order."""
    lines = sorted(
        json.dumps(row, default=str, ensure_ascii=False) for row in frame.select(columns).iter_rows()
    )
    digest = hashlib.blake2b(digest_size=16)
    for line in lines:
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()


def manifest(fitted: ExpectedEmissions, unit_years: pl.DataFrame) -> dict[str, Any]:
    """Everything that is needed to train the model again and to check that it is the same one."""
    years = unit_years["year"]
    return {
        "model_id": MODEL_ID,
        "model_version": MODEL_VERSION,
        "estimator": type(fitted).__name__,
        "params": fitted.get_params(),
        "features": list(FEATURES),
        "input_columns": list(INPUT_COLUMNS),
        "targets": list(TARGETS),
        "data": {
            "table": "fct_unit_years",
            "rows": unit_years.height,
            "hash": data_hash(unit_years),
            "first_year": years.min(),
            "last_year": years.max(),
        },
        "sklearn_version": sklearn.__version__,
        "metrics": fitted.metrics_,
        "scored_rows": fitted.score_frame().height,
        "unscored": fitted.unscored_.to_dicts(),
    }


def write_manifest(content: dict[str, Any], folder: Path) -> Path:
    """Write the manifest as `<model_id>.json` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{content['model_id']}.json"
    path.write_text(
        json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    return path


def retrain(path: Path, unit_years: pl.DataFrame) -> ExpectedEmissions:
    """Train the manifest's model again on the same whole years; refuses other data or another version."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    found = {"data hash": data_hash(unit_years), "scikit-learn": sklearn.__version__}
    expected = {"data hash": kept["data"]["hash"], "scikit-learn": kept["sklearn_version"]}
    for name, value in expected.items():
        if found[name] != value:
            raise ValueError(
                f"{path}: expected {name} {value}, found {found[name]}; "
                "give the unit years and the version that the manifest was made with, or train anew"
            )
    return ExpectedEmissions(**kept["params"]).fit(unit_years)
