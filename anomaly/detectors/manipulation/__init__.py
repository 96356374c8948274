"""Detectors of the family `manipulation`, one folder a kind."""
