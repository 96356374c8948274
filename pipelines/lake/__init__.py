"""The lake: what was received, what was kept of it, and what was quarantined or superseded and why.

Belongs here: finding a source's files, typing and checking their rows set-wise, deciding which row of
a key counts, and rewriting only the periods that changed.
Does not belong here: the formats of foreign sources (`pipelines.sources`), plausibility of values
(`expectations`), anything that knows a market.

Layout under `HOME/lake`:

    received/<table>/<id>/<period>.parquet       the sound rows of one delivered file, typed
    received/<table>/<id>/faults.parquet         its faulty rows, with what is wrong with them
    kept/<table>/<period>-<id>.parquet           the rows that count: links to received files, or
                                                 copies of them without the rows that do not count
    excluded/<table>/<period>-<fingerprint>.parquet   quarantined and superseded rows, with reasons
    handover/*.parquet                           what Python computed for dbt to read
    state.json                                   which of these files are in force
"""
