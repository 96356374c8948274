"""The kind `lab_date_conflict`: detector, thresholds, texts."""
