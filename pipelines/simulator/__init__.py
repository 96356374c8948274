"""A simulated carbon market that writes a source directory of the contract, with known cases beside it.

Belongs here:

- who exists (`world`), what plants burn, measure and report (`emitters`), what they are given and owe
  (`allocation`, `registry`, `ledger`, `credits`), how allowances change hands (`trading`), what the authority
  decided and the public reported (`oversight`), errors in the delivered records (`dirt`), the files (`sink`);
- wrong conduct and lawful conduct that looks like it: a module of `cases` writes it into a `plan`, and
  `emitters`, `registry` and `trading` carry the plan out. `injection` carries the same plans out on the rows
  of a given source. A new form of a falsified report is therefore a field in `plan`, its execution in
  `emitters` and in `injection`, and its choice in `cases`;
- numbers: legal figures from the seeds of rules (`law`), the simulation's own choices (`calibration_*`), and
  a comparison of the result with published figures (`realism`).

`simulation.simulate` puts the parts together.
Does not belong here: anything that looks for cases. Detectors, models and expectations are never
imported, and nothing here is set so that they succeed.
"""
