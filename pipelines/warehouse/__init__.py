"""How dbt is called: the build plan, the state that the warehouse was built from, and the engines.

Belongs here: which periods a build rewrites, dbt's variables and environment, its manifest and results.
Does not belong here: SQL of models (`dbt_project`), Dagster (`pipelines.orchestration`).
"""
