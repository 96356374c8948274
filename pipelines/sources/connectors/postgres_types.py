"""Types of PostgreSQL in Parquet: what is kept exactly, and what becomes text.

| PostgreSQL | Parquet |
|---|---|
| numeric(p,s), p up to 38 | double where the contract asks for one, else decimal(p,s) |
| other numeric | double where the contract asks for one, else text with all digits, typed row by row later |
| numeric columns of a table in which a decimal is NaN or infinite | text, typed row by row later |
| timestamptz | time in UTC |
| timestamp | time in UTC by the declared zone; without a zone only where a mapping states it |
| boolean, integers, floating point, date, text, arrays of text | the same |
| enumerations, uuid, json, money, interval, inet and all others | text as the server writes it |
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from pipelines.contract.schema import Table
from pipelines.core.errors import SourceError
from pipelines.core.sql import literal, quoted

_TYPMOD_HEADER = 4
_MOST_DIGITS = 38
_KEPT = {
    *("bool", "int2", "int4", "int8", "float4", "float8", "numeric", "date", "timestamp", "timestamptz"),
    *("text", "varchar", "bpchar", "name", "_text", "_varchar"),
}


def type_name(field: pa.Field) -> str:
    """Name of the column's type in PostgreSQL."""
    return (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode().strip("'")


class Projection(NamedTuple):
    """A column as the server is asked for it, and as DuckDB writes what arrives to Parquet."""

    server: str
    local: str


def projection(
    field: pa.Field, contract: Table | None, zone: str | None, exact_numbers: bool, where: str
) -> Projection:
    """How a column is read.

    `contract` is the table that the rows go to without a mapping. With `exact_numbers`, numeric columns stay
    text.

    Raises:
        SourceError: a time without zone for the contract, and none is declared.
    """
    name, kind = quoted(field.name), type_name(field)
    wanted = _contract_type(contract, field.name)
    if kind not in _KEPT:
        return Projection(f"cast({name} as text) as {name}", name)
    if kind == "numeric" and not exact_numbers:
        size = decimal_size(field)
        if size and wanted == "float64":
            # The server is quicker at this than a decimal is at arriving, and the work is done in parallel.
            return Projection(f"cast({name} as float8) as {name}", name)
        if size:
            return Projection(name, f"cast({name} as decimal({size[0]},{size[1]})) as {name}")
        return Projection(name, f"cast({name} as double) as {name}" if wanted == "float64" else name)
    if kind == "timestamp" and zone:
        return Projection(name, f"timezone({literal(zone)}, {name}) as {name}")
    if kind == "timestamp" and wanted == "timestamp":
        raise SourceError(
            f"{where}: expected times with a zone in column {field.name}, found timestamp without time zone. "
            "State `zone` of the table in sources.yml, such as Asia/Shanghai."
        )
    return Projection(name, name)


def _contract_type(contract: Table | None, name: str) -> str | None:
    columns = contract.columns if contract else ()
    return next((column.type for column in columns if column.delivered_name == name), None)


def decimal_size(field: pa.Field) -> tuple[int, int] | None:
    """Precision and scale of a numeric column, or None where it states none that a decimal can have."""
    modifier = int((field.metadata or {}).get(b"POSTGRESQL:typmod", b"-1").decode().strip("'"))
    if modifier < _TYPMOD_HEADER:
        return None
    precision, scale = (modifier - _TYPMOD_HEADER) >> 16, (modifier - _TYPMOD_HEADER) & 0x7FF
    return (precision, scale) if precision <= _MOST_DIGITS and scale <= precision else None


def plain_batches(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same rows with the driver's extension types as what they are stored as."""
    schema = pa.schema(
        pa.field(field.name, getattr(field.type, "storage_type", field.type)) for field in reader.schema
    )
    batches = (
        pa.RecordBatch.from_arrays(
            [getattr(column, "storage", column) for column in batch.columns], schema=schema
        )
        for batch in reader
    )
    return pa.RecordBatchReader.from_batches(schema, batches)
