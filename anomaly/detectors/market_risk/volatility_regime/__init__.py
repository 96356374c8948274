"""The kind `volatility_regime`: detector, thresholds, texts."""
