"""Plausibility of what comes in and what goes out: the two gates as Great Expectations suites.

Belongs here: suites as functions (`ingestion/` over the lake's kept tables, `publication/` over a candidate's
marts), their bounds (`policy.yml`, each with its reason), the runner and its Data Docs.
Does not belong here: keys, references, enumerations and types (checked by the lake and by dbt), arithmetic
inside the warehouse (dbt tests), suspicion of a subject (`anomaly`), readers and writers of other files.
"""
