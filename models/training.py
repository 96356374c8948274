"""One training as files: the scores, the manifest to repeat it, and the model card.

Belongs here: what is written where. Does not belong here: the model, the card's text, when to train.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from models.card import model_card
from models.expected_emissions import MODEL_ID, score_unit_years
from models.manifest import manifest, write_manifest


def train(unit_years: Path, folder: Path) -> None:
    """Train on the whole years of `fct_unit_years`; scores, manifest and card go into the folder."""
    frame = pl.read_parquet(unit_years).filter("is_whole_year").drop("is_whole_year")
    fitted = score_unit_years(frame)
    fitted.score_frame().write_parquet(folder / f"{MODEL_ID}.parquet")
    write_manifest(manifest(fitted, frame), folder)
    (folder / f"{MODEL_ID}.md").write_text(model_card(fitted), encoding="utf-8")
