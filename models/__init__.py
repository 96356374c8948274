"""Learned models: how unusual is it?

Belongs here: features, scikit-learn estimators, calibration, what is kept of a training (a manifest
and a model card). A score is a number between 0 and 1, higher is more abnormal.
Does not belong here: thresholds, alerts, law. A threshold is policy and lives in `anomaly`.
"""
