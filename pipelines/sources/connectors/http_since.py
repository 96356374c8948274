"""What an API has that is new since the last pull: the highest value of a field, and the records around it.

A pull asks for records from the last value on, less an overlap, so it sees some of them again; these are left
out by their content.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.core.errors import SourceError
from pipelines.core.files import write_atomic
from pipelines.core.fingerprint import content_hash
from pipelines.sources.connectors.declaration import Since

_SEEN = "seen.json"

Record = dict[str, str | None]

_READ: dict[str, Callable[[str], Any]] = {
    "time": datetime.fromisoformat,
    "date": date.fromisoformat,
    "integer": int,
}


class Progress:
    """How far pulls have come; `highest` is the text of the field's highest value."""

    def __init__(self, where: str, since: Since, earlier: dict[str, Any], remembered: Path) -> None:
        """Take up where the pull ended that wrote the document `earlier` and the folder `remembered`."""
        self._where, self._since = where, since
        self.highest: str | None = earlier.get("highest")
        path = remembered / _SEEN
        self._earlier = set(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else set()
        self._seen: dict[str, str | None] = {}

    def parameters(self) -> dict[str, str]:
        """What the first request states besides the declared parameters."""
        lowest = self._since.first if self.highest is None else self._lowest(self.highest)
        return {} if lowest is None else {self._since.parameter: lowest}

    def new(self, records: Iterator[Record]) -> Iterator[Record]:
        """The records that no earlier pull has taken.

        Raises:
            SourceError: the field is absent or of another type than declared, or only some times have a zone.
        """
        for record in records:
            if self._since.field not in record:
                raise SourceError(
                    f"{self._where}: expected the field {self._since.field} in each record (`since.field`), "
                    f"found {', '.join(record) or 'none'}. Correct the declaration; nothing was delivered."
                )
            value = record[self._since.field]
            if value is not None and self._is_higher(value):
                self.highest = value
            key = content_hash([json.dumps(record, sort_keys=True, ensure_ascii=False)])
            self._seen[key] = value
            if key not in self._earlier:
                yield record

    def remember(self, folder: Path) -> None:
        """Store the records that the next pull will see again, by their content."""
        lowest = None if self.highest is None else self._typed(self._lowest(self.highest))
        kept = [
            key
            for key, value in self._seen.items()
            if value is None or lowest is None or self._typed(value) >= lowest
        ]
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / _SEEN, json.dumps(sorted(kept)))

    def _is_higher(self, value: str) -> bool:
        if self.highest is None:
            return True
        try:
            return bool(self._typed(value) > self._typed(self.highest))
        except TypeError:
            raise SourceError(
                f"{self._where}: expected times in the field {self._since.field} that all have a zone or all "
                f"have none, found {value[:100]!r} and {self.highest[:100]!r}. Ask the owner of the source "
                "for times of one form, or leave out `since`; nothing was delivered."
            ) from None

    def _lowest(self, value: str) -> str:
        if not self._since.overlap:
            return value
        match self._typed(value):
            case datetime() as moment:
                text = (moment - timedelta(seconds=self._since.overlap)).isoformat()
                return text.replace("+00:00", "Z") if value.endswith(("Z", "z")) else text
            case date() as day:
                return (day - timedelta(days=self._since.overlap)).isoformat()
            case number:
                return str(number - self._since.overlap)

    def _typed(self, value: str) -> Any:
        try:
            return _READ[self._since.type](value)
        except ValueError:
            raise SourceError(
                f"{self._where}: expected values of type {self._since.type} in the field {self._since.field} "
                f"(`since.type`), found {value[:100]!r}. Correct the declaration; nothing was delivered."
            ) from None
