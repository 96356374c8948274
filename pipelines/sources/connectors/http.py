"""Pages of an API as one table: all of them, complete, or nothing.

A page that was delivered before is asked for with its version (`ETag`, else `Last-Modified`), so an unchanged
one is not transmitted again. With `since`, a pull asks for what is new alone and delivers an increment. Pages
of a pull that broke off are taken up by the next one, where they are young enough and no other page has
changed since.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.core import progress
from pipelines.core.errors import SourceError
from pipelines.core.faults import invalid_json
from pipelines.core.files import file_digest, link, write_atomic
from pipelines.core.fingerprint import content_hash
from pipelines.sources.connectors.declaration import Http
from pipelines.sources.connectors.fetched import ALL, Fetched, Part, Task
from pipelines.sources.connectors.http_requests import Answer, Client, Request, Version
from pipelines.sources.connectors.http_since import Progress

_INDEX = "pages.json"


@dataclass(frozen=True)
class _Page:
    """A page on disk. `total` is the number of all records that the server stated with it."""

    request: str
    file: str
    sha256: str
    tag: str | None
    following: str | None
    total: str | None
    modified: str | None = None

    @property
    def version(self) -> Version:
        """What the server calls it."""
        return Version(self.tag, self.modified)


def fetch(task: Task, source: Http) -> Fetched:
    """Pull all pages.

    Raises:
        SettingsError: the environment does not have the key.
        SourceError: a page cannot be had or read, or the pages do not fit each other; nothing is delivered.
    """
    pull = _Pull(task, source)
    pages, records = pull.take()
    document = {"pages": [asdict(page) for page in pages], "parts": [ALL]}
    document["content"] = content_hash([page.sha256 for page in pages])
    for page in pages:
        if page.version.headers():
            link(pull.folder / page.file, task.memory / page.file)
    if pull.progress:
        return _increment(pull, pull.progress, document, pages)
    if document["content"] == task.earlier.get("content"):
        return Fetched(keeps=[ALL], memory=document, rows={source.file: 0})
    if not records and source.format == "json" and not source.mapping:
        # Without a record there are no names of columns, and a table without columns is none.
        return Fetched(memory=document, rows={source.file: 0})
    part = Part(ALL, task.folder / ALL)
    part.path.mkdir()
    files = [pull.folder / page.file for page in pages]
    if source.format == "json":
        _write_records(part.path / f"{source.file}.parquet", [list(pull.records(file)) for file in files])
    else:
        for number, file in enumerate(files, 1):
            name = source.file if len(files) == 1 else f"{source.file}-{number:05}"
            link(file, part.path / f"{name}.csv")
    return Fetched(parts=[part], memory=document, rows={source.file: records})


def _increment(pull: _Pull, progress: Progress, document: dict[str, Any], pages: list[_Page]) -> Fetched:
    """The records that no earlier pull has taken, as a part of their own."""
    task, file = pull.task, pull.source.file
    number = int(task.earlier.get("number", 0)) + 1
    records = [list(progress.new(pull.records(pull.folder / page.file))) for page in pages]
    progress.remember(task.memory)
    count = sum(map(len, records))
    name = f"{number:06}" if pull.source.mapping else f"{file}-{number:06}"
    parts = [Part(name, task.folder / name, increment=number)] if count else []
    for part in parts:
        part.path.mkdir()
        _write_records(part.path / f"{file}.parquet", records)
    keeps = list(task.earlier.get("parts", []))
    document |= {
        "parts": sorted([*keeps, *(part.name for part in parts)]),
        "number": number if parts else number - 1,
        "highest": progress.highest,
    }
    return Fetched(parts=parts, keeps=keeps, memory=document, rows={file: count})


class _Pull:
    """One pull of one API."""

    def __init__(self, task: Task, source: Http) -> None:
        """Take up what an earlier pull left, if it is of the same declaration and young enough."""
        self.task, self.source = task, source
        self.client = Client(task.name, source)
        self.where = f"source {task.name}"
        self.progress = (
            Progress(self.where, source.since, task.earlier, task.remembered) if source.since else None
        )
        self.folder = task.unfinished
        self.folder.mkdir(parents=True, exist_ok=True)
        self.declared = source.fingerprint
        self.delivered = {page["request"]: _Page(**page) for page in task.earlier.get("pages", [])}
        self.begun = self._begun()
        self.trusted = True

    def _begun(self) -> dict[str, _Page]:
        path = self.folder / _INDEX
        oldest = time.time() - self.source.resume_hours * 3600
        if path.is_file() and path.stat().st_mtime >= oldest:
            index = json.loads(path.read_text(encoding="utf-8"))
            # Pages that were complete and could not be used are asked for anew.
            if index["declared"] == self.declared and not index["complete"]:
                pages = [_Page(**page) for page in index["pages"]]
                return {page.request: page for page in pages if (self.folder / page.file).is_file()}
        for left in self.folder.iterdir():
            left.unlink()
        return {}

    def take(self) -> tuple[list[_Page], int]:
        """All pages, in order, and the number of their records."""
        pages: list[_Page] = []
        records = 0
        request: Request | None = self._first()
        while request:
            number = len(pages) + 1
            if number > self.source.most_pages:
                raise self._error(
                    request.name,
                    f"at most {self.source.most_pages:,} pages (`most_pages`)",
                    "a further one",
                    "Check `paging`, or raise the limit.",
                )
            progress.report(f"pulling {self.task.name}: page {number}")
            page = self._page(request, number)
            if any(page.request == other.request for other in pages):
                raise self._error(
                    request.name, "a further page", "one that was read before", "Check `paging`."
                )
            found = sum(1 for _ in self.records(self.folder / page.file))
            if found and pages and page.sha256 == pages[-1].sha256:
                raise self._error(
                    request.name, "a further page", "the content of the page before", "Check `paging`."
                )
            pages.append(page)
            records += found
            self._remember(pages)
            request = self._following(page, number, found)
        self._remember(pages, complete=True)
        self._check_total(pages, records)
        return pages, records

    def _first(self) -> Request:
        return Request(self.source.url, self._parameters(0))

    def _parameters(self, number: int) -> tuple[tuple[str, str], ...]:
        paging, found = (
            self.source.paging,
            {name: str(value) for name, value in self.source.parameters.items()},
        )
        if self.progress:
            found |= self.progress.parameters()
        if paging.size_parameter:
            found[paging.size_parameter] = str(paging.size)
        if paging.parameter:
            begin = paging.first + number if paging.by == "page" else number * paging.size
            found[paging.parameter] = str(begin)
        return tuple(found.items())

    def _following(self, page: _Page, number: int, found: int) -> Request | None:
        if self.source.paging.by == "next":
            if page.following is None:
                return None
            address = urljoin(self.source.url, page.following)
            if urlsplit(address)[:2] != urlsplit(self.source.url)[:2]:
                raise self._error(
                    page.request,
                    f"a next page of {urlsplit(self.source.url).netloc}",
                    urlsplit(address).netloc,
                    "The key is sent to the declared server alone; declare the other one as a source.",
                )
            return Request(address)
        if self.source.paging.by == "none" or found < self.source.paging.size:
            return None
        return Request(self.source.url, self._parameters(number))

    def _page(self, request: Request, number: int) -> _Page:
        """The page of a request: from the pull that broke off, as it was delivered, or new."""
        body = self.folder / f"{number:05}.{self.source.format}"
        begun = self.begun.get(request.name)
        if begun and self.trusted and not begun.version.headers():
            return begun
        known = begun or self.delivered.get(request.name)
        stored = (self.folder if begun else self.task.remembered) / known.file if known else body
        version = known.version if known and stored.is_file() else Version()
        arriving = body.with_suffix(".arriving")
        answer = self.client.get(request, version, arriving)
        if answer.is_unchanged and known:
            if stored != body:
                body.unlink(missing_ok=True)
                link(stored, body)
            return _Page(**{**asdict(known), "file": body.name})
        # A page that differs says that the source has changed since the other pull.
        self.trusted = self.trusted and begun is None
        arriving.replace(body)
        return _Page(
            request=request.name,
            file=body.name,
            sha256=file_digest(body),
            tag=answer.version.tag,
            modified=answer.version.modified,
            following=self._next_address(answer, body),
            total=answer.headers.get((self.source.total_header or "").lower()),
        )

    def _next_address(self, answer: Answer, body: Path) -> str | None:
        field = self.source.paging.next_field
        found = _at(self._document(body), field) if field else answer.following
        return _without_key(str(found), self.source) if found else None

    def _remember(self, pages: list[_Page], complete: bool = False) -> None:
        listed = [asdict(page) for page in pages]
        index = {"declared": self.declared, "pages": listed, "complete": complete}
        write_atomic(self.folder / _INDEX, json.dumps(index, ensure_ascii=False))

    def records(self, file: Path) -> Iterator[dict[str, str | None]]:
        """Records of a page, all values as text with all their digits; lines of a CSV page."""
        if self.source.format == "csv":
            with file.open("rb") as lines:
                next(lines, None)
                yield from ({} for line in lines if line.strip())
            return
        found = self._document(file)
        found = _at(found, self.source.records) if self.source.records else found
        if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
            raise self._error(
                file.name,
                f"a list of records{f' in {self.source.records}' if self.source.records else ''}",
                f"{type(found).__name__}: {str(found)[:100]}",
                "State in `records` where the list is.",
            )
        for record in found:
            yield {name: _text(value) for name, value in record.items()}

    def _document(self, file: Path) -> Any:
        try:
            # Numbers stay as they are written: a float would change their digits.
            return json.loads(file.read_text(encoding="utf-8"), parse_float=_Number, parse_int=_Number)
        except (UnicodeDecodeError, ValueError) as error:
            # Without the file, a resumed pull asks for this page again.
            file.unlink()
            raise self._error(
                file.name, "JSON in UTF-8", invalid_json(error), "Check `url` and `format`."
            ) from None

    def _check_total(self, pages: list[_Page], records: int) -> None:
        stated = pages[-1].total
        if self.source.format == "json" and stated is not None and stated != str(records):
            raise self._error(
                self.source.url,
                f"{stated} records, as the header {self.source.total_header} states",
                f"{records}",
                "The source may have changed between pages; pull again.",
            )

    def _error(self, place: str, expected: str, found: str, advice: str) -> SourceError:
        return SourceError(
            f"{self.where}, {place}: expected {expected}, found {found}. {advice} Nothing was delivered."
        )


def _without_key(address: str, source: Http) -> str:
    """An address without the parameter of the key, which some servers repeat in their links."""
    if source.key is None or source.key.parameter is None:
        return address
    parts = urlsplit(address)
    kept = [
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != source.key.parameter
    ]
    return parts._replace(query=urlencode(kept)).geturl()


class _Number(str):
    """A number as it was written."""


def _at(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _write_records(path: Path, pages: list[list[dict[str, str | None]]]) -> None:
    """All pages as one Parquet file; a field that a record lacks is null."""
    names = dict.fromkeys(name for records in pages for record in records for name in record)
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    with pq.ParquetWriter(path, schema) as writer:
        for records in pages:
            columns = [pa.array([record.get(name) for record in records], pa.string()) for name in names]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
