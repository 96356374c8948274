"""Everything that imports Dagster: assets, checks, jobs, schedules, sensors, resources, the in-process run.

Belongs here: reading inputs, calling one function of another package, and reporting what came out.
Does not belong here: logic that can live without Dagster.
"""
