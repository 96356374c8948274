"""Data as text only: nothing that a source delivers becomes markup or a spreadsheet formula.

Belongs here: escaping for Markdown and for CSV. Does not belong here: elements of pages.
"""

from __future__ import annotations

import re

import polars as pl

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&^=\"'])")
# GitHub's Markdown turns bare addresses and :names: into links and icons after backslashes are
# read, so an invisible word joiner breaks those patterns up.
_JOINER = "\u2060"
_AUTOLINKS = re.compile(r"(:(?=[^\s\d])|@|www(?=\\?\.))", re.IGNORECASE)

# Characters that change the direction of what follows or control a screen. A name that holds them could show
# the figures beside it in reverse, so they are shown as U+FFFD, in downloads too.
_CONTROL = "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_HIDDEN = re.compile(_CONTROL)
_SHOWN = "\ufffd"

_FORMULA = r"^[=+\-@\t\r\n]"


def markdown(value: object) -> str:
    """`value` as Markdown that shows exactly its characters, on one line."""
    flat = visible(" ".join(str(value).split()))
    return _AUTOLINKS.sub(lambda found: found.group(1) + _JOINER, _PUNCTUATION.sub(r"\\\1", flat))


def visible(text: str) -> str:
    """The text with each character that turns or controls what follows replaced by U+FFFD."""
    return _HIDDEN.sub(_SHOWN, text)


def visible_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """`visible` of all text columns."""
    return frame.with_columns(pl.col(pl.String).str.replace_all(_CONTROL, _SHOWN))


def csv(frame: pl.DataFrame) -> bytes:
    """`frame` as UTF-8 CSV that a spreadsheet opens without running anything.

    Text that begins like a formula gets a leading apostrophe. The byte-order mark lets
    spreadsheets recognise Chinese.
    """
    prepared = visible_columns(
        frame.with_columns(
            *(_as_json(name) for name, kind in frame.schema.items() if isinstance(kind, pl.List | pl.Struct))
        )
    )
    guarded = prepared.with_columns(
        pl.when(pl.col(pl.String).str.contains(_FORMULA))
        .then(pl.lit("'") + pl.col(pl.String))
        .otherwise(pl.col(pl.String))
        .name.keep()
    )
    headings = {name: f"'{name}" for name in guarded.columns if re.match(_FORMULA, name)}
    return guarded.rename(headings).write_csv(include_bom=True).encode()


def _as_json(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.List(pl.String)).list.join("; ").alias(name)
