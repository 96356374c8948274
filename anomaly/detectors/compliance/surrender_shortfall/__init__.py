"""The kind `surrender_shortfall`: detector, thresholds, texts."""
