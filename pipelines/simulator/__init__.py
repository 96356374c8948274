"""A simulated carbon market that writes a source directory of the contract, with known cases beside it.

Belongs here: who exists (`world`), what plants burn and report (`emitters`), what they are given
(`allocation`), how allowances change hands (`trading`, `registry`), what somebody does wrong
(`cases`) or does lawfully although it looks odd (`lookalikes`), and the files (`writer`).
Does not belong here: anything that looks for cases. Detectors, models and expectations are never
imported, and nothing here is set so that they succeed.
"""

from pipelines.simulator.simulation import SimulationReport, simulate

__all__ = ["SimulationReport", "simulate"]
