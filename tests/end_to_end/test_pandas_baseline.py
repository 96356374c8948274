"""The pandas baseline computes what the warehouse publishes: it is measured for the same work."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines.bench.pandas_marts import build

KEYS = {
    "fct_holdings": ["account_id", "unit_type", "vintage", "date"],
    "fct_market_days": ["date", "instrument_id"],
    "fct_mass_balance_months": ["unit_id", "month"],
}
# The baseline computes figures; which rule they rest on and how it was verified is no part of it.
PROVENANCE = {"due_rule_id", "is_due_on_verified", "is_limit_verified", "uses_unverified_default"}
# The warehouse rounds the mean carbon of a month, of about 0.5 t/t, to nine decimals.
TOLERANCE = 1e-8


def difference(name: str, folder: Path, published: Path) -> str | None:
    """What sets two marts apart, or None: columns, types, keys and texts exactly, floats by tolerance."""
    tables = [pq.read_table(path / f"{name}.parquet") for path in (folder, published)]
    tables = [t.drop_columns(sorted(PROVENANCE & set(t.column_names))) for t in tables]
    schemas = [{field.name: str(field.type).replace("large_", "") for field in t.schema} for t in tables]
    if schemas[0] != schemas[1]:
        return f"{name}: columns differ: {set(schemas[0].items()) ^ set(schemas[1].items())}"
    # The baseline writes pandas' large strings: other bytes, the same text.
    tables[0] = tables[0].select(tables[1].column_names).cast(tables[1].schema)
    left, right = (
        table.to_pandas(types_mapper=pd.ArrowDtype).sort_values(KEYS[name], ignore_index=True)
        for table in tables
    )
    if not left[KEYS[name]].equals(right[KEYS[name]]):
        return f"{name}: keys differ: {len(left)} rows beside {len(right)}"
    for column, dtype in schemas[1].items():
        a, b = left[column], right[column]
        equal = a.eq(b).fillna(False) | (a.isna() & b.isna())
        if dtype == "double":
            equal |= ((a - b).abs() <= TOLERANCE * b.abs()).fillna(False)
        if not equal.all():
            wrong = pd.DataFrame({"baseline": a, "published": b})[~equal.astype(bool)]
            return f"{name}.{column}: {len(wrong)} of {len(a)} rows differ:\n{wrong.head()}"
    return None


@pytest.fixture(scope="module")
def baseline(published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("baseline")
    build(published.source, out)
    return out


@pytest.mark.parametrize("name", KEYS)
def test_the_baseline_computes_what_is_published(name, baseline, published):
    marts = published.settings.current / "marts"
    assert pq.read_metadata(marts / f"{name}.parquet").num_rows > 0
    assert difference(name, baseline, marts) is None
