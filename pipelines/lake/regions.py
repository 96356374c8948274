"""Where emitters say they are: their cities and their credit codes compared with the declared province.

GB/T 2260 numbers provinces, cities and counties by two digits each, so that a city's or county's code begins
with the two digits of its province. A unified social credit code (GB 32100) holds the region of the authority
that registered its owner in places 3 to 8; a company may be registered in another province than its plant, so
that a difference is worth a look and proves nothing.

Belongs here: these two comparisons. Does not belong here: the form of codes (`identifiers`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from pipelines.lake.identifier_rows import ENTITY_ID, Place, identifier_row

CITY_CODE: Place = ("entities", "city_code")

PROVINCE_DIGITS = 2

NATIONAL = "10"
"""Region digits of companies that the national authority registers; they say nothing about a province."""

_REGION = re.compile(r"\d{6}")
_CREDIT_CODE = re.compile(r"[0-9A-Z]{2}(\d{6})[0-9A-Z]{10}")

Located = tuple[str, str | None, str | None]
"""An emitter: id, province code, code of its city or county."""


def misplaced_cities(entities: list[Located]) -> Iterator[dict[str, object]]:
    """One row a pair of province and city code that does not lie in it, with the emitters that state it."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entity_id, province, city in entities:
        if city and province and _lies_elsewhere(city, province):
            found[city, province].append(entity_id)
    for (city, province), ids in sorted(found.items()):
        yield identifier_row(
            CITY_CODE, "city_outside_province", f"{city}/{province}", sorted(ids), province[:PROVINCE_DIGITS]
        )


def registered_elsewhere(entities: list[Located]) -> Iterator[dict[str, object]]:
    """One row an emitter whose credit code was given in another province than it declares."""
    for entity_id, province, _ in sorted(entities, key=lambda entity: entity[0]):
        code = _CREDIT_CODE.fullmatch(entity_id)
        if code is None or not province or code[1].startswith(NATIONAL):
            continue
        if _lies_elsewhere(code[1], province):
            yield identifier_row(
                ENTITY_ID, "registered_elsewhere", entity_id, [entity_id], province[:PROVINCE_DIGITS]
            )


def _lies_elsewhere(region: str, province: str) -> bool:
    """Whether both are codes of six digits and begin otherwise; a name or another code says nothing."""
    are_codes = all(_REGION.fullmatch(code) for code in (region, province))
    return are_codes and region[:PROVINCE_DIGITS] != province[:PROVINCE_DIGITS]
