"""Known cases planted in a copy of any source directory, real or simulated.

Belongs here: seeing a source as a world, and carrying out on given rows the plan that the scenarios of
`cases` write, with everything that follows in other tables. Does not belong here: scenarios of its own.
"""

from pipelines.simulator.injection.plant import Count, InjectionReport, inject

__all__ = ["Count", "InjectionReport", "inject"]
