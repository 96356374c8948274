"""A simulated carbon market that writes a source directory of the contract, with known cases beside it.

Belongs here: who exists (`world`), what plants burn, measure and report (`emitters`), what they are given and
owe (`allocation`, `registry`, `ledger`), offset projects (`projects`), how allowances change hands
(`trading`), what somebody does wrong or does lawfully although it looks odd (`cases`), dirt in the
records (`dirt`), and the files (`sink`). `simulation.simulate` puts them together.
Does not belong here: anything that looks for cases. Detectors, models and expectations are never
imported, and nothing here is set so that they succeed.
"""
