"""Why a row is quarantined: one vocabulary for the lake and for the readers of published formats.

The names of the reasons in both languages are texts of the desk (`desk.reason` in
`dashboards/messages/desk.yml`).
"""

from __future__ import annotations

REASONS: dict[str, str] = {
    "missing_value": "fill in the key or mandatory column",
    "wrong_type": "write the value as its type asks, without loss",
    "no_utc_offset": "give the timestamp its offset, such as `+08:00` or `Z`",
    "out_of_range": "correct the date, year or number; 'never' is written as null",
    "not_finite": "leave the field empty where there is no value",
    "too_many_decimals": "give the price or amount to its smallest unit",
    "unknown_enum": "use one of the values that the column or the format's code list has",
    "impossible_quantity": "leave the field empty where there is no figure; no quantity is below zero",
    "placeholder": "leave the field empty where there is no id; `-`, `N/A`, `-1` and the like are none",
    "total_row": "leave out the line: it names a total and no emitter",
    "orphan": "deliver the row that it refers to, or correct the reference",
    "not_referenced": "deliver the row that refers to it; without one it cannot be placed in the contract",
    "duplicate_row": "the same row came twice; one of them was kept",
    "contradiction": "rows of one key differ; deliver the right one alone, or as a later file",
    "malformed_line": "repair the line: its fields, quotes, length or encoding",
    "text_too_long": "shorten the text to 10,000 characters",
    "control_characters": "remove invisible characters, those that reverse the text, and blanks around an id",
    "full_width_characters": "write letters and digits of the id in half width",
    "formula_in_text": "remove the formula that a spreadsheet would execute from the text",
    "path_in_text": "remove the file path from the text",
}
"""Reason code -> what the sender of the data can do."""

REFUSED_SHARE = 0.2
"""A table or a published file of which a larger share of rows is quarantined is refused.

The ingestion gate's policy has the same figure and its reason; a test keeps the two equal.
"""

NOTICED_SHARE = 0.01
"""A table or a published file of which a larger share of rows is quarantined is named in a warning.

The ingestion gate's policy has the same figure and its reason; a test keeps the two equal.
"""

ROWS_FOR_A_SHARE = 50
"""A share of fewer rows than these is not judged."""

ROWS_FOR_TONNES = 10
"""Tonnes at stake in fewer quarantined rows refuse nothing: one wrong amount may exceed all others."""
