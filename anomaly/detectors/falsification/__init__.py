"""Detectors of the family `falsification`, one folder a kind."""
