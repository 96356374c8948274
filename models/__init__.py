"""Learned models: how unusual is a figure?

Belongs here: features, scikit-learn estimators, training, calibration, persistence, and a model card each. A
score is a number between 0 and 1; higher is more unusual.
Does not belong here: thresholds and alerts (`anomaly`), rules of law (seeds of `dbt_project`).
"""
