"""Rows of a sheet on their way into the database: Arrow batches of the columns that are taken.

Texts lose their outer blanks; those that mean no value are null, or what stands above them where cells were
merged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.errors import SourceError
from pipelines.sources.text.rows import Block, Columns, Malformed, Row

_BLANKS = " \t\r\n"
_MOST_MALFORMED = 50_000


class Taken(NamedTuple):
    """A column of a sheet that is taken.

    `part` is that of the line, empty where its value holds for the whole line; `nulls` are texts that mean no
    value.
    """

    part: str
    name: str
    place: int
    nulls: frozenset[str]
    fill_down: bool


class Arriving:
    """The blocks of one sheet. Column `n` of the batches is column `n` of what is taken."""

    def __init__(self, blocks: Iterator[Block], taken: list[Taken]) -> None:
        """Read `blocks` only when rows are asked for."""
        self._blocks, self._taken = blocks, taken
        self._nulls = [pa.array(sorted({"", *column.nulls}), pa.string()) for column in taken]
        self._last: dict[int, str] = {}
        self._fault: SourceError | None = None
        self.is_at_end = False
        self.malformed: list[Malformed] = []
        fields = [pa.field(str(number), pa.string()) for number, _ in enumerate(taken)]
        self._schema = pa.schema([pa.field("row_number", pa.int64()), *fields])

    def insert(self, con: duckdb.DuckDBPyConnection, query: str) -> None:
        """Execute an insertion from `arriving` for rows up to the last, or until enough lines are malformed.

        Raises:
            SourceError: the published file cannot be read to its end.
        """
        self.malformed = []
        con.register("arriving", pa.RecordBatchReader.from_batches(self._schema, self._batches()))
        try:
            con.execute(query)
        finally:
            con.unregister("arriving")
        if self._fault:
            raise self._fault

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for block in self._blocks:
                if isinstance(block, Columns):
                    yield self._from_columns(block)
                else:
                    yield self._from_rows([row for row in block if isinstance(row, Row)])
                    self.malformed += [row for row in block if isinstance(row, Malformed)]
                if len(self.malformed) >= _MOST_MALFORMED:
                    return
        except SourceError as error:
            # It would reach the caller as an error of the database.
            self._fault = error
        self.is_at_end = True

    def _from_columns(self, block: Columns) -> pa.RecordBatch:
        numbers = np.arange(block.first, block.first + block.batch.num_rows)
        return self._batch(pa.array(numbers), [block.batch.column(column.place) for column in self._taken])

    def _from_rows(self, rows: list[Row]) -> pa.RecordBatch:
        texts = (pa.array([row.fields[column.place] for row in rows], pa.string()) for column in self._taken)
        return self._batch(pa.array([row.number for row in rows], pa.int64()), list(texts))

    def _batch(self, numbers: pa.Array, texts: list[pa.Array]) -> pa.RecordBatch:
        columns = [self._value(place, column) for place, column in enumerate(texts)]
        return pa.RecordBatch.from_arrays([numbers, *columns], schema=self._schema)

    def _value(self, number: int, published: pa.Array) -> pa.Array:
        text = pc.ascii_trim(published, characters=_BLANKS)
        text = pc.if_else(pc.is_in(text, value_set=self._nulls[number]), pa.scalar(None, pa.string()), text)
        if not self._taken[number].fill_down or not len(text):
            return text
        filled = pc.fill_null_forward(text)
        if number in self._last:
            filled = pc.fill_null(filled, self._last[number])
        if filled[-1].is_valid:
            self._last[number] = filled[-1].as_py()
        return filled
