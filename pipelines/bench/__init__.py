"""Time and memory of a run, compared with a lower bound and with a pandas baseline.

Belongs here: measuring whole processes, and the two programs with which a run is compared. Figures are
ratios within one call, because machines differ and the same machine differs from day to day.
Does not belong here: anything that a run itself uses.
"""
