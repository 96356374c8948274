"""Detection: what does an unusual figure mean, and which rows show it?

Belongs here: detectors, their thresholds as policy, scoring, evidence, alert texts, replay of an alert, and
the evaluation of detectors on markets whose cases are known.
Does not belong here: training of models (`models`), orchestration and storage (`pipelines`), screens
(`dashboards`), relational logic that SQL can express (`dbt_project`).
"""
