"""Dirty deliveries: records that come malformed, twice, contradicting each other, late or corrected later.

Belongs here: adding errors to a share of the records of a written source directory, as a sender would, and
the list of what was changed and how ingestion must treat it. Does not belong here: wrong conduct (`cases`).
"""

from pipelines.simulator.dirt.add import DirtReport, add_dirt, dirt_path, later_path

__all__ = ["DirtReport", "add_dirt", "dirt_path", "later_path"]
