"""The detectors: `<family>/<kind>/`, one folder a kind, found by the folder.

To add one, add its folder and its test, and change nothing else:

- `__init__.py`: empty but for its docstring;
- `detector.py`: `DETECTOR`, an `anomaly.core.detector.Detector` that says what it reads, and a function that
  returns a polars frame, one row a candidate (columns: `anomaly.core.detector.Search`). It holds no number of
  its own and writes nothing. The base makes ids, windows, names, provinces, titles, evidence and levels.
- `policy.yml`: `critical`, `rules` by variant and market, `thresholds` with value, unit, why, source,
  verified;
- `messages.yml`: `name`, `meaning`, `titles` by variant, `measures` by name, each with `zh` and `en`;
- a test under `tests/anomaly` with a planted case, which must be found, and a clean set, which must give
  nothing.

A kind that is not among those of `anomaly/core/kinds.py` needs one line there and simulated cases
(`pipelines.simulator.cases`). Where no mart has what the
detector needs, add the mart first (`docs/how-to/add-a-mart.md`); the whole way is in
`docs/how-to/add-a-detector.md`.
Belongs here: what is about one kind, and in `<family>/_*.py` what the kinds of a family share.
Does not belong here: fitting (`models`), what all families share (`anomaly.core`).
"""
