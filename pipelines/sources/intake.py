"""Converts the rows of one published table to the contract: each is typed, or quarantined with a reason.

Values are judged by the contract's own checks (`pipelines.contract.checks`), a whole table at once. A row is
quarantined for the first reason that applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import duckdb
import polars as pl

from pipelines.contract.checks import typed
from pipelines.contract.outputs import READER_QUARANTINE
from pipelines.contract.reasons import REASONS
from pipelines.contract.schema import Column
from pipelines.core.sql import literal, quoted
from pipelines.sources.report import ReasonCount, ReportLine
from pipelines.sources.tabular import TextTable

ROW = "source_row"
REASON, COLUMN, VALUE = "quarantine_reason", "quarantine_column", "quarantine_value"

_SCIENTIFIC = r"^[+-]?\d+(\.\d*)?[eE][+-]?\d{1,2}$"


class Intake:
    """The rows of `source`; `frame` holds the rows not quarantined so far, `quarantined` the others.

    Text is trimmed and blanks are null, as are the texts in `null_texts`. `source_row` counts data
    rows from 1, after the header line.
    """

    def __init__(self, source: TextTable, null_texts: tuple[str, ...] = ()) -> None:
        """Start with all rows of `source`, none quarantined."""
        self.name = source.name
        self._text = source.frame.with_row_index(ROW, offset=1)
        self._leaving: list[pl.DataFrame] = []
        self._key: tuple[str, ...] = ()
        nulls = ["", *null_texts]
        trimmed = pl.all().exclude(ROW).str.strip_chars()
        self.frame = self._text.with_columns(trimmed).with_columns(
            pl.when(~pl.all().exclude(ROW).is_in(nulls)).then(pl.all().exclude(ROW))
        )

    def quarantine(
        self, condition: pl.Expr, reason: str, column: str | None = None, value: pl.Expr | None = None
    ) -> None:
        """Quarantine rows for which `condition` is true.

        `reason` is a code of `pipelines.contract.reasons`; `value` is what the row has in place of what was
        expected, by default what stands in `column`.
        """
        if reason not in REASONS:
            raise ValueError(f"quarantine reason is {reason!r}, expected one of {', '.join(REASONS)}")
        shown = value if value is not None else pl.lit(None) if column is None else pl.col(column)
        self._leave(
            self.frame.filter(condition.fill_null(value=False)).select(
                ROW,
                pl.lit(reason).alias(REASON),
                pl.lit(column, pl.String).alias(COLUMN),
                shown.cast(pl.String).alias(VALUE),
            )
        )

    def _leave(self, rows: pl.DataFrame) -> None:
        if rows.height:
            self._leaving.append(rows)
            self.frame = self.frame.join(rows, on=ROW, how="anti", maintain_order="left")

    def require(self, *columns: str) -> None:
        """Quarantine rows that have no value in one of `columns`."""
        for column in columns:
            self.quarantine(pl.col(column).is_null(), "missing_value", column)

    def convert(self, *columns: Column) -> None:
        """Convert text columns to the contract's types; rows that do not convert are quarantined."""
        checked = _checked(self.frame, columns)
        for column in columns:
            wrong = checked.filter(pl.col(f"fault_{column.name}").is_not_null()).join(
                self.frame, on=ROW, how="semi"
            )
            self._leave(
                wrong.select(
                    ROW,
                    pl.col(f"fault_{column.name}").alias(REASON),
                    pl.lit(column.name).alias(COLUMN),
                    pl.col(f"text_{column.name}").alias(VALUE),
                )
            )
        values = checked.select(ROW, *(column.name for column in columns))
        self.frame = (
            self.frame.drop(column.name for column in columns)
            .join(values, on=ROW, how="left", maintain_order="left")
            .select(self.frame.columns)
        )

    def number(self, *names: str) -> None:
        """Turn text columns into float64."""
        self.convert(*(Column(name, "float64", nullable=True) for name in names))

    def integer(self, *names: str) -> None:
        """Turn text columns into int64; `12.0` counts as 12."""
        self.convert(*(Column(name, "int64", nullable=True) for name in names))

    def money(self, *names: str, precision: int = 12) -> None:
        """Turn text columns into decimals with two places; `4.166496E7` is written out first."""
        scientific = pl.col(names).str.contains(_SCIENTIFIC)
        written_out = pl.col(names).map_elements(lambda text: f"{Decimal(text):f}", return_dtype=pl.String)
        exact = self.frame.select(pl.when(scientific).then(pl.col(names)))
        self.frame = self.frame.with_columns(
            pl.coalesce(exact.select(written_out)[name], pl.col(name)).alias(name) for name in names
        )
        self.convert(*(Column(name, f"decimal({precision},2)", nullable=True) for name in names))

    def date(self, name: str) -> None:
        """Turn a text column into dates; `2023/1/3` is written `2023-01-03` first."""
        parts = pl.col(name).str.extract_groups(r"^(\d{4})/(\d{1,2})/(\d{1,2})$").struct
        iso = pl.concat_str(
            parts.field("1"), parts.field("2").str.zfill(2), parts.field("3").str.zfill(2), separator="-"
        )
        self.frame = self.frame.with_columns(pl.coalesce(iso, name).alias(name))
        self.convert(Column(name, "date", nullable=True))

    def unique(self, *key: str) -> None:
        """Keep one row for each key; see `settle_keys`."""
        settle_keys([self], key)

    @property
    def rows_read(self) -> int:
        """Rows the published table has."""
        return self._text.height

    @property
    def quarantined(self) -> pl.DataFrame:
        """Quarantined rows as they were published, with their number and the reason."""
        names = dict.fromkeys((REASON, COLUMN, VALUE), pl.String)
        leaving = pl.concat([pl.DataFrame(schema={ROW: self._text.schema[ROW], **names}), *self._leaving])
        return leaving.join(self._text, on=ROW, how="left").sort(ROW)

    def quarantine_rows(self, table: str) -> pl.DataFrame:
        """Quarantined rows in the form that the lake counts; `table` is the contract table they belong to."""
        key = pl.struct(self._key).struct.json_encode() if self._key else pl.lit(None, pl.String)
        return self.quarantined.select(
            pl.lit(table).alias("table_name"),
            key.alias("record_key"),
            pl.col(REASON).alias("reason"),
            pl.col(COLUMN).alias("column_name"),
            pl.col(VALUE).str.slice(0, 200).alias("value"),
            pl.lit(self.name).alias("file"),
            pl.col(ROW).cast(pl.Int64).alias("row_number"),
        ).cast(READER_QUARANTINE.stored_schema)  # type: ignore[arg-type]

    def line(self, table: str) -> ReportLine:
        """The account of this published table, whose remaining rows went to `table`."""
        counts = (
            self.quarantined.group_by(REASON, COLUMN, maintain_order=True)
            .agg(pl.len().alias("rows"), pl.col(VALUE).drop_nulls().first().alias("example"))
            .sort("rows", REASON, COLUMN, descending=[True, False, False])
        )
        return ReportLine(
            source=self.name,
            table=table,
            read=self.rows_read,
            written=self.frame.height,
            quarantined=self.rows_read - self.frame.height,
            reasons=tuple(ReasonCount(*row) for row in counts.iter_rows()),
        )


def settle_keys(intakes: Sequence[Intake], key: Sequence[str]) -> None:
    """Keep one row for each key over all intakes.

    Equal rows are kept once. Rows of one key that differ contradict each other and are all
    quarantined, as in the lake.
    """
    marked = pl.concat(
        intake.frame.select(
            ROW, *key, pl.lit(place).alias("place"), content=intake.frame.drop(ROW).hash_rows()
        )
        for place, intake in enumerate(intakes)
    ).with_columns(
        differs=pl.col("content").n_unique().over(key) > 1, is_first=pl.struct(key).is_first_distinct()
    )
    for place, intake in enumerate(intakes):
        intake._key = tuple(key)
        mine = marked.filter(pl.col("place") == place)
        named = " and ".join(key)
        for reason, leaving in (
            ("contradiction", mine.filter("differs")),
            ("duplicate_row", mine.filter(~pl.col("differs") & ~pl.col("is_first"))),
        ):
            intake._leave(
                leaving.select(
                    ROW,
                    pl.lit(reason).alias(REASON),
                    pl.lit(named).alias(COLUMN),
                    pl.concat_str(pl.col(key).cast(pl.String), separator=", ").alias(VALUE),
                )
            )


def _checked(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """By row: each column's value, its text and the first fault that it has, if any."""
    parts = [ROW]
    for column in columns:
        kind, raw = typed(column, "VARCHAR"), quoted(column.name)
        faults = " ".join(f"when {condition} then {literal(reason)}" for reason, condition in kind.faults)
        parts += [
            f"{kind.value} as {raw}",
            f"{raw} as {quoted('text_' + column.name)}",
            f"case when {raw} is null then null {faults} end as {quoted('fault_' + column.name)}",
        ]
    with duckdb.connect() as con:
        con.register("text_rows", frame.select(ROW, *(column.name for column in columns)))
        return con.sql(f"select {', '.join(parts)} from text_rows order by {ROW}").pl()
