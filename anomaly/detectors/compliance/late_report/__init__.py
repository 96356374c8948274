"""The kind `late_report`: detector, thresholds, texts."""
