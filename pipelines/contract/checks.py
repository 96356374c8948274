"""How a delivered value becomes a typed one, and what can be wrong with it, as SQL expressions.

Each check is one expression over a whole file. No value is corrected: one that does not convert without loss
is a fault, and its row is quarantined. One exception: a time finer than a microsecond is rounded down to it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.contract.schema import Column, Table
from pipelines.core.sql import literal, quoted

EARLIEST, LATEST = "1900-01-01", "2100-01-01"
"""Dates outside are typing errors or stand for 'never', which the contract writes as null."""

TEXT_LIMIT_CHARACTERS = 10_000

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_FLOATS = {"FLOAT", "DOUBLE"}
_TIMESTAMPS = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}
_MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?"
_ZONED = _MOMENT + r"\s?(Z|z|[+-](0\d|1[0-4])(:?[0-5]\d)?)$"
_LOCAL = _MOMENT + "$"
_OFFSET = r":\d{2}(?:\.\d+)?\s?([+-])(\d{2}):?(\d{2})?$"
_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_NO_NUMBER = r"(?i)^[+-]?(nan|inf|infinity)$"
_PLAIN = r"[0-9A-Za-z_:-]{1,64}"


@dataclass(frozen=True)
class Typed:
    """A column's typed value and its possible faults as pairs of reason and SQL condition.

    Where `sound` holds, none of the faults does; it is cheap and holds for most values.
    """

    value: str
    faults: tuple[tuple[str, str], ...]
    sound: str = "false"


def _matches(raw: str, pattern: str) -> str:
    return f"regexp_matches({raw}, {literal(pattern)})"


_UNPRINTABLE = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"
_DIRECTION = r"[\x{061C}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2066}-\x{2069}]"
"""Characters that reverse the text after them (Unicode standard annex 9), so that figures change."""

_INVISIBLE_IN_ID = r"\p{Cf}|^[\s\x{00A0}\x{3000}]|[\s\x{00A0}\x{3000}]$"
"""Format characters, such as the zero-width space, and outer blanks: two ids look equal and are not."""

_WIDE_IN_ID = r"[\x{FF10}-\x{FF19}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}]"

_PLACEHOLDERS = (
    *("-", "--", "/", "?", ".", "#n/a", "n/a", "nan", "nil", "none", "null", "\\n"),
    *("-1", "-9", "-99", "-999", "-9999", "无", "空", "不详", "未知", "无数据"),
)
"""What sources write, in any case of letters, in place of an absent id. As ids they would join strangers."""


_TOTAL = (
    r"(?i)^\s*((grand|sub|country|national|state|sector|overall|annual)[ _-]?totals?\b.*"
    r"|(sub)?totals?|sum|all (countries|states|installations|facilities|entities|emitters|operators|sectors)"
    r"|gesamt(summe)?|insgesamt|summe|total g[eé]n[eé]ral|totaal"
    r"|[A-Z]{2}[ _-](total|all)|.{0,8}(合计|总计|小计|汇总|总和)|(总|共)计.{0,8}"
    r"|(全国|全省|全市|全行业)(总量|总数|排放(总)?量)?)\s*$"
)
"""Whole names of totals, in the languages of registers. A name that only begins so, such as `Total
Raffinage`, is a company's."""


_TOTAL_OF_UNION = r"(?i)^\s*(EU[ _-]?\d{2}([ _]*\+.*)?|European Union( \([^()]*\))?)\s*$"
"""Names of the Union's own figures. As an id, `EU01` may be an emission unit."""


def _is_placeholder(raw: str) -> str:
    """Whether a value stands for an absent id; the length spares nearly all values the comparison."""
    longest = max(map(len, _PLACEHOLDERS))
    return f"length({raw}) <= {longest} and lower({raw}) in ({', '.join(map(literal, _PLACEHOLDERS))})"


def _string(raw: str, column: Column) -> Typed:
    # A cell that a spreadsheet would run as a formula, or that climbs out of a folder when it
    # becomes part of a file name, is not accepted in a name or an id.
    unprintable = [_UNPRINTABLE, _DIRECTION, *([_INVISIBLE_IN_ID] if column.is_id else [])]
    total = _TOTAL if column.is_id else f"{_TOTAL}|{_TOTAL_OF_UNION}"
    formula = r"^\s*[=@]|^\s*[+\-]\s*[A-Za-z@].*[(!|]"
    return Typed(
        raw,
        (
            ("text_too_long", f"length({raw}) > {TEXT_LIMIT_CHARACTERS}"),
            ("control_characters", _matches(raw, "|".join(unprintable))),
            *((("full_width_characters", _matches(raw, _WIDE_IN_ID)),) if column.is_id else ()),
            *((("placeholder", _is_placeholder(raw)),) if column.names_party else ()),
            *((("total_row", _matches(raw, total)),) if column.no_total else ()),
            ("path_in_text", _matches(raw, r"(^|[/\\])\.\.([/\\]|$)")),
            ("formula_in_text", _matches(raw, formula)),
        ),
        f"regexp_full_match({raw}, {literal(_PLAIN)})"
        + (f" and not {_matches(raw, total)}" if column.no_total else "")
        + (f" and not ({_is_placeholder(raw)})" if column.names_party else ""),
    )


def _int64(raw: str, native: str) -> Typed:
    if native in _INTEGERS:
        return Typed(f"cast({raw} as bigint)", ())
    if native in _FLOATS:
        exact = f"(isfinite({raw}) and {raw} = trunc({raw}) and abs({raw}) < 9007199254740992)"
        return Typed(
            f"case when {exact} then cast({raw} as bigint) end",
            (("not_finite", f"not isfinite({raw})"), ("wrong_type", f"not {exact}")),
        )
    value = f"try_cast(regexp_replace({raw}, '\\.0+$', '') as bigint)"
    whole = _matches(raw, r"^[+-]?\d+(\.0+)?$")
    return Typed(f"case when {whole} then {value} end", (("wrong_type", f"not {whole} or {value} is null"),))


def _float64(raw: str, native: str) -> Typed:
    if native in _INTEGERS | _FLOATS or native.startswith("DECIMAL"):
        value = f"cast({raw} as double)"
        return Typed(value, (("not_finite", f"not isfinite({value})"),))
    value = f"try_cast({raw} as double)"
    number = _matches(raw, _NUMBER)
    return Typed(
        f"case when {number} then {value} end",
        (
            ("not_finite", f"{_matches(raw, _NO_NUMBER)} or not isfinite({value})"),
            ("wrong_type", f"not {number} or {value} is null"),
        ),
    )


def _decimal(column: Column, raw: str, native: str) -> Typed:
    precision, scale = column.decimal or (0, 0)
    target = f"decimal({precision},{scale})"
    value = f"try_cast({raw} as {target})"
    if native in _FLOATS:
        inexact = f"abs({raw} - round({raw}, {scale})) > 1e-9 * greatest(1, abs({raw}))"
        return Typed(
            value,
            (
                ("not_finite", f"not isfinite({raw})"),
                ("out_of_range", f"{value} is null"),
                ("too_many_decimals", inexact),
            ),
        )
    if native in _INTEGERS:
        return Typed(value, (("out_of_range", f"{value} is null"),))
    text = raw if native == "VARCHAR" else f"cast({raw} as varchar)"
    number = _matches(text, r"^[+-]?\d+(\.\d*)?$")
    surplus = _matches(text, rf"\.\d{{{scale}}}\d*[1-9]")
    return Typed(
        f"case when {number} then {value} end",
        (
            ("wrong_type", f"not {number}"),
            ("too_many_decimals", surplus),
            ("out_of_range", f"{number} and {value} is null"),
        ),
    )


def _out_of_range(value: str) -> tuple[str, str]:
    return "out_of_range", f"{value} < date '{EARLIEST}' or {value} >= date '{LATEST}'"


def _date(raw: str, native: str) -> Typed:
    if native == "DATE":
        return Typed(raw, (_out_of_range(raw),))
    if native in _TIMESTAMPS:
        value = f"cast({raw} as date)"
        return Typed(value, (("wrong_type", f"{raw} <> date_trunc('day', {raw})"), _out_of_range(value)))
    value = f"try_cast({raw} as date)"
    iso = _matches(raw, r"^\d{4}-\d{2}-\d{2}$")
    return Typed(
        f"case when {iso} then {value} end",
        (("wrong_type", f"not {iso} or {value} is null"), _out_of_range(value)),
    )


def without_zone(moment: str) -> str:
    """SQL of a finite moment as the lake stores it: in UTC, without a zone. A cast costs far more."""
    return f"make_timestamp(epoch_us({moment}))"


def _timestamp(raw: str, native: str) -> Typed:
    if native in _TIMESTAMPS:
        # Parquet timestamps without a zone are UTC by the contract.
        value = f"cast({raw} as timestamp)"
        if native == "TIMESTAMP WITH TIME ZONE":
            value = f"case when isfinite({raw}) then {without_zone(raw)} end"
            return Typed(value, (("out_of_range", f"not isfinite({raw})"), _out_of_range(value)))
        if native == "TIMESTAMP_NS":
            # The cast rounds up, even into the next day; the text of a time is cut, and so is this.
            below = f"(epoch_ns({raw}) % 1000 + 1000) % 1000"
            value = f"make_timestamp((epoch_ns({raw}) - {below}) // 1000)"
        return Typed(value, (_out_of_range(value),))
    zoned = _matches(raw, _ZONED)
    value = f"cast(try_cast({raw} as timestamptz) as timestamp)"
    return Typed(
        f"case when {zoned} then {value} end",
        (
            ("no_utc_offset", _matches(raw, _LOCAL)),
            ("wrong_type", f"not {zoned} or {value} is null"),
            _out_of_range(value),
        ),
    )


def _bool(raw: str, native: str) -> Typed:
    if native == "BOOLEAN":
        return Typed(raw, ())
    known = f"lower({raw}) in ('true', 'false')"
    return Typed(f"case when {known} then lower({raw}) = 'true' end", (("wrong_type", f"not {known}"),))


def _convert(column: Column, raw: str, native: str) -> Typed:
    if column.type == "string":
        return _string(raw, column)
    if column.decimal:
        return _decimal(column, raw, native)
    convert = {"int64": _int64, "float64": _float64, "date": _date, "timestamp": _timestamp, "bool": _bool}
    return convert[column.type](raw, native)


_KEEP_NATIVE = {
    "string": {"VARCHAR"},
    "int64": _INTEGERS | _FLOATS,
    "float64": _INTEGERS | _FLOATS,
    "date": {"DATE"} | _TIMESTAMPS,
    "timestamp": _TIMESTAMPS,
    "bool": {"BOOLEAN"},
}


def typed(column: Column, native_type: str) -> Typed:
    """How `column` is read from a delivered column of DuckDB type `native_type` ('VARCHAR' for CSV).

    Faults are ordered: the first that holds is the row's reason.
    """
    raw, native = quoted(column.name), native_type.upper()
    kept = _INTEGERS | _FLOATS if column.decimal else _KEEP_NATIVE[column.type]
    if native not in kept and not (
        native.startswith("DECIMAL") and (column.decimal or column.type == "float64")
    ):
        raw, native = (raw if native == "VARCHAR" else f"cast({raw} as varchar)"), "VARCHAR"
    result = _convert(column, raw, native)
    faults, sound = list(result.faults), result.sound
    if column.enum:
        sound = f"{raw} in ({', '.join(literal(value) for value in column.enum)})"
        faults.append(("unknown_enum", f"not {sound}"))
    if column.name in {"year", "vintage"} and column.type == "int64":
        low, high = int(EARLIEST[:4]), int(LATEST[:4])
        faults.append(("out_of_range", f"({result.value}) not between {low} and {high}"))
    if column.minimum is not None:
        faults.append(("impossible_quantity", f"({result.value}) < {column.minimum}"))
    return Typed(result.value, tuple(faults), sound)


def offset_minutes(raw: str) -> str:
    """Minutes by which the clock that wrote a timestamp is ahead of UTC; null where the text ends in Z.

    RFC 9557, 2.2: with `Z` the time in UTC is known and the local offset is not.
    """
    sign = f"case when {_matches(raw, '-[0-9:]{2,6}$')} then -1 else 1 end"
    hours = f"try_cast(regexp_extract({raw}, {literal(_OFFSET)}, 2) as bigint)"
    minutes = f"coalesce(try_cast(nullif(regexp_extract({raw}, {literal(_OFFSET)}, 3), '') as bigint), 0)"
    return f"case when {_matches(raw, _OFFSET)} then {sign} * (60 * {hours} + {minutes}) end"


def missing(table: Table, column: Column) -> str | None:
    """Condition under which a mandatory value is absent, or None for optional columns."""
    name = quoted(column.name)
    if column.name in table.key and column.type == "string":
        return f"({name} is null or trim(cast({name} as varchar)) = '')"
    return None if column.nullable else f"{name} is null"


def all_empty(table: Table, found: dict[str, str]) -> str | None:
    """Condition under which no column of `one_of` is filled; None for a table without such a rule."""
    names = [quoted(name) for name in table.one_of if name in found]
    return f"coalesce({', '.join(f'cast({name} as varchar)' for name in names)}) is null" if names else None


def faulty(table: Table, found: dict[str, str]) -> str:
    """Condition under which a delivered row has any fault; `found` gives its columns' DuckDB types."""
    conditions = []
    for column in table.columns:
        if column.name not in found:
            continue
        kind = typed(column, found[column.name])
        absent = missing(table, column)
        wrong = [f"coalesce({condition}, false)" for _, condition in kind.faults]
        if absent:
            wrong.insert(0, absent)
        if not wrong:
            continue
        name = quoted(column.name)
        # A case expression evaluates the costly conditions only for doubtful values; a chain of `and` would
        # not.
        conditions.append(
            f"case when {name} is null then {'true' if absent else 'false'} when {kind.sound} then false "
            f"else {' or '.join(wrong)} end"
        )
    if empty := all_empty(table, found):
        conditions.append(f"({empty})")
    return " or ".join(conditions) or "false"


def period_expression(table: Table, value: str) -> str:
    """SQL that gives a typed row's period: 'YYYY-MM', 'YYYY' for years, 'all' without a period column.

    `value` is the period column's typed value, and of a moment the market's local time.
    """
    if table.period_column is None:
        return "'all'"
    if table.column(table.period_column).type == "int64":
        return f"coalesce(cast({value} as varchar), 'unknown')"
    return f"coalesce(strftime({value}, '%Y-%m'), 'unknown')"
