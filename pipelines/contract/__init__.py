"""The contract: every table that may come in, and every table that Python hands to dbt, each defined once.

Belongs here: definitions of tables and columns, and what is derived from them alone (type names of each
engine, dbt sources, staging models, reference pages). A column of a source table is one edit in
`registry.py`, `oversight.py`, `trading.py` or `monitoring.py`; a column of alerts, evidence, quality results
and other results of a run is one edit in `outputs/`. `make generate` follows.
Does not belong here: reading, checking or storing rows (`pipelines.lake`), or the formats that
sources publish (`pipelines.sources`).
"""
