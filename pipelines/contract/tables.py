"""All tables of the contract by name, parents before the tables that refer to them."""

from __future__ import annotations

from graphlib import TopologicalSorter

from pipelines.contract import monitoring, oversight, registry, trading
from pipelines.contract.schema import Table


def _in_reference_order(tables: tuple[Table, ...]) -> dict[str, Table]:
    by_name = {table.name: table for table in tables}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for table in tables:
        parents = [column.reference[0] for column in table.references if column.reference]
        unknown = set(parents) - by_name.keys()
        if unknown:
            raise ValueError(f"table {table.name} refers to unknown table {', '.join(sorted(unknown))}")
        sorter.add(table.name, *sorted(set(parents) - {table.name}))
    return {name: by_name[name] for name in sorter.static_order()}


AREAS: dict[str, tuple[Table, ...]] = {
    "registry": registry.TABLES,
    "oversight": oversight.TABLES,
    "trading": trading.TABLES,
    "monitoring": monitoring.TABLES,
}
"""Tables by the area of supervision that they belong to."""

TABLES = _in_reference_order(tuple(table for tables in AREAS.values() for table in tables))
