"""The kind `liquidity_drought`: detector, thresholds, texts."""
