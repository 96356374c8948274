"""The Dagster code location and the command line: what runs, when, on what, and where results go.

Belongs here: assets, checks, jobs, schedules, sensors, resources, settings, the contract,
the lake, the publication, and the readers that turn foreign formats into the contract.
Does not belong here: statistics (`models`, `anomaly`), SQL transformations (`dbt_project`), screens
(`dashboards`).
"""
