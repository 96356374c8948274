"""What the pandas baseline reads and writes: a source's tables, the rules as data, marts as Parquet.

Files are read through Arrow, which pandas itself reads Parquet with, and typed by the contract, so that
dates and prices never become Python objects. The source is taken to be clean: one row a key, every
value of its type. Checking that is no part of the baseline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow.csv import ConvertOptions

from pipelines.contract.tables import TABLES
from pipelines.core.market import as_of_date, read_market
from pipelines.core.settings import ROOT, Settings

SEEDS = ROOT / "dbt_project" / "seeds"
_SUFFIXES = (".parquet", ".csv", ".csv.gz")
_TYPES = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "date": pa.timestamp("us"),
    "timestamp": pa.timestamp("us", "UTC"),
    "bool": pa.bool_(),
}
_DATES = {"date", "month"}
_PRICES = {"previous_close", "open", "high", "low", "close", "limit_down", "limit_up"}
_BLOCK_PRICES = {"block_limit_down", "block_limit_up"}
_VALUES = {"listed_value", "block_value"}


@dataclass(frozen=True)
class Source:
    """A source directory's files by table, with the market's settings."""

    files: dict[str, list[str]]
    market_id: str
    timezone: str
    as_of: date

    @classmethod
    def open(cls, folder: Path) -> Source:
        """The tables in a folder: `<table>.<suffix>`, or files anywhere below `<table>/`."""
        market = read_market(folder)
        files = {table: sorted(_files(folder, table)) for table in TABLES}
        if not any(files.values()):
            raise FileNotFoundError(
                f"{folder}: expected a source directory with files of the contract's tables, found none. "
                "Check the path."
            )
        return cls(files, market.id, market.timezone, as_of_date(Settings.load(), market))

    def read(self, table: str, *names: str) -> pd.DataFrame:
        """These columns of a table, or all of them; what was not delivered is empty.

        Prices are floats, timestamps are UTC, whole numbers that may be absent are `Int64`.
        """
        columns = [TABLES[table].column(name) for name in names or TABLES[table].names]
        schema = pa.schema(
            [(column.name, pa.float64() if column.decimal else _TYPES[column.type]) for column in columns]
        )
        parts = [schema.empty_table()]
        for file_format, paths in _by_format(self.files[table]):
            parts.append(ds.dataset(paths, format=file_format, schema=schema).to_table())
        frame = pa.concat_tables(parts).to_pandas(split_blocks=True)
        for column in columns:
            if column.decimal:
                # Arrow's cast may miss the nearest float by a step, and closes are compared with limits.
                frame[column.name] = frame[column.name].round(column.decimal[1])
            elif column.type == "int64" and column.nullable:
                frame[column.name] = frame[column.name].astype("Int64")
        return frame

    def rules(self, name: str) -> pd.DataFrame:
        """A table of rules without drafts; only this market's where it separates markets."""
        rules = pd.read_csv(SEEDS / f"{name}.csv", keep_default_na=False, na_values=[""])
        for column in {"valid_from", "valid_to", "known_from"} & set(rules):
            rules[column] = pd.to_datetime(rules[column])
        if "status" in rules:
            rules = rules[rules["status"] != "draft"]
        return rules[rules["market"] == self.market_id] if "market" in rules else rules

    def local_day(self, moments: pd.Series) -> pd.Series:
        """Day in the market's time zone on which UTC timestamps fall."""
        return moments.dt.tz_convert(self.timezone).dt.tz_localize(None).dt.normalize()


def _files(folder: Path, table: str) -> Iterable[str]:
    for path in (*folder.glob(f"{table}.*"), *folder.glob(f"{table}/**/*")):
        hidden = any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts)
        if path.name.endswith(_SUFFIXES) and not hidden:
            yield str(path)


def _by_format(paths: list[str]) -> Iterable[tuple[ds.FileFormat, list[str]]]:
    parquet = [path for path in paths if path.endswith(".parquet")]
    if parquet:
        yield ds.ParquetFileFormat(), parquet
    if len(parquet) < len(paths):
        # Only an empty cell is null: `NA` and `none` are texts.
        options = ConvertOptions(null_values=[""], strings_can_be_null=True)
        yield ds.CsvFileFormat(convert_options=options), [path for path in paths if path not in parquet]


def naive(moments: pd.Series) -> pd.Series:
    """UTC timestamps without their zone, as the marts hold them."""
    return moments.dt.tz_localize(None)


def month_start(days: pd.Series) -> pd.Series:
    """First day of the month that each day lies in."""
    months = days.to_numpy().astype("datetime64[M]")
    return pd.Series(months.astype("datetime64[us]"), index=days.index)


def month_text(days: pd.Series) -> pd.Series:
    """`YYYY-MM` of days or of timestamps without a zone."""
    return pd.Series(np.datetime_as_string(days.to_numpy(), unit="M"), index=days.index, dtype="str")


def ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """Quotient, absent where the denominator is zero."""
    return numerator / denominator.where(denominator != 0)


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a mart with the types that it is published with: dates, and decimals for money."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = []
    for field in table.schema:
        if field.name in _DATES or field.name.endswith("_on"):
            field = field.with_type(pa.date32())
        elif field.name in _PRICES | _BLOCK_PRICES:
            field = field.with_type(pa.decimal128(12, 2))
        elif field.name in _VALUES:
            field = field.with_type(pa.decimal128(20, 2))
        fields.append(field)
    pq.write_table(table.cast(pa.schema(fields)), path, compression="zstd")
