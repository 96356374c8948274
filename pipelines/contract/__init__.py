"""The source contract: every table that may come in, written once.

Belongs here: table and column definitions, and what is derived from them alone (type names of
each engine, dbt sources, reference pages). Adding a column is one edit in `registry.py`,
`oversight.py`, `trading.py` or `monitoring.py`, then `make generate`.
Does not belong here: reading, checking or storing rows (`pipelines.lake`), or the formats that
sources publish (`pipelines.sources`).
"""
