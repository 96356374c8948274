"""From unusual to suspicious: what does it mean, and what shows it?

Belongs here: detectors (one file a kind), thresholds as policy (`policy.yml`), the fusion of figures into
comparable scores, evidence, the catalogue of kinds and texts, evaluation against known cases, replay.
Does not belong here: fitting of models (`models`), orchestration (`pipelines`), screens (`dashboards`).
"""
