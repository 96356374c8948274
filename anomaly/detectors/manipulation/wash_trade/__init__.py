"""The kind `wash_trade`: detector, thresholds, texts."""
