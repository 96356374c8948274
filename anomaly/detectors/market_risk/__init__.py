"""Detectors of the family `market_risk`, one folder a kind."""
