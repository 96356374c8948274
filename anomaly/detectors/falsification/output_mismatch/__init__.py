"""The kind `output_mismatch`: detector, thresholds, texts."""
