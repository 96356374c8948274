"""Rows of one source table on their way into the contract: typed, or quarantined with a reason.

Every check looks at a whole column at once. A row is quarantined for the first reason that holds.
"""

from __future__ import annotations

import polars as pl

from pipelines.sources.report import ReportLine
from pipelines.sources.tabular import TextTable

ROW = "source_row"
REASON = "quarantine_reason"
_EXACT_INTEGERS = float(1 << 53)
_TWO_DECIMALS = r"^-?\d+(\.\d{1,2}0*)?$"


class Intake:
    """The rows of `source`; `frame` holds those still on their way, `aside` those that left.

    Text is trimmed and blanks are null, as are the texts in `null_texts`. `source_row` counts data
    rows from 1, after the header line.
    """

    def __init__(self, source: TextTable, null_texts: tuple[str, ...] = ()) -> None:
        """Start with all rows of `source` on their way."""
        self.name = source.name
        self._text = source.frame.with_row_index(ROW, offset=1)
        self._aside: list[pl.DataFrame] = []
        nulls = ["", *null_texts]
        trimmed = pl.all().exclude(ROW).str.strip_chars()
        self.frame = self._text.with_columns(trimmed).with_columns(
            pl.when(~pl.all().exclude(ROW).is_in(nulls)).then(pl.all().exclude(ROW))
        )

    def quarantine(self, condition: pl.Expr, reason: str | pl.Expr) -> None:
        """Move rows out for which `condition` is true; `reason` is text or an expression of text."""
        because = pl.lit(reason) if isinstance(reason, str) else reason
        marked = self.frame.select(ROW, condition.fill_null(value=False).alias("out"), because.alias(REASON))
        leaving = marked.filter("out").select(ROW, REASON)
        if leaving.height:
            self._aside.append(leaving)
            self.frame = self.frame.filter(~marked["out"])

    def require(self, *columns: str) -> None:
        """Set rows aside that have no value in one of `columns`."""
        for column in columns:
            self.quarantine(pl.col(column).is_null(), f"no value in {column}")

    def number(self, *columns: str) -> None:
        """Turn text columns into float64; rows with anything but a finite number go aside."""
        for column in columns:
            value = pl.col(column).cast(pl.Float64, strict=False)
            bad = pl.col(column).is_not_null() & ~value.is_finite().fill_null(value=False)
            self.quarantine(bad, _expected("a number", column))
            self.frame = self.frame.with_columns(value.alias(column))

    def integer(self, *columns: str) -> None:
        """Turn text columns into int64; `12.0` counts as 12, and rows with anything else go aside."""
        for column in columns:
            value = pl.col(column).cast(pl.Float64, strict=False)
            whole = (value == value.floor()) & (value.abs() < _EXACT_INTEGERS)
            bad = pl.col(column).is_not_null() & ~whole.fill_null(value=False)
            self.quarantine(bad, _expected("a whole number", column))
            self.frame = self.frame.with_columns(value.cast(pl.Int64).alias(column))

    def money(self, *columns: str, precision: int = 12) -> None:
        """Turn text columns into decimals with two places; rows with more places or digits go aside."""
        for column in columns:
            value = pl.col(column).cast(pl.Decimal(precision, 2), strict=False)
            fits = pl.col(column).str.contains(_TWO_DECIMALS) & value.is_not_null()
            bad = pl.col(column).is_not_null() & ~fits
            self.quarantine(bad, _expected("an amount with two decimals", column))
            self.frame = self.frame.with_columns(value.alias(column))

    def date(self, column: str) -> None:
        """Turn a text column into dates; rows with anything but YYYY-MM-DD go aside."""
        value = pl.col(column).str.to_date("%Y-%m-%d", strict=False)
        self.quarantine(
            pl.col(column).is_not_null() & value.is_null(), _expected("a date YYYY-MM-DD", column)
        )
        self.frame = self.frame.with_columns(value.alias(column))

    def unique(self, *key: str) -> None:
        """Keep the first row of each key; later ones go aside."""
        self.quarantine(
            ~pl.struct(key).is_first_distinct(), f"{' and '.join(key)}: an earlier row has the same"
        )

    @property
    def rows_read(self) -> int:
        """Rows the source table has."""
        return self._text.height

    @property
    def aside(self) -> pl.DataFrame:
        """Quarantined rows as they were published, with their number and the reason."""
        if not self._aside:
            return self._text.clear().with_columns(pl.lit(None, pl.String).alias(REASON))
        return pl.concat(self._aside).join(self._text, on=ROW, how="left").sort(ROW)

    def line(self, table: str) -> ReportLine:
        """The account of this source table, whose remaining rows went to `table`."""
        counts = self.aside[REASON].value_counts().sort(["count", REASON], descending=[True, False])
        return ReportLine(
            source=self.name,
            table=table,
            read=self.rows_read,
            written=self.frame.height,
            quarantined=self.rows_read - self.frame.height,
            reasons=tuple(counts.iter_rows()),
        )


def _expected(what: str, column: str) -> pl.Expr:
    return pl.format(f"{column}: expected {what}, found '{{}}'", pl.col(column))
