"""Everything that moves data: contract, readers, lake, warehouse, publication, orchestration, command line.

Belongs here: sub-packages, each with its own rule in its first docstring, and `definitions.py`, the entry
point for Dagster. From the bottom: `core` and `contract`; `sources` and `simulator` write a source directory;
`lake`, `warehouse` and `publication` store it; `orchestration` runs everything; `bench` and `cli` use it.
Does not belong here: modules outside a sub-package, statistics (`models`, `anomaly`), plausibility
(`expectations`), SQL of models (`dbt_project`), screens (`dashboards`).
"""
