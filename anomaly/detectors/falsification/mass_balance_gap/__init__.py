"""The kind `mass_balance_gap`: detector, thresholds, texts."""
