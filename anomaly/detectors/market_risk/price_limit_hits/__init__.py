"""The kind `price_limit_hits`: detector, thresholds, texts."""
