"""The form of a finding about ids: one row of `handover/identifier_faults.parquet`.

Belongs here: the row and its types. Does not belong here: what is looked for (`identifiers`, `regions`,
`totals`).
"""

from __future__ import annotations

import json

Place = tuple[str, str]
"""Table and column."""

ENTITY_ID: Place = ("entities", "entity_id")


def identifier_row(
    place: Place, fault: str, form: str, ids: list[str], expected: str | None = None
) -> dict[str, object]:
    """A finding as a row; `form` sets it apart from others of its fault and column."""
    return {
        "table_name": place[0],
        "column_name": place[1],
        "fault": fault,
        "normal_form": form,
        "id_count": len(ids),
        "ids_json": json.dumps(ids, ensure_ascii=False),
        "expected": expected,
    }
