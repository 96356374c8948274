"""Everything that imports Dagster: assets, checks, jobs, schedules, sensors, resources, the in-process run.

Belongs here: when something runs and after what (`jobs`, `schedules`, `sensors`, `declared_sources`,
`lineage`), with which context (`resources`, `instance`), how errors end a run (`steps`), and the assets
themselves (`assets/`).
Does not belong here: logic that can live without Dagster.
"""
