"""The kind `pass_through`: detector, thresholds, texts."""
