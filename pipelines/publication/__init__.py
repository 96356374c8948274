"""Snapshots: their identity, writing, atomic switch, pruning, and read-only queries over them.

Belongs here: everything between finished marts and a reader.
Does not belong here: what is in a mart (`dbt_project`), Dagster (`pipelines.orchestration`).
"""
