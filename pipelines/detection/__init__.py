"""How well a run detects: publications held against known cases, and markets made to be held so.

Belongs here: bringing labels, a publication and the contract's keys together for `anomaly.evaluation`, and
measuring whole simulated markets for docs/detectors.md (`python -m pipelines.detection`).
Does not belong here: any figure (`anomaly.evaluation`), printing (`cli/`), and anything that a run uses.
"""
