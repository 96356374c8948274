"""The lake: what was received, what was kept of it, and what was set aside and why.

Belongs here: finding a source's files, typing and checking their rows set-wise, deciding which row of
a key counts, and rewriting only the periods that changed.
Does not belong here: the formats of foreign sources (`pipelines.sources`), plausibility of values
(`expectations`), anything that knows a market.

Layout under `HOME/lake`:

    received/<table>/<id>.parquet        every row of one delivered file, typed, with its faults
    kept/<table>/<period>-<print>.parquet        the rows that count
    set_aside/<table>/<period>-<print>.parquet   quarantined and superseded rows, with reasons
    handover/*.parquet                   what Python computed for dbt to read
    state.json                           which of these files are in force
"""
