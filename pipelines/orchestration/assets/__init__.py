"""The assets, one file a stage of the run.

Belongs here: what each asset does: read its inputs, call one function of another package, report the result
as metadata. Does not belong here: the logic itself, and when an asset runs (`pipelines.orchestration`).
"""
