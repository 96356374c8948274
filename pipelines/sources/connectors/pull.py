"""One pull of one declared source: fetch what is new, read it by a mapping where one is declared, deliver.

A pull that fails delivers nothing, but for inputs that are independent of each other, such as files of a
folder: those that can be read are delivered, and the pull then fails for the others.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.core.errors import SourceError
from pipelines.core.files import file_digest
from pipelines.core.fingerprint import content_hash
from pipelines.core.settings import Settings, SettingsError
from pipelines.sources import read
from pipelines.sources.connectors.declaration import FILE_NAME, Source, Sources
from pipelines.sources.connectors.deliveries import Deliveries
from pipelines.sources.connectors.fetched import Fetched, Part, Task, read_document, write_document
from pipelines.sources.report import ReadReport

_FORM = 1
"""Form of what connectors remember; another number reads every source anew."""


@dataclass
class PullReport:
    """What one pull did: rows fetched by table or file, the readings by the mapping, and problems."""

    source: str
    changed: bool
    rows: dict[str, int] = field(default_factory=dict)
    readings: list[ReadReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def _fetch_postgres(task: Task, source: Any) -> Fetched:
    from pipelines.sources.connectors import postgres

    return postgres.fetch(task, source)


def _fetch_database(task: Task, source: Any) -> Fetched:
    from pipelines.sources.connectors import database

    return database.fetch(task, source)


def _fetch_http(task: Task, source: Any) -> Fetched:
    from pipelines.sources.connectors import http

    return http.fetch(task, source)


def _fetch_folder(task: Task, source: Any) -> Fetched:
    from pipelines.sources.connectors import folder

    return folder.fetch(task, source)


def _fetch_telemetry(task: Task, source: Any) -> Fetched:
    from pipelines.sources.connectors import telemetry

    return telemetry.fetch(task, source)


_CONNECTORS: dict[str, Callable[[Task, Any], Fetched]] = {
    "database": _fetch_database,
    "folder": _fetch_folder,
    "http": _fetch_http,
    "postgres": _fetch_postgres,
    "telemetry": _fetch_telemetry,
}
"""By kind of source. Each loads its libraries when it is used."""


def declared(sources: Sources, home: Path, name: str) -> Source:
    """The declaration of a source.

    Raises:
        SettingsError: there is none of that name, or its mapping is no file.
    """
    if name not in sources.sources:
        raise SettingsError(
            f"{home / FILE_NAME}: expected a source named {name}, found {', '.join(sources.sources)}."
        )
    source = sources.sources[name]
    mapping = _mapping(source, home)
    if mapping and not mapping.is_file():
        raise SettingsError(
            f"{home / FILE_NAME}: sources.{name}.mapping: expected a mapping file, found none at {mapping}."
        )
    return source


def declaration_version(source: Source, home: Path) -> str:
    """Hash of what decides what a source delivers: its declaration, its mapping, its code lists."""
    mapping = _mapping(source, home)
    files = sorted([mapping, *mapping.parent.glob("*.csv")]) if mapping else []
    return content_hash([_FORM, source.fingerprint, *(file_digest(path) for path in files)])


def pull(settings: Settings, sources: Sources, name: str) -> PullReport:
    """Pull a source into the home's delivery folder.

    Raises:
        SettingsError: no such source, or a variable of the environment is not set.
        SourceError: it cannot be read; nothing was delivered, or `problems` of the report say what was not.
        HomeBusyError: another pull is in progress.
    """
    source = declared(sources, settings.home, name)
    deliveries = Deliveries(settings)
    with deliveries.pulling() as scratch:
        version = declaration_version(source, settings.home)
        earlier = read_document(deliveries.memory(name))
        valid = earlier.get("declared") == version
        task = Task(
            name=name,
            earlier=earlier if valid else {},
            remembered=deliveries.memory(name) if valid else scratch / "nothing",
            folder=scratch / "fetched",
            memory=scratch / "memory",
            unfinished=deliveries.folder / ".unfinished" / name,
            home=settings.home,
        )
        task.folder.mkdir()
        task.memory.mkdir()
        fetched = _CONNECTORS[source.kind](task, source)
        report = PullReport(
            name, changed=False, rows=fetched.rows, notes=fetched.notes, problems=fetched.problems
        )
        new = _read_parts(source, sources, settings.home, fetched, task, report)
        document = {**fetched.memory, "declared": version}
        if new or document != earlier:
            write_document(task.memory, document)
            deliveries.switch(scratch, name, new, fetched.keeps, task.memory, sources.market)
            report.changed = True
        shutil.rmtree(task.unfinished, ignore_errors=True)
    return report


def _mapping(source: Source, home: Path) -> Path | None:
    return home / source.mapping if source.mapping else None


def _read_parts(
    source: Source, sources: Sources, home: Path, fetched: Fetched, task: Task, report: PullReport
) -> list[Part]:
    """The parts that could be read, as folders of contract tables."""
    mapping = _mapping(source, home)
    if mapping is None:
        return fetched.parts
    parts = []
    for part in fetched.parts:
        folder = task.folder / ".readings" / part.name
        try:
            report.readings.append(_reading(mapping, part, folder, sources))
        except SourceError as error:
            if not part.is_independent:
                raise
            report.problems.append(str(error))
            _keep_earlier(fetched, part.name, task.earlier)
        else:
            parts.append(replace(part, path=folder))
    return parts


def _reading(mapping: Path, part: Part, folder: Path, sources: Sources) -> ReadReport:
    reading = read(str(mapping), part.path, folder)
    if reading.market.get("id") != sources.market.id:
        raise SettingsError(
            f"{mapping}: expected the market {sources.market.id} of {FILE_NAME}, found "
            f"{reading.market.get('id')}. Correct one of them."
        )
    return reading


def _keep_earlier(fetched: Fetched, part: str, earlier: dict[str, Any]) -> None:
    """Leave the part as it was delivered, so that the next pull tries the new one again."""
    known = earlier.get("files", {}).get(part)
    if known:
        fetched.memory["files"][part] = known
        fetched.keeps.append(part)
    else:
        del fetched.memory["files"][part]
        fetched.memory["parts"].remove(part)
