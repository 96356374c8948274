"""The kind `ledger_break`: detector, thresholds, texts."""
