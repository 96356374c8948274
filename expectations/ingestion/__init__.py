"""Gate `ingestion`: is what the sources delivered plausible enough to build on?

Belongs here: suites over the lake's kept tables, under the contract's column names. Does not belong here:
numbers (`policy.yml`), texts (`messages/`), anything the lake has already judged row by row.
"""
