"""How much time and memory a run takes, beside the least it could and beside plain pandas.

Belongs here: measuring whole processes, and the two things a run is measured against. Figures count as
ratios within one call: machines differ, and so do their days.
Does not belong here: anything that a run itself uses.
"""
