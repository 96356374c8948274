"""How a published value is written: as SQL that rewrites it in the contract's notation, without loss.

A text that has none of the known forms stays as it is; the contract's checks then name it. Where values of
a column fit two readings (`1,234`, `03/04/2023`) and no value decides, the file is refused with the choice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from pipelines.core.errors import SourceError
from pipelines.core.sql import literal, quoted
from pipelines.sources.mapping.model import Column
from pipelines.sources.mapping.sql import count

_WIDE, _NARROW = "０１２３４５６７８９．，－＋／：", "0123456789.,-+/:"
_SEPARATOR = r"[-/.]"
_CURRENCY = r"^([+-]?)\s*(?:US\$|[$€£¥￥])\s*"

_POINT = r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$"
_COMMA = r"^[+-]?(\d{1,3}([. ]\d{3})+|\d+),\d+$"
_SURELY_POINT = r"^[+-]?\d{1,3}((,\d{3}){2,}|(,\d{3})+\.\d*)$"
_SURELY_COMMA = r"^[+-]?(\d{1,3}([. ]\d{3})+,\d+|\d{4,},\d+|0\d*,\d+|\d+,(\d{1,2}|\d{4,}))$"
_EITHER = r"^[+-]?[1-9]\d{0,2},\d{3}$"
_SCIENTIFIC = r"^[+-]?\d+(\.\d*)?[eE][+-]?\d{1,2}$"
_EXCEL_DAY = r"^[2-7]\d{4}$"
_EIGHT_DIGITS = r"^[12]\d{7}$"
_OFFSET = r"([Zz]|[+-]\d{2}(:?\d{2})?)$"
_YEAR_FIRST = r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?( 0{1,2}:00(:00(\.0+)?)?)?$"


@dataclass(frozen=True)
class Seen:
    """What occurs in the texts of a column; a form that does not occur needs no SQL."""

    wide: bool
    comma: bool
    exponent: bool
    currency: bool


def look(con: duckdb.DuckDBPyConnection, relation: str, names: list[str]) -> dict[str, Seen]:
    """What occurs in columns `names` of `relation`, in one pass."""
    if not names:
        return {}
    tests = [
        f"coalesce(bool_or({test}), false)"
        for raw in map(quoted, names)
        for test in (
            f"strlen({raw}) > length({raw})",
            f"contains({raw}, ',') or contains({raw}, '，')",
            f"contains({raw}, 'e') or contains({raw}, 'E')",
            f"regexp_matches({raw}, '[$€£¥￥]')",
        )
    ]
    found = con.execute(f"select {', '.join(tests)} from {relation}").fetchone() or ()
    return {name: Seen(*found[4 * place : 4 * place + 4]) for place, name in enumerate(names)}


def rewritten(
    con: duckdb.DuckDBPyConnection, relation: str, name: str, column: Column, seen: Seen, where: str
) -> str:
    """SQL expression for column `name` of `relation`, of text, in the contract's notation.

    Raises:
        SourceError: two readings fit.
    """
    raw = quoted(name)
    narrow = f"translate({raw}, {literal(_WIDE)}, {literal(_NARROW)})" if seen.wide else raw

    def matching(pattern: str) -> int:
        return count(con, f"{relation} where regexp_matches({narrow}, ?)", [pattern])

    shown = f"{where}: column {column.names[0] if column.names else name}"
    if column.type == "date":
        return _date(narrow, column, matching, shown)
    if column.type == "timestamp":
        return _moment(narrow, column)
    if seen.currency:
        narrow = f"regexp_replace({narrow}, {literal(_CURRENCY)}, '\\1')"
    return _number(narrow, column, seen, matching, shown)


def _matches(text: str, pattern: str) -> str:
    return f"regexp_matches({text}, {literal(pattern)})"


def _number(text: str, column: Column, seen: Seen, matching: Callable[[str], int], where: str) -> str:
    decimal = column.decimal
    if not seen.comma:
        decimal = "comma" if decimal == "comma" else "point"
    elif decimal == "detect":
        points, commas = matching(_SURELY_POINT), matching(_SURELY_COMMA)
        if not points and not commas and matching(_EITHER):
            raise SourceError(
                f"{where}: expected numbers of one reading, found values such as 1,234 that can mean 1234 or "
                "1.234, and none that decides. State `decimal: point` or `decimal: comma` in the mapping."
            )
        decimal = "comma" if commas > points else "point"
    if decimal == "comma":
        plain = (
            f"case when {_matches(text, _COMMA)} "
            f"then replace(regexp_replace({text}, '[. ]', '', 'g'), ',', '.') else {text} end"
        )
    elif seen.comma:
        plain = f"case when {_matches(text, _POINT)} then replace({text}, ',', '') else {text} end"
    else:
        plain = text
    if column.type == "float64" or not seen.exponent:
        return plain
    # Exact, and `null` where it has more digits than fit, which leaves the text as it was.
    exact = f"cast(try_cast({plain} as decimal(38, 10)) as varchar)"
    return f"case when {_matches(text, _SCIENTIFIC)} then coalesce({exact}, {text}) else {plain} end"


def _date(text: str, column: Column, matching: Callable[[str], int], where: str) -> str:
    parts = rf"^(\d{{1,2}}){_SEPARATOR}(\d{{1,2}}){_SEPARATOR}(\d{{4}})$"
    order = column.date_order
    if order == "detect" and matching(parts):
        days_first = matching(rf"^(1[3-9]|2\d|3[01]){_SEPARATOR}\d{{1,2}}{_SEPARATOR}\d{{4}}$")
        months_first = matching(rf"^\d{{1,2}}{_SEPARATOR}(1[3-9]|2\d|3[01]){_SEPARATOR}\d{{4}}$")
        if bool(days_first) == bool(months_first):
            raise SourceError(
                f"{where}: expected dates of one reading, found values such as 03/04/2023 that can mean "
                "3 April or 4 March, and "
                f"{'values that ask for either' if days_first else 'none that decides'}. "
                "State `date_order: dmy` or `date_order: mdy` in the mapping."
            )
        order = "dmy" if days_first else "mdy"
    year_first = f"regexp_replace({text}, {literal(_YEAR_FIRST)}, '\\1-\\2-\\3')"
    forms = [f"try_strptime({year_first}, '%Y-%m-%d')"]
    forms.append(f"case when {_matches(text, _EIGHT_DIGITS)} then try_strptime({text}, '%Y%m%d') end")
    if order in ("dmy", "mdy"):
        pattern = "%d-%m-%Y" if order == "dmy" else "%m-%d-%Y"
        dashed = f"regexp_replace({text}, '{_SEPARATOR}', '-', 'g')"
        forms.append(f"case when {_matches(text, parts)} then try_strptime({dashed}, '{pattern}') end")
    excel = f"timestamp '1899-12-30' + to_days(try_cast({text} as integer))"
    forms.append(f"case when {_matches(text, _EXCEL_DAY)} then {excel} end")
    return f"coalesce(cast(cast(coalesce({', '.join(forms)}) as date) as varchar), {text})"


def _moment(text: str, column: Column) -> str:
    dashed = rf"regexp_replace({text}, '^(\d{{4}})/(\d{{1,2}})/(\d{{1,2}})', '\1-\2-\3')"
    if column.zone is None:
        return dashed
    local = f"try_cast({dashed} as timestamp)"
    zone = literal(column.zone)
    # The earlier of two readings in the hour that autumn repeats; an hour that spring leaves out is read
    # with the offset that held before.
    latest = f"timezone({zone}, {local})"
    earlier = f"({latest} - interval 1 hour)"
    same_clock = f"timezone({zone}, {earlier}) = {local}"
    moment = f"case when {same_clock} then {earlier} else {latest} end"
    written = f"strftime(timezone('UTC', {moment}), '%Y-%m-%dT%H:%M:%S.%fZ')"
    zoned = _matches(text, _OFFSET)
    return f"case when {zoned} and length({text}) > 16 then {dashed} else coalesce({written}, {text}) end"
