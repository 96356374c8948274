"""Plausibility of what comes in and of what goes out: the supervisor's rulebook as Great Expectations suites.

Belongs here: suites as functions (`ingestion/` over the lake's kept tables, `publication/` over a candidate's
marts), their bounds as policy (`policy.yml`, each with its reason), the runner and its Data Docs.

Does not belong here: keys, references, enums and types (the lake and dbt check those), arithmetic inside
the warehouse (dbt tests), suspicion of a subject (`anomaly/`), readers and writers of any other file.
"""
