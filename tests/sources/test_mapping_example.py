"""The complete mapping of the how-to, carried out."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from pipelines.sources import read

HOW_TO = Path(__file__).resolve().parents[2] / "docs/how-to/map-a-file.md"


def test_the_complete_mapping_reads_its_file(tmp_path):
    text = HOW_TO.read_text(encoding="utf-8")
    files = dict(re.findall(r'```\w+ title="([\w.]+)"\n(.*?)```', text, re.DOTALL))
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    report = read(str(tmp_path / "mapping.yml"), tmp_path / "emissions.csv", tmp_path / "out")
    (line,) = report.rows()
    assert (line.read, line.written, line.quarantined, line.without_data) == (5, 2, 1, 2)
    assert [(r.reason, r.column, r.rows, r.tonnes) for r in line.reasons] == [
        ("out_of_range", "Verified", 1, -1000)
    ]
    compliance = pl.read_parquet(tmp_path / "out/compliance.parquet")
    assert compliance.select("entity_id", "year", "verified_emissions").rows() == [
        ("X1", 2023, 1500),
        ("X4", 2023, 2000),
    ]
    entities = pl.read_parquet(tmp_path / "out/entities.parquet").sort("entity_id")
    assert entities.select("entity_id", "sector").rows() == [("X1", "power"), ("X4", "steel")]
