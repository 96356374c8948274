"""The kind `circular_trade`: detector, thresholds, texts."""
