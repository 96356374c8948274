"""The kind `missing_report`: detector, thresholds, texts."""
