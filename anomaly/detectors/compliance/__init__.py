"""Detectors of the family `compliance`, one folder a kind."""
