"""The kind `off_market_block`: detector, thresholds, texts."""
